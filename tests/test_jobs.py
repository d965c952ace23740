"""Wake-ups: many before the work begins are one, and losing them all loses nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import redis
from rq import Queue, SimpleWorker
from sqlalchemy import select

from app import clock, jobs
from app.config import settings
from app.db import reading, transaction
from app.models import Delivery
from tests import factories as make
from tests.connectors import installed
from tests.serving import until


def test_many_rings_before_the_work_begins_are_one_job() -> None:
    for _ in range(20):
        jobs.wake_channel(7)
    jobs.wake_channel(8)
    assert jobs.waiting() == 2


def test_whether_others_wait_is_not_worth_an_error() -> None:
    assert not jobs.others_wait()
    jobs.enqueue("app.shown.show", 1, 1)
    assert not jobs.others_wait()  # that is less urgent
    jobs.wake_channel(7)
    assert jobs.others_wait()


def test_a_ring_during_the_work_starts_another_job() -> None:
    jobs.wake_channel(7)
    jobs.woken(7)
    jobs.wake_channel(7)
    assert jobs.waiting() == 2


def test_a_mark_whose_job_was_lost_lapses_by_itself() -> None:
    jobs.wake_channel(7)
    assert 0 < jobs.connection().ttl("madoguchi:wake:7") <= jobs.COALESCE


def test_a_redis_that_does_not_answer_fails_loudly_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1, socket_timeout=2)
    monkeypatch.setattr(jobs, "connection", lambda: nobody)
    with pytest.raises(redis.RedisError):
        jobs.wake_channel(7)
    assert jobs.alive() is None
    assert not jobs.others_wait()


@pytest.mark.usefixtures("committed")
def test_a_reply_written_while_redis_was_away_is_sent_once_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1, socket_timeout=2)
    with installed(monkeypatch) as post:
        with monkeypatch.context() as away:
            away.setattr(jobs, "connection", lambda: nobody)
            with transaction() as db:
                make.reply(db, make.agent(db), make.conversation(db, make.channel(db, "post")))
        assert jobs.waiting() == 0
        clock.wake_deliveries()
        assert jobs.waiting() == 1
        work = redis.Redis.from_url(settings().redis_url)
        with work:
            SimpleWorker([Queue(jobs.QUEUE, connection=work)], connection=work).work(
                burst=True, logging_level="ERROR"
            )
        assert len(post.sent) == 1
        with reading() as db:
            assert db.scalars(select(Delivery.state)).one() == "sent"


def lives(name: str) -> bool:
    return bool((jobs.alive() or Counter[str]())[name])


def test_a_process_shows_that_it_lives_and_that_it_ended() -> None:
    with jobs.pulse("worker"):
        until(lambda: lives("worker"), "a pulse")
    assert not lives("worker")


def test_a_process_that_fell_silent_is_dead_after_a_while() -> None:
    at, lasts = jobs._moment(), jobs.PULSE_LASTS
    jobs.connection().zadd(jobs._PULSES, {"worker:here:1": at - lasts // 2, "worker:here:2": at - 2 * lasts})
    assert jobs.alive() == Counter(worker=1)


def test_who_lives_is_told_without_a_walk_through_all_that_redis_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs.connection().mset({f"another:{number}": 1 for number in range(100)})
    asked: list[object] = []
    ask: Any = redis.Redis.execute_command

    def noted(self: redis.Redis, *words: Any, **options: Any) -> Any:
        asked.append(words[0])
        return ask(self, *words, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", noted)
    assert jobs.alive() == Counter()
    assert len(asked) == 2


def test_what_is_to_be_sent_goes_before_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr("app.shown.show", lambda *_: ran.append("shown"))
    monkeypatch.setattr("app.deliver.drain", lambda *_: ran.append("sent"))
    jobs.enqueue("app.shown.show", 1, 1)
    jobs.wake_channel(7)
    assert jobs.waiting() == 2
    with redis.Redis.from_url(settings().redis_url) as work:
        queues = [Queue(name, connection=work) for name in (jobs.QUEUE, jobs.LATER)]
        SimpleWorker(queues, connection=work).work(burst=True, logging_level="ERROR")
    assert ran == ["sent", "shown"]
