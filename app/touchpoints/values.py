"""What touchpoints come to: orders, money and points, kept for each identity.

Every row knows what it adds; the sums of an identity are those of its rows, and those of a person are added up over
their identities. So they are right whoever the identities belong to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import Timestamp, insert_missing
from app.models import Spending, Tally, Touchpoint
from app.models.touchpoint import CANCELLED, EARNED, ORDER, RETURNED, SALES, USED, VISIT

MOST_OF_AN_ORDER = 200  # touchpoints of one order that count together


@dataclass(frozen=True, slots=True)
class Share:
    """What a touchpoint adds to the figures of an identity."""

    identity_id: int | None
    currency: str
    value: int
    counted: bool
    points: int


def share(row: Touchpoint) -> Share:
    """What `row` adds as it stands in the books now."""
    points = row.points or 0
    signed = points if row.kind == EARNED else -points if row.kind == USED else 0
    return Share(row.identity_id, row.currency, row.value, row.counted, signed)


def orders_of(rows: Iterable[Touchpoint]) -> list[list[Touchpoint]]:
    """These touchpoints of orders by the order they are of; one without a number is an order of its own."""
    found: dict[Any, list[Touchpoint]] = defaultdict(list)
    for row in rows:
        if row.sort == ORDER:
            found[(row.source, row.reference_key) if row.reference_key else id(row)].append(row)
    return list(found.values())


def told_of(db: Session, source: str, references: Iterable[str]) -> list[Touchpoint]:
    """Everything that `source` told of the orders of these numbers (their `reference_key`), held."""
    keys = {one for one in references if one}
    if not keys:
        return []
    same = select(Touchpoint).where(Touchpoint.reference_key.in_(keys), Touchpoint.source == source)
    theirs = same.where(Touchpoint.sort == ORDER).order_by(Touchpoint.id)
    return list(db.scalars(theirs.limit(MOST_OF_AN_ORDER * len(keys)).with_for_update()))


def value_order(rows: Sequence[Touchpoint]) -> None:
    """Write on all touchpoints of one order what each adds: the last word on its price counts once, what was returned
    is taken off (never more than was paid in that currency), and one that was cancelled since adds nothing."""
    for row in rows:
        row.value, row.counted = 0, False
    in_turn = sorted(rows, key=lambda row: (row.told_at, row.id or 0))
    sales = [row for row in in_turn if row.kind != CANCELLED and _sold(row) is not None]
    if not sales:
        return
    sale = sales[-1]
    if any(row.kind == CANCELLED and row.told_at >= sale.told_at for row in in_turn):
        return
    paid = left = _sold(sale) or 0
    whole = False
    for row in in_turn:
        if row.kind == RETURNED and row.currency in (sale.currency, ""):
            back = left if row.amount is None else min(row.amount, left)
            left, whole = left - back, whole or row.amount is None
            row.value -= back
    sale.value += paid
    sale.counted = not whole and (left > 0 or paid == 0)


def _sold(row: Touchpoint) -> int | None:
    """The price it tells, 0 where it is not said; None if it tells of no sale."""
    if row.kind in SALES:
        return row.amount or 0
    told = [step for step in row.steps if step.get("kind") in SALES]
    return int(told[-1].get("amount") or 0) if told else None


def settle(db: Session, before: Mapping[int, Share], rows: Sequence[Touchpoint]) -> None:
    """Put into the figures what changed. `before`: what each row added before, new ones left out; all are flushed."""
    after = {row.id: share(row) for row in rows}
    tallies: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    spent: dict[tuple[int, str], int] = defaultdict(int)
    for sign, shares in ((-1, before), (1, after)):
        for id in shares.keys() & after.keys():
            one = shares[id]
            if one.identity_id is not None:
                tallies[one.identity_id][0] += sign * one.counted
                tallies[one.identity_id][1] += sign * one.points
                spent[one.identity_id, one.currency] += sign * one.value
    _add(db, tallies, {key: value for key, value in spent.items() if value}, _latest(rows))
    left = {one.identity_id for id, one in before.items() if id in after} - {None}
    moved = {id for id in left if any(_is_gone(before, row, id) for row in rows)}
    for identity_id in sorted(id for id in moved if id is not None):
        _look_again(db, identity_id)


def _is_gone(before: Mapping[int, Share], row: Touchpoint, identity_id: int | None) -> bool:
    was = before.get(row.id)
    return was is not None and was.identity_id == identity_id != row.identity_id


def _latest(rows: Iterable[Touchpoint]) -> dict[int, tuple[datetime | None, datetime | None]]:
    """Identity → when its newest order and visit among these were."""
    found: dict[int, tuple[datetime | None, datetime | None]] = {}
    for row in rows:
        if row.identity_id is None:
            continue
        order, visit = found.get(row.identity_id, (None, None))
        if row.sort == ORDER:
            order = max(order or row.at, row.at)
        if row.sort == VISIT:
            visit = max(visit or row.at, row.at)
        found[row.identity_id] = (order, visit)
    return found


def _add(
    db: Session,
    tallies: Mapping[int, Sequence[int]],
    spent: Mapping[tuple[int, str], int],
    latest: Mapping[int, tuple[datetime | None, datetime | None]],
) -> None:
    """Added where the row stands, so that two who add at once both do. In the order of the ids, so that neither waits
    for the other for ever."""
    ids = sorted(id for id in {*tallies, *latest} if any(tallies.get(id, ())) or any(latest.get(id, ())))
    insert_missing(db, Tally, [{"identity_id": id, "orders": 0, "points": 0} for id in ids])
    if ids:
        rows = [_row(id, tallies.get(id, (0, 0)), latest.get(id, (None, None))) for id in ids]
        db.connection().execute(_TALLY, rows)
    pairs = sorted(spent)
    insert_missing(db, Spending, [{"identity_id": id, "currency": code, "amount": 0} for id, code in pairs])
    if pairs:
        sums = [{"identity": id, "code": code, "sum": spent[id, code]} for id, code in pairs]
        db.connection().execute(_SPENDING, sums)


def _row(id: int, sums: Sequence[int], at: tuple[datetime | None, datetime | None]) -> dict[str, Any]:
    return {"identity": id, "more": sums[0], "sum": sums[1], "order_at": at[0], "visit_at": at[1]}


def _later(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[Any]:
    told: ColumnElement[Any] = bindparam(name, type_=Timestamp())
    return case((told.is_(None), column), (or_(column.is_(None), column < told), told), else_=column)


_TALLY = (
    update(Tally)
    .where(Tally.identity_id == bindparam("identity"))
    .values(
        orders=Tally.orders + bindparam("more"),
        points=Tally.points + bindparam("sum"),
        last_order_at=_later(Tally.last_order_at, "order_at"),
        last_visit_at=_later(Tally.last_visit_at, "visit_at"),
    )
)
_SPENDING = (
    update(Spending)
    .where(Spending.identity_id == bindparam("identity"), Spending.currency == bindparam("code"))
    .values(amount=Spending.amount + bindparam("sum"))
)


def _look_again(db: Session, identity_id: int) -> None:
    """When its newest order and visit were, where one of them went to somebody else."""
    newest = {
        column: select(func.max(Touchpoint.at))
        .filter_by(identity_id=identity_id, sort=sort)
        .scalar_subquery()
        for column, sort in (("last_order_at", ORDER), ("last_visit_at", VISIT))
    }
    db.execute(
        update(Tally).where(Tally.identity_id == identity_id).values(**newest),
        execution_options={"synchronize_session": False},
    )
