"""Rows of a list of touchpoints as bytes: stored before they are understood, as those of a call log are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from zoneinfo import ZoneInfo

from app.calllog.keeping import masked, plain
from app.inbox import Refused
from app.tables import Row, Unreadable
from app.touchpoints import naming, recording, sheet
from channels.events import Ignored, Touch

METHOD = "TOUCHES"  # of a raw receipt whose body was written here; no provider sends it
_WORDS = frozenset({"name", "title", "store"})  # a payment card's number may stand among these


@dataclass(frozen=True)
class Listed:
    """How the rows of a list are read: `columns` are places by field; `kind` and `currency` hold where no column says
    so. With `create` a new customer begins for whoever nobody knows."""

    header: Sequence[str]
    columns: Mapping[str, int]
    zone: str = "Asia/Tokyo"
    kind: str = ""
    currency: str = "JPY"
    create: bool = False

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def exact(self) -> frozenset[int]:
        """The columns that are no free text."""
        return frozenset(at for name, at in self.columns.items() if name not in _WORDS)


def dumps(rows: Sequence[Row], how: Listed) -> bytes:
    """The rows as they stand in the file but for numbers of payment cards, and how they are to be read."""
    told = {
        "header": list(how.header),
        "columns": dict(how.columns),
        "zone": how.zone,
        "kind": how.kind,
        "currency": how.currency,
        "create": how.create,
        "rows": [plain(row, how.exact) for row in rows],
    }
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()


def read(body: bytes) -> Iterator[tuple[Row, Touch | Unreadable]]:
    """Each row with the touchpoint in it, or why there is none. Raises ValueError, KeyError or TypeError on what
    :func:`dumps` did not make."""
    told = json.loads(body)
    rows = told.pop("rows")
    how = Listed(**told)
    for line, cells, *problem in rows:
        row = Row(line, cells, Unreadable(problem[0], **problem[1]) if problem else None)
        yield row, understood(row, how)


def understood(row: Row, how: Listed) -> Touch | Unreadable:
    """The touchpoint in a row, which is past and rings nobody; or why there is none. Numbers of payment cards are left
    out before anything is made of it, so that a row without an id has the same one whoever reads it."""
    kept = replace(row, cells=masked(row.cells, how.exact))
    try:
        told = sheet.touch(
            kept, how.columns, kind=how.kind, currency=how.currency, zone=how.tz, create=how.create
        )
        recording.check(told, naming.addresses(told.people))
    except Unreadable as problem:
        return problem
    except Refused as refused:
        return Unreadable(refused.sentence, **refused.values)
    return replace(told, history=True)


def loads(body: bytes) -> list[Touch | Ignored]:
    """What each of the rows says."""
    return [
        Ignored(f"Line {row.line}: {found}", malformed=True) if isinstance(found, Unreadable) else found
        for row, found in read(body)
    ]
