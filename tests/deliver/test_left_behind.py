"""What a worker or a clock that went wrong left behind is found."""

from __future__ import annotations

import time
from concurrent import futures
from datetime import timedelta
from typing import Any

import pytest
from rq.timeouts import JobTimeoutException
from sqlalchemy import update

from app import deliver, inbox
from app.db import as_of, now, reading, transaction
from app.deliver import claiming, draining
from app.models import Agent, Delivery, DeliveryRef, Message
from channels import base
from tests import factories as make
from tests.connectors import Post, fails, installed
from tests.deliver.counter import Counter

pytestmark = pytest.mark.usefixtures("committed")


def claim_and_die(at: Counter, id: int) -> None:
    with transaction() as db:
        old = now() - timedelta(minutes=10)
        dead = update(Delivery).where(Delivery.id == id)
        db.execute(dead.values(state="sending", claim="dead", claimed_at=old, attempts=1))


@pytest.mark.parametrize(("idempotent", "state"), [(False, "unknown"), (True, "queued")])
def test_the_claim_of_a_worker_that_died_is_given_up(
    monkeypatch: pytest.MonkeyPatch, idempotent: bool, state: str
) -> None:
    with installed(monkeypatch, idempotent=idempotent):
        at = Counter()
        id = at.reply()
        claim_and_die(at, id)
        deliver.sweep()
        assert at.state(id) == state


def test_what_a_provider_takes_long_over_is_nobody_elses_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "STALE", timedelta(seconds=0.4))
    seen = []

    def slow(out: base.Outbound) -> base.Sent:
        for _ in range(4):
            time.sleep(0.3)
            deliver.sweep()
            seen.append(at.state(id))
        return base.Sent()

    with installed(monkeypatch, idempotent=True) as post:
        at = Counter()
        id = at.reply()
        post.answer = staticmethod(slow)
        assert deliver.drain(at.channel.id) == 1
    assert (len(post.sent), seen, at.state(id)) == (1, ["sending"] * 4, "sent")


def test_a_job_that_is_ended_in_the_middle_writes_down_what_the_provider_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = iter([JobTimeoutException("It takes too long.")])

    def wait(flying: Any, **how: Any) -> Any:
        for over in waits:
            raise over
        return futures.wait(flying, **how)

    monkeypatch.setattr(draining, "wait_for", wait)
    with installed(monkeypatch, idempotent=True) as post:
        at = Counter()
        id = at.reply()
        with pytest.raises(JobTimeoutException):
            deliver.drain(at.channel.id)
    assert (len(post.sent), at.state(id)) == (1, "sent")


def test_an_attempt_after_one_that_was_cut_off_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, idempotent=True) as post:
        at = Counter()
        cut_off, refused = at.reply(), at.reply()
        claim_and_die(at, cut_off)
        deliver.sweep()
        post.answer = staticmethod(fails())
        deliver.drain(at.channel.id)
        with transaction() as db:
            db.execute(update(Delivery).values(next_at=now()))
        post.answer = staticmethod(lambda out: base.Sent())
        deliver.drain(at.channel.id)
    assert [out.interrupted for out in post.sent] == [True, False, False]
    assert (at.state(cut_off), at.state(refused)) == ("sent", "sent")


@pytest.mark.parametrize(("hours", "state", "sendings"), [(22, "sent", 1), (24, "unknown", 0)])
def test_what_may_have_arrived_is_not_sent_again_once_the_provider_has_forgotten_its_key(
    monkeypatch: pytest.MonkeyPatch, hours: int, state: str, sendings: int
) -> None:
    with installed(monkeypatch, idempotent=True, key_lasts=timedelta(hours=23)) as post:
        at = Counter()
        with as_of(now() - timedelta(hours=hours)):
            id = at.reply()
        claim_and_die(at, id)
        deliver.sweep()
        deliver.drain(at.channel.id)
        assert (at.state(id), len(post.sent)) == (state, sendings)


@pytest.mark.parametrize(("ambiguous", "state"), [(False, "sent"), (True, "unknown")])
def test_an_old_message_that_was_only_refused_is_tried_further(
    monkeypatch: pytest.MonkeyPatch, ambiguous: bool, state: str
) -> None:
    with installed(monkeypatch, idempotent=True, key_lasts=timedelta(hours=23)) as post:
        at = Counter()
        with as_of(now() - timedelta(hours=30)):
            id = at.reply()
        post.answer = staticmethod(fails(ambiguous=ambiguous))
        deliver.drain(at.channel.id)
        assert at.state(id) == "queued"
        post.answer = staticmethod(lambda out: base.Sent())
        at.due_now()
        deliver.drain(at.channel.id)
        assert at.state(id) == state


def test_what_was_never_tried_is_sent_however_old_and_the_agent_may_send_the_rest_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(monkeypatch, idempotent=True, key_lasts=timedelta(hours=23)) as post:
        at = Counter()
        with as_of(now() - timedelta(hours=30)):
            lapsed, waiting = at.reply(), at.reply()
        claim_and_die(at, lapsed)
        deliver.sweep()
        deliver.drain(at.channel.id)
        assert (at.state(lapsed), at.state(waiting), len(post.sent)) == ("unknown", "sent", 1)
        with transaction() as db:
            agent = db.get_one(Agent, at.agent.id)
            message = db.get_one(Message, db.get_one(Delivery, lapsed).message_id)
            inbox.retry(db, agent, make.thread_of(db, message), message)
        deliver.drain(at.channel.id)
        assert at.state(lapsed) == "sent"


@pytest.mark.parametrize(("idempotent", "state"), [(False, "unknown"), (True, "queued")])
def test_a_claim_from_the_future_of_a_clock_put_back_is_given_up(
    monkeypatch: pytest.MonkeyPatch, idempotent: bool, state: str
) -> None:
    with installed(monkeypatch, idempotent=idempotent):
        at = Counter()
        with as_of(now() + timedelta(hours=1)):
            id = at.reply()
            with transaction() as db:
                db.execute(update(Delivery).values(state="sending", claim="dead", claimed_at=now()))
        due = deliver.sweep()
        assert (at.state(id), due) == (state, {at.channel.id} if idempotent else set())


def test_what_was_queued_by_a_clock_put_back_is_due_now(at: Counter, post: type[Post]) -> None:
    with as_of(now() + timedelta(hours=1)):
        id = at.reply()
    assert deliver.drain(at.channel.id) == 0
    assert deliver.sweep() == {at.channel.id}
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"


def test_a_claim_that_is_young_is_left_alone(at: Counter, post: type[Post]) -> None:
    id = at.reply()
    with transaction() as db:
        db.execute(update(Delivery).values(state="sending", claim="busy", claimed_at=now()))
    assert deliver.sweep() == set()
    assert at.state(id) == "sending"


def test_a_worker_that_was_given_up_and_succeeds_is_believed(at: Counter, post: type[Post]) -> None:
    def slow(out: base.Outbound) -> base.Sent:
        with transaction() as db:
            db.execute(update(Delivery).values(claimed_at=now() - timedelta(minutes=10)))
        deliver.sweep()
        return base.Sent(("late",))

    post.answer = staticmethod(slow)
    id = at.reply()
    deliver.drain(at.channel.id)
    assert at.state(id) == "sent"
    with reading() as db:
        assert db.get(DeliveryRef, (at.channel.id, "late")) is not None
