"""Live news for agents: from the process's hub to the open inboxes, to each only what they may see."""

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app import realtime
from app.auth import find
from app.db import reading
from app.formats import hue, initials
from app.lines import SIGNED_OUT, Line, Parcel, Post
from app.models import Agent, Conversation, Customer, ReadMark
from app.queries import conversation_for, teams_of
from app.realtime import Change, Draw, Hub, Send
from app.web.frames import Frame, News, all_drawn, all_news, frame
from app.web.outgoing import ping

log = logging.getLogger(__name__)

AGENTS = "agents"  # the topic every agent's line listens to
STAYS = 50.0  # seconds after which somebody who does not say "still here" is not
TICK_EVERY = 20.0  # seconds; the page reconnects when it hears nothing for 50
CHECK_EVERY = 60.0  # seconds between looks whether the session still lives

Letter = tuple[Line, Parcel, bool]  # and whether it is in a hurry
Tongue = tuple[str, str]  # language and zone
Marks = dict[
    tuple[int, int], int
]  # (conversation, agent) → how many of the customer's messages they have read


@dataclass(slots=True)
class Watch:
    """What we know of an agent's line: who, their teams, and the conversation in front of them."""

    viewer: Agent
    teams: frozenset[int]
    token: str = ""
    looking: int = 0
    checked: float = field(default_factory=time.monotonic)
    # Of the viewer, in hand: every event asks them of every line.
    id: int = 0
    sees: tuple[bool, bool] = (False, False)
    tongue: Tongue = ("", "")

    def __post_init__(self) -> None:
        self.is_now(self.viewer, self.teams)

    def is_now(self, viewer: Agent, teams: frozenset[int]) -> None:
        """Their role, teams or language may have changed."""
        self.viewer, self.teams = viewer, teams
        self.id, self.sees = viewer.id, (viewer.active, viewer.oversees)
        self.tongue = (viewer.locale, viewer.timezone)


_present: dict[int, dict[int, tuple[str, float]]] = defaultdict(dict)  # conversation → agent → (name, until)


def listen(hub: Hub) -> None:
    """Hear of everything."""
    hub.tellers.append(partial(_teller, Post()))
    hub.on_change.append(_changed)
    hub.on_signal["typing"].append(_typing)
    hub.on_signal["looking"].append(_looking)
    hub.on_signal["lock"].append(_lock)
    hub.on_signal["read"].append(_read)
    hub.every(TICK_EVERY, AGENTS, _tick)


def watch_of(line: Line) -> Watch:
    """The line's watch."""
    watch: Watch = line.who
    return watch


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


# --- from the hub -------------------------------------------------------------------------------------


def _teller(post: Post, hub: Hub) -> Draw | None:
    """Frames for every agent who is here; nothing is drawn for nobody."""
    lines = hub.listening(AGENTS)
    return partial(_draw, post, lines) if lines else None


def _draw(post: Post, lines: Sequence[Line], db: Session, changes: list[Change]) -> Send:
    _regroup(db, changes, lines)
    made = _parcels(db, changes, lines)
    return lambda: post.put_all(made)


def _regroup(db: Session, changes: Sequence[Change], lines: Sequence[Line]) -> None:
    """Whose role or teams are among the news hears the rest of it as who they are now: it comes together, and they
    may have left the team that the next message is for."""
    changed = {int(each.data.get("agent_id", 0)) for each in changes if each.kind == "agent.changed"}
    for watch in map(watch_of, lines):
        if watch.id in changed:
            viewer = db.get_one(Agent, watch.id)
            watch.is_now(viewer, teams_of(db, viewer))


def _parcels(db: Session, changes: Sequence[Change], lines: Sequence[Line]) -> list[Letter]:
    """What each line gets, in order. Who gets the same gets the same parcel: it is drawn and packed once.

    Who looks at the thread has it at once; the list beside it can wait a moment.
    """
    news = all_news(db, changes)
    marks = _marks(db, {one.head.id for one in news}) if news else {}
    html: dict[Tongue, list[dict[str, str]]] = {}
    for watch in map(watch_of, lines):
        if watch.tongue not in html:
            html[watch.tongue] = all_drawn(db, news, watch.viewer)
    return [
        each
        for number, one in enumerate(news)
        for each in _for_each(one, {tongue: made[number] for tongue, made in html.items()}, marks, lines)
    ]


def _for_each(
    news: News, html: Mapping[Tongue, Mapping[str, str]], marks: Marks, lines: Sequence[Line]
) -> Iterator[Letter]:
    id, team, assignee = news.head.id, news.head.team_id, news.head.assignee_id
    packed: dict[tuple[object, ...], Parcel | None] = {}
    for line in lines:
        watch = watch_of(line)
        # All that a frame depends on: there are few of these, however many lines there are.
        looking, read = watch.looking == id, marks.get((id, watch.id), 0)
        key = (watch.tongue, watch.sees, looking, read, assignee == watch.id, team in watch.teams)
        if key not in packed:
            told = frame(news, html[watch.tongue], watch.viewer, watch.teams, read, looking=looking)
            packed[key] = Parcel(told) if told is not None else None
        parcel = packed[key]
        if parcel is not None:
            yield line, parcel, looking


def _marks(db: Session, heads: Collection[int]) -> Marks:
    return {(row[0], row[1]): row[2] for row in db.execute(_MARKS, {"ids": list(heads)})}


_MARKS = select(ReadMark.conversation_id, ReadMark.agent_id, ReadMark.inbound_count).where(
    ReadMark.conversation_id.in_(bindparam("ids", expanding=True))
)


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
