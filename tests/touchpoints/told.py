"""Touchpoints for tests: told as a shop tells them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Identity, Spending, Tally, Touchpoint
from app.models.touchpoint import ORDER, VISIT
from app.touchpoints import recording, values
from channels.base import Person, Touch

START = datetime(2026, 11, 1, tzinfo=UTC)
_numbers = itertools.count(1)


def by(address: str, kind: str = "email", **fields: Any) -> Person:
    """Somebody, by one address."""
    return Person(address, kind=kind, **fields)


def touch(kind: str = "visit", *people: Person, id: str = "", day: float = 0, **fields: Any) -> Touch:
    """Something that happened `day` days after :data:`START`."""
    who = people or (by("taro@example.jp"),)
    return Touch(id or f"t{next(_numbers)}", kind, tuple(who), START + timedelta(days=day), **fields)


def order(number: str, amount: int, *people: Person, **fields: Any) -> Touch:
    """An order placed."""
    told = {"kind": "order.placed", "id": f"o{number}", "reference": number, "currency": "JPY", **fields}
    return touch(told.pop("kind"), *people, amount=amount, **told)


def take_in(db: Session, *touches: Touch, source: str = "shop") -> list[recording.Result]:
    return recording.take_in(db, touches, source)


def whats(results: Sequence[recording.Result]) -> list[str]:
    return [one.what for one in results]


def kept(db: Session) -> dict[str, Any]:
    """What is kept for every identity, by its address: what the pages read."""
    tallies = select(Identity.address, Tally.orders, Tally.points, Tally.last_order_at, Tally.last_visit_at)
    found = {
        row[0]: tuple(row[1:]) for row in db.execute(tallies.join(Tally, Tally.identity_id == Identity.id))
    }
    spent = select(Identity.address, Spending.currency, Spending.amount).where(Spending.amount != 0)
    sums = {
        (row[0], row[1]): row[2]
        for row in db.execute(spent.join(Spending, Spending.identity_id == Identity.id))
    }
    blank = (0, 0, None, None)
    return {"tallies": {key: one for key, one in found.items() if one != blank}, "spent": sums}


def counted(db: Session) -> dict[str, Any]:
    """The same, counted anew over all rows."""
    tallies: dict[str, Any] = {}
    sums: dict[tuple[str, str], int] = {}
    for row in db.scalars(select(Touchpoint).where(Touchpoint.identity_id.is_not(None))):
        address = db.get_one(Identity, row.identity_id).address
        orders, points, order_at, visit_at = tallies.get(address, (0, 0, None, None))
        one = values.share(row)
        order_at = max(order_at or row.at, row.at) if row.sort == ORDER else order_at
        visit_at = max(visit_at or row.at, row.at) if row.sort == VISIT else visit_at
        tallies[address] = (orders + one.counted, points + one.points, order_at, visit_at)
        sums[address, row.currency] = sums.get((address, row.currency), 0) + one.value
    return {
        "tallies": {key: one for key, one in tallies.items() if one != (0, 0, None, None)},
        "spent": {key: one for key, one in sums.items() if one},
    }


def many(db: Session) -> int:
    return db.scalar(select(func.count(Touchpoint.id))) or 0
