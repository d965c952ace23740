"""A row of a call log as a call."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from app.calllog import columns, values
from app.canonical import HOME
from app.tables import Row, Unreadable, unguarded
from app.text import clean, one_line
from channels.events import Call, CallResult, Ignored, Person

INTERNAL = "a call within the house"
NO_NUMBER = "不明"  # the caller's number is not told, nor why
TO_DO = ("missed", "abandoned", "voicemail")  # results that somebody may have to call back about
_A_DAY = timedelta(days=1)
_SOON = timedelta(hours=2)  # in which a call is answered, if it is


@dataclass(frozen=True)
class Reading:
    """How the rows of a file are read: `columns` are places by field, `zone` that of times without one, `home` the
    country of such numbers. What was missed from `work_after` on is work, everything else is history. `told_at`: when
    the file was handed over; of two files that contradict, the later one holds."""

    header: Sequence[str]
    columns: Mapping[str, int]
    zone: str = "Asia/Tokyo"
    work_after: datetime | None = None
    home: str = HOME
    told_at: datetime | None = None

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def units(self) -> dict[str, str]:
        """Field → the unit in its column's name."""
        return {
            name: columns.unit_of(self.header[at])
            for name, at in self.columns.items()
            if at < len(self.header)
        }


def call_of(row: Row, reading: Reading) -> Call | Ignored:
    """The call that a row tells of; `Ignored` where it is none of a customer. Raises :class:`Unreadable`."""
    if row.problem is not None:
        raise row.problem
    if any(cell.strip() for cell in row.cells[len(reading.header) :]):
        raise Unreadable(
            "there are %(cells)s cells where the header has %(header)s; left out",
            cells=len(row.cells),
            header=len(reading.header),
        )
    told = _Told(row, reading)
    ours, theirs, direction = told.sides()
    if direction == values.INTERNAL or (ours and values.is_inside(theirs)):
        return Ignored(INTERNAL)
    return told.call("out" if direction == "out" else "in", ours, theirs)


@dataclass(frozen=True)
class _Told:
    row: Row
    reading: Reading

    @cached_property
    def _cells(self) -> dict[str, str]:
        cells = self.row.cells
        return {
            name: clean(cells[at]).strip() for name, at in self.reading.columns.items() if at < len(cells)
        }

    def cell(self, name: str) -> str:
        return self._cells.get(name, "")

    def line(self, name: str, most: int = 200) -> str:
        return one_line(values.plain(self.cell(name)), most)

    # --- who ---

    def sides(self) -> tuple[str, str, str]:
        """Our number, the customer's as it is written, and the direction."""
        direction = values.direction(self.cell("direction"))
        pair = {"from", "to"} & self.reading.columns.keys()
        if "customer" in self.reading.columns:
            ours = self.cell("from" if direction == "out" else "to")
            return self._ours(ours), self._number("customer", direction), direction
        if len(pair) == 1:
            return "", self._number(next(iter(pair)), direction), direction
        caller, called = ("to", "from") if direction == "out" else ("from", "to")
        return self._ours(self.cell(called)), self._number(caller, direction), direction

    def _ours(self, cell: str) -> str:
        """Our own line may well be a name."""
        try:
            return values.number(cell, self.reading.home) if cell else ""
        except Unreadable:
            return one_line(values.plain(cell))

    def _number(self, name: str, direction: str) -> str:
        number = values.number(self.cell(name), self.reading.home)
        if not number and direction == "out":
            raise Unreadable("There is no number that was called.")
        return number

    def withheld(self, number: str) -> str:
        if number:
            return ""
        asked = [name for name in ("customer", "from", "to") if name in self.reading.columns]
        return self.line(asked[0]) or NO_NUMBER

    # --- when ---

    @cached_property
    def day(self) -> datetime | None:
        said = self.cell("date")
        return values.day(said) if said else None

    def started(self) -> datetime:
        said = self.cell("start")
        if not said and self.day is not None:
            return values.moment(self.cell("date"), self.reading.tz)
        if not said:
            raise Unreadable("It is not told when the call began.")
        return values.moment(said, self.reading.tz, self.day)

    def later(self, name: str, started: datetime) -> datetime | None:
        """A moment of the call: with its own date, or the first such time of day from its start on."""
        said = self.cell(name)
        if not said or values.nobody(said):
            return None
        if values.has_date(said):
            return values.moment(said, self.reading.tz)
        local = started.astimezone(self.reading.tz).replace(tzinfo=None)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        found = values.moment(said, self.reading.tz, midnight)
        return found if found >= started.replace(microsecond=0) else found + _A_DAY

    def answered(self, started: datetime) -> tuple[datetime | None, int | None]:
        """When it was answered, or how long that took: a column called 応答時間 may tell either."""
        said = self.cell("answered")
        if not said or values.nobody(said):
            return None, None
        try:
            at = self.later("answered", started)
        except Unreadable:
            return None, values.seconds(said, self.reading.units.get("answered", ""))
        if at is not None and at - started > _SOON and not values.has_date(said):
            return None, values.seconds(said)
        return at, None

    def lasted(self, name: str) -> int | None:
        return values.seconds(self.cell(name), self.reading.units.get(name, ""))

    # --- all of it ---

    def call(self, direction: Literal["in", "out"], ours: str, theirs: str) -> Call:
        started = self.started()
        answered, rang = self.answered(started)
        ended = self.later("end", started)
        talk, ring = self.lasted("talk"), self.lasted("ring")
        ring = ring if ring is not None else self.lasted("wait") if rang is None else rang
        if answered is not None and ring is None:
            ring = max(0, int((answered - started).total_seconds()))
        if ended is None and talk is not None:
            ended = (answered or started + timedelta(seconds=ring or 0)) + timedelta(seconds=talk)
        result = self.result(answered, talk)
        work = self.reading.work_after is not None and result in TO_DO and started >= self.reading.work_after
        return Call(
            external_id=self.external_id(started, talk, direction, ours, theirs),
            sender=Person(theirs, kind="phone", name=self.line("name")),
            state="ended",
            at=self.reading.told_at or ended or started,
            direction=direction,
            withheld=self.withheld(theirs),
            line=ours,
            agent=self.line("agent"),
            queue=self.line("queue"),
            started_at=started,
            answered_at=answered,
            ended_at=ended,
            ring_seconds=ring,
            talk_seconds=talk,
            hold_seconds=self.lasted("hold"),
            wrap_seconds=self.lasted("wrap"),
            result=result,
            transferred_to=self.line("transfer"),
            disposition=self.line("disposition") or self._unknown_result(),
            category=self.line("category"),
            text=self.text(),
            callback_due=self.later("callback", started),
            history=not (work and direction == "in"),
        )

    def result(self, answered: datetime | None, talk: int | None) -> CallResult:
        """In its own words, else as its times say; a word for the direction may say it as well (不在着信)."""
        told = values.result(self.cell("result"))
        if told:
            return told
        said = values.result(self.cell("direction"))
        if said in (*TO_DO, "transferred", "busy"):
            return said
        if answered is not None or talk:
            return "answered"
        return "missed" if talk == 0 else ""

    def _unknown_result(self) -> str:
        return "" if values.result(self.cell("result")) else self.line("result")

    def text(self) -> str:
        """The memo, and where the recording lies in the column's own words. (It is not fetched: a file may name a
        hundred thousand.)"""
        memo, said = unguarded(self.cell("memo")), values.plain(self.cell("recording"))
        if not said or values.nobody(said):
            return memo
        name = self.reading.header[self.reading.columns["recording"]]
        return f"{memo}\n{one_line(name)}: {one_line(said, 2000)}".strip()

    def external_id(self, started: datetime, talk: int | None, *sides: str) -> str:
        """The file's own id of the call, else what makes one call another than the next."""
        if own := self.line("id", 400):
            return own
        said = "\x1f".join((started.isoformat(), *sides, self.line("agent"), str(talk)))
        return "row " + hashlib.sha256(said.encode()).hexdigest()[:32]
