"""``/widget/{key}/socket``: the widget's WebSocket. It never touches the database on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.realtime import BEHIND, Hub, Line, LineClosed
from app.visitors.trouble import Frame
from app.web import widget_live
from app.web.widget_desk import Desk, desk_for, take

HELLO_WITHIN = 10.0  # seconds; who connects and says nothing holds no socket for long
PING_EVERY = 25.0
QUIET = 90.0  # seconds without a sign of life, our ping unanswered several times
LINES = 40  # open at once by one visitor: more windows than anybody has
POLICY = 1008  # close code (RFC 6455, 7.4.1)


async def socket(websocket: WebSocket) -> None:
    """Take frames and send the news, until either side has enough."""
    await websocket.accept()
    hub: Hub = websocket.app.state.hub
    line = Line()
    desk = desk_for(websocket)
    writer = asyncio.create_task(_write(websocket, line))
    try:
        opened = await asyncio.wait_for(_hello(websocket, desk, line, hub), HELLO_WITHIN)
        if opened is not None and widget_live.here[opened.visitor_id] >= LINES:
            line.close(BEHIND)
        elif opened is not None:
            desk = opened
            widget_live.arrive(desk.visitor_id)
            try:
                await _read(websocket, desk, line, hub)
            finally:
                widget_live.depart(desk.visitor_id)
    except TimeoutError:
        line.close(POLICY)
    except WebSocketDisconnect:
        line.close()
    finally:
        hub.leave(line)
        line.close()
        await writer


async def _hello(websocket: WebSocket, desk: Desk, line: Line, hub: Hub) -> Desk | None:
    """The first frame must open a session; None if it did not (it was told why)."""
    text = await _receive(websocket)
    if '"hello"' not in text[:4096] and '"hello"' not in text:
        line.put({"t": "error", "code": "hello", "sentence": "Say hello first.", "fatal": True})
        line.close(POLICY)
        return None
    opened, frames = await run_in_threadpool(take, desk, text)
    hub.join(line, *widget_live.topics(opened.identities, opened.visitor_id))
    _put(line, frames)
    if not opened.visitor_id:
        line.close(POLICY)
        return None
    return opened


async def _read(websocket: WebSocket, desk: Desk, line: Line, hub: Hub) -> None:
    """One frame after the other, so that they act in the order they were sent."""
    while not line.closed.is_set():
        text = await _next(websocket, line)
        if text is None:
            return
        before = desk
        desk, frames = await run_in_threadpool(take, desk, text)
        if (desk.visitor_id, desk.identities) != (before.visitor_id, before.identities):
            hub.leave(line, *widget_live.topics(before.identities, before.visitor_id))
            hub.join(line, *widget_live.topics(desk.identities, desk.visitor_id))
        _put(line, frames)
        if desk.over or any(frame.get("fatal") for frame in frames):
            line.close()
            return


async def _next(websocket: WebSocket, line: Line) -> str | None:
    """The next frame; None when the line is closed from our side or has been quiet for too long."""
    hearing = asyncio.create_task(_receive(websocket))
    closing = asyncio.create_task(line.closed.wait())
    done, _ = await asyncio.wait({hearing, closing}, timeout=QUIET, return_when=asyncio.FIRST_COMPLETED)
    closing.cancel()
    if hearing in done:
        return hearing.result()
    hearing.cancel()
    with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
        await hearing
    line.close()
    return None


async def _receive(websocket: WebSocket) -> str:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    text: str | None = message.get("text")
    return text if text is not None else message.get("bytes", b"").decode("utf-8", "replace")


def _put(line: Line, frames: list[Frame]) -> None:
    for frame in frames:
        line.put(frame)


async def _write(websocket: WebSocket, line: Line) -> None:
    """Send what is queued, a ping when there is nothing; what is queued before a close still goes out."""
    try:
        while True:
            frame = await line.next(PING_EVERY) or {"t": "ping"}
            await asyncio.wait_for(websocket.send_text(json.dumps(frame, ensure_ascii=False)), PING_EVERY)
    except LineClosed:
        await _close(websocket, line.code)
    except (WebSocketDisconnect, RuntimeError, TimeoutError, OSError):
        line.close(BEHIND)  # gone, or too slow to take even one frame: it will come back and ask


async def _close(websocket: WebSocket, code: int) -> None:
    if websocket.application_state is WebSocketState.CONNECTED:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            await websocket.close(code)


routes = [WebSocketRoute("/widget/{key}/socket", socket)]
