"""What is known of a person beside what they said: newest touchpoints, figures, and whose an order is.

Whose touchpoints these are is told by the identities of everybody who is shown as one person; each is walked along its
own index, so that a page costs the same however much has happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from app.directory.paging import Page, cursor_at, cut, moment_after
from app.family import family_ids
from app.models import Agent, Conversation, Customer, Identity, Spending, Tally, Touchpoint
from app.models.touchpoint import ORDER, VISIT
from app.queries import visible
from app.touchpoints.recording import key_of

MOST_PARTS = 100  # identities walked each by itself
FOUND = 8  # customers an order number leads to


@dataclass(frozen=True, slots=True)
class Figures:
    """What the touchpoints of a person come to. `spent`: (amount in the smallest unit, currency), the most first."""

    orders: int = 0
    points: int = 0
    spent: Sequence[tuple[int, str]] = ()
    last_order: Touchpoint | None = None
    last_visit: Touchpoint | None = None
    any: bool = False


def identities(db: Session, head: Conversation) -> list[int]:
    """The ids of all identities of the person whose thread this is."""
    ids = family_ids(db, head) or [head.id]
    own = select(Identity.id).join(Conversation, Conversation.customer_id == Identity.customer_id)
    return list(db.scalars(own.where(Conversation.id.in_(ids)).order_by(Identity.id)))


def figures(db: Session, identity_ids: Sequence[int]) -> Figures:
    """The figures of whoever has these identities."""
    if not identity_ids:
        return Figures()
    sums = select(
        func.coalesce(func.sum(Tally.orders), 0),
        func.coalesce(func.sum(Tally.points), 0),
        func.max(Tally.identity_id),
        func.max(Tally.last_order_at),
        func.max(Tally.last_visit_at),
    )
    theirs = sums.where(Tally.identity_id.in_(identity_ids))
    orders, points, tallied, order_at, visit_at = db.execute(theirs).one()
    if not tallied:
        return Figures(any=bool(newest(db, identity_ids, 1)))
    amount = func.sum(Spending.amount)
    spent = select(amount, Spending.currency).where(Spending.identity_id.in_(identity_ids))
    rows = db.execute(spent.group_by(Spending.currency).order_by(amount.desc(), Spending.currency))
    return Figures(
        orders=int(orders),
        points=int(points),
        spent=[(int(row[0]), row[1]) for row in rows if row[0]],
        last_order=_newest_of(db, identity_ids, ORDER) if order_at else None,
        last_visit=_newest_of(db, identity_ids, VISIT) if visit_at else None,
        any=True,
    )


def _newest_of(db: Session, identity_ids: Sequence[int], sort: str) -> Touchpoint | None:
    found = newest(db, identity_ids, 1, sort=sort)
    return found[0] if found else None


def newest(
    db: Session,
    identity_ids: Sequence[int],
    most: int,
    *,
    sort: str = "",
    since: datetime | None = None,
    before: tuple[datetime, int] | None = None,
    until: datetime | None = None,
) -> list[Touchpoint]:
    """At most so many touchpoints of these identities, the newest first: of one sort, from `since` on, earlier than
    `until`, behind the one at `before`."""
    if not identity_ids:
        return []
    narrowed: list[ColumnElement[bool]] = [Touchpoint.sort == sort] if sort else []
    narrowed += [Touchpoint.at >= since] if since is not None else []
    narrowed += [Touchpoint.at < until] if until is not None else []
    if before is not None:
        there: ColumnElement[Any] = tuple_(*before)
        narrowed.append(tuple_(Touchpoint.at, Touchpoint.id) < there)
    order = (Touchpoint.at.desc(), Touchpoint.id.desc())
    if len(identity_ids) == 1 or len(identity_ids) > MOST_PARTS:
        wanted = select(Touchpoint).where(Touchpoint.identity_id.in_(identity_ids), *narrowed)
    else:
        parts = [_part(id, narrowed).order_by(*order).limit(most).subquery() for id in identity_ids]
        wanted = select(Touchpoint).where(Touchpoint.id.in_(union_all(*(select(part) for part in parts))))
    return list(db.scalars(wanted.order_by(*order).limit(most)))


def _part(identity_id: int, narrowed: Sequence[ColumnElement[bool]]) -> Select[int]:
    return select(Touchpoint.id).where(Touchpoint.identity_id == identity_id, *narrowed)


def page(
    db: Session, identity_ids: Sequence[int], after: str | None, size: int, *, sort: str = ""
) -> Page[Touchpoint]:
    """A page of what is known of these identities, the newest first. Raises `BadCursor`."""
    rows = newest(db, identity_ids, size + 1, sort=sort, before=moment_after(after))
    return cut(rows, size, lambda row: cursor_at(row.at, row.id))


@dataclass(frozen=True, slots=True)
class Found:
    """A customer an order number leads to."""

    touchpoint: Touchpoint
    customer_id: int
    conversation_id: int
    customer: str


def by_reference(db: Session, viewer: Agent, words: str, most: int = FOUND) -> list[Found]:
    """Whose order (or whatever else has a number) this is, each person once; only those the viewer may see."""
    key = key_of(words)
    if not key:
        return []
    own = aliased(Conversation)
    wanted = (
        select(Touchpoint, Conversation.customer_id, Conversation.id, Customer.name)
        .join(Identity, Identity.id == Touchpoint.identity_id)
        .join(own, own.customer_id == Identity.customer_id)
        .join(Conversation, Conversation.id == func.coalesce(own.head_id, own.id))
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(Touchpoint.reference_key == key, visible(viewer))
        .order_by(Touchpoint.id.desc())
        .limit(most * 10)
    )
    each: dict[int, Found] = {}
    for row in db.execute(wanted):
        each.setdefault(row[2], Found(*row))
    return list(each.values())[:most]


@dataclass(frozen=True, slots=True)
class Group:
    """Touchpoints that follow each other with no message between, the oldest first. `more`: there are others before
    the first of these."""

    rows: Sequence[Touchpoint] = field(default_factory=tuple)
    more: bool = False


def between(
    db: Session,
    identity_ids: Sequence[int],
    times: Sequence[datetime],
    *,
    since: datetime | None,
    until: datetime | None,
    most: int,
) -> Mapping[int, Group]:
    """The touchpoints of a stretch of the thread by the message they stand behind: index into `times` (when each
    message was said, in order), -1 for those before the first. At most the newest so many."""
    rows = newest(db, identity_ids, most + 1, since=since, until=until)
    more, rows = len(rows) > most, rows[:most][::-1]
    found: dict[int, list[Touchpoint]] = {}
    behind = -1
    for row in rows:
        while behind + 1 < len(times) and times[behind + 1] <= row.at:
            behind += 1
        found.setdefault(behind, []).append(row)
    first = min(found, default=-1)
    return {at: Group(each, more and at == first) for at, each in found.items()}
