"""What a message becomes where the channel has no form for it: choices numbered, files by a link, marks dropped."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image

from app import files, inbox, outgoing
from app.config import settings
from app.db import reading, transaction
from app.models import Delivery, Message
from channels import base
from tests import factories as make
from tests.connectors import installed
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
MANY = ("はい", "いいえ", "わからない")


def drawn() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(out, "PNG")
    return out.getvalue()


def sent(
    monkeypatch: pytest.MonkeyPatch, text: str = "どうぞ", *, file: bytes = b"", **how: Any
) -> base.Outbound:
    """What a connector of a kind with these features gets of a reply."""
    said: dict[str, Any] = {name: how.pop(name) for name in ("html", "quick_replies") if name in how}
    how["html"] = how.pop("formats", False)
    with installed(monkeypatch, push=True, **how) as kind, transaction() as db:
        agent, channel = make.agent(db), make.channel(db, "post")
        head = make.conversation(db, channel)
        kept = [files.store(db, file, "見積 書.png", limit=10**7, agent=agent)] if file else []
        inbox.reply(db, agent, head, text, "client-0001", attachments=kept, **said)
        return outgoing.outbound(db, db.query(Delivery).one(), kind.features)


@pytest.mark.parametrize(("most", "choices"), [(3, MANY), (2, ()), (0, ())])
def test_choices_are_buttons_where_all_fit_else_they_are_numbered(
    monkeypatch: pytest.MonkeyPatch, most: int, choices: Sequence[str]
) -> None:
    made = sent(monkeypatch, "ありますか？", quick_replies=MANY, max_quick_replies=most)
    assert made.quick_replies == tuple(choices)
    numbered = "\n\n1. はい\n2. いいえ\n3. わからない"
    assert made.text == "ありますか？" + ("" if choices else numbered)


@pytest.mark.parametrize(
    ("choice", "shown"), [("スキップ", "- スキップ"), ("Skip", "- Skip"), ("担当者", "1. 担当者")]
)
def test_the_way_round_a_question_has_no_number(
    monkeypatch: pytest.MonkeyPatch, choice: str, shown: str
) -> None:
    assert sent(monkeypatch, "いくつですか？", quick_replies=(choice,)).text == f"いくつですか？\n\n{shown}"


@pytest.mark.parametrize(
    "features",
    [
        {},
        {"max_attachment_bytes": 50},
        {"max_attachment_bytes": 10**7, "attachment_types": ("image/jpeg", "application/*")},
    ],
    ids=["no files", "too large", "another type"],
)
def test_a_file_the_channel_does_not_carry_goes_as_a_signed_link(
    monkeypatch: pytest.MonkeyPatch, features: dict[str, Any]
) -> None:
    made = sent(monkeypatch, file=drawn(), **features)
    assert made.attachments == ()
    found = re.fullmatch(r"どうぞ\n\n見積 書\.png\n(http\S+/shared/\S+)", made.text)
    assert found
    got = Browser().get(found[1].removeprefix(settings().public_url))
    assert (got.status_code, got.content) == (200, drawn())


@pytest.mark.parametrize("types", [(), ("image/*",), ("image/png", "image/jpeg")])
def test_a_file_the_channel_carries_goes_along(
    monkeypatch: pytest.MonkeyPatch, types: tuple[str, ...]
) -> None:
    made = sent(monkeypatch, file=drawn(), max_attachment_bytes=10**7, attachment_types=types)
    assert (made.text, [one.name for one in made.attachments]) == ("どうぞ", ["見積 書.png"])


def test_a_file_alone_is_not_lost_where_no_files_go(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent(monkeypatch, "", file=drawn()).text.startswith("見積 書.png\nhttp")


def test_a_link_stands_in_the_formatted_words_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made = sent(monkeypatch, "**どうぞ**", html="<p><strong>どうぞ</strong></p>", file=drawn(), formats=True)
    assert made.text.startswith("どうぞ\n\n見積 書.png\nhttp")
    assert re.match(r'<p><strong>どうぞ</strong></p><p>見積 書\.png<br>\n<a href="http\S+/shared/', made.html)


def test_where_nothing_is_formatted_the_marks_are_dropped_and_the_thread_shows_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = sent(monkeypatch, "**至急**です\n[店](https://a.jp)", html="<p>…</p>")
    assert (made.text, made.html) == ("至急です\n店 (https://a.jp)", "")
    with reading() as db:
        assert [one.text for one in db.query(Message).filter_by(author="agent")] == [made.text]
