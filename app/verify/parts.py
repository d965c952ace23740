"""What a recount is made of: checks, the report of them, and walking a table with a sign of progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

Step = Callable[[str, int, int], None]  # what, done, total
CHUNK = 5_000
NAMED = 5  # rows a failing check names


@dataclass(frozen=True)
class Check:
    """One thing looked at: how many rows, and a sentence for each that is wrong."""

    name: str
    counted: int
    wrong: tuple[str, ...] = ()
    more: int = 0  # wrong rows beyond those named
    remark: str = ""

    @property
    def ok(self) -> bool:
        return not self.wrong

    def __str__(self) -> str:
        head = f"{'ok   ' if self.ok else 'WRONG'} {self.name}: {self.counted}"
        lines = [head + (f" ({self.remark})" if self.remark else ""), *(f"      {one}" for one in self.wrong)]
        return "\n".join([*lines, f"      … and {self.more} more"] if self.more else lines)


@dataclass(frozen=True)
class Report:
    """What :func:`report` found."""

    checks: tuple[Check, ...]

    @property
    def clean(self) -> bool:
        return all(one.ok for one in self.checks)

    def __str__(self) -> str:
        verdict = "Everything adds up." if self.clean else "Something does not add up."
        return "\n".join([*map(str, self.checks), verdict])


class Bits:
    """A set of row ids in an eighth of a byte each."""

    def __init__(self, highest: int) -> None:
        self._bits = bytearray(highest // 8 + 1)

    def add(self, id: int) -> None:
        self._bits[id >> 3] |= 1 << (id & 7)

    def __contains__(self, id: int) -> bool:
        return id >> 3 < len(self._bits) and bool(self._bits[id >> 3] & (1 << (id & 7)))


def check(name: str, counted: int, wrong: Iterable[str], remark: str = "") -> Check:
    """A check with its first wrong rows named and the rest counted."""
    found = list(wrong)
    return Check(name, counted, tuple(found[:NAMED]), max(0, len(found) - NAMED), remark)


def walk(
    db: Session, wanted: Select[*tuple[Any, ...]], key: Any, step: Step, name: str
) -> Iterator[Sequence[Any]]:
    """The rows in portions by id; tells `step` how far it is, in ids."""
    table: ColumnElement[int] = key
    last, highest = 0, db.scalar(select(func.max(table))) or 0
    while last < highest:
        rows = db.execute(wanted.where(table > last).order_by(table).limit(CHUNK)).all()
        if rows:
            yield rows
        first = rows[-1][0] if rows else highest
        last = highest if len(rows) < CHUNK else first if isinstance(first, int) else first.id
        step(name, last, highest)
