"""What is in a call log, or became of it, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app import connect, tables
from app.db import reading
from app.imports.sorts import How, Sort
from app.intake.outcome import Outcome
from app.intake.touched import source_of
from app.models import Call, Channel, Identity, Touchpoint
from app.tables import Row
from app.touchpoints import naming
from channels.events import Call as Told
from channels.events import Ignored, Touch

AT_ONCE = 500


@dataclass
class Counts:
    """`new` calls or touchpoints, those `seen` before and those that say something new (`changed`), `inside` the house
    (nobody's), rows that are `wrong`, new touchpoints that are `waiting` for their customer. Of the look through it:
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
    changed: int = 0
    waiting: int = 0

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Counts:
        names = {field.name for field in fields(cls)}
        return cls(**{name: int(value) for name, value in stored.items() if name in names})

    def stored(self) -> dict[str, int]:
        return asdict(self)

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count what became of rows."""
        found = Counter(map(_sort, outcomes))
        for name, number in found.items():
            setattr(self, name, getattr(self, name) + number)
        self.waiting += sum("waits" in one and one["what"] == "new" for one in outcomes)


def _sort(one: Outcome) -> str:
    if "failed" in one or one.get("malformed"):
        return "wrong"
    if "touchpoint" in one:
        return {"new": "new", "changed": "changed"}.get(one["what"], "seen")
    if "message" not in one:
        return "inside"
    return "new" if one.get("new") else "seen"


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


def look_through(
    path: Path, encoding: str, channel: Channel, sort: Sort, how: How
) -> Iterator[tuple[Counts, float]]:
    """Count what is in a file, and whom we know of it; gives the same counts after each portion, and the share that is
    done. Changes nothing. Raises :class:`app.tables.Unreadable`."""
    counts, ids, numbers = Counts(), set[int](), set[int]()
    with tables.open_table(path, sort.known, encoding) as table:
        for some in portions(table, AT_ONCE):
            counts.rows += len(some)
            found = [sort.understood(row, how) for row in some]
            told = [one for one in found if isinstance(one, Told)]
            touches = [one for one in found if isinstance(one, Touch)]
            inside = sum(isinstance(one, Ignored) for one in found)
            counts.inside += inside
            counts.wrong += len(found) - len(told) - len(touches) - inside
            _meet(counts, channel, told, ids, numbers)
            _meet_touched(counts, channel, touches, ids, numbers)
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


def _meet_touched(
    counts: Counts, channel: Channel, told: Sequence[Touch], ids: set[int], people: set[int]
) -> None:
    """The same of touchpoints; one that is told again may yet say something new."""
    if not told:
        return
    named = [naming.addresses(one.people) for one in told]
    with reading() as db:
        wanted = {connect.fitting(one.external_id, 200) for one in told}
        mine = (Touchpoint.source == source_of(channel), Touchpoint.external_id.in_(wanted))
        there = set(db.scalars(select(Touchpoint.external_id).where(*mine)))
        known = naming.find(db, {address for each in named for address in each})
    for one, addresses in zip(told, named, strict=True):
        id = connect.fitting(one.external_id, 200)
        again = hash(id) in ids
        ids.add(hash(id))
        counts.seen += again or id in there
        counts.new += not again and id not in there
        met = naming.first(addresses, known)
        who = hash(("met", met.customer_id) if met else tuple(addresses[:1]))
        if who not in people:
            people.add(who)
            counts.known += met is not None
            counts.strange += met is None
