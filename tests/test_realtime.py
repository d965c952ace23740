"""Live updates: every event reaches every listener once, whatever happens to the bell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app import realtime
from app.db import after_commit, transaction
from app.events import record
from app.lines import QUEUE, Queued
from app.models import Event
from app.realtime import Change, Hub

pytestmark = pytest.mark.usefixtures("committed")


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Hub, list[int]]]:
    """A hub that has started, and the ids it has handed on."""
    hub, heard = Hub(), []

    async def note(_: Hub, change: Change) -> None:
        heard.append(change.id)

    hub.on_change.append(note)
    await hub.start()
    await asyncio.sleep(0.1)
    try:
        yield hub, heard
    finally:
        await hub.stop()


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def happen(*, ring: bool = True, id: int | None = None) -> int:
    with transaction() as db:
        if ring:
            return record(db, "test")
        event = Event(kind="test", id=id)
        db.add(event)
        db.flush()
        return event.id


def test_an_event_is_handed_on_once() -> None:
    async def play() -> None:
        async with listening() as (_, heard):
            made = [await run_in_threadpool(happen) for _ in range(5)]
            await until(lambda: len(heard) >= 5)
            await asyncio.sleep(1.3)  # past the hub's own look at the table
            assert sorted(heard) == made

    asyncio.run(play())


def test_an_event_whose_bell_was_lost_is_found_by_looking() -> None:
    async def play() -> None:
        async with listening() as (_, heard):
            made = await run_in_threadpool(lambda: happen(ring=False))
            await until(lambda: made in heard)

    asyncio.run(play())


def test_an_id_that_commits_after_a_higher_one_is_not_missed() -> None:
    async def play() -> None:
        async with listening() as (_, heard):
            await run_in_threadpool(lambda: happen(ring=False, id=1_000))
            await until(lambda: 1_000 in heard)
            await run_in_threadpool(lambda: happen(ring=False, id=990))
            await until(lambda: 990 in heard)
            assert heard == [1_000, 990]

    asyncio.run(play())


def test_what_cannot_be_drawn_while_the_database_is_away_is_told_in_the_next_round() -> None:
    drawn: list[int] = []
    tries: list[int] = []

    def draw(_db: Session, changes: list[Change]) -> realtime.Send:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("select", {}, Exception("server closed the connection"))
        return lambda: drawn.extend(change.id for change in changes)

    async def play() -> None:
        async with listening() as (hub, heard):
            hub.tellers.append(lambda _: draw)
            made = await run_in_threadpool(happen)
            await until(lambda: made in heard)
            assert drawn == heard == [made]

    asyncio.run(play())


def test_the_hub_outlives_a_redis_that_goes_away_and_comes_back() -> None:
    async def play() -> None:
        async with listening() as (_, heard):
            await run_in_threadpool(lambda: realtime._redis().client_kill_filter(_type="pubsub"))
            made = await run_in_threadpool(lambda: happen(ring=False))
            await until(lambda: made in heard)
            await asyncio.sleep(1)
            rung = await run_in_threadpool(happen)
            await until(lambda: rung in heard)

    asyncio.run(play())


def test_nonsense_on_the_bell_and_a_listener_that_fails_cost_nobody_anything() -> None:
    async def play() -> None:
        async with listening() as (hub, heard):

            async def broken(_: Hub, change: Change) -> None:
                raise RuntimeError("a bug")

            hub.on_change.insert(0, broken)
            for nonsense in ("", "{}", "[1]", '{"signal": "nobody", "values": []}'):
                await run_in_threadpool(realtime._redis().publish, realtime.bell(), nonsense)
            made = await run_in_threadpool(happen)
            await until(lambda: made in heard)

    asyncio.run(play())


def test_signals_reach_those_who_asked_for_them() -> None:
    async def play() -> None:
        heard: list[list[object]] = []

        async def note(_: Hub, values: list[object]) -> None:
            heard.append(values)

        async with listening() as (hub, _):
            hub.on_signal["typing"].append(note)
            await run_in_threadpool(lambda: realtime.publish("typing", 7, "customer", 0, True))
            await until(lambda: bool(heard))
            assert heard == [[7, "customer", 0, True]]

    asyncio.run(play())


def test_what_is_old_is_forgotten_and_not_handed_on_again() -> None:
    async def play() -> None:
        async with listening() as (hub, heard):
            made = await run_in_threadpool(happen)
            await until(lambda: made in heard)
            hub._seen = {id: at - 300 for id, at in hub._seen.items()}
            hub._settle()
            assert (hub._seen, hub._floor) == ({}, made)
            await asyncio.sleep(1.3)
            assert heard == [made]

    asyncio.run(play())


def test_a_line_that_cannot_keep_up_is_closed_and_never_skips() -> None:
    async def play() -> None:
        hub, slow, quick = Hub(), Queued("slow"), Queued("quick")
        for line in (slow, quick):
            hub.join(line, "c:1")
        for n in range(QUEUE + 1):
            hub.emit("c:1", n)
            quick.queue.get_nowait()
        assert (slow.open, slow.code, quick.open) == (False, 1013, True)
        assert [slow.queue.get_nowait() for _ in range(QUEUE)] == list(range(QUEUE))
        assert hub.listening("c:1") == [quick]

    asyncio.run(play())


def test_lines_hear_their_topics_until_they_leave() -> None:
    async def play() -> None:
        hub, line = Hub(), Queued()
        hub.join(line, "a", "b")
        hub.leave(line, "a")
        hub.emit("a", 1)
        hub.emit("b", 2)
        hub.leave(line)
        hub.emit("b", 3)
        assert line.queue.get_nowait() == 2
        assert line.queue.empty()
        assert not hub.lines

    asyncio.run(play())


def test_stopping_closes_every_line_for_a_restart() -> None:
    async def play() -> Queued:
        async with listening() as (hub, _):
            line = Queued()
            hub.join(line, "a")
        return line

    assert asyncio.run(play()).code == 1012


def test_nothing_is_rung_before_the_commit_nor_after_a_rollback() -> None:
    rung: list[int] = []

    def ring(db: Session, fail: bool) -> None:
        after_commit(db, rung.append, 1)
        after_commit(db, rung.append, 1)  # the same call twice is once
        with db.begin_nested():
            after_commit(db, rung.append, 2)
        assert not rung  # the end of a savepoint is no commit
        if fail:
            raise ValueError("changed my mind")

    with suppress(ValueError), transaction() as db:
        ring(db, True)
    assert not rung
    with transaction() as db:
        ring(db, False)
    assert rung == [1, 2]


def test_a_bell_that_cannot_be_rung_fails_no_transaction() -> None:
    def broken() -> None:
        raise ConnectionError("no Redis")

    with transaction() as db:
        after_commit(db, broken)
        made = record(db, "test")
    with transaction() as db:
        assert db.get(Event, made) is not None
