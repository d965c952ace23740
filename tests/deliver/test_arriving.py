"""An answer that did not arrive answers nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import deliver, inbox, verify
from app.db import now, reading, transaction
from app.models import Agent, Channel, Conversation, Event, Message
from app.models.conversation import BOT, HUMAN
from channels import base
from tests import factories as make
from tests.connectors import Post, fails
from tests.deliver.counter import Counter

pytestmark = pytest.mark.usefixtures("committed")


def with_head(at: Counter, act: Callable[[Session, Agent, Conversation], object]) -> None:
    with transaction() as db:
        act(db, db.get_one(Agent, at.agent.id), db.get_one(Conversation, at.head.id))


def head(at: Counter) -> Conversation:
    with reading() as db:
        assert verify.report(db).clean
        return db.get_one(Conversation, at.head.id)


def asked(at: Counter) -> object:
    """When the customer's last question came."""
    with reading() as db:
        said = select(Message.sent_at).filter_by(author="customer").order_by(Message.id.desc())
        return db.scalars(said).first()


def lines(what: str) -> list[dict[str, object]]:
    with reading() as db:
        system = db.scalars(select(Message).filter_by(kind="system").order_by(Message.id))
        return [one.context for one in system if one.context["what"] == what]


def refuse(at: Counter, post: type[Post], text: str = "届きません") -> int:
    id = at.reply(text)
    post.answer = staticmethod(fails(permanent=True))
    deliver.drain(at.channel.id)
    assert at.state(id) == "failed"
    return id


def test_the_customer_waits_on_and_a_person_is_called(at: Counter, post: type[Post]) -> None:
    id = refuse(at, post)
    assert head(at).waiting_since == asked(at)
    (line,) = lines("undelivered")
    assert (line["of"], line["words"]) == (at.row(id).message_id, "届きません")
    with reading() as db:
        assert db.scalars(select(Event.kind).where(Event.kind == "undelivered")).all() == ["undelivered"]


def test_sent_again_it_answers_and_refused_again_it_does_not(at: Counter, post: type[Post]) -> None:
    message = at.row(refuse(at, post)).message_id
    with_head(at, lambda db, agent, head: inbox.retry(db, agent, head, db.get_one(Message, message)))
    assert head(at).waiting_since is None
    deliver.drain(at.channel.id)
    assert head(at).waiting_since == asked(at)
    assert len(lines("undelivered")) == 2
    with_head(at, lambda db, agent, head: inbox.retry(db, agent, head, db.get_one(Message, message)))
    post.answer = staticmethod(lambda out: base.Sent())
    deliver.drain(at.channel.id)
    assert head(at).waiting_since is None
    assert all(line["undone"] for line in lines("undelivered"))


def test_what_came_back_opens_the_matter_that_ended_with_it(at: Counter, post: type[Post]) -> None:
    at.reply()
    deliver.drain(at.channel.id)
    with_head(at, lambda db, agent, head: inbox.resolve(db, agent, head))
    at.take(base.Receipt(f"p-{post.sent[0].key}", "failed", reason="no such mailbox"))
    assert (head(at).status, head(at).waiting_since) == ("open", asked(at))
    at.take(base.Receipt(f"p-{post.sent[0].key}", "delivered"))
    assert (head(at).status, head(at).waiting_since) == ("open", None)


def test_an_earlier_answer_that_came_back_opens_nothing_after_a_later_one(
    at: Counter, post: type[Post]
) -> None:
    at.reply("ひとつめ")
    at.reply("ふたつめ")
    deliver.drain(at.channel.id)
    with_head(at, lambda db, agent, head: inbox.resolve(db, agent, head))
    at.take(base.Receipt(f"p-{post.sent[0].key}", "failed"))
    assert (head(at).status, lines("undelivered")) == ("resolved", [])


def test_what_was_put_aside_comes_back_with_it(at: Counter, post: type[Post]) -> None:
    at.reply()
    deliver.drain(at.channel.id)
    later = now() + timedelta(days=3)
    with_head(at, lambda db, agent, head: inbox.snooze(db, agent, head, later))
    at.take(base.Receipt(f"p-{post.sent[0].key}", "failed"))
    assert (head(at).status, head(at).waiting_since) == ("open", asked(at))


def bot_says(at: Counter, epoch: int | None) -> None:
    with transaction() as db:
        thread = inbox.hold(db, db.get_one(Conversation, at.head.id))
        identity, channel = make.identity_of(db, thread), db.get_one(Channel, at.channel.id)
        assert inbox.bot_reply(db, thread, identity, channel, epoch, "送料は550円です")


@pytest.mark.parametrize("own_question", [False, True])
def test_where_the_bots_answer_does_not_arrive_a_person_takes_over(
    at: Counter, post: type[Post], own_question: bool
) -> None:
    with_head(at, lambda db, agent, head: setattr(head, "owner", BOT))
    thread = head(at)
    bot_says(at, None if own_question else thread.owner_epoch)
    post.answer = staticmethod(fails(permanent=True))
    deliver.drain(at.channel.id)
    assert (head(at).owner, head(at).waiting_since) == (BOT if own_question else HUMAN, asked(at))
    assert [line["reason"] for line in lines("handed_over")] == ([] if own_question else ["undelivered"])
