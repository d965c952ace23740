"""Long polling for where WebSockets do not get through: the same frames, by two plain requests."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import visitors
from app.db import reading
from app.lines import LineClosed, Queued
from app.models import Visitor
from app.realtime import Hub
from app.visitors.status import state
from app.visitors.trouble import Frame, Trouble, malformed
from app.web import widget_live
from app.web.widget import ANYONE, preflight
from app.web.widget_desk import Desk, desk_for, limit_polls, resume, take_frame
from app.web.widget_socket import LINES

MAX_FRAMES, MAX_BODY = 20, 128 * 1024
LONGEST = 25.0  # seconds an empty poll is held; proxies cut at thirty
UNKNOWN = 2.0
GATHER = 0.05  # seconds after the first piece of news, so that an answer's frames come together


_open: set[Queued] = set()  # the lines of polls that are held


async def frames(request: Request) -> Response:
    """``POST {token, frames: […]}``: what a socket would carry to us, and the answers."""
    desk = desk_for(request)
    body = await request.body()
    return await run_in_threadpool(_take_all, desk, body)


async def events(request: Request) -> Response:
    """``GET ?after=ID&wait=25`` with the bearer token: what is new, at once or when there is something."""
    desk = desk_for(request)
    after, wait = _number(request, "after"), min(_number(request, "wait"), LONGEST)
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        desk = await run_in_threadpool(resume, desk, token)
        await run_in_threadpool(limit_polls, desk, widget_live.here[desk.visitor_id] >= LINES)
    except Trouble as trouble:
        return _answer([trouble.frame(desk.locale)], 401 if trouble.code == "token" else 429)
    if not desk.identities:  # no thread yet to listen to: look again soon after the first message
        wait = min(wait, UNKNOWN)
    hub: Hub = request.app.state.hub
    line = Queued()
    hub.join(line, *widget_live.topics(desk.identities, desk.visitor_id))
    widget_live.arrive(desk.visitor_id)
    try:
        told, fresh = await run_in_threadpool(_since, desk, after)
        if not fresh and wait:
            told = await _wait(line, wait, told[1:])
    finally:
        hub.leave(line)
        widget_live.depart(desk.visitor_id)
    return _answer(told)


def end_all() -> None:
    """The process stops: every poll is answered, and its page asks another one."""
    for line in _open:
        line.close(1012)


async def _wait(line: Queued, seconds: float, state: list[Frame]) -> list[Frame]:
    """What the line hears, else the state: it may have become another between two polls."""
    _open.add(line)
    try:
        first = await asyncio.wait_for(line.next(), seconds)
    except TimeoutError:
        return state
    except LineClosed:
        return []
    finally:
        _open.discard(line)
    await asyncio.sleep(GATHER)
    told = [first]
    while not line.queue.empty():
        told.append(line.queue.get_nowait())
    return told


def _since(desk: Desk, after: int) -> tuple[list[Frame], bool]:
    """The state and everything after a message; and whether there was any such message."""
    with reading() as db:
        visitor = db.get_one(Visitor, desk.visitor_id)
        messages, newer = visitors.catch_up(db, desk.identities, after)
        fresh = any(message.id > after for message in messages)
        told: Frame = {"t": "history", "messages": visitors.message_frames(db, messages), "newer": newer}
        return [told, {"t": "status", **state(db, visitor)}, *visitors.pending(db, visitor)], fresh


def _take_all(desk: Desk, body: bytes) -> Response:
    try:
        token, wanted = _parts(body)
        if token and not any(frame["t"] == "hello" for frame in wanted):
            desk = resume(desk, token)
    except Trouble as trouble:
        return _answer([trouble.frame(desk.locale)], 401 if trouble.code == "token" else 400)
    told: list[Frame] = []
    for frame in wanted:
        if frame["t"] != "hello" and not desk.visitor_id:
            told.append(
                Trouble(
                    "token", "This conversation was closed on this device. Please open the chat again."
                ).frame(desk.locale)
            )
            break
        desk, answers = take_frame(desk, frame)
        told += answers
    return _answer(told)


def _parts(body: bytes) -> tuple[str, list[dict[str, Any]]]:
    if len(body) > MAX_BODY:
        raise Trouble("too_large", "This is too large to be accepted. Nothing was saved.")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise malformed() from None
    token, wanted = (told.get("token"), told.get("frames")) if isinstance(told, dict) else (None, None)
    if not isinstance(token, str | None) or not isinstance(wanted, list) or len(wanted) > MAX_FRAMES:
        raise malformed()
    if not all(isinstance(frame, dict) and isinstance(frame.get("t"), str) for frame in wanted):
        raise malformed()
    return token or "", wanted


def _number(request: Request, name: str) -> int:
    value = request.query_params.get(name, "0")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def _answer(told: list[Frame], status: int = 200) -> Response:
    return JSONResponse({"frames": told}, status, headers=ANYONE | {"Cache-Control": "no-store"})


routes = [
    Route("/widget/{key}/frames", frames, methods=["POST"]),
    Route("/widget/{key}/frames", preflight, methods=["OPTIONS"]),
    Route("/widget/{key}/events", events, methods=["GET"]),
    Route("/widget/{key}/events", preflight, methods=["OPTIONS"]),
]
