"""Taking in a list of touchpoints: some rows at a time, each lot in a step of its own, so that it can be cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from app.db import transaction
from app.tables import Row, Unreadable, open_table
from app.touchpoints import recording, sheet
from channels.base import Touch

LOT = 200
Step = Callable[[float], None]  # which part of the file is read
Problem = tuple[Row, str]


@dataclass(frozen=True, slots=True)
class How:
    """How the rows are read: what they are where no column says so, the currency and zone of what has none."""

    source: str
    kind: str = ""
    currency: str = "JPY"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Tokyo"))
    encoding: str = ""
    create: bool = False


@dataclass(slots=True)
class Taken:
    """What became of a list: how many rows were "new", "changed", "unchanged", "older" and "refused"; `waiting` of them
    belong to nobody yet."""

    encoding: str = ""
    columns: dict[str, str] = field(default_factory=dict)  # field → the name its column has
    counts: Counter[str] = field(default_factory=Counter)
    waiting: int = 0


def take(path: Path, how: How, wrong: Callable[[Problem], None], step: Step = lambda _: None) -> Taken:
    """Take the rows of a file in; what is wrong with one is told to `wrong`, and harms no neighbour. No event tells.

    Raises :class:`Unreadable` where there is no such list.
    """
    with open_table(path, sheet.known, how.encoding) as table:
        places = sheet.columns(table.header)
        if problem := sheet.problem_of(places, how.kind):
            raise Unreadable(problem)
        taken = Taken(table.encoding, {field: table.header[at] for field, at in places.items()})
        for lot in _lots(table.rows):
            touches = [one for row in lot if (one := _read(row, places, how, taken, wrong)) is not None]
            _store(touches, how, taken, wrong)
            step(table.share(lot[-1]))
    return taken


def _lots(rows: Iterator[Row]) -> Iterator[list[Row]]:
    lot: list[Row] = []
    for row in rows:
        lot.append(row)
        if len(lot) == LOT:
            yield lot
            lot = []
    if lot:
        yield lot


def _read(
    row: Row, places: dict[str, int], how: How, taken: Taken, wrong: Callable[[Problem], None]
) -> tuple[Row, Touch] | None:
    try:
        told = sheet.touch(
            row, places, kind=how.kind, currency=how.currency, zone=how.zone, create=how.create
        )
    except Unreadable as problem:
        taken.counts["refused"] += 1
        wrong((row, str(problem)))
        return None
    return row, told


def _store(
    touches: list[tuple[Row, Touch]], how: How, taken: Taken, wrong: Callable[[Problem], None]
) -> None:
    with transaction() as db:
        results = recording.take_in(db, [one for _, one in touches], how.source, silent=True)
        told = [(one.what, str(one.refused or ""), _waits(one)) for one in results]
    for (row, _), (what, why, waits) in zip(touches, told, strict=True):
        taken.counts[what] += 1
        taken.waiting += waits
        if why:
            wrong((row, why))


def _waits(one: recording.Result) -> bool:
    return one.what == "new" and one.touchpoint is not None and one.touchpoint.identity_id is None
