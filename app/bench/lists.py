"""`madoguchi bench list`: every view of the inbox, as the person waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from urllib.parse import quote

from sqlalchemy import func, select

from app import queries
from app.bench import Result, at_most, benchmark, measured, resident
from app.bench.pages import WARM_UP, Looker, Pages, Timings, lookers_options, looking
from app.db import reading
from app.models import Conversation

SORTS = ("newest", "waiting")  # "priority" walks as "newest" does
DEPTHS = 12  # places in a view that deep pages begin at
BUDGET, HUGE, BUDGET_HUGE = 30.0, 500_000, 60.0  # ms; conversations from which on the other budget holds


@benchmark("list", database=True)
@lookers_options
def command(supervisor: str, agent: str, samples: int) -> Iterator[Result]:
    """Lists of the inbox: every view, both orders, the first page and deep ones.

    The first page is the whole page /inbox with its tabs and their numbers; a deep one is the portion of rows that
    scrolling asks for, from places anywhere in the view.
    """
    budget = at_most("p95", budget_of(conversations()))
    everything = Timings()
    with looking(supervisor, agent) as (pages, lookers):
        for looker in lookers:
            for view in queries.VIEWS:
                for sort in SORTS:
                    for page, paths in _paths(looker, view, sort).items():
                        found = pages.times(paths, looker, samples)
                        everything.wall += found.wall
                        everything.cpu += found.cpu
                        yield measured(
                            f"list.{looker.role}.{view}.{sort}.{page}",
                            f"list {view}, {sort} first, {page} page, {looker.role}",
                            found.wall,
                            cpu=found.mean_cpu,
                            budgets=[budget],
                            settings={"rows": _rows(pages, paths, looker), "bytes": found.size // samples},
                        )
    yield measured(
        "list.all",
        "list, all of these together",
        everything.wall,
        cpu=everything.mean_cpu,
        budgets=[budget],
        settings={"samples": samples},
        memory={"this process": resident()},
        note=f"{WARM_UP} requests of each kind before, uncounted",
    )


def conversations() -> int:
    """About how many there are: the highest id."""
    with reading() as db:
        return db.scalar(select(func.max(Conversation.id))) or 0


def budget_of(number: int) -> float:
    """The budget in ms for an installation of so many conversations."""
    return BUDGET if number < HUGE else BUDGET_HUGE


def _paths(looker: Looker, view: str, sort: str) -> dict[str, list[str]]:
    asked = f"view={view}&sort={sort}"
    deep = [f"/inbox/rows?{asked}&after={quote(cursor)}" for cursor in _cursors(looker, view, sort)]
    return {"first": [f"/inbox?{asked}"], **({"deep": deep} if deep else {})}


def _cursors(looker: Looker, view: str, sort: str) -> list[str]:
    """Places between the oldest and the newest row that there could be, by time: the same work as by rank."""
    column = Conversation.waiting_since if sort == "waiting" else Conversation.last_message_at
    with reading() as db:
        there = queries.list_page(db, looker.agent, view, sort=sort).after
        oldest, newest = db.scalar(select(func.min(column))), db.scalar(select(func.max(column)))
    if there is None or oldest is None or newest is None:
        return []
    dice = Random(1)
    moments = [dice.uniform(oldest.timestamp(), newest.timestamp()) for _ in range(DEPTHS)]
    return [f"{datetime.fromtimestamp(one, UTC).isoformat()}|0" for one in moments]


def _rows(pages: Pages, paths: list[str], looker: Looker) -> int:
    return pages.read(paths[-1], looker).count('id="row-')
