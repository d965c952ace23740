"""What a worker or a clock that went wrong left behind is found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from app import deliver
from app.db import as_of, now, reading, transaction
from app.models import Delivery, DeliveryRef
from channels import base
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
