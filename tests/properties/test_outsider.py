"""An outsider sees nothing, whoever they are and however the house is arranged: on every route, and live."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, true
from sqlalchemy.orm import Session
from starlette.requests import Request

from app import queries, search
from app.db import reading
from app.lines import Queued
from app.models import Agent, Conversation, Event
from app.web import live, merging
from app.web.pages import path_id
from tests.hostile.asgi import Caller
from tests.properties import walk
from tests.properties.world import Viewer, World, build, change, hidden_from, nobody_is_told

WORLDS = int(os.environ.get("MADOGUCHI_TEST_WORLDS", "2"))


@pytest.fixture
def caller(committed: None) -> Iterator[Caller]:
    with Caller() as made:
        yield made


@pytest.mark.parametrize("seed", range(WORLDS))
def test_no_route_shows_an_agent_what_is_not_theirs(seed: int, caller: Caller) -> None:
    world = build(seed)
    viewer = outsider(world)
    assert walk.look_everywhere(world, viewer, caller) > 100
    assert walk.try_everything(world, viewer, caller) > 30


def test_shop_staff_are_shown_nothing_on_any_route(caller: Caller) -> None:
    world = build(20)
    (clerk,) = [one for one in world.viewers if one.role == "store"]
    assert hidden_from(world, clerk) == set(world.words)
    assert walk.look_everywhere(world, clerk, caller) > 100
    assert walk.try_everything(world, clerk, caller) > 30


def outsider(world: World) -> Viewer:
    """An agent from whom something is hidden; the house is stirred until there is one."""
    while True:
        found = [one for one in world.viewers if one.role == "agent" and hidden_from(world, one)]
        if found:
            return world.rolls.choice(found)
        change(world)


@pytest.mark.parametrize("seed", range(10, 10 + WORLDS))
def test_no_live_frame_shows_an_agent_what_is_not_theirs(seed: int, caller: Caller) -> None:
    world = build(seed)
    assert follow(world, caller, 25) > 20


def follow(world: World, caller: Caller, changes: int) -> int:
    """Everybody has a line open and looks at something; after each change what they are sent is read."""
    lines = [(viewer, open_line(world, viewer, caller)) for viewer in world.viewers]
    sent = 0
    for _ in range(changes):
        seen = newest()
        for _ in range(world.rolls.randint(1, 4)):  # what happens at once is handed on together
            change(world)
        caller.loop.run_until_complete(tell(caller, seen))
        for viewer, line in lines:
            while not line.queue.empty():
                told = msgspec.json.encode(line.queue.get_nowait()).decode()
                nobody_is_told(world, viewer, told, "a live frame")
                sent += 1
    return sent


def open_line(world: World, viewer: Viewer, caller: Caller) -> Queued:
    with reading() as db:
        row = db.get_one(Agent, viewer.id)
    line = Queued(live.enter(row, viewer.session))
    live.watch_of(line).looking = world.rolls.choice(list(world.words))
    caller.hub.join(line, live.AGENTS)
    return line


def newest() -> int:
    with reading() as db:
        return db.scalar(select(func.max(Event.id))) or 0


async def tell(caller: Caller, after: int) -> None:
    """The bell rings for what was committed: it is handed on together."""
    with reading() as db:
        caller.hub._waiting = set(db.scalars(select(Event.id).where(Event.id > after)))
    await caller.hub._hand_on()


# --- planted: each of these must be found ---------------------------------------------------------------


def any_other(db: Session, _viewer: Agent, request: Request) -> Conversation:
    found = db.get(Conversation, path_id(request, "other"))
    if found is None:
        raise queries.NotFound("other")
    return found


LEAKS: dict[str, tuple[Any, str, Any]] = {
    "a look-up without its criterion": (queries, "visible", lambda viewer: true()),
    "a search without its criterion": (search.finding, "visible", lambda viewer: true()),
    "the second of two without its criterion": (merging, "_other", any_other),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found_on_the_routes(
    leak: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build(3)
    viewer = outsider(world)
    monkeypatch.setattr(*LEAKS[leak])
    with pytest.raises(AssertionError, match=r"shows agent|404"):
        walk.look_everywhere(world, viewer, caller)


def test_a_planted_leak_is_found_on_the_live_feed(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build(4)
    monkeypatch.setattr("app.web.frames.may_see", lambda *_: True)
    with pytest.raises(AssertionError, match="a live frame shows agent"):
        follow(world, caller, 40)
