"""News for visitors: from the process's hub to the open sockets and long polls of the widget."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app import visitors
from app.db import reading, transaction
from app.i18n import DEFAULT
from app.lines import Line, Parcel
from app.models import Agent
from app.realtime import Change, Draw, Hub, Send
from app.visitors.presence import TOUCH_EVERY
from app.visitors.trouble import ENDED, Frame, Trouble
from app.web.outgoing import ping

log = logging.getLogger(__name__)

WIDGETS = "widgets"  # the topic every open socket of a visitor listens to
PING_EVERY = 25.0  # seconds; the widget reconnects when it hears nothing for longer
MOVING = 0.3  # seconds
_PING = Parcel({"t": "ping"})

here: Counter[int] = Counter()  # open lines of each visitor in this process
_keeper: set[asyncio.Task[None]] = set()


def topics(identities: Iterable[int], visitor_id: int = 0) -> tuple[str, ...]:
    """What a visitor of these identities listens to; with their own id, also to the end of their session."""
    own = (f"w:{visitor_id}",) if visitor_id else ()
    return (*own, *(f"v:{id}" for id in identities))


def listen(hub: Hub) -> None:
    """Hear of what concerns visitors."""
    hub.tellers.append(_teller)
    hub.on_signal["typing"].append(_typing)
    hub.on_signal["read"].append(_read)
    hub.on_signal["visitor"].append(_over)
    hub.on_signal["continuing"].append(_continuing)
    hub.every(PING_EVERY, WIDGETS, _ping)


def arrive(visitor_id: int) -> None:
    """A line of this visitor is open; a task keeps saying so in the database while there are any."""
    here[visitor_id] += 1
    if not any(not task.done() for task in _keeper):
        _keeper.clear()
        _keeper.add(asyncio.create_task(_keep()))


def depart(visitor_id: int) -> None:
    """A line of this visitor is closed."""
    here[visitor_id] -= 1
    if here[visitor_id] <= 0:
        del here[visitor_id]


async def _keep() -> None:
    while here:
        await asyncio.sleep(TOUCH_EVERY)
        try:
            await run_in_threadpool(_touch, list(here))
        except Exception:  # a database that is away for a moment; the next round makes up for it
            log.exception("The presence of visitors could not be written down.")


def _touch(ids: list[int]) -> None:
    for start in range(0, len(ids), 500):
        with transaction() as db:
            visitors.touch(db, ids[start : start + 500])


async def _ping(_hub: Hub, lines: list[Line]) -> None:
    for line in lines:
        line.put(_PING)
        ping(line)


def _teller(hub: Hub) -> Draw | None:
    """Frames for whoever is here; nothing is drawn for nobody."""
    if not _anybody(hub):
        return None

    def draw(db: Session, changes: list[Change]) -> Send:
        told = [visitors.frames_of(db, change) for change in changes]

        def send() -> None:
            for identities, frames in told:
                _emit(hub, identities, frames)

        return send

    return draw


async def _typing(hub: Hub, values: list[Any]) -> None:
    """[conversation, "agent", agent id, on]; what customers type is for agents."""
    conversation, who, agent_id, on = (*values, None, None, None, None)[:4]
    if who != "agent" or not _anybody(hub):
        return
    identities, name = await run_in_threadpool(_who, conversation, agent_id)
    _emit(hub, identities, [{"t": "typing", "on": bool(on), "author": {"kind": "agent", "name": name}}])


async def _read(hub: Hub, values: list[Any]) -> None:
    """[conversation, agent id]: an agent has read what the customer wrote."""
    if not _anybody(hub):
        return
    identities, status = await run_in_threadpool(_status, values[0])
    if status["read"]:
        _emit(hub, identities, [{"t": "read", "message": status["read"]}])


async def _over(hub: Hub, values: list[Any]) -> None:
    """[visitor]: their session ended, here or elsewhere; what is still open hears no more.

    After a moment: the line that ended it by going on as somebody else has moved to its new session by then.
    """
    asyncio.get_running_loop().call_later(MOVING, _close, hub, f"w:{values[0]}")


async def _continuing(hub: Hub, values: list[Any]) -> None:
    """[identities, visitor, frame]: somebody wants to go on elsewhere, or may."""
    identities, visitor_id, frame = (*values, None, None, None)[:3]
    if isinstance(identities, list) and isinstance(frame, dict):
        _emit(hub, identities, [frame], visitor_id or 0)


def _close(hub: Hub, topic: str) -> None:
    for line in hub.listening(topic):
        hub.leave(line)
        line.put(Trouble("token", ENDED).frame(DEFAULT))
        line.close()


def _anybody(hub: Hub) -> bool:
    """Whether any visitor is connected to this process."""
    return bool(here)


def _emit(hub: Hub, identities: Iterable[int], frames: list[Frame], visitor_id: int = 0) -> None:
    """Each line gets each frame once, even if it listens to several of the identities."""
    lines: set[Line] = {line for topic in topics(identities, visitor_id) for line in hub.listening(topic)}
    parcels = [Parcel(frame) for frame in frames]
    for line in lines:
        for parcel in parcels:
            line.put(parcel)


def _status(conversation: int) -> tuple[tuple[int, ...], Frame]:
    with reading() as db:
        return visitors.status_audience(db, conversation)


def _who(conversation: int, agent_id: int | None) -> tuple[tuple[int, ...], str]:
    with reading() as db:
        agent = db.get(Agent, agent_id) if agent_id else None
        return visitors.audience(db, conversation), agent.name if agent else ""
