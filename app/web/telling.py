"""What each agent is told of an event: drawn once for all who get the same, packed once, and only what they may see."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.lines import Line, Parcel, Post
from app.models import Agent, ReadMark
from app.queries import teams_of
from app.realtime import Change, Draw, Hub, Send
from app.web.frames import News, all_drawn, all_news, frame

AGENTS = "agents"  # the topic every agent's line listens to

Letter = tuple[Line, Parcel, bool]  # and whether it is in a hurry
Tongue = tuple[str, str]  # language and zone
Marks = dict[tuple[int, int], int]  # (conversation, agent) → the customer's messages that they have read


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
        self.id, self.sees = viewer.id, (viewer.active and viewer.serves, viewer.oversees)
        self.tongue = (viewer.locale, viewer.timezone)


def watch_of(line: Line) -> Watch:
    """The line's watch."""
    watch: Watch = line.who
    return watch


def teller(post: Post, hub: Hub) -> Draw | None:
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
    if not news:
        return []
    marks = _marks(db, {one.head.id for one in news})
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
        mine, called = (assignee == watch.id, team in watch.teams), news.is_for(watch.viewer, watch.teams)
        key = (watch.tongue, watch.sees, looking, read, *mine, called, news.rings_for(watch.viewer))
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
