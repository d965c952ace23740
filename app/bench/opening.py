"""`madoguchi bench open`: a conversation on the agent's screen, a short one and one of ten thousand messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from urllib.parse import quote

from sqlalchemy import func, select

from app import queries
from app.bench import Result, at_most, benchmark, measured, resident
from app.bench.pages import WARM_UP, Failed, Looker, lookers_options, looking
from app.db import reading
from app.models import Conversation, Message

LONG, ORDINARY = 5, 50  # threads that are opened in turn
BUDGET = 40.0  # ms


@benchmark("open", database=True)
@lookers_options
def command(supervisor: str, agent: str, samples: int) -> Iterator[Result]:
    """Opening a conversation: its newest page with everything beside it, and older pages.

    "pane" is what a click in the list asks for, "page" the same as a page of its own with the list beside it,
    "older" the messages further up, from places anywhere in the thread.
    """
    with looking(supervisor, agent) as (pages, (seeing, seldom)):
        for name, what, looker, paths in _asked(seeing, seldom):
            found = pages.times(paths, looker, samples)
            yield measured(
                f"open.{name}",
                what,
                found.wall,
                cpu=found.mean_cpu,
                budgets=[at_most("p95", BUDGET)],
                settings={"threads": len(paths), "bytes": found.size // samples},
                memory={"this process": resident()},
                note=f"{WARM_UP} requests before, uncounted",
            )


def _asked(seeing: Looker, seldom: Looker) -> Iterator[tuple[str, str, Looker, list[str]]]:
    """(name, words, who, addresses)."""
    long, ordinary, own = longest(), some(), seen_by(seldom)
    if not long:
        raise Failed("There is no conversation to open; seed this database (`madoguchi bench seed`).")
    number = f"{messages_in(long[0]):,}"
    yield "long.pane", f"open a thread of {number} messages", seeing, _panes(long)
    yield "long.page", "the same as a page of its own", seeing, [f"/inbox/{id}" for id in long]
    if older := [path for id in long for path in _older(id)]:
        yield "long.older", "older messages of it", seeing, older
    yield "ordinary.pane", "open an ordinary thread", seeing, _panes(ordinary)
    yield "ordinary.page", "the same as a page of its own", seeing, [f"/inbox/{id}" for id in ordinary]
    if own:
        yield "ordinary.agent", "open an ordinary thread, agent", seldom, _panes(own)


def longest() -> list[int]:
    """The conversations in which the customer said most."""
    with reading() as db:
        order = select(Conversation.id).order_by(Conversation.inbound_count.desc(), Conversation.id)
        return list(db.scalars(order.limit(LONG)))


def some() -> list[int]:
    """Conversations from anywhere."""
    with reading() as db:
        highest = db.scalar(select(func.max(Conversation.id))) or 0
        dice = Random(1)
        wanted = [dice.randint(1, highest) for _ in range(ORDINARY)]
        there = select(Conversation.id).where(Conversation.id.in_(wanted))
        return list(db.scalars(there.where(Conversation.head_id == Conversation.id)))


def seen_by(looker: Looker) -> list[int]:
    """The first page of all that is open and that they may see."""
    with reading() as db:
        return [row.id for row in queries.list_page(db, looker.agent, "open").rows]


def messages_in(conversation_id: int) -> int:
    """How many messages a thread has."""
    with reading() as db:
        mine = Message.conversation_id == conversation_id
        return db.scalar(select(func.count()).select_from(Message).where(mine)) or 0


def _panes(ids: Sequence[int]) -> list[str]:
    return [f"/inbox/{id}/pane" for id in ids]


def _older(conversation_id: int, places: int = 5) -> list[str]:
    with reading() as db:
        mine = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.id)
        steps = messages_in(conversation_id) // (places + 1)
        found = [db.scalars(mine.offset(steps * (at + 1)).limit(1)).first() for at in range(places)]
    path = f"/conversations/{conversation_id}/messages?before="
    return [path + quote(queries.mark(one)) for one in found if one is not None]
