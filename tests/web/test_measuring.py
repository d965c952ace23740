"""What a text will cost, and into how many messages it will be split, in the units of the channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.db import now, transaction
from app.models import Agent, Channel
from channels import base
from tests import factories
from tests.connectors import Charged, installed, installed_as
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


def measured(text: str, kind: str = "post", **form: Any) -> Any:
    with transaction() as db:
        agent: Agent = factories.agent(db, locale="en")
        channel: Channel = factories.channel(db, kind, **form)
        person = base.Person("+819012345678", kind="phone") if kind == "sms" else base.Person("u1")
        thread = factories.conversation(db, channel, sender=person)
    return Browser().come_in(agent).submit(f"/conversations/{thread.id}/measure", {"text": text})


@pytest.mark.parametrize(
    ("unit", "text", "words"),
    [
        ("chars", "あ" * 21, "Goes as 3 messages (one holds 10 characters)"),
        ("bytes", "あ" * 7, "Goes as 3 messages (one holds 10 bytes)"),
        ("utf16", "😀" * 6, "Goes as 2 messages (one holds 10 characters, an emoji counts as two)"),
    ],
)
def test_a_text_that_will_be_split_says_into_how_many(
    monkeypatch: pytest.MonkeyPatch, unit: str, text: str, words: str
) -> None:
    with installed(monkeypatch, max_length=10, length_unit=unit):
        assert words in measured(text).text


def test_a_text_that_fits_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, max_length=10):
        assert 'class="parts"' not in measured("あ" * 10).text


def test_the_parts_it_is_charged_as_are_told_with_what_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed_as(Charged, monkeypatch):
        shown = measured("ありがとうございました").text
    assert "2 messages, 9 characters left" in shown
    assert "They cannot answer." in shown


def test_a_japanese_sms_holds_seventy_characters() -> None:
    secrets = {"auth_token": "x" * 32}
    own = {"account_sid": "AC" + "0" * 32, "sender": "+15005550006"}
    shown = measured("あ" * 71, "sms", settings=own, secrets=secrets).text
    assert "2 messages, 63 characters left" in shown
    assert "cannot answer by SMS" in shown


def test_where_nothing_may_be_said_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, max_length=10, reply_window=timedelta(days=1)), transaction() as db:
        agent, channel = factories.agent(db), factories.channel(db, "post")
        thread = factories.conversation(db, channel, at=now() - timedelta(days=2))
        told = {"text": "あ" * 20}
    with installed(monkeypatch, max_length=10, reply_window=timedelta(days=1)):
        assert Browser().come_in(agent).submit(f"/conversations/{thread.id}/measure", told).status_code == 422
