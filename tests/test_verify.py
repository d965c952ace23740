"""The books add up after ordinary work, and name what does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app import inbox, search, verify
from app.db import now
from app.models import BotCall, BotPause, Case, Conversation, Delivery, Event, Message, RawReceipt
from tests import factories as make


def work(db: Session) -> Conversation:
    """A bit of everything."""
    web, api = make.channel(db, bot=True), make.channel(db, "api")
    agent, boss = make.agent(db), make.supervisor(db)
    make.faq(db)
    asked = make.customer_says(db, web, "送料はいくらですか", "v1")
    head = make.thread_of(db, asked)
    make.customer_says(db, web, "人と話したい", "v1")
    inbox.take_over(db, agent, head)
    make.reply(db, agent, head)
    inbox.note(db, agent, head, "常連さん", "n1")
    raised = inbox.escalate(db, head, "refund", "返金してよいですか", agent=agent)
    inbox.take(db, boss, raised)
    inbox.settle(db, boss, raised, "返金します")
    inbox.resolve(db, agent, head)
    other = make.conversation(db, api, sender="u1")
    make.customer_says(db, api, "急いでいます", "u1")
    inbox.snooze(db, agent, other, now() + timedelta(hours=1))
    make.reply(db, agent, make.conversation(db, api, sender="u2"))
    the_bot_waits(db)
    return head


def the_bot_waits(db: Session) -> None:
    """For what else somebody says, and for another system."""
    channel = make.channel(db, bot=True, bot_pause=3)
    message = make.customer_says(db, channel, "昨日頼んだ")
    thread = message.conversation_id
    assert db.get(BotPause, thread) is not None
    names = {"conversation_id": thread, "message_id": message.id, "identity_id": message.identity_id}
    db.add(BotCall(**names, channel_id=channel.id, webhook_id=1, epoch=0, asked={}))
    db.flush()


def wrong(db: Session) -> list[str]:
    db.flush()
    return [sentence for check in verify.report(db).checks for sentence in check.wrong]


def test_the_books_add_up_after_ordinary_work(db: Session) -> None:
    work(db)
    found = verify.report(db)
    assert found.clean, str(found)
    assert "Everything adds up." in str(found)


def test_the_books_of_an_empty_house_add_up(db: Session) -> None:
    assert verify.report(db).clean


def test_long_work_tells_how_far_it_is(db: Session) -> None:
    work(db)
    told: list[tuple[str, int, int]] = []
    verify.report(db, lambda what, done, total: told.append((what, done, total)))
    assert told
    assert all(done <= total for _, done, total in told)


def unindex(db: Session) -> None:
    for message in db.scalars(select(Message).filter_by(author="customer")):
        search.remove(db, message)


BREAKS: dict[str, Callable[[Session, Conversation], object]] = {
    "in no raw receipt": lambda db, head: db.execute(delete(RawReceipt)),
    "has not been read": lambda db, head: db.execute(
        update(RawReceipt).values(state="new", received_at=now() - timedelta(hours=1))
    ),
    "gives no reason": lambda db, head: db.execute(update(RawReceipt).values(state="failed")),
    "became nothing": lambda db, head: db.execute(update(RawReceipt).values(outcome=[{"event": "inbound"}])),
    "which is not there": lambda db, head: db.execute(
        update(RawReceipt).values(outcome=[{"message": 10**9}])
    ),
    "has no delivery": lambda db, head: db.execute(delete(Delivery).where(Delivery.state == "queued")),
    "is being sent for more": lambda db, head: db.execute(
        update(Delivery).values(state="sending", claimed_at=now() - timedelta(hours=1))
    ),
    "is due for more": lambda db, head: db.execute(
        update(Delivery).values(state="queued", next_at=now() - timedelta(hours=1))
    ),
    "should have answered": lambda db, head: db.execute(
        update(BotPause).values(due_at=now() - timedelta(hours=1))
    ),
    "to another system is open": lambda db, head: db.execute(
        update(BotCall).values(made_at=now() - timedelta(hours=1))
    ),
    "messages of the customer, there are": lambda db, head: db.execute(
        update(Conversation).values(inbound_count=99)
    ),
    "by its cases": lambda db, head: db.execute(update(Case).values(status="resolved")),
    "which is not the last": lambda db, head: db.execute(
        update(Conversation).values(last_message_at=now() - timedelta(days=9))
    ),
    "escalated wrongly": lambda db, head: db.execute(update(Conversation).values(escalated=True)),
    "that somebody waits": lambda db, head: db.execute(
        update(Conversation).where(Conversation.id == head.id).values(waiting_since=now())
    ),
    "follows": lambda db, head: db.execute(
        update(Event).where(Event.conversation_id == head.id).values(prev_id=0)
    ),
    "does not know its last event": lambda db, head: db.execute(update(Conversation).values(last_event_id=0)),
    "not in the index": lambda db, head: unindex(db),
    "still found": lambda db, head: db.execute(
        update(Message).where(Message.author == "customer").values(removed_at=now())
    ),
    "after a person took over": lambda db, head: db.execute(
        update(Event).where(Event.kind == "message.sent", Event.actor == "agent").values(actor="bot")
    ),
    "shown in no thread": lambda db, head: db.execute(
        update(Conversation).where(Conversation.id == head.id).values(head_id=None)
    ),
}


@pytest.mark.parametrize("sentence", BREAKS)
def test_what_does_not_add_up_is_named(db: Session, sentence: str) -> None:
    head = work(db)
    BREAKS[sentence](db, head)
    db.expire_all()
    assert any(sentence in one for one in wrong(db)), wrong(db)
