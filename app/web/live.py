"""Live news for agents: from the process's hub to the open inboxes, to each only what they may see."""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool

from app import realtime, shown
from app.auth import find
from app.db import reading
from app.formats import hue, initials
from app.lines import SIGNED_OUT, Line, Post
from app.models import Agent, Conversation, Customer
from app.queries import conversation_for, teams_of
from app.realtime import Change, Hub
from app.web.frames import Frame
from app.web.outgoing import ping
from app.web.telling import AGENTS, Watch, teller, watch_of

__all__ = ["AGENTS", "Watch", "enter", "listen", "look", "typing", "watch_of"]

log = logging.getLogger(__name__)

STAYS = 50.0  # seconds after which somebody who does not say "still here" is not
TICK_EVERY = 20.0  # seconds; the page reconnects when it hears nothing for 50
CHECK_EVERY = 60.0  # seconds between looks whether the session still lives

_present: dict[int, dict[int, tuple[str, float]]] = defaultdict(dict)  # conversation → agent → (name, until)


def listen(hub: Hub) -> None:
    """Hear of everything."""
    hub.tellers.append(partial(teller, Post()))
    hub.on_change.append(_changed)
    hub.on_signal["typing"].append(_typing)
    hub.on_signal["looking"].append(_looking)
    hub.on_signal["lock"].append(_lock)
    hub.on_signal["read"].append(_read)
    hub.every(TICK_EVERY, AGENTS, _tick)


def enter(viewer: Agent, token: str = "") -> Watch:
    """A watch for somebody who just connected, by the session of `token`. Sync: it reads their teams."""
    with reading() as db:
        return Watch(viewer, teams_of(db, viewer), token)


def head_for(viewer: Agent, conversation_id: int) -> Conversation | None:
    """The conversation, if they may see it."""
    try:
        with reading() as db:
            return conversation_for(db, viewer, conversation_id)
    except LookupError:
        return None


def look(watch: Watch, conversation_id: int) -> Frame:
    """They look at a conversation now (0: at none). The frame says how far it has come."""
    head = head_for(watch.viewer, conversation_id) if conversation_id else None
    before, watch.looking = watch.looking, head.id if head else 0
    if before and before != watch.looking:
        realtime.whisper("looking", before, watch.viewer.id, "", False)
    return _seen(watch, head)


def still(watch: Watch) -> Frame:
    """Like :func:`look`, at what they look at already, which they may turn from while we do so."""
    id = watch.looking
    head = head_for(watch.viewer, id) if id else None
    if head is None and watch.looking == id:
        watch.looking = 0  # not theirs to see any more
    return _seen(watch, head)


def _seen(watch: Watch, head: Conversation | None) -> Frame:
    if head is None:
        return {"t": "tick", "heads": {}}
    realtime.whisper("looking", head.id, watch.viewer.id, watch.viewer.name, True)
    return {"t": "tick", "heads": {str(head.id): head.last_event_id}}


def typing(watch: Watch, on: bool) -> None:
    """They write to the customer, or stopped."""
    if watch.looking:
        realtime.whisper("typing", watch.looking, "agent", watch.viewer.id, on)
        if on:
            shown.typing(watch.looking, watch.viewer.id)


# --- from the hub -------------------------------------------------------------------------------------


async def _changed(hub: Hub, change: Change) -> None:
    if change.kind == "agent.changed":
        await _renew(hub.listening(AGENTS), int(change.data.get("agent_id", 0)))


async def _renew(lines: Sequence[Line], agent_id: int) -> None:
    """Somebody's role, teams or account changed: what they may see is looked up anew; switched off, it ends."""
    theirs = [line for line in lines if watch_of(line).viewer.id == agent_id]
    if not theirs:
        return
    viewer, teams = await run_in_threadpool(_person, agent_id)
    for line in theirs:
        if viewer is None or not viewer.active:
            line.close(SIGNED_OUT)
        else:
            watch_of(line).is_now(viewer, teams)
    await _check(theirs)  # a session of theirs may have ended


async def _check(lines: Sequence[Line]) -> None:
    """Close those whose session is over."""
    for line, lives in await run_in_threadpool(_sessions, lines):
        watch_of(line).checked = time.monotonic()
        if not lives:
            line.close(SIGNED_OUT)


def _sessions(lines: Sequence[Line]) -> list[tuple[Line, bool]]:
    return [(line, find(watch_of(line).token) is not None) for line in lines]


def _person(agent_id: int) -> tuple[Agent | None, frozenset[int]]:
    with reading() as db:
        viewer = db.get(Agent, agent_id)
        return viewer, teams_of(db, viewer) if viewer else frozenset()


async def _typing(hub: Hub, values: list[Any]) -> None:
    """[conversation, "agent" or "customer", id, on]."""
    conversation, who, id, on = (*values, None, None, None, None)[:4]
    lines = [line for line in hub.listening(AGENTS) if watch_of(line).looking == conversation]
    lines = [line for line in lines if who != "agent" or watch_of(line).viewer.id != id]
    if not lines:
        return
    name = await run_in_threadpool(_name, conversation, who, id)
    for line in lines:
        line.put({"t": "typing", "conversation": conversation, "name": name, "on": bool(on)})


def _name(conversation: int, who: str, id: int | None) -> str:
    with reading() as db:
        if who == "agent":
            agent = db.get(Agent, id) if id else None
            return agent.name if agent else ""
        return db.get_one(Customer, db.get_one(Conversation, conversation).customer_id).name or "…"


async def _looking(hub: Hub, values: list[Any]) -> None:
    """[conversation, agent, name, on]: remembered here, and shown to those who look at it too."""
    conversation, agent, name, on = values
    people = _present[conversation]
    before = set(people)
    if on:
        people[agent] = (name, time.monotonic() + STAYS)
    else:
        people.pop(agent, None)
    _forget(conversation)
    if set(_present.get(conversation, {})) != before or on:
        told = {"t": "presence", "conversation": conversation, "people": _faces(conversation)}
        for line in hub.listening(AGENTS):
            if watch_of(line).looking == conversation:
                line.put(told)


def _forget(conversation: int) -> None:
    people = _present[conversation]
    for agent in [agent for agent, (_, until) in people.items() if until < time.monotonic()]:
        del people[agent]
    if not people:
        del _present[conversation]


def _faces(conversation: int) -> list[dict[str, Any]]:
    return [
        {"id": id, "name": name, "initials": initials(name), "hue": hue(id)}
        for id, (name, _) in sorted(_present.get(conversation, {}).items())
    ]


async def _lock(hub: Hub, values: list[Any]) -> None:
    """[conversation, agent]: the pages that show it look who answers now."""
    for line in hub.listening(AGENTS):
        if watch_of(line).looking == values[0]:
            line.put({"t": "lock", "conversation": values[0]})


async def _read(hub: Hub, values: list[Any]) -> None:
    """[conversation, agent]: read on one screen is read on all of theirs."""
    for line in hub.listening(AGENTS):
        if watch_of(line).viewer.id == values[1]:
            line.put({"t": "read", "conversation": values[0]})


# --- in turn ------------------------------------------------------------------------------------------


async def _tick(_hub: Hub, lines: list[Line]) -> None:
    """How far the open conversation has come: a page that is behind asks; and "still here" for the others."""
    due = time.monotonic() - CHECK_EVERY
    await _check([line for line in lines if watch_of(line).checked < due])
    for line, told in await run_in_threadpool(_heads, [line for line in lines if line.open]):
        line.put(told)
        ping(line)


def _heads(lines: Sequence[Line]) -> list[tuple[Line, Frame]]:
    return [(line, still(watch_of(line))) for line in lines]
