"""Live updates: after a commit an id goes over Redis; each web process reads the event once and fans it out.

Redis is only the doorbell. The hub also looks at the event table by itself, so a lost publication (Redis
killed, a process killed between commit and publication) costs seconds, never an event.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import redis
import redis.asyncio
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app.config import settings
from app.db import passing, reading
from app.lines import Line, Parcel
from app.models import Event

log = logging.getLogger(__name__)

BELL = "madoguchi:live"
BREATH = 0.01  # seconds between two readings: what rings meanwhile is read together
AT_ONCE = 200  # events that are read together
PARTS = 20  # of the lines of a topic, in which they are called on in turn
LOOK_EVERY = 1.0  # seconds between the hub's own looks at the table
SETTLED = 30.0  # seconds: an id from a sequence commits no later than this after it was drawn


# --- ringing (sync, called after a commit) -------------------------------------------------------------------


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings().redis_url, socket_timeout=2, socket_connect_timeout=1)


@cache
def bell() -> str:
    """The doorbell's channel. Redis' channels are the same in all its databases, so the number is in its name:
    two installations that share a Redis would hear each other otherwise."""
    return f"{BELL}:{_redis().connection_pool.connection_kwargs.get('db') or 0}"


def publish_events(event_ids: Sequence[int]) -> None:
    """Tell every web process that these are committed. Raises RedisError; the hubs look by themselves too."""
    _redis().publish(bell(), json.dumps({"events": list(event_ids)}))


def publish(topic: str, *values: Any) -> None:
    """A passing signal (typing, presence, a lock) that no one needs to catch up on."""
    _redis().publish(bell(), json.dumps({"signal": topic, "values": values}))


def whisper(topic: str, *values: Any) -> None:
    """Like :func:`publish`, of what nobody misses when Redis is away: it is dropped then."""
    try:
        publish(topic, *values)
    except redis.RedisError as error:
        log.debug("%s was not passed on: %s", topic, error)


def ping() -> None:
    """Raises RedisError when Redis does not answer."""
    _redis().ping()


class Ear:
    """Hears the bell from a thread of its own accord: for followers outside of the web processes."""

    def __init__(self) -> None:
        self._bell: redis.client.PubSub | None = None

    def wait(self, seconds: float) -> None:
        """Until something rang, or so many seconds. While Redis is away it only waits."""
        try:
            if self._bell is None:
                # Its own connection: the others' read time-out of two seconds would end a longer wait.
                client = redis.Redis.from_url(settings().redis_url, socket_connect_timeout=1)
                self._bell = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
                self._bell.subscribe(bell())
            if self._bell.get_message(timeout=seconds) is not None:
                while self._bell.get_message(timeout=0) is not None:
                    pass  # many rings are one
        except (redis.RedisError, OSError):
            self.close()
            time.sleep(min(seconds, 1))

    def close(self) -> None:
        """Listen no more."""
        if self._bell is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                self._bell.close()
            self._bell = None


# --- listening (async, one hub a web process) ----------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """An event as the hub hands it on."""

    id: int
    prev: int
    kind: str
    conversation_id: int | None
    message_id: int | None
    actor: str
    agent_id: int | None
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)


ChangeHandler = Callable[["Hub", Change], Awaitable[None]]
ChangesHandler = Callable[["Hub", list[Change]], Awaitable[None]]
Send = Callable[[], None]
Draw = Callable[[Session, list[Change]], Send]
Teller = Callable[["Hub"], Draw | None]
SignalHandler = Callable[["Hub", list[Any]], Awaitable[None]]
Beat = Callable[["Hub", list[Line]], Awaitable[None]]


class Hub:
    """Who listens to what in this process, and the task that brings them the news."""

    def __init__(self) -> None:
        self.lines: dict[str, set[Line]] = defaultdict(set)
        self.on_change: list[ChangeHandler] = []
        self.on_changes: list[ChangesHandler] = []  # what came together, at once
        self.tellers: list[Teller] = []
        self.on_signal: dict[str, list[SignalHandler]] = defaultdict(list)
        self._seen: dict[int, float] = {}  # id → when (monotonic: the clock on the wall may be put back)
        self._floor = 0
        self._waiting: set[int] = set()
        self._ring = asyncio.Event()
        self._beats: list[tuple[str, float, Beat]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def join(self, line: Line, *topics: str) -> None:
        """`line` hears `topics` ("agents", "c:42") from now on."""
        for topic in topics:
            self.lines[topic].add(line)
        line.topics += tuple(topic for topic in topics if topic not in line.topics)

    def leave(self, line: Line, *topics: str) -> None:
        """`line` hears `topics` no more; without any named, nothing at all."""
        for topic in topics or line.topics:
            listening = self.lines.get(topic)
            if listening is not None:
                listening.discard(line)
                if not listening:
                    del self.lines[topic]
        line.topics = tuple(topic for topic in line.topics if topics and topic not in topics)

    def listening(self, topic: str) -> list[Line]:
        """The open lines of a topic."""
        return [line for line in self.lines.get(topic, ()) if line.open]

    def emit(self, topic: str, frame: Any) -> None:
        """Put `frame` on every line of `topic`."""
        parcel = Parcel(frame)
        for line in self.listening(topic):
            line.put(parcel)

    def every(self, seconds: float, topic: str, beat: Beat) -> None:
        """Call `beat` for every open line of `topic` once in so many seconds, for a part of them at a time.

        One task for all: a timer of its own would cost each of thousands of quiet sockets memory and time.
        """
        self._beats.append((topic, seconds, beat))

    async def start(self) -> None:
        """Begin listening; from the newest event on (older ones are fetched by whoever connects)."""
        newest = await run_in_threadpool(_newest)
        self._floor = max(0, newest - 200)  # not the newest: a smaller id may be about to commit
        self._seen = dict.fromkeys(await run_in_threadpool(_ids_after, self._floor), time.monotonic())
        work = (self._listen(), self._deliver(), *(self._beat(*one) for one in self._beats))
        self._tasks = [asyncio.create_task(each) for each in work]

    async def stop(self) -> None:
        """Stop listening and close every line (1012: service restart)."""
        for task in self._tasks:
            while not task.done():  # a cancellation that falls into connecting to Redis is swallowed there
                task.cancel()
                await asyncio.wait({task}, timeout=0.5)
        for line in {line for lines in self.lines.values() for line in lines}:
            line.close(1012)

    async def _listen(self) -> None:
        """Hear the bell. Redis may come and go; meanwhile the table itself is looked at."""
        while True:
            try:
                client = redis.asyncio.Redis.from_url(settings().redis_url)
                async with client, client.pubsub() as ears:
                    await ears.subscribe(bell())
                    async for heard in ears.listen():
                        if heard["type"] == "message":
                            await _guarded(self._hear(heard["data"]), "what was heard")
            except (redis.RedisError, OSError) as error:
                log.warning(
                    "Redis does not answer (%s); live updates take a second longer until it does.", error
                )
                await asyncio.sleep(0.5)

    async def _hear(self, data: bytes) -> None:
        said = json.loads(data)
        if "events" in said:
            self._waiting.update(said["events"])
            self._ring.set()
            return
        for handler in self.on_signal.get(said["signal"], ()):
            await _guarded(handler(self, said["values"]), said["signal"])

    async def _deliver(self) -> None:
        looked, handed = time.monotonic(), 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ring.wait(), LOOK_EVERY)
            await asyncio.sleep(max(0.0, handed + BREATH - time.monotonic()))
            self._ring.clear()
            handed = time.monotonic()
            try:
                if time.monotonic() - looked >= LOOK_EVERY:
                    looked = time.monotonic()
                    self._waiting |= await run_in_threadpool(_ids_after, self._floor)
                    self._settle()
                await self._hand_on()
            except Exception:  # a database that is away for a moment: the ids wait for the next round
                log.exception("The live feed could not be read; trying again.")
                await asyncio.sleep(LOOK_EVERY)

    async def _hand_on(self) -> None:
        """Read what rang, oldest first, tell the lines of it, and give each event to every handler, once."""
        self._waiting = {id for id in self._waiting if id > self._floor and id not in self._seen}
        while self._waiting:
            batch = sorted(self._waiting)[:AT_ONCE]
            draws = [draw for teller in self.tellers if (draw := teller(self)) is not None]
            changes, sends = await run_in_threadpool(_tell, batch, draws)
            self._waiting.difference_update(batch)
            for change in changes:
                self._seen[change.id] = time.monotonic()
            for send in sends:
                send()
            for together in self.on_changes:
                await _guarded(together(self, changes), "what came together")
            for change in changes:
                for handler in self.on_change:
                    await _guarded(handler(self, change), change.kind)

    async def _beat(self, topic: str, seconds: float, beat: Beat) -> None:
        part = 0
        while True:
            await asyncio.sleep(seconds / PARTS)
            part = (part + 1) % PARTS
            # An object's address is as good as chance, and stays the same while it is there.
            lines = [line for line in self.listening(topic) if id(line) // 64 % PARTS == part]
            if lines:
                await _guarded(beat(self, lines), topic)

    def _settle(self) -> None:
        """Ids old enough that no smaller one can still be committed need not be remembered one by one."""
        limit = time.monotonic() - SETTLED
        old = [id for id, at in self._seen.items() if at < limit]
        if old:
            self._floor = max(self._floor, *old)
            for id in old:
                del self._seen[id]


async def _guarded(work: Awaitable[None], what: str) -> None:
    """One listener's failure never costs the others their news."""
    try:
        await work
    except Exception:
        log.exception("Handing on %s failed.", what)


def _newest() -> int:
    with reading() as db:
        return db.scalar(select(func.max(Event.id))) or 0


def _ids_after(floor: int) -> set[int]:
    with reading() as db:
        return set(db.scalars(select(Event.id).where(Event.id > floor)))


def _tell(ids: Sequence[int], draws: Sequence[Draw]) -> tuple[list[Change], list[Send]]:
    """What came together is read once, and in one view of the database everybody's frames are made of it."""
    with reading() as db:
        rows = db.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id))
        changes = [change_of(event) for event in rows]
        sends: list[Send] = []
        held: list[object] = []  # what one has looked up the next finds: a session forgets what nobody holds
        for draw in draws if changes else ():
            sends += _drawn(db, draw, changes)
            held += db.identity_map.values()
        return changes, sends


def _drawn(db: Session, draw: Draw, changes: list[Change]) -> list[Send]:
    try:
        return [draw(db, changes)]
    except Exception as error:
        if passing(error):
            raise  # the database is away for a moment: all of it is told in the next round
        if len(changes) == 1:
            log.exception("%s %s could not be told of.", changes[0].kind, changes[0].id)
            return []
    # What is wrong with one costs its neighbours nothing.
    return [send for change in changes for send in _drawn(db, draw, [change])]


def change_of(event: Event) -> Change:
    """The event as listeners get it."""
    return Change(
        id=event.id,
        prev=event.prev_id,
        kind=event.kind,
        conversation_id=event.conversation_id,
        message_id=event.message_id,
        actor=event.actor,
        agent_id=event.agent_id,
        at=event.at,
        data=event.data,
    )
