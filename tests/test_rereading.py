"""What could not be read, or was not fetched, has its place taken by what it is once that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import inbox, intake, receipts, verify
from app.db import now, reading, transaction
from app.inbox.changing import unsend
from app.models import Agent, Attachment, Channel, Conversation, Event, Message, MessageSource, RawReceipt
from channels import base
from channels.base import ChannelError
from tests import factories as make
from tests.beside import before, result
from tests.connectors import Post
from tests.letters import HANA, TARO, letter, mail
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

STRANGE = f"{base.UNREADABLE}00ff"
NOBODY = "unknown-00ff@invalid"


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mail(monkeypatch) as kind:
        yield kind


def strange(sender: str = HANA, **fields: Any) -> base.Inbound:
    """A mail that could not be read."""
    event = make.inbound("", base.Person(sender, proof="claimed"), id=STRANGE, **fields)
    return replace(event, sort="unreadable", subject="?", context={"why": "KeyError: 'x'"})


def arrives(post: type[Post], *events: base.Event) -> tuple[Channel, int]:
    """The channel and the receipt by which these came."""
    post.read = staticmethod(lambda request: list(events))
    with transaction() as db:
        channel = db.scalars(select(Channel).filter_by(key="mail")).first() or make.channel(
            db, "post", key="mail"
        )
        id = intake.store(db, channel, base.Request("MAIL", "imap://there", body=b"raw")).id
    intake.read_receipt(id)
    return channel, id


def again(post: type[Post], receipt: int, *events: base.Event) -> Message | None:
    post.read = staticmethod(lambda request: list(events))
    return intake.read_anew(receipt).message


def thread(message: Message) -> list[str]:
    """What stands in the thread of `message`, in order."""
    with reading() as db:
        mine = select(Message).where(Message.conversation_id == message.conversation_id)
        found = db.scalars(mine.where(Message.kind != "system").order_by(Message.sent_at, Message.id))
        return ["(gone)" if one.removed_at else one.text for one in found]


def entry() -> Message:
    with reading() as db:
        return db.scalars(select(Message).where(Message.author == "customer").order_by(Message.id)).first()  # type: ignore[return-value]


def assert_books() -> None:
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_the_real_message_stands_where_the_entry_stood(post: type[Post]) -> None:
    at = now() - timedelta(hours=2)
    _, receipt = arrives(post, strange(at=at))
    arrives(post, letter("あとのメール"))
    before = entry()
    real = letter("届きません", subject="注文の件", html="<p>届きません</p>", quoted="> 前の部分", at=at)
    message = again(post, receipt, real)
    assert message is not None
    assert (message.id, message.case_id, message.sent_at) == (before.id, before.case_id, before.sent_at)
    assert thread(message) == ["届きません", "あとのメール"]
    with reading() as db:
        kept = db.get_one(Message, message.id)
        source = db.get_one(MessageSource, message.id)
        told = db.scalars(select(Event).filter_by(kind="message.reread")).one()
        assert (kept.subject, kept.external_id, kept.lacking) == ("注文の件", real.external_id, False)
        assert (source.html, source.quoted, source.receipt_id) == ("<p>届きません</p>", "> 前の部分", receipt)
        assert told.data["was"] == {"subject": "?", "text": "", "why": "KeyError: 'x'"}
        assert db.get_one(RawReceipt, receipt).outcome == [
            {"event": "inbound", "message": message.id, "new": False, "reread": True}
        ]
    assert_books()


def test_an_answer_to_it_finds_its_thread_by_its_id(post: type[Post]) -> None:
    _, receipt = arrives(post, strange())
    again(post, receipt, letter("届きません", id="real@x"))
    arrives(post, letter("追記です", TARO, answers=("<real@x>",)))
    with reading() as db:
        said = db.scalars(select(Message).filter_by(text="追記です")).one()
        assert said.context["answers_in"] == entry().conversation_id


@pytest.mark.parametrize("still", ["unreadable", "raises", "lacking", "nothing"])
def test_where_it_still_cannot_be_read_nothing_changes(post: type[Post], still: str) -> None:
    _, receipt = arrives(post, strange())
    before = vars(entry())
    events: dict[str, list[base.Event]] = {
        "unreadable": [strange()],
        "raises": [replace(letter("x"), external_id="")],
        "lacking": [letter("半分", context={"lacking": True})],
        "nothing": [],
    }
    with reading() as db:
        outcome = db.get_one(RawReceipt, receipt).outcome
    assert again(post, receipt, *events[still]) is None
    after = vars(entry())
    assert {k: v for k, v in after.items() if k[0] != "_"} == {k: v for k, v in before.items() if k[0] != "_"}
    with reading() as db:
        row = db.get_one(RawReceipt, receipt)
        assert (row.outcome, row.state) == (outcome, "parsed")
    assert_books()


def test_the_words_of_somebody_else_stand_with_them_and_the_entry_says_where(post: type[Post]) -> None:
    """The server handed nothing over, so nobody knew who wrote it."""
    _, receipt = arrives(post, strange(NOBODY))
    before = entry()
    message = again(post, receipt, letter("届きません", HANA))
    assert message is not None
    assert thread(message) == ["届きません"]
    assert thread(before) == ["(gone)"]
    with reading() as db:
        old = db.get_one(Message, before.id)
        assert old.context["reread"] == {"id": message.id, "conversation": message.conversation_id}
        assert db.get_one(Conversation, old.conversation_id).status == "resolved"
        assert db.get_one(Conversation, message.conversation_id).status == "open"
    assert again(post, receipt, letter("届きません", HANA)) is None  # done with
    assert_books()


def test_a_bounce_that_was_not_understood_is_told_where_it_belongs(post: type[Post]) -> None:
    _, receipt = arrives(post, strange(NOBODY))
    again(post, receipt, base.Receipt("<ours@x>", "failed", "550 no such user"))
    assert thread(entry()) == ["(gone)"]
    assert_books()


def test_an_out_of_office_asks_nothing_any_more(post: type[Post]) -> None:
    _, receipt = arrives(post, strange())
    message = again(post, receipt, letter("不在です", sort="auto-reply"))
    assert message is not None
    with reading() as db:
        assert db.get_one(Conversation, message.conversation_id).inbound_count == 0
    assert_books()


def test_one_that_came_another_way_meanwhile_is_not_doubled(post: type[Post]) -> None:
    _, receipt = arrives(post, strange())
    arrives(post, letter("届きません", id="real@x"))
    message = again(post, receipt, letter("届きません", id="real@x"))
    assert message is not None
    assert thread(message) == ["(gone)", "届きません"]
    assert_books()


def test_all_that_was_not_understood_is_read_again_together(post: type[Post]) -> None:
    channel, receipt = arrives(post, strange())
    arrives(post, letter("読めた"))
    _, lacking = arrives(
        post, replace(letter("半分", TARO), external_id=f"{base.UNREADABLE}aa", context={"lacking": True})
    )
    with reading() as db:
        assert receipts.to_read_again(db, None, 10) == receipts.to_read_again(db, channel.id, 10) == [receipt]
        assert lacking != receipt
    with transaction() as db:
        admin = make.agent(db, role="admin")
    post.read = staticmethod(lambda request: [letter("届きません")])
    Browser().come_in(admin).submit("/settings/receipts/reading")
    assert entry().text == "届きません"
    with reading() as db:
        assert receipts.to_read_again(db, None, 10) == []


class Fetcher(Post):
    """Mail whose rest can be fetched."""

    fetched: Callable[[base.Request], base.Request]

    def lacks(self, request: base.Request) -> bool:
        return bool(request.header("oversize"))

    def fetch_again(self, request: base.Request) -> base.Request:
        return type(self).fetched(request)


@pytest.fixture
def large(post: type[Post], monkeypatch: pytest.MonkeyPatch) -> tuple[type[Post], int, Agent]:
    """A mail of which only the text is here."""
    monkeypatch.setattr(post, "lacks", Fetcher.lacks, raising=False)
    monkeypatch.setattr(post, "fetch_again", Fetcher.fetch_again, raising=False)
    told = {"lacking": True, "why": "This mail is too large to be fetched. Only its text is here."}
    files = {"left_out": [{"name": "庭の写真.jpg", "size": 70_000_000}]}
    post.read = staticmethod(
        lambda request: [
            letter("写真です", id="big@x", context={**told, **files})
            if request.header("oversize")
            else replace(
                letter("写真です", id="big@x"),
                external_id="<big@x> whole",
                attachments=(base.Attachment("庭.txt", "text/plain", data=request.body),),
            )
        ]
    )
    with transaction() as db:
        channel = make.channel(db, "post", key="mail")
        request = base.Request("MAIL", "imap://there", headers={"oversize": "70000000"}, body=b"head")
        id = intake.store(db, channel, request).id
        agent = make.supervisor(db)
    intake.read_receipt(id)
    return post, id, agent


def test_the_rest_of_a_large_mail_is_fetched_by_a_button_on_it(large: tuple[Any, int, Agent]) -> None:
    post, receipt, agent = large
    browser, message = Browser().come_in(agent), entry()
    page = browser.see(f"/inbox/{message.conversation_id}")
    assert "庭の写真.jpg" in page
    assert f'hx-post="/messages/{message.id}/reading"' in page
    post.fetched = staticmethod(lambda request: replace(request, headers={}, body=b"all of it"))
    answer = browser.submit(f"/messages/{message.id}/reading")
    assert answer.status_code == 200
    assert "庭.txt" in answer.text
    assert "/reading" not in answer.text
    with reading() as db:
        assert db.scalars(select(Attachment.message_id)).all() == [message.id]
        assert db.get_one(RawReceipt, receipt).body == b"all of it"
        assert db.scalars(select(Event.kind).where(Event.kind.startswith("audit."))).all()
    assert thread(message) == ["写真です"]
    assert_books()


def test_what_is_gone_is_told_and_nothing_changes(large: tuple[Any, int, Agent]) -> None:
    post, receipt, agent = large

    def gone(request: base.Request) -> base.Request:
        raise ChannelError("This mail is not in the mailbox any more.", permanent=True)

    post.fetched = staticmethod(gone)
    browser, message = Browser().come_in(agent), entry()
    answer = browser.submit(f"/messages/{message.id}/reading")
    assert (answer.status_code, "メールボックスにありません" in answer.text) == (422, True)
    with reading() as db:
        assert db.get_one(RawReceipt, receipt).body == b"head"
    assert entry().lacking


def test_who_may_not_see_the_message_has_nothing_fetched(large: tuple[Any, int, Agent]) -> None:
    with transaction() as db:
        closed = make.team(db)
        stranger = make.agent(db)
        db.scalars(select(Conversation)).one().team_id = closed.id
    assert Browser().come_in(stranger).submit(f"/messages/{entry().id}/reading").status_code == 404
    assert entry().lacking


def test_what_its_sender_took_back_while_it_is_read_again_stays_away(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, receipt = arrives(post, strange())
    there = entry()

    def take_back() -> None:
        with transaction() as db:
            message = db.get_one(Message, there.id)
            unsend(db, db.get_one(Conversation, message.conversation_id), message)

    other = before(monkeypatch, inbox, "hold_all", take_back)
    message = again(post, receipt, letter("届きません"))
    result(other)
    assert thread(message or there) == ["(gone)"]
    with reading() as db:
        assert "届きません" not in db.get_one(Message, there.id).text
    assert_books()
