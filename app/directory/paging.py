"""Pages cut by key: a cursor says where the page after it begins, in characters that need no quoting in a URL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, TypeVarTuple

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Base
from app.queries import BIGGEST

_MOMENT = "%Y%m%dT%H%M%S.%fZ"
Row = TypeVar("Row")
Noun = TypeVar("Noun", bound=Base)
Columns = TypeVarTuple("Columns")
At = tuple[datetime, int]


class BadCursor(ValueError):
    """What was given as a cursor is none of ours, or one of another list."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`rows` in order; `after` is the cursor of the next page, None at the end."""

    rows: Sequence[Row]
    after: str | None


def cut(rows: Sequence[Row], size: int, cursor: Callable[[Row], str]) -> Page[Row]:
    """A page of `size` out of rows of which one more was asked for."""
    more = len(rows) > size
    return Page(rows[:size], cursor(rows[size - 1]) if more else None)


def id_after(cursor: str | None) -> int | None:
    """The id a cursor of a list by id names. Raises :class:`BadCursor`."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20 and int(cursor) < BIGGEST):
        raise BadCursor(cursor)
    return int(cursor)


def moment_after(cursor: str | None) -> At | None:
    """The moment and id a cursor of a list by time names. Raises :class:`BadCursor`."""
    if cursor is None:
        return None
    at, _, id = cursor.partition("-")
    try:
        moment = datetime.strptime(at, _MOMENT).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadCursor(cursor) from error
    found = id_after(id)
    assert found is not None, "a cursor is read from a string"
    return moment, found


def cursor_at(at: datetime, id: int) -> str:
    """The cursor behind a row of a list by time."""
    return f"{at.astimezone(UTC).strftime(_MOMENT)}-{id}"


def by_id(
    db: Session,
    wanted: Select[Noun],
    id: InstrumentedAttribute[int],
    after: str | None,
    size: int,
    *,
    newest_first: bool = False,
) -> Page[Noun]:
    """One page in the order of the ids. Raises :class:`BadCursor`."""
    below = id_after(after)
    if below is not None:
        wanted = wanted.where(id < below if newest_first else id > below)
    wanted = wanted.order_by(id.desc() if newest_first else id)
    rows = db.scalars(wanted.limit(size + 1)).all()
    return cut(rows, size, lambda row: str(getattr(row, id.key)))


def in_time(
    wanted: Select[*Columns],
    at: InstrumentedAttribute[Any],
    id: InstrumentedAttribute[int],
    after: str | None,
    *,
    newest_first: bool,
) -> Select[*Columns]:
    """The select, ordered by a time and the id, from the cursor on. Raises :class:`BadCursor`."""
    here = moment_after(after)
    if here is not None:
        key = tuple_(at, id)
        there: ColumnElement[Any] = tuple_(*here)
        wanted = wanted.where(key < there if newest_first else key > there)
    return wanted.order_by(*((at.desc(), id.desc()) if newest_first else (at, id)))
