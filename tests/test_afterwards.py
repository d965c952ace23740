"""A visitor of the chat who left an address gets the answers by mail, and may answer there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import afterwards, deliver, family, general, inbox, queries, verify, visitors
from app.db import as_of, now, reading, transaction
from app.models import (
    Agent,
    Channel,
    Conversation,
    CustomerLink,
    Delivery,
    Identity,
    MailAfter,
    Message,
    Setting,
    Visitor,
)
from app.models.customer import CLAIMED, CODE
from tests import factories as make
from tests.beside import before, result
from tests.connectors import Post
from tests.letters import HANA, TARO, comes, own
from tests.letters import mail as mailing

pytestmark = pytest.mark.usefixtures("committed")
LATER = timedelta(minutes=3, seconds=1)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


class Chat:
    """A visitor who said their address and left, an agent, and a mailbox."""

    def __init__(self, address: str = HANA, *, mailbox: bool = True) -> None:
        with transaction() as db:
            self.channel = make.channel(db, "webchat")
            self.box = make.channel(db, "post") if mailbox else None
            self.agent = make.agent(db, "田中")
            said = make.customer_says(db, self.channel, "在庫はありますか", "v1")
            self.head = own(db, said)
            self.identity_id = said.identity_id or 0
            make.customer_of(db, self.head).attributes = {"email": {"value": address, "proved": False}}
            gone = now() - timedelta(minutes=10)
            visitor = Visitor(
                channel_id=self.channel.id,
                token_hash=f"token {said.identity_id}",
                identity_id=said.identity_id,
                last_seen_at=gone,
                expires_at=now() + timedelta(days=1),
            )
            db.add(visitor)

    def answer(self, text: str) -> bool:
        """An agent answers in the chat; whether the visitor was gone."""
        with transaction() as db:
            agent, head = db.get_one(Agent, self.agent.id), db.get_one(Conversation, self.head.id)
            said = make.reply(db, agent, head, text, channel_id=self.channel.id)
            return visitors.mark_if_gone(db, said)

    def mails(self) -> list[Message]:
        with reading() as db:
            found = select(Message).where(Message.kind == "outbound", Message.channel_id != self.channel.id)
            return list(db.scalars(found.order_by(Message.id)))

    def clock(self, after: timedelta = LATER) -> list[Message]:
        """The clock goes round after a while; the mails there are."""
        with as_of(now() + after):
            afterwards.send_due()
        return self.mails()

    def comes_back(self) -> None:
        with transaction() as db:
            visitors.touch(db, [one.id for one in db.scalars(select(Visitor))])

    def mail_comes(self, text: str, sender: str = HANA, *, mark: bool = True) -> Message:
        """They answer the mail."""
        assert self.box is not None
        with as_of(now() + 2 * LATER), transaction() as db:
            box = db.get_one(Channel, self.box.id)
            return comes(db, box, text, sender, conversation=str(self.head.id) if mark else "")


def assert_clean() -> None:
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_the_answers_go_in_one_mail_after_a_while(post: type[Post]) -> None:
    chat = Chat()
    assert chat.answer("ございます")
    assert chat.answer("お取り置きもできます")
    assert chat.clock(timedelta(minutes=1)) == []
    (mail,) = chat.clock()
    assert mail.text == "ございます\n\nお取り置きもできます"
    assert (mail.author, mail.agent_id, mail.subject != "") == ("agent", chat.agent.id, True)
    assert mail.conversation_id == chat.head.id
    assert chat.box is not None
    with as_of(now() + LATER):
        deliver.drain(chat.box.id)
    assert [out.to.address for out in post.sent] == [HANA]
    assert [one.id for one in chat.clock(LATER * 2)] == [mail.id]
    assert_clean()


def test_who_comes_back_meanwhile_gets_no_mail(post: type[Post]) -> None:
    chat = Chat()
    chat.answer("ございます")
    chat.comes_back()
    assert chat.clock() == []
    with reading() as db:
        assert db.scalars(select(MailAfter)).all() == []


def test_who_leaves_again_gets_what_was_said_since(post: type[Post]) -> None:
    chat = Chat()
    chat.answer("一")
    chat.comes_back()
    chat.clock()
    with transaction() as db:
        db.scalars(select(Visitor)).one().last_seen_at = now() - timedelta(minutes=5)
    chat.answer("二")
    assert [one.text for one in chat.clock()] == ["二"]


def looked_in(chat: Chat, ago: timedelta) -> None:
    """They had the page open for a moment, and left."""
    with transaction() as db:
        db.scalars(select(Visitor)).one().last_seen_at = now() - ago


def test_who_looked_in_before_the_mail_was_due_gets_what_was_said_when_they_had_left_again(
    post: type[Post],
) -> None:
    chat = Chat()
    with as_of(now() - timedelta(minutes=6)):
        chat.answer("一")
    looked_in(chat, timedelta(minutes=4))
    chat.answer("二")
    assert [one.text for one in chat.clock()] == ["二"]


def test_the_mail_goes_to_the_address_known_when_the_last_was_said(post: type[Post]) -> None:
    chat = Chat("hana@mistyped.example")
    chat.answer("ございます")
    with transaction() as db:
        told = {"email": {"value": HANA, "proved": False}}
        make.customer_of(db, db.get_one(Conversation, chat.head.id)).attributes = told
    chat.answer("お取り置きもできます")
    (mail,) = chat.clock()
    with reading() as db:
        assert db.get_one(Identity, mail.identity_id).address == HANA


def test_the_links_of_the_answers_go_with_them(post: type[Post]) -> None:
    chat = Chat()
    with transaction() as db:
        agent, head = db.get_one(Agent, chat.agent.id), db.get_one(Conversation, chat.head.id)
        link = {"label": "続きへ", "url": "https://desk.example.jp/continue/abc"}
        said = inbox.reply(
            db, agent, head, "ここから続きができます。", "link-1", channel_id=chat.channel.id, links=[link]
        )
        visitors.mark_if_gone(db, said)
    chat.clock()
    assert chat.box is not None
    with as_of(now() + LATER):
        deliver.drain(chat.box.id)
    (out,) = post.sent
    assert link["url"] in out.text


def test_without_a_mailbox_nothing_is_sent(post: type[Post]) -> None:
    chat = Chat(mailbox=False)
    chat.answer("ございます")
    assert chat.clock() == []


def test_a_mailbox_that_is_switched_off_is_none(post: type[Post]) -> None:
    chat = Chat()
    with transaction() as db:
        db.get_one(Channel, chat.box.id if chat.box else 0).enabled = False
    chat.answer("ございます")
    assert chat.clock() == []


def test_a_mailbox_that_is_switched_off_for_an_hour_costs_no_mail(post: type[Post]) -> None:
    chat = Chat()
    assert chat.box is not None
    with transaction() as db:
        db.get_one(Channel, chat.box.id).enabled = False
    chat.answer("ございます")
    assert chat.clock() == []
    with transaction() as db:
        db.get_one(Channel, chat.box.id).enabled = True
    assert [one.text for one in chat.clock(timedelta(hours=1))] == ["ございます"]


def test_a_mail_waits_for_a_mailbox_a_day_at_most(post: type[Post]) -> None:
    chat = Chat(mailbox=False)
    chat.answer("ございます")
    for after, left in ((timedelta(hours=23), 1), (timedelta(hours=25), 0)):
        chat.clock(after)
        with reading() as db:
            assert len(db.scalars(select(MailAfter)).all()) == left


def test_a_mail_that_cannot_be_made_keeps_no_other_back(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, chat = Chat(), Chat(TARO)
    broken.answer("一")
    chat.answer("二")
    real = afterwards._send

    def send(db: Session, identity_id: int) -> Message | None:
        if identity_id == broken.identity_id:
            raise ValueError("a bug")
        return real(db, identity_id)

    monkeypatch.setattr(afterwards, "_send", send)
    assert [one.text for one in chat.clock() if "after" in one.context] == ["二"]
    chat.clock(timedelta(hours=25))
    with reading() as db:
        assert db.scalars(select(MailAfter)).all() == []  # it is not tried for ever


def test_nothing_goes_to_an_address_where_nothing_arrives(post: type[Post]) -> None:
    chat = Chat()
    with transaction() as db:
        box = db.get_one(Channel, chat.box.id if chat.box else 0)
        said = comes(db, box, "以前の質問")
        db.get_one(Identity, said.identity_id).unreachable = "550"
    chat.answer("ございます")
    assert chat.clock() == []


@pytest.mark.parametrize("address", ["x", "a@b\nBcc: c@d", "", "a b@c"])
def test_what_is_no_address_gets_nothing(post: type[Post], address: str) -> None:
    chat = Chat(address)
    chat.answer("ございます")
    with reading() as db:
        assert db.scalars(select(MailAfter)).all() == []


def test_further_answers_put_the_mail_off_but_not_for_ever(post: type[Post]) -> None:
    chat, begun = Chat(), now()
    for minute in range(0, 12, 2):
        with as_of(begun + timedelta(minutes=minute)):
            chat.answer(str(minute))
    with reading() as db:
        assert db.scalars(select(MailAfter)).one().due_at < begun + timedelta(minutes=9, seconds=30)


def test_the_admin_says_how_long_and_whether_at_all(post: type[Post]) -> None:
    for minutes in (30, -1):
        with transaction() as db:
            db.merge(Setting(key="general", value={"mail_after_minutes": minutes}))
            expected = None if minutes < 0 else timedelta(minutes=30)
            assert general.mail_after(db) == expected
    chat = Chat()
    chat.answer("ございます")
    assert chat.clock(timedelta(days=1)) == []


def test_their_answer_stands_in_the_same_thread_and_confirms_the_address(post: type[Post]) -> None:
    chat = Chat()
    chat.answer("ございます")
    chat.clock()
    said = chat.mail_comes("では取り置きをお願いします")
    with reading() as db:
        head = db.get_one(Conversation, chat.head.id)
        assert said.conversation_id == head.id
        identity = db.get_one(Identity, said.identity_id)
        assert (identity.proof, identity.address) == (CODE, HANA)
        link = db.scalars(select(CustomerLink)).one()
        assert (link.parent_id, link.evidence) == (head.customer_id, {"proof": "code", "address": HANA})
        assert (head.status, head.waiting_since is not None) == ("open", True)
    later = chat.mail_comes("もう一つ質問です", mark=False)
    with reading() as db:
        thread = family.head_of(db, db.get_one(Conversation, later.conversation_id))
        assert thread.id == chat.head.id
        shown = [one.text for one in queries.thread_page(db, thread).messages if one.kind == "inbound"]
        assert shown == ["在庫はありますか", "では取り置きをお願いします", "もう一つ質問です"]
    assert_clean()


def test_the_agent_then_answers_by_mail(post: type[Post]) -> None:
    chat = Chat()
    chat.answer("ございます")
    chat.clock()
    chat.mail_comes("お願いします")
    with transaction() as db:
        head = db.get_one(Conversation, chat.head.id)
        said = make.reply(db, db.get_one(Agent, chat.agent.id), head, "承りました")
        assert chat.box is not None
        assert said.channel_id == chat.box.id
    assert_clean()


def test_an_address_given_in_the_chat_belongs_to_nobody_until_it_answers(post: type[Post]) -> None:
    """Who names another person's address in the chat gets nothing of what that person writes."""
    chat = Chat()
    chat.answer("ございます")
    chat.clock()
    said = chat.mail_comes("別件です", mark=False)
    with reading() as db:
        assert said.conversation_id != chat.head.id
        assert db.get_one(Identity, said.identity_id).proof == CLAIMED
        assert db.scalars(select(CustomerLink)).all() == []
    assert_clean()


def test_a_customer_with_a_history_is_not_taken_for_the_visitor_who_named_their_address(
    post: type[Post],
) -> None:
    chat = Chat()
    before = chat.mail_comes("以前からの客です", mark=False)
    chat.answer("ございます")
    chat.clock()
    said = chat.mail_comes("覚えがありません")
    with reading() as db:
        assert said.conversation_id == chat.head.id  # as somebody else, with their name
        assert said.identity_id == before.identity_id
        assert db.scalars(select(CustomerLink)).all() == []
    assert_clean()


def test_a_machine_that_answers_confirms_nothing(post: type[Post]) -> None:
    chat = Chat()
    chat.answer("ございます")
    chat.clock()
    with transaction() as db:
        box = db.get_one(Channel, chat.box.id if chat.box else 0)
        said = comes(db, box, "不在です", conversation=str(chat.head.id), sort="auto-reply")
        assert db.get_one(Identity, said.identity_id).proof == CLAIMED


def test_an_answer_from_another_address_is_a_strangers(post: type[Post]) -> None:
    chat = Chat()
    chat.answer("ございます")
    chat.clock()
    assert chat.mail_comes("転送されました", TARO).conversation_id != chat.head.id


def test_a_mail_that_was_written_has_its_delivery_whatever_happens_then(post: type[Post]) -> None:
    chat = Chat()
    chat.answer("ございます")
    (mail,) = chat.clock()
    with reading() as db:
        assert db.scalars(select(Delivery).filter_by(message_id=mail.id)).one().state == "queued"
    with transaction() as db:
        inbox.resolve(db, db.get_one(Agent, chat.agent.id), db.get_one(Conversation, chat.head.id))
    assert_clean()


def test_an_answer_given_while_the_mail_is_made_goes_with_the_next(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Chat()
    chat.answer("あります。")
    answering = before(monkeypatch, afterwards, "_came_back", lambda: chat.answer("明日届きます。"))
    (first,) = chat.clock()
    assert (first.text, result(answering)) == ("あります。", True)
    assert [one.text for one in chat.clock(2 * LATER)] == ["あります。", "明日届きます。"]
