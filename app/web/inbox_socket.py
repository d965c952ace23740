"""``/inbox/socket``: server to client, except for what one looks at and that one types. No database on the loop."""

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.auth import cookies
from app.lines import Line
from app.realtime import Hub
from app.web import live
from app.web.outgoing import Open


async def socket(websocket: WebSocket) -> None:
    """Send the news until either side has enough."""
    await websocket.accept()
    hub: Hub = websocket.app.state.hub
    token = cookies.token_of(websocket)
    here = Open(websocket, await run_in_threadpool(live.enter, websocket.state.viewer, token))
    hub.join(here.line, live.AGENTS)
    try:
        while here.line.open:
            await _take(_frame(await here.hear()), here.line)
    except WebSocketDisconnect:
        here.line.close()
    finally:
        hub.leave(here.line)
        await here.close()
        await run_in_threadpool(live.look, live.watch_of(here.line), 0)


def _frame(text: str) -> dict[str, Any]:
    """What the page said; what is no frame is an empty one."""
    try:
        frame = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


async def _take(frame: dict[str, Any], line: Line) -> None:
    watch = live.watch_of(line)
    id = frame.get("conversation")
    if frame.get("t") == "looking":
        line.put(await run_in_threadpool(live.look, watch, id if type(id) is int and 0 < id < 2**62 else 0))
    elif frame.get("t") == "typing" and id == watch.looking and not frame.get("note"):
        await run_in_threadpool(live.typing, watch, bool(frame.get("on")))


routes = [WebSocketRoute("/inbox/socket", socket)]
