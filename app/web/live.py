"""Live news for agents: from the process's hub to the open inboxes, to each only what they may see."""

import logging
import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app import realtime
from app.db import reading
from app.formats import hue, initials
from app.models import Agent, Conversation, Customer, ReadMark
from app.queries import conversation_for, teams_of
from app.realtime import SIGNED_OUT, Change, Hub, Line
from app.web.frames import Frame, drawn, frame, news_of

log = logging.getLogger(__name__)

AGENTS = "agents"  # the topic every agent's line listens to
STAYS = 50.0  # seconds after which somebody who does not say "still here" is not


@dataclass
class Watch:
    """What we know of an agent's line: who, their teams, and the conversation in front of them."""

    viewer: Agent
    teams: frozenset[int]
    looking: int = 0


_present: dict[int, dict[int, tuple[str, float]]] = defaultdict(dict)  # conversation → agent → (name, until)


def listen(hub: Hub) -> None:
    """Hear of everything."""
    hub.on_change.append(_changed)
    hub.on_signal["typing"].append(_typing)
    hub.on_signal["looking"].append(_looking)
    hub.on_signal["lock"].append(_lock)
    hub.on_signal["read"].append(_read)


def watch_of(line: Line) -> Watch:
    """The line's watch."""
    watch: Watch = line.who["watch"]
    return watch


def enter(viewer: Agent) -> Watch:
    """A watch for somebody who just connected. Sync: it reads their teams."""
    with reading() as db:
        return Watch(viewer, teams_of(db, viewer))


def head_for(viewer: Agent, conversation_id: int) -> Conversation | None:
    """The conversation, if they may see it."""
    try:
        with reading() as db:
            return conversation_for(db, viewer, conversation_id)
    except LookupError:
        return None


def look(watch: Watch, conversation_id: int) -> Frame:
    """They look at a conversation now (0: at none). The frame says how far it has come."""
    before, watch.looking = watch.looking, 0
    head = head_for(watch.viewer, conversation_id) if conversation_id else None
    if before and (head is None or head.id != before):
        realtime.whisper("looking", before, watch.viewer.id, "", False)
    if head is None:
        return {"t": "tick", "heads": {}}
    watch.looking = head.id
    realtime.whisper("looking", head.id, watch.viewer.id, watch.viewer.name, True)
    return {"t": "tick", "heads": {str(head.id): head.last_event_id}}


def typing(watch: Watch, on: bool) -> None:
    """They write to the customer, or stopped."""
    if watch.looking:
        realtime.whisper("typing", watch.looking, "agent", watch.viewer.id, on)


# --- from the hub -------------------------------------------------------------------------------------


async def _changed(hub: Hub, change: Change) -> None:
    lines = hub.listening(AGENTS)
    if not lines:
        return
    if change.kind == "agent.changed":
        await _renew(lines, int(change.data.get("agent_id", 0)))
    elif change.conversation_id is not None:
        for line, made in await run_in_threadpool(_frames, change, lines):
            line.put(made)


def _frames(change: Change, lines: Collection[Line]) -> list[tuple[Line, Frame]]:
    """Each partial is drawn once for each language and zone that somebody here reads."""
    with reading() as db:
        news = news_of(db, change)
        if news is None:
            return []
        read = _marks(db, news.head, {watch_of(line).viewer.id for line in lines})
        html: dict[tuple[str, str], dict[str, str]] = {}
        made: list[tuple[Line, Frame]] = []
        for line in lines:
            watch = watch_of(line)
            tongue = (watch.viewer.locale, watch.viewer.timezone)
            if tongue not in html:
                html[tongue] = drawn(db, news, watch.viewer)
            looking = watch.looking == news.head.id
            told = frame(
                news, html[tongue], watch.viewer, watch.teams, read.get(watch.viewer.id, 0), looking=looking
            )
            if told is not None:
                made.append((line, told))
        return made


def _marks(db: Session, head: Conversation, agents: Collection[int]) -> dict[int, int]:
    wanted = select(ReadMark.agent_id, ReadMark.inbound_count).where(
        ReadMark.conversation_id == head.id, ReadMark.agent_id.in_(agents)
    )
    return {row.agent_id: row.inbound_count for row in db.execute(wanted)}


async def _renew(lines: Collection[Line], agent_id: int) -> None:
    """Somebody's role, teams or account changed: what they may see is looked up anew; switched off, it ends."""
    theirs = [line for line in lines if watch_of(line).viewer.id == agent_id]
    if not theirs:
        return
    viewer, teams = await run_in_threadpool(_person, agent_id)
    for line in theirs:
        if viewer is None or not viewer.active:
            line.close(SIGNED_OUT)
        else:
            watch_of(line).viewer, watch_of(line).teams = viewer, teams
            line.who["doubted"] = True  # a session of theirs may have ended: its socket looks at once
            line.put({"t": "tick", "heads": {}})


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
