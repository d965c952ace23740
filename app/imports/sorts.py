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


OF_CALLS = Sort(
    name=CALLS,
    fields=columns.FIELDS,
    known=columns.known,
    guess=columns.guess,
    problem_of=lambda places, _: columns.problem_of(places),
    how=_calls,
    understood=keeping.understood,
    method=keeping.METHOD,
    dumps=keeping.dumps,
    read=keeping.read,
    sentence="“%(name)s” is no telephone channel.",
)
OF_TOUCHES = Sort(
    name=TOUCHES,
    fields=sheet.FIELDS,
    known=sheet.known,
    guess=sheet.columns,
    problem_of=lambda places, options: sheet.problem_of(places, str(options.get("kind", ""))),
    how=_touches,
    understood=listing.understood,
    method=listing.METHOD,
    dumps=listing.dumps,
    read=listing.read,
    sentence="“%(name)s” is no channel of a shop system.",
)
_SORTS = {one.name: one for one in (OF_CALLS, OF_TOUCHES)}


def of_channel(channel: Channel) -> Sort | None:
    """What a file for this channel is a list of; None where it can be none."""
    if connect.features(channel).telephone:
        return OF_CALLS
    return OF_TOUCHES if channel.kind == "shop" else None


def of(row: CallImport) -> Sort:
    """What an import is a list of."""
    return _SORTS[str(row.options.get("sort", CALLS))]
