"""The order of events that everybody follows: gap-free, and the same for every reader, for ever.

Ids from a sequence commit out of order: who remembers only the last id misses the one that came late. On SQLite
there is one writer, so the id is the order. Elsewhere an event gets its *position* after its commit, from
whoever wants to read (:func:`settle`): one at a time under a lock, so who sees a position sees all before it.
Within a conversation the order is that of the ids, as its events are recorded while it is held.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, false, func, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.db import insert_if_new, one_writer, reading, transaction
from app.models import Agent, Conversation, Event, FeedEnd, Message
from app.queries import visible

BATCH = 2_000  # events placed in one transaction
SCAN = 10_000  # positions that one page of a filtered reading looks through

# Shown on pages that only admins open (app.audit), or meant for the sockets.
_ADMINS_ONLY = or_(Event.kind.startswith("audit."), Event.kind == "agent.changed")


class Ahead(ValueError):
    """A cursor beyond the last event: it is another installation's, or this one was restored from a backup.

    Waiting would silently skip what happens until the numbers meet again. `newest` is where the feed ends.
    """

    def __init__(self, newest: int) -> None:
        super().__init__(newest)
        self.newest = newest


@dataclass(frozen=True, slots=True)
class Page:
    """What a viewer reads of the feed. `upto` is the cursor to go on from, whether or not anything was found."""

    events: Sequence[tuple[int, Event]]
    upto: int
    more: bool


@dataclass(frozen=True, slots=True)
class Head:
    """An event without what it carries."""

    position: int
    id: int
    kind: str
    conversation_id: int | None


def settle(most: int = BATCH) -> int:
    """Give their positions to up to `most` events that have none yet; returns how many.

    Opens its own transaction: call it before the reading that is to see them.
    """
    if one_writer() or not _unplaced():
        return 0
    with transaction() as db:
        end = _held(db)
        # Read committed: this sees what whoever held the lock before us has done.
        fresh = select(Event.id).where(Event.position.is_(None)).order_by(Event.id).limit(most).subquery()
        numbered = select(fresh.c.id, func.row_number().over(order_by=fresh.c.id).label("n")).subquery()
        place = update(Event).where(Event.id == numbered.c.id).values(position=end.position + numbered.c.n)
        done = db.execute(place, execution_options={"synchronize_session": False})
        assert isinstance(done, CursorResult)
        end.position += done.rowcount
        return done.rowcount


def settle_all() -> None:
    """The same until none is left, for whoever wants to begin at the end."""
    while settle() == BATCH:
        pass


def end(db: Session) -> int:
    """The position from which on everything is yet to come, what is committed but not placed yet included. In a
    transaction that writes; a reading would not see what is placed meanwhile."""
    settle_all()
    return newest(db)


def newest(db: Session) -> int:
    """The position of the last event that has one; 0 before the first."""
    return db.scalar(select(func.max(_place()))) or 0


def position_of(event: Event) -> int:
    """Where an event stands; 0 while it has no place yet."""
    return (event.id if one_writer() else event.position) or 0


def after(db: Session, position: int, limit: int, *, kinds: Collection[str] = ()) -> list[tuple[int, Event]]:
    """Up to `limit` events after a position, in order, each with its own. For us: it asks for no viewer."""
    wanted = select(Event).where(_place() > position, _of_kinds(kinds)).order_by(_place())
    return [(position_of(event), event) for event in db.scalars(wanted.limit(limit))]


def heads(db: Session, position: int, limit: int) -> list[Head]:
    """The same without what the events carry: for whoever only sorts them."""
    columns = select(_place(), Event.id, Event.kind, Event.conversation_id)
    rows = db.execute(columns.where(_place() > position).order_by(_place()).limit(limit))
    return [Head(*row) for row in rows]


def heads_between(db: Session, since: datetime, until: datetime, limit: int) -> list[Head]:
    """What happened from one time until before another, as far as it has its place."""
    columns = select(_place(), Event.id, Event.kind, Event.conversation_id)
    wanted = columns.where(Event.at >= since, Event.at < until, _place().is_not(None))
    return [Head(*row) for row in db.execute(wanted.order_by(_place()).limit(limit))]


def page(
    db: Session,
    viewer: Agent,
    position: int,
    limit: int,
    *,
    kinds: Collection[str] = (),
    conversations: Collection[int] | None = None,
) -> Page:
    """What `viewer` may see now of what came after a position; of some `conversations` (looked up through the
    viewer before) if given. A page looks through :data:`SCAN` positions at most. Raises :class:`Ahead`."""
    end = newest(db)
    if position > end:
        raise Ahead(end)
    wanted = select(Event).where(_place() > position, _of_kinds(kinds), seen_by(viewer))
    if conversations is None:
        end_of_page = min(end, position + SCAN)
        wanted = wanted.where(_place() <= end_of_page)
    else:
        end_of_page = end
        wanted = wanted.where(Event.conversation_id.in_(conversations))
    found = db.scalars(wanted.order_by(_place()).limit(limit)).all()
    events = [(position_of(event), event) for event in found]
    upto = events[-1][0] if len(events) == limit else end_of_page
    return Page(events, upto, upto < end)


def seen_by(viewer: Agent) -> ColumnElement[bool]:
    """The events `viewer` may see: those of conversations they may see now, whatever was so when it happened;
    what belongs to none is for supervisors, and the audit trail for admins."""
    if not viewer.active:
        return false()
    if viewer.role == "admin":
        return true()
    if viewer.oversees:
        return or_(Event.conversation_id.is_not(None), ~_ADMINS_ONLY)
    own, said = aliased(Conversation), aliased(Message)
    head = Conversation.id == func.coalesce(own.head_id, own.id)
    seen = select(own.id).join(Conversation, head).where(visible(viewer))
    thread = seen.where(own.id == Event.conversation_id).correlate(Event).exists()
    # *Trap:* what was said while two customers were linked is an event of the thread of both; the link undone, the
    # message is the other's alone.
    theirs = seen.join(said, said.conversation_id == own.id).where(said.id == Event.message_id)
    message = or_(Event.message_id.is_(None), theirs.correlate(Event).exists())
    return and_(Event.conversation_id.is_not(None), thread, message)


def _place() -> InstrumentedAttribute[Any]:
    return Event.id if one_writer() else Event.position


def _of_kinds(kinds: Collection[str]) -> ColumnElement[bool]:
    return Event.kind.in_(kinds) if kinds else true()


def _unplaced() -> bool:
    with reading() as db:
        return db.scalar(select(Event.id).where(Event.position.is_(None)).limit(1)) is not None


def _held(db: Session) -> FeedEnd:
    """The end of the feed, locked until we have committed: a reader that sees a position sees all before it."""
    end = db.get(FeedEnd, 1, with_for_update=True)
    if end is None:  # a database emptied by hand
        insert_if_new(db, FeedEnd(id=1, position=db.scalar(select(func.max(Event.position))) or 0))
        end = db.get_one(FeedEnd, 1, with_for_update=True, populate_existing=True)
    return end
