"""How much goes out at once, and whose turn it is."""

from __future__ import annotations

import threading
from collections import Counter as Counted

import pytest
import redis
from rq import Queue, SimpleWorker
from sqlalchemy.exc import OperationalError

from app import clock, deliver, jobs
from app.config import settings
from app.db import transaction
from app.deliver import claiming, draining
from app.models import Channel
from channels import base
from tests import factories as make
from tests.connectors import Post, installed
from tests.deliver.counter import Counter

pytestmark = pytest.mark.usefixtures("committed")


def test_no_more_go_out_in_a_second_than_the_provider_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    room = [3]
    asked: list[tuple[int, float]] = []

    def let(key: str, wanted: int, limit: int, per: float) -> int:
        asked.append((limit, per))
        return min(wanted, room.pop()) if room else 0

    monkeypatch.setattr("app.rates.let", let)
    with installed(monkeypatch, per_second=30) as post:
        at = Counter()
        for n in range(2, 9):
            with transaction() as db:
                at.head = make.conversation(db, db.get_one(Channel, at.channel.id), sender=f"c{n}")
            at.reply()
        assert deliver.drain(at.channel.id) == 3
        assert len(post.sent) == 3
        assert set(asked) == {(30, 1.0)}
        assert deliver.sweep() == {at.channel.id}  # the rest is due, and the clock rings again


def many(at: Counter, count: int) -> list[int]:
    """One answer each to so many customers."""
    with transaction() as db:
        channel = db.get_one(Channel, at.channel.id)
        heads = [make.conversation(db, channel) for _ in range(count)]
    ids: list[int] = []
    for at.head in heads:
        ids.append(at.reply(str(len(ids))))
    return ids


def test_what_is_written_now_does_not_wait_behind_a_long_queue(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "ABREAST", 8)
    many(at, 40)
    deliver.drain(at.channel.id)
    said = [one.text for one in post.sent]
    assert len(said) == 40
    assert "39" in said[:8]
    assert "0" in said[:8]
    assert said.index("20") > 15  # what is neither old nor new waits


def test_a_channel_with_a_long_queue_lets_the_others_have_their_turn(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "ABREAST", 4)
    monkeypatch.setattr(draining, "TURN", 0.0)
    ids = many(at, 12)
    jobs.connection().flushall()
    waits = iter([False, True])
    monkeypatch.setattr(jobs, "others_wait", lambda: next(waits))
    assert deliver.drain(at.channel.id) == 4
    assert Counted(at.state(id) for id in ids) == {
        "sent": 4,
        "queued": 8,
    }  # what was on its way is seen through
    assert jobs.waiting() == 1  # it rings for itself, behind the others
    monkeypatch.setattr(jobs, "others_wait", lambda: False)
    deliver.drain(at.channel.id)
    assert {at.state(id) for id in ids} == {"sent"}


def test_a_turn_ends_before_the_job_is_ended_in_the_middle_of_something(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "ABREAST", 4)
    monkeypatch.setattr(draining, "TURN", 0.0)
    monkeypatch.setattr(draining, "LONGEST_TURN", 0.0)
    id = at.reply()
    jobs.connection().flushall()
    assert deliver.drain(at.channel.id) == 0
    assert (at.state(id), jobs.waiting()) == ("queued", 1)


def test_a_worker_told_to_stop_sees_through_what_is_on_its_way_and_takes_no_more(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, under_way = threading.Event(), threading.Barrier(4, timeout=10)
    monkeypatch.setattr(jobs, "stopping", stopping)
    monkeypatch.setattr(draining, "ABREAST", 4)

    def answer(out: base.Outbound) -> base.Sent:
        under_way.wait()
        stopping.set()
        return base.Sent((out.key,))

    post.answer = staticmethod(answer)
    ids = many(at, 10)
    assert deliver.drain(at.channel.id) == 4
    assert Counted(at.state(id) for id in ids) == {"sent": 4, "queued": 6}


def test_wake_ups_that_were_wiped_with_redis_cost_no_message(at: Counter, post: type[Post]) -> None:
    ids = many(at, 3)
    jobs.connection().flushall()
    assert jobs.waiting() == 0
    clock.wake_deliveries()
    with redis.Redis.from_url(settings().redis_url) as work:
        SimpleWorker([Queue(jobs.QUEUE, connection=work)], connection=work).work(
            burst=True, logging_level="ERROR"
        )
    assert {at.state(id) for id in ids} == {"sent"}
    assert sorted(one.text for one in post.sent) == ["0", "1", "2"]


def test_what_is_on_its_way_while_the_database_refuses_more_work_is_told_all_the_same(
    at: Counter, post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "ABREAST", 4)
    under_way, refused = threading.Barrier(4, timeout=10), threading.Event()
    ids, take, turns = many(at, 8), claiming.take, []

    def answer(out: base.Outbound) -> base.Sent:
        if under_way.wait() != 0:
            assert refused.wait(10)  # the others are on their way when it happens
        return base.Sent((out.key,))

    def busy(channel_id: int, room: int, most: int | None = None) -> dict[int, str]:
        turns.append(room)
        if len(turns) == 2:
            refused.set()
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return take(channel_id, room, most)

    post.answer = staticmethod(answer)
    monkeypatch.setattr(claiming, "take", busy)
    with pytest.raises(OperationalError):
        deliver.drain(at.channel.id)
    assert turns[0] == 4
    assert Counted(at.state(id) for id in ids) == {"sent": 4, "queued": 4}
