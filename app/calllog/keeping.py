"""Rows of a call log as bytes: stored before they are understood, as a webhook's body is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from app.calllog.columns import FIELDS
from app.calllog.rows import Reading, call_of
from app.tables import Row, Unreadable
from channels.events import Call, Ignored
from channels.masking import mask_cards

SHORTEST_CARD = 13  # digits
METHOD = "CALLS"  # of a raw receipt whose body was written here; no provider sends it


# Cells that are no free text: what looks like the number of a payment card there is none.
_EXACT = frozenset(FIELDS) - {"name", "agent", "queue", "disposition", "category", "memo"}


def dumps(rows: Sequence[Row], reading: Reading) -> bytes:
    """The rows as they stand in the file but for numbers of payment cards, and how they are to be read."""
    exact = {at for name, at in reading.columns.items() if name in _EXACT}
    after = reading.work_after.isoformat() if reading.work_after else None
    told = {
        "header": list(reading.header),
        "columns": dict(reading.columns),
        "zone": reading.zone,
        "work_after": after,
        "home": reading.home,
        "told_at": reading.told_at.isoformat() if reading.told_at else None,
        "rows": [plain(row, exact) for row in rows],
    }
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()


def plain(row: Row, exact: AbstractSet[int]) -> list[Any]:
    """A row as it is kept: without numbers of payment cards, but for the columns in `exact`."""
    cells = masked(row.cells, exact)
    if row.problem is None:
        return [row.line, cells]
    return [row.line, cells, row.problem.sentence, row.problem.values]


def masked(cells: Sequence[str], exact: AbstractSet[int]) -> list[str]:
    """These cells without numbers of payment cards, but for the columns in `exact`."""
    return [
        cell if len(cell) < SHORTEST_CARD or at in exact else mask_cards(cell)[0]
        for at, cell in enumerate(cells)
    ]


def loads(body: bytes) -> list[Call | Ignored]:
    """What each of the rows says. Raises ValueError, KeyError or TypeError on what :func:`dumps` did not make."""
    return [_event(row, found) for row, found in read(body)]


def _event(row: Row, found: Call | Ignored | Unreadable) -> Call | Ignored:
    if isinstance(found, Unreadable):
        return Ignored(f"Line {row.line}: {found}", malformed=True)
    return found


def read(body: bytes) -> Iterator[tuple[Row, Call | Ignored | Unreadable]]:
    """Each row with the call in it, or why there is none."""
    told = json.loads(body)
    after, at = (
        datetime.fromisoformat(told[name]) if told[name] else None for name in ("work_after", "told_at")
    )
    reading = Reading(told["header"], told["columns"], told["zone"], after, told["home"], at)
    for line, cells, *problem in told["rows"]:
        row = Row(line, cells, Unreadable(problem[0], **problem[1]) if problem else None)
        yield row, understood(row, reading)


def understood(row: Row, reading: Reading) -> Call | Ignored | Unreadable:
    """The call in a row, or why there is none."""
    try:
        return call_of(row, reading)
    except Unreadable as problem:
        return problem
