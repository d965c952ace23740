"""What a text will cost, and into how many messages it will be split, in the units of the channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app import files
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


LINE = {"channel_id": "1657000000", "bot_user_id": "U" + "0" * 32}
SECRETS = {"channel_secret": "s" * 32, "access_token": "t"}


def foreseen(
    text: str, what: str, kind: str = "post", data: bytes = b"", locale: str = "en", **form: Any
) -> str:
    """The hint or the preview of an answer with this text and file, as the page gets it."""
    with transaction() as db:
        agent: Agent = factories.agent(db, locale=locale)
        thread = factories.conversation(db, factories.channel(db, kind, **form))
        told = {"text": text}
        if data:
            told["attachments"] = str(files.store(db, data, "見積.pdf", limit=10**7, agent=agent).id)
    return str(Browser().come_in(agent).submit(f"/conversations/{thread.id}/{what}", told).text)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "“見積.pdf” goes as a link that is good for 30 days."),
        ("ja", "「見積.pdf」は、30日間有効なリンクで送られます。"),
    ],
)
def test_a_file_that_goes_as_a_link_is_told_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, locale: str, words: str
) -> None:
    with installed(monkeypatch, push=True):
        assert words in foreseen("どうぞ", "measure", data=b"%PDF-1.4\n" + bytes(99), locale=locale)
    with installed(monkeypatch, max_attachment_bytes=10**6):
        assert "見積.pdf" not in foreseen("どうぞ", "measure", data=b"%PDF-1.4\n" + bytes(99), locale=locale)


def test_marks_that_will_be_dropped_are_told_where_there_is_no_formatting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(monkeypatch):
        assert "formatting is dropped" in foreseen("**至急**です", "measure")
        assert "formatting is dropped" not in foreseen("5*3*2\n- 一つ", "measure")
    with installed(monkeypatch, html=True):
        assert "formatting is dropped" not in foreseen("**至急**です", "measure")


def test_a_preview_shows_the_messages_it_becomes(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, max_length=12, max_attachment_bytes=10**6):
        page = foreseen("お待たせしました。**本日**発送します。", "preview", data=b"%PDF-1.4\n" + bytes(99))
    assert page.count('class="b"') == 3
    assert [
        page.index(one)
        for one in ("Goes as 3 messages", "お待たせしました。<", "本日発送します。", "見積.pdf")
    ]
    assert "**" not in page


def test_a_preview_of_a_platform_is_made_by_its_own_code() -> None:
    """LINE has no files: it shows a link."""
    page = foreseen("どうぞ", "preview", "line", b"%PDF-1.4\n" + bytes(99), settings=LINE, secrets=SECRETS)
    assert "LINE fetches files from here" in page


def test_what_the_platform_would_refuse_is_told_while_it_is_written() -> None:
    page = foreseen(
        "どうぞ", "measure", "line", b"%PDF-1.4\n" + bytes(99), "ja", settings=LINE, secrets=SECRETS
    )
    assert "https://" in page
    assert "LINE fetches" not in page


def test_a_preview_of_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch):
        assert "Nothing has been written yet." in foreseen(" ", "preview")


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
