"""What a file may be a list of, calls or touchpoints: which columns it has, and what a row of it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app import connect
from app.calllog import columns, keeping
from app.calllog.rows import Reading
from app.models import CallImport, Channel
from app.tables import Row, Unreadable
from app.touchpoints import keeping as listing
from app.touchpoints import sheet
from channels.events import Call, Ignored, Touch

CALLS, TOUCHES = "calls", "touches"
How = Any  # how the rows are read: of calls a `Reading`, of touchpoints a `Listed`
Found = Call | Touch | Ignored | Unreadable


@dataclass(frozen=True)
class Sort:
    """`how` makes, of an import (or what will be one), how its rows are read; `dumps` and `read` keep rows as bytes, in
    raw receipts of `method`. `sentence` says that nothing of this sort belongs to a channel."""

    name: str
    fields: Sequence[str]
    known: Callable[[Sequence[str]], int]
    guess: Callable[[Sequence[str]], dict[str, int]]
    problem_of: Callable[[Mapping[str, int], Mapping[str, Any]], str]
    how: Callable[[Layout], How]
    understood: Callable[[Row, How], Found]
    method: str
    dumps: Callable[[Sequence[Row], How], bytes]
    read: Callable[[bytes], Iterator[tuple[Row, Found]]]
    sentence: str


@dataclass(frozen=True)
class Layout:
    """What is said of how the rows of a file are to be read."""

    header: Sequence[str]
    columns: Mapping[str, int]
    zone: str
    home: str
    work_after: datetime | None = None
    told_at: datetime | None = None
    options: Mapping[str, Any] | None = None


def _calls(one: Layout) -> Reading:
    return Reading(one.header, one.columns, one.zone, one.work_after, one.home, one.told_at)


def _touches(one: Layout) -> listing.Listed:
    said = one.options or {}
    told = (str(said.get("kind", "")), str(said.get("currency") or "JPY"), bool(said.get("create")))
    return listing.Listed(one.header, one.columns, one.zone, *told)


_SORTS = {
    CALLS: Sort(
        CALLS,
        columns.FIELDS,
        columns.known,
        columns.guess,
        lambda places, _: columns.problem_of(places),
        _calls,
        keeping.understood,
        keeping.METHOD,
        keeping.dumps,
        keeping.read,
        "“%(name)s” is no telephone channel.",
    ),
    TOUCHES: Sort(
        TOUCHES,
        sheet.FIELDS,
        sheet.known,
        sheet.columns,
        lambda places, options: sheet.problem_of(places, str(options.get("kind", ""))),
        _touches,
        listing.understood,
        listing.METHOD,
        listing.dumps,
        listing.read,
        "“%(name)s” is no channel of a shop system.",
    ),
}

OF_CALLS = _SORTS[CALLS]


def of_channel(channel: Channel) -> Sort | None:
    """What a file for this channel is a list of; None where it can be none."""
    if connect.features(channel).telephone:
        return OF_CALLS
    return _SORTS[TOUCHES] if channel.kind == "shop" else None


def of(row: CallImport) -> Sort:
    """What an import is a list of."""
    return _SORTS[str(row.options.get("sort", CALLS))]
