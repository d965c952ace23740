"""``/inbox/socket``: server to client, except for what one looks at and that one types. No database on the loop."""

import asyncio
import contextlib
import json
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.auth import cookies, find
from app.realtime import BEHIND, SIGNED_OUT, Hub, Line, LineClosed
from app.web import live

TICK_EVERY = 20.0  # seconds; the page reconnects when it hears nothing for 50
POLICY = 1008
CHECK_EVERY = 60.0  # seconds between looks whether the session still lives


async def socket(websocket: WebSocket) -> None:
    """Send the news until either side has enough."""
    await websocket.accept()
    hub: Hub = websocket.app.state.hub
    line = Line(watch=await run_in_threadpool(live.enter, websocket.state.viewer))
    hub.join(line, live.AGENTS)
    writer = asyncio.create_task(_write(websocket, line))
    try:
        await _read(websocket, line)
    except WebSocketDisconnect:
        line.close()
    finally:
        hub.leave(line)
        line.close()
        await writer
        await run_in_threadpool(live.look, live.watch_of(line), 0)


async def _read(websocket: WebSocket, line: Line) -> None:
    closing = asyncio.create_task(line.closed.wait())
    try:
        while not line.closed.is_set():
            hearing = asyncio.create_task(_receive(websocket))
            await asyncio.wait({hearing, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not hearing.done():
                hearing.cancel()
                with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
                    await hearing
                return
            await _take(hearing.result(), line)
    finally:
        closing.cancel()


async def _receive(websocket: WebSocket) -> dict[str, Any]:
    """The next frame; what is none is an empty one."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    try:
        frame = json.loads(message.get("text") or "{}")
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


async def _take(frame: dict[str, Any], line: Line) -> None:
    watch = live.watch_of(line)
    id = frame.get("conversation")
    if frame.get("t") == "looking":
        told = await run_in_threadpool(live.look, watch, id if type(id) is int and 0 < id < 2**62 else 0)
        if told:
            line.put(told)
    elif frame.get("t") == "typing" and id == watch.looking and not frame.get("note"):
        await run_in_threadpool(live.typing, watch, bool(frame.get("on")))


async def _write(websocket: WebSocket, line: Line) -> None:
    """Send what is queued, a tick when there is nothing; a client that does not take it is let go."""
    checked = time.monotonic()
    try:
        while True:
            frame = await line.next(TICK_EVERY) or await _tick(line)
            text = json.dumps(frame, ensure_ascii=False)
            await asyncio.wait_for(websocket.send_text(text), TICK_EVERY)
            if line.who.pop("doubted", False) or time.monotonic() - checked > CHECK_EVERY:
                checked = time.monotonic()
                if await run_in_threadpool(find, cookies.token_of(websocket)) is None:
                    line.close(SIGNED_OUT)
    except LineClosed:
        await _close(websocket, line.code)
    except (WebSocketDisconnect, RuntimeError, TimeoutError, OSError):
        line.close(BEHIND)  # gone, or too slow: it comes back and asks for what it missed


async def _close(websocket: WebSocket, code: int) -> None:
    if websocket.application_state is WebSocketState.CONNECTED:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            await websocket.close(code)


async def _tick(line: Line) -> dict[str, Any]:
    """How far the open conversation has come: a page that is behind asks; and "still here" for the others."""
    watch = live.watch_of(line)
    told = await run_in_threadpool(live.look, watch, watch.looking)
    return told or {"t": "tick", "heads": {}}


routes = [WebSocketRoute("/inbox/socket", socket)]
