"""The line out of a WebSocket: straight through our own server, by a task and a queue through any other."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.lines import BEHIND, OUTLET, Direct, Line, LineClosed, Queued

TAKEN_WITHIN = 25.0  # seconds for one frame, where we do the waiting
SIGN_OF_LIFE = 90.0  # seconds without anything from the other side, our pings unanswered several times


class Open:
    """An accepted WebSocket: its `line` out, and :meth:`hear` for what comes in."""

    __slots__ = ("_writer", "line", "websocket")

    def __init__(self, websocket: WebSocket, who: Any = None) -> None:
        outlet = websocket.scope.get("extensions", {}).get(OUTLET)
        self.websocket = websocket
        self._writer: asyncio.Task[None] | None = None
        if outlet is not None:
            self.line: Line = Direct(outlet, who)
        else:
            self.line = queued = Queued(who)
            self._writer = asyncio.create_task(_write(websocket, queued))

    async def hear(self) -> str:
        """The next text. Raises WebSocketDisconnect when either side has closed."""
        if isinstance(self.line, Queued):
            return await _whichever_is_first(self.websocket, self.line)
        return _text(await self.websocket.receive())

    async def close(self, code: int = 1000) -> None:
        """The first close counts; what was put before it goes out."""
        self.line.close(code)
        if self._writer is not None:
            await self._writer


def ping(line: Line) -> None:
    """Find out whether somebody is still there; who is not is dropped."""
    if isinstance(line, Direct):
        line.outlet.ping(SIGN_OF_LIFE)


async def _whichever_is_first(websocket: WebSocket, line: Queued) -> str:
    hearing = asyncio.create_task(websocket.receive())
    closing = asyncio.create_task(line.closed.wait())
    await asyncio.wait({hearing, closing}, return_when=asyncio.FIRST_COMPLETED)
    closing.cancel()
    if hearing.done():
        return _text(hearing.result())
    hearing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await hearing
    raise WebSocketDisconnect(line.code)


def _text(message: Any) -> str:
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    text: str | None = message.get("text")
    return text if text is not None else message.get("bytes", b"").decode("utf-8", "replace")


async def _write(websocket: WebSocket, line: Queued) -> None:
    try:
        while True:
            text = msgspec.json.encode(await line.next()).decode()
            await asyncio.wait_for(websocket.send_text(text), TAKEN_WITHIN)
    except LineClosed:
        if websocket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
                await websocket.close(line.code)
    except (WebSocketDisconnect, RuntimeError, TimeoutError, OSError):
        line.close(BEHIND)  # gone, or too slow to take even one frame: it will come back and ask
