"""``/widget/{key}/socket``: the widget's WebSocket. It never touches the database on the event loop."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.lines import BEHIND, Line
from app.realtime import Hub
from app.visitors.trouble import Frame
from app.web import widget_live
from app.web.outgoing import Open
from app.web.widget_desk import Desk, as_message, desk_for, is_pong, messages, missed, take

HELLO_WITHIN = 10.0  # seconds; who connects and says nothing holds no socket for long
LINES = 40  # open at once by one visitor: more windows than anybody has
POLICY = 1008  # close code (RFC 6455, 7.4.1)


async def socket(websocket: WebSocket) -> None:
    """Take frames and send the news, until either side has enough."""
    await websocket.accept()
    hub: Hub = websocket.app.state.hub
    here = Open(websocket)
    try:
        desk, told = await _hello(here, desk_for(websocket), hub)
        if desk is not None and widget_live.here[desk.visitor_id] >= LINES:
            here.line.close(BEHIND)
        elif desk is not None:
            widget_live.arrive(desk.visitor_id)
            try:
                _put(here.line, await run_in_threadpool(missed, desk, told))
                await _read(here, desk, hub)
            finally:
                widget_live.depart(desk.visitor_id)
    except TimeoutError:
        here.line.close(POLICY)
    except WebSocketDisconnect:
        here.line.close()
    finally:
        hub.leave(here.line)
        await here.close()


async def _hello(here: Open, desk: Desk, hub: Hub) -> tuple[Desk | None, list[Frame]]:
    """The first frame must open a session; None if it did not. And what was said to it."""
    async with asyncio.timeout(
        HELLO_WITHIN
    ):  # theirs to speak; our own time to answer is not held against them
        text = await here.hear()
    if '"hello"' not in text[:4096] and '"hello"' not in text:
        here.line.put({"t": "error", "code": "hello", "sentence": "Say hello first.", "fatal": True})
        here.line.close(POLICY)
        return None, []
    opened, frames = await run_in_threadpool(take, desk, text)
    hub.join(here.line, widget_live.WIDGETS, *widget_live.topics(opened.identities, opened.visitor_id))
    _put(here.line, frames)
    if not opened.visitor_id:
        here.line.close(POLICY)
        return None, []
    return opened, frames


async def _read(here: Open, desk: Desk, hub: Hub) -> None:
    """One frame after the other, so that they act in the order they were sent."""
    line = here.line
    while line.open:
        text = await here.hear()
        if is_pong(text):
            continue
        before = desk
        said = as_message(desk, text)
        if said is not None:
            desk, frames = await asyncio.wrap_future(messages.submit((desk, said)))
        else:
            desk, frames = await run_in_threadpool(take, desk, text)
        if (desk.visitor_id, desk.identities) != (before.visitor_id, before.identities):
            hub.leave(line, *widget_live.topics(before.identities, before.visitor_id))
            hub.join(line, *widget_live.topics(desk.identities, desk.visitor_id))
            frames = [*frames, *await run_in_threadpool(missed, desk, frames)]
        _put(line, frames)
        if desk.over or any(frame.get("fatal") for frame in frames):
            line.close()


def _put(line: Line, frames: list[Frame]) -> None:
    for frame in frames:
        line.put(frame)


routes = [WebSocketRoute("/widget/{key}/socket", socket)]
