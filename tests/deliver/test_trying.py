"""What did not work is tried again with patience, or told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from app import deliver, inbox, switchboard
from app.db import as_of, now, reading, transaction
from app.deliver import outcomes
from app.models import Agent, Channel, Conversation, Delivery, Message
from channels import base
from tests import factories as make
from tests.connectors import Post, fails, installed
from tests.deliver.counter import Counter

pytestmark = pytest.mark.usefixtures("committed")


def test_what_failed_for_now_is_tried_again_later_and_later(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails())
    waits = []
    for _ in range(4):
        at.due_now()
        before = now()
        deliver.drain(at.channel.id)
        waits.append((at.row(id).next_at - before).total_seconds())
    assert waits == sorted(waits)
    assert 1 < waits[0] < 4 < 12 < waits[3]
    assert (at.state(id), at.row(id).error) == ("queued", "It did not work.")


def test_the_provider_says_how_long_to_wait(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(retry_after=900.0))
    deliver.drain(at.channel.id)
    assert at.row(id).next_at > now() + timedelta(seconds=890)


def test_what_fails_for_now_is_tried_for_about_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: (low + high) / 2)
    waits = [outcomes.wait(attempts, None) for attempts in range(1, outcomes.MAX_ATTEMPTS)]
    assert timedelta(hours=20) <= timedelta(seconds=sum(waits)) <= timedelta(hours=28)


def test_after_many_tries_it_has_failed(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails())
    for _ in range(outcomes.MAX_ATTEMPTS + 1):
        at.due_now()
        deliver.drain(at.channel.id)
    assert (at.state(id), len(post.sent)) == ("failed", outcomes.MAX_ATTEMPTS)


def test_what_cannot_succeed_is_tried_once(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(permanent=True))
    deliver.drain(at.channel.id)
    assert at.state(id) == "failed"


@pytest.mark.parametrize(("idempotent", "state"), [(False, "unknown"), (True, "queued")])
def test_a_lost_answer_is_tried_again_only_where_that_cannot_double_it(
    monkeypatch: pytest.MonkeyPatch, idempotent: bool, state: str
) -> None:
    with installed(monkeypatch, idempotent=idempotent) as post:
        at = Counter()
        id = at.reply()
        post.answer = staticmethod(fails(ambiguous=True))
        deliver.drain(at.channel.id)
        assert at.state(id) == state


def test_a_connector_that_breaks_leaves_the_outcome_open(at: Counter, post: type[Post]) -> None:
    def broken(_: base.Outbound) -> base.Sent:
        raise RuntimeError("a bug")

    post.answer = staticmethod(broken)
    id = at.reply()
    deliver.drain(at.channel.id)
    assert at.state(id) == "unknown"


def test_what_concerns_the_channel_makes_all_of_it_wait_and_costs_no_message_a_try(
    at: Counter, post: type[Post]
) -> None:
    post.answer = staticmethod(fails(retry_after=600.0, everybody=True))
    first = at.reply()
    deliver.drain(at.channel.id)
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        at.head = make.conversation(db, channel, sender="c2")
    second = at.reply()
    assert deliver.drain(at.channel.id) == 0
    assert deliver.sweep() == set()
    assert (at.row(first).attempts, at.row(first).error) == (0, "It did not work.")
    with reading() as db:
        rests_until = db.get_one(Channel, at.channel.id).rests_until
        assert rests_until is not None
        assert rests_until > now() + timedelta(seconds=590)
    post.answer = staticmethod(lambda out: base.Sent((out.key,)))
    with as_of(now() + timedelta(seconds=610)):
        assert deliver.sweep() == {at.channel.id}
        deliver.drain(at.channel.id)
    assert (at.state(first), at.state(second)) == ("sent", "sent")


def test_a_token_that_was_revoked_is_told_to_the_admin_and_the_messages_wait_for_the_new_one(
    at: Counter, post: type[Post]
) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(permanent=True, everybody=True))
    deliver.drain(at.channel.id)
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        assert (channel.health, channel.health_text) == ("action", "It did not work.")
        assert at.state(id) == "queued"
        switchboard.change_channel(db, channel, channel.name, {})
        assert (channel.health, channel.rests_until) == ("unknown", None)
    post.answer = staticmethod(lambda out: base.Sent((out.key,)))
    at.due_now()
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"


def test_what_waited_a_day_for_its_channel_has_failed(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(permanent=True, everybody=True))
    with as_of(now() + timedelta(days=1, minutes=1)):
        deliver.drain(at.channel.id)
    assert (at.state(id), at.row(id).error) == ("failed", "It did not work.")


def test_who_has_blocked_us_is_known_to_have(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    post.answer = staticmethod(fails(permanent=True, unreachable=True))
    deliver.drain(at.channel.id)
    assert at.state(id) == "failed"
    with reading() as db:
        assert make.identity_of(db, at.head).unreachable == "It did not work."


def test_outcomes_are_kept_where_they_cannot_be_written_together(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as db:
        other = make.conversation(db, db.get_one(Channel, at.channel.id), sender="c2")
    ids = [at.reply()]
    at.head = other
    ids.append(at.reply())
    real, both = outcomes._write, threading.Barrier(2, timeout=10)
    refused: list[int] = []

    def answer(out: base.Outbound) -> base.Sent:
        both.wait()
        return base.Sent((out.key,))

    def write(told: Sequence[tuple[deliver.Claimed, outcomes.Outcome]]) -> None:
        if len(refused) < 2:  # together, and the first of them once more
            refused.append(len(told))
            raise OperationalError("UPDATE", {}, Exception("deadlock detected"))
        real(told)

    post.answer = staticmethod(answer)
    monkeypatch.setattr(outcomes, "_write", write)
    deliver.drain(at.channel.id)
    assert refused
    assert {at.state(id) for id in ids} == {"sent"}


def test_an_agent_who_retries_while_the_worker_finishes_waits_and_neither_breaks(
    at: Counter, post: type[Post]
) -> None:
    ids = [at.reply(str(n)) for n in range(6)]
    post.answer = staticmethod(fails(permanent=True))
    deliver.drain(at.channel.id)
    post.answer = Post.answer
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            deliver.drain(at.channel.id)

    def retry(id: int) -> None:
        with transaction() as db:
            message = db.get_one(Message, db.get_one(Delivery, id).message_id)
            agent, head = db.get_one(Agent, at.agent.id), db.get_one(Conversation, at.head.id)
            inbox.retry(db, agent, head, message)

    with ThreadPoolExecutor(8) as pool:
        worker = pool.submit(work)
        list(pool.map(retry, ids))
        stop.set()
        worker.result()
    deliver.drain(at.channel.id)
    assert {at.state(id) for id in ids} == {"sent"}


def lost(_: base.Outbound) -> base.Sent:
    raise base.ChannelError("The answer was lost.", ambiguous=True)


def refused(_: base.Outbound) -> base.Sent:
    raise base.ChannelError("The messages of this month are used up.", permanent=True)


def test_what_may_have_arrived_has_not_failed_when_a_later_attempt_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(monkeypatch, idempotent=True) as post:
        at = Counter()
        id = at.reply()
        for answer in (lost, fails(), refused):
            post.answer = staticmethod(answer)
            at.due_now()
            deliver.drain(at.channel.id)
        assert (at.state(id), at.row(id).error) == ("unknown", outcomes.REFUSED)
        assert len(post.sent) == 3
        with transaction() as db:  # somebody decides to send it again: from here on it counts anew
            message = db.get_one(Message, at.row(id).message_id)
            inbox.retry(db, db.get_one(Agent, at.agent.id), db.get_one(Conversation, at.head.id), message)
        deliver.drain(at.channel.id)
        assert (at.state(id), at.row(id).error) == ("failed", "The messages of this month are used up.")


def test_what_may_have_arrived_has_not_failed_after_the_last_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, idempotent=True) as post:
        at = Counter()
        id = at.reply()
        post.answer = staticmethod(lost)
        for _ in range(outcomes.MAX_ATTEMPTS + 1):
            at.due_now()
            deliver.drain(at.channel.id)
        assert (at.state(id), len(post.sent)) == ("unknown", outcomes.MAX_ATTEMPTS)


def test_what_a_worker_that_died_may_have_sent_has_not_failed_when_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(monkeypatch, idempotent=True) as post:
        at = Counter()
        id = at.reply()
        with transaction() as db:
            old = now() - timedelta(minutes=10)
            db.execute(update(Delivery).values(state="sending", claim="dead", claimed_at=old, attempts=1))
        deliver.sweep()
        post.answer = staticmethod(refused)
        deliver.drain(at.channel.id)
        assert at.state(id) == "unknown"
