"""What is written is sent once, by whichever worker, in the order of its recipient."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from app import deliver, inbox, verify
from app.db import one_writer, reading, transaction
from app.deliver import claiming, outcomes
from app.models import Agent, Channel, Conversation, Delivery
from channels import base
from tests import factories as make
from tests import statements
from tests.connectors import Post, fails, installed
from tests.deliver.counter import Counter

pytestmark = pytest.mark.usefixtures("committed")


def test_what_is_written_is_sent_once_with_who_wrote_it(at: Counter, post: type[Post]) -> None:
    id = at.reply("承知しました")
    assert deliver.drain(at.channel.id) == 1
    assert deliver.drain(at.channel.id) == 0
    (sent,) = post.sent
    assert (sent.text, sent.to.address, sent.author) == ("承知しました", "c1", "田中")
    assert sent.last_inbound_at is not None
    assert at.state(id) == "sent"


def test_one_of_many_workers_sends_it(at: Counter, post: type[Post]) -> None:
    ids = [at.reply(str(n)) for n in range(5)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(deliver.drain, [at.channel.id] * 8))
    deliver.drain(at.channel.id)
    assert [one.text for one in post.sent] == ["0", "1", "2", "3", "4"]  # each once, and in order
    assert {at.state(id) for id in ids} == {"sent"}


def test_a_message_that_cannot_be_prepared_fails_and_blocks_nobody(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = at.reply("一")
    second = at.reply("二")
    real = claiming._prepare

    def prepare(db: Session, channel: Channel, delivery: Delivery, word: str) -> deliver.Claimed:
        if delivery.id == first:
            raise KeyError("broken row")
        return real(db, channel, delivery, word)

    monkeypatch.setattr(claiming, "_prepare", prepare)
    deliver.drain(at.channel.id)
    assert (at.state(first), at.state(second)) == ("failed", "sent")


def test_what_was_said_first_arrives_first_even_when_it_has_to_wait(at: Counter, post: type[Post]) -> None:
    first, second = at.reply("一"), at.reply("二")
    post.answer = staticmethod(fails(retry_after=60.0))
    deliver.drain(at.channel.id)
    assert [one.text for one in post.sent] == ["一"]
    post.answer = Post.answer
    at.due_now()
    deliver.drain(at.channel.id)
    assert [one.text for one in post.sent] == ["一", "一", "二"]
    assert (at.state(first), at.state(second)) == ("sent", "sent")


def test_one_customers_trouble_does_not_hold_up_another(at: Counter, post: type[Post]) -> None:
    at.reply("一")
    post.answer = staticmethod(lambda out: base.Sent() if out.to.address == "c2" else fails()(out))
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        other = make.conversation(db, channel, sender="c2")
        make.reply(db, db.get_one(Agent, at.agent.id), other, "二")
    deliver.drain(at.channel.id)
    assert "二" in [one.text for one in post.sent]


def test_a_channel_that_is_off_sends_nothing_until_it_is_on(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    with transaction() as db:
        db.get_one(Channel, at.channel.id).enabled = False
    assert deliver.drain(at.channel.id) == 0
    assert deliver.sweep() == set()
    with transaction() as db:
        db.get_one(Channel, at.channel.id).enabled = True
    assert deliver.sweep() == {at.channel.id}
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"


def test_several_are_on_their_way_at_once_but_never_two_to_one_person(at: Counter, post: type[Post]) -> None:
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        heads = [make.conversation(db, channel, sender=f"c{n}") for n in range(2, 6)]
    ids = [at.reply("一"), at.reply("二")]
    for at.head in heads:
        ids.append(at.reply())
    together = threading.Barrier(5, timeout=10)
    lonely = threading.Event()

    def answer(out: base.Outbound) -> base.Sent:
        if out.text == "二":
            lonely.set()
        else:
            together.wait()
            assert not lonely.is_set()
        return base.Sent((out.key,))

    post.answer = staticmethod(answer)
    assert deliver.drain(at.channel.id) == 6
    assert {at.state(id) for id in ids} == {"sent"}


@pytest.mark.usefixtures("post")
def test_messages_that_are_sent_together_share_their_statements() -> None:
    asked = []
    for many in (2, 8):
        at = Counter()
        with transaction() as db:
            channel, agent = db.get_one(Channel, at.channel.id), db.get_one(Agent, at.agent.id)
            for _ in range(many):
                make.reply(db, agent, make.conversation(db, channel))
        claims = claiming.take(at.channel.id, many)
        with statements.recorded() as said:
            prepared = claiming.prepared(at.channel.id, claims)
            outcomes.finish([(one, base.Sent((one.outbound.key,))) for one in prepared])
        assert len(prepared) == many
        assert {at.state(one.id) for one in prepared} == {"sent"}
        asked.append(said)
    few, more = asked
    each = 8 - 2 if one_writer() else 0  # events get their ids one by one on SQLite
    assert len(more) - len(few) <= each, statements.more_often(few, more)


def test_the_books_add_up_afterwards(at: Counter, post: type[Post]) -> None:
    at.reply()
    deliver.drain(at.channel.id)
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


@pytest.mark.parametrize(
    ("buttons", "text", "left"),
    [
        (0, "どちらですか\n\n返品について\nhttps://shop.example/returns\n\n1. 配送\n2. 返品", ()),
        (1, "どちらですか\n\n返品について\nhttps://shop.example/returns\n\n1. 配送\n2. 返品", ()),
        (2, "どちらですか\n\n返品について\nhttps://shop.example/returns", ("配送", "返品")),
    ],
)
def test_what_a_channel_has_no_form_for_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, buttons: int, text: str, left: tuple[str, ...]
) -> None:
    with installed(monkeypatch, max_quick_replies=buttons) as post:
        at = Counter()
        with transaction() as db:
            head = db.get_one(Conversation, at.head.id)
            said = make.reply(
                db, db.get_one(Agent, at.agent.id), head, "どちらですか", quick_replies=["配送", "返品"]
            )
            said.links = [{"label": "返品について", "url": "https://shop.example/returns"}]
        deliver.drain(at.channel.id)
        (sent,) = post.sent
        assert (sent.text, sent.quick_replies) == (text, left)


def test_what_is_answered_is_looked_for_among_the_customers_own_messages_alone(
    at: Counter, post: type[Post]
) -> None:
    """However many write to a channel. Linked customers keep what they said, each where they said it."""
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        other = make.conversation(db, channel, "私も同じ者です", sender="c2")
        mine, theirs = (make.customer_of(db, db.get_one(Conversation, one.id)) for one in (at.head, other))
        inbox.link(db, theirs, mine, evidence={"agent": True})
        last = make.customer_says(db, channel, "二つ目です", "c2")
    at.reply("ありがとうございます")  # goes to where they wrote last
    with statements.recorded() as said:
        deliver.drain(at.channel.id)
    (sent,) = post.sent
    assert (sent.to.address, sent.last_inbound_at) == ("c2", last.sent_at)
    asked = [one for one in said if "message.kind" in one and "ORDER BY message.sent_at DESC" in one]
    assert len(asked) == 1
    assert "message.conversation_id = (SELECT conversation.id" in asked[0]
