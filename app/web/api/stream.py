"""`/events/stream`: the feed as server-sent events (WHATWG HTML, 9.2), for programs that do not want to ask.

A stream holds a cursor and nothing else: the hub's bell tells it to look, it reads the next page in a thread, and
waits until its client has taken it. So it is gap-free however slow the client is, and goes on in another process,
or after a crash, from `Last-Event-ID`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app import feed
from app.api.kinds import BIGGEST_ID, Given, Id
from app.api.told import ToldEvent
from app.db import reading
from app.realtime import Change, Hub
from app.web.api import door, events
from app.web.api.framework import Call, Problem, endpoint

log = logging.getLogger(__name__)

MOST = 100  # streams of one process
HEARTBEAT = 15.0  # seconds of silence after which a comment is sent, and the token looked at
BREATH = 0.1  # seconds between two looks: what happens meanwhile comes together
PAGE = 50
PATIENCE = (
    20.0  # seconds for a client to take what it is sent; then it is let go, and comes back for the rest
)
RETRY = 2000  # milliseconds after which a client that lost us comes back


class StreamFilter(Given):
    """Where to begin, and which events."""

    after: Annotated[events.Cursor, Meta(description="A cursor; without one, from now on")] | None = None
    kinds: events.Kinds = []
    conversation: Annotated[Id, Meta(description="Only of the thread with this conversation")] | None = None


@endpoint("GET", "/events/stream", scope="events:read", tag=events.TAG, produces="text/event-stream")
def stream_events(call: Call, query: StreamFilter) -> Response:
    """Follow everything that happens, as it happens.

    Server-sent events: each `data` is the same event as in `GET /events`, its `id` the cursor. A client that lost the
    connection comes back with `Last-Event-ID` (browsers' and most libraries' clients do so by themselves) and gets
    exactly what it missed; the header counts before `after`. A comment every 15 seconds shows that the line is
    open. A revoked token or a deactivated agent ends the stream with an event `end`. 503 with `Retry-After` when too
    many streams are open.
    """
    events.check_kinds(query.kinds)
    if len(_open) >= MOST:
        raise Problem(503, "Too many streams are open. Try again in a moment.", headers={"Retry-After": "5"})
    feed.settle_all()
    given = call.request.headers.get("last-event-id", "")
    after = _cursor(given) if given else query.after
    after = feed.newest(call.db) if after is None else after
    events.look(
        call.db, call.bearer, after, 1, query.kinds, query.conversation
    )  # a cursor beyond the end is told
    return Stream(_Following(call.bearer.token_id, query.kinds, query.conversation), after)


def _cursor(given: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given[:20]) <= BIGGEST_ID):
        raise Problem(422, "This is no cursor.", field="header.Last-Event-ID", code="validation")
    return int(given)


@dataclass(frozen=True, slots=True)
class _Following:
    """Who follows what."""

    token_id: int
    kinds: list[str]
    conversation: int | None

    def look(self, after: int) -> tuple[Sequence[ToldEvent], int, bool] | None:
        """What comes after a cursor, the next cursor, and whether there is more; None once the token is dead."""
        feed.settle()
        with reading() as db:  # one view: nothing is told that happened after the right to it ended
            bearer = door.still(db, self.token_id)
            if bearer is None or "events:read" not in bearer.scopes:
                return None
            found = events.look(db, bearer, after, PAGE, self.kinds, self.conversation)
            return events.shapes_of(db, bearer, found), found.upto, found.more


_open: set[Stream] = set()


class Stream(Response):
    """An answer that lasts. No database on the loop."""

    media_type = "text/event-stream"

    def __init__(self, following: _Following, after: int) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.following, self.cursor = following, after
        self.bell = asyncio.Event()
        self.over = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            _open.add(self)
            leaving = asyncio.create_task(self._hear(receive))
            try:
                await self._run(send)
            finally:
                _open.discard(self)
                leaving.cancel()
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b""})

    async def _hear(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.over.set()
        self.bell.set()

    async def _run(self, send: Send) -> None:
        told = self.cursor
        clock = asyncio.get_running_loop().time
        try:
            await _write(send, f"retry: {RETRY}\n\n")
            heard = clock()
            while not self.over.is_set():
                self.bell.clear()
                found = await run_in_threadpool(self.following.look, self.cursor)
                if found is None:
                    await _write(send, "event: end\ndata: {}\n\n")
                    return
                shapes, self.cursor, more = found
                if shapes:
                    await _write(send, "".join(_frame(one) for one in shapes))
                    told, heard = self.cursor, clock()
                elif clock() - heard >= HEARTBEAT:
                    await _write(send, f"id: {self.cursor}\n\n" if told != self.cursor else ":\n\n")
                    told, heard = self.cursor, clock()
                if not more:
                    await self._wait(HEARTBEAT - (clock() - heard))
        except (TimeoutError, OSError, SQLAlchemyError, Problem) as error:
            log.info("a stream of events ends (%s); its client comes back", type(error).__name__)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.bell.wait(), max(seconds, 0))
        if not self.over.is_set():
            await asyncio.sleep(BREATH)


def listen(hub: Hub) -> None:
    """Hear of everything."""
    hub.on_changes.append(_ring)


def end_all() -> None:
    """The process stops: every stream ends, and its client goes to another one."""
    for stream in tuple(_open):
        stream.over.set()
        stream.bell.set()


async def _ring(_hub: Hub, _changes: Sequence[Change]) -> None:
    for stream in _open:
        stream.bell.set()


def _frame(event: ToldEvent) -> str:
    return f"id: {event.cursor}\ndata: {msgspec.json.encode(event).decode()}\n\n"


async def _write(send: Send, text: str) -> None:
    await asyncio.wait_for(
        send({"type": "http.response.body", "body": text.encode(), "more_body": True}), PATIENCE
    )
