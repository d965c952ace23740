"""What came back: the message it is about, the copy it is about, the address that does not work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import intake
from app.inbox.messages import ways
from app.models import Channel, Conversation, Delivery, DeliveryRef, Event, Identity, Message, MessageSource
from channels import base
from tests import factories as make
from tests.connectors import Post
from tests.letters import HANA, MOMO, TARO, arrives, assert_books, comes, own
from tests.letters import mail as mailing

ID = "<m1@shop>"
GONE = "550 5.1.1 User unknown"


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


class Sent:
    """An answer that left, to a customer and two in copy."""

    def __init__(self, db: Session) -> None:
        self.db, self.box = db, make.channel(db, "post")
        self.head = own(db, comes(db, self.box))
        others = (base.Participant(TARO), base.Participant(MOMO))
        self.message = make.reply(db, make.agent(db), self.head, others=others)
        self.delivery = db.scalars(select(Delivery)).one()
        self.delivery.state = "sent"
        db.add(DeliveryRef(channel_id=self.box.id, external_id=ID, delivery_id=self.delivery.id))
        db.flush()

    def comes_back(self, id: str = ID, to: Channel | None = None, **told: Any) -> intake.Outcome:
        told = {"state": "failed", "reason": GONE, "person": base.Person(HANA), **told}
        (outcome,) = arrives(self.db, to or self.box, base.Receipt(id, **told))
        return outcome

    @property
    def identity(self) -> Identity:
        return self.db.scalars(select(Identity).filter_by(address=HANA)).one()


@pytest.fixture
def at(db: Session, post: type[Post]) -> Sent:
    return Sent(db)


def test_a_bounce_marks_the_very_message_with_the_reason(at: Sent) -> None:
    outcome = at.comes_back()
    assert outcome["of"] == [at.message.id]
    assert (at.delivery.state, at.delivery.error) == ("failed", GONE)
    assert at.identity.unreachable == ""
    assert_books(at.db)


def test_an_address_that_is_not_there_is_marked_with_the_reason(at: Sent) -> None:
    at.comes_back(unreachable=True)
    assert (at.identity.unreachable, at.identity.unreachable_at is not None) == (GONE, True)
    assert at.db.scalars(select(Event).where(Event.kind == "customer.changed")).one().data == {
        "unreachable": HANA
    }
    assert_books(at.db)


def test_a_bounce_that_comes_to_another_mailbox_is_about_the_same_message(at: Sent) -> None:
    at.comes_back(to=make.channel(at.db, "post"))
    assert at.delivery.state == "failed"


def test_a_copy_that_came_back_does_not_make_the_message_fail(at: Sent) -> None:
    at.comes_back(person=base.Person(TARO), unreachable=True)
    assert (at.delivery.state, at.identity.unreachable) == ("sent", "")
    assert at.db.get_one(MessageSource, at.message.id).refused == {TARO: GONE}
    told = at.db.scalars(select(Event).where(Event.kind == "delivery").order_by(Event.id.desc())).first()
    assert told is not None
    assert told.message_id == at.message.id


def test_a_forwarded_mail_that_came_back_failed_but_says_nothing_of_the_customers_address(at: Sent) -> None:
    at.comes_back(person=base.Person("elsewhere@example.jp"), unreachable=True)
    assert (at.delivery.state, at.identity.unreachable) == ("failed", "")


def test_what_does_not_say_which_message_it_is_about_is_not_guessed_at(at: Sent) -> None:
    outcome = at.comes_back("<other@x>", unreachable=True)
    assert outcome["excluded"] == f"something came back from {HANA}, but it does not say which message"
    assert at.comes_back("")["excluded"] == outcome["excluded"]
    assert (at.delivery.state, at.identity.unreachable) == ("sent", "")


def test_who_writes_from_an_address_can_be_reached_there(at: Sent) -> None:
    at.comes_back(unreachable=True)
    comes(at.db, at.box, "まだいます")
    assert (at.identity.unreachable, at.identity.unreachable_at) == ("", None)


def test_what_is_delivered_later_clears_the_address(at: Sent) -> None:
    at.identity.unreachable = GONE
    at.comes_back(state="delivered", reason="")
    assert (at.delivery.state, at.identity.unreachable) == ("delivered", "")


def test_an_address_where_nothing_arrives_is_the_last_way(at: Sent) -> None:
    chat = make.channel(at.db, "api", settings={"callback_url": "https://shop.example/callback"})
    at.db.add(Identity(customer_id=at.head.customer_id, kind="api", scope=chat.key, address="u1"))
    at.db.flush()
    assert [channel.id for _, channel in ways(at.db, at.head)] == [at.box.id, chat.id]
    at.comes_back(unreachable=True)
    found = ways(at.db, at.db.get_one(Conversation, at.head.id))
    assert [(channel.id, one.unreachable) for one, channel in found] == [(chat.id, ""), (at.box.id, GONE)]


def test_an_automatic_answer_about_absence_is_no_bounce(at: Sent) -> None:
    said = comes(at.db, at.box, "不在です", sort="auto-reply", answers=(ID,))
    assert at.db.get_one(Message, said.id).conversation_id == at.head.id
    assert at.delivery.state == "sent"
