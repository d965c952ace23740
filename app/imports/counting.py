"""What is in a call log, or became of it, counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app import connect, tables
from app.calllog import columns
from app.calllog.keeping import understood
from app.calllog.rows import Reading
from app.db import reading
from app.models import Call, Channel, Identity
from app.tables import Row
from channels.events import Call as Told
from channels.events import Ignored

AT_ONCE = 500


@dataclass
class Counts:
    """`new` calls, those `seen` before, `inside` the house (nobody's), rows that are `wrong`. Of the look through it:
    `known` customers and those who are `strange`, calls `withheld`, rows that have the id of another (`twice`)."""

    rows: int = 0
    new: int = 0
    seen: int = 0
    inside: int = 0
    wrong: int = 0
    known: int = 0
    strange: int = 0
    withheld: int = 0
    twice: int = 0

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Counts:
        names = {field.name for field in fields(cls)}
        return cls(**{name: int(value) for name, value in stored.items() if name in names})

    def stored(self) -> dict[str, int]:
        return asdict(self)


def portions(table: tables.Table, most: int, most_bytes: int = 4_000_000) -> Iterator[list[Row]]:
    """The rows, some at a time."""
    some: list[Row] = []
    size = 0
    for row in table.rows:
        some.append(row)
        size += sum(map(len, row.cells))
        if len(some) >= most or size >= most_bytes:
            yield some
            some, size = [], 0
    if some:
        yield some


def look_through(path: Path, encoding: str, channel: Channel, how: Reading) -> Iterator[tuple[Counts, float]]:
    """Count what is in a file, and whom we know of it; gives the same counts after each portion, and the share that is
    done. Changes nothing. Raises :class:`app.tables.Unreadable`."""
    counts, ids, numbers = Counts(), set[int](), set[int]()
    with tables.open_table(path, columns.known, encoding) as table:
        for some in portions(table, AT_ONCE):
            counts.rows += len(some)
            found = [understood(row, how) for row in some]
            told = [one for one in found if isinstance(one, Told)]
            counts.inside += sum(isinstance(one, Ignored) for one in found)
            counts.wrong += len(found) - len(told) - sum(isinstance(one, Ignored) for one in found)
            _meet(counts, channel, told, ids, numbers)
            yield counts, table.share(some[-1])


def _meet(counts: Counts, channel: Channel, told: Sequence[Told], ids: set[int], numbers: set[int]) -> None:
    with reading() as db:
        wanted = {one.external_id for one in told}
        mine = select(Call.external_id).where(Call.channel_id == channel.id, Call.external_id.in_(wanted))
        there = {str(id) for id in db.scalars(mine)}
        people = {connect.address(channel, one.sender) for one in told if one.sender.address}
        kind = connect.identity_kind(channel)
        theirs = select(Identity.address).where(
            Identity.kind == kind, Identity.address.in_({address for _, _, address in people})
        )
        met = set(db.scalars(theirs))
    for one in told:
        again = hash(one.external_id) in ids
        ids.add(hash(one.external_id))
        counts.twice += again
        counts.seen += again or one.external_id in there
        counts.new += not again and one.external_id not in there
        counts.withheld += not one.sender.address
    for _, _, address in people:
        if hash(address) not in numbers:
            numbers.add(hash(address))
            counts.known += address in met
            counts.strange += address not in met
