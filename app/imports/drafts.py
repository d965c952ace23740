"""Imports before and after the work: begun with a file, corrected, told to be checked, started, stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import tables
from app.calllog.columns import fingerprint
from app.config import settings
from app.db import now
from app.events import record
from app.imports import files, sorts
from app.imports.sorts import Found, How, Layout, Sort
from app.inbox import Refused
from app.models import Agent, CallImport, Channel
from app.models.call_import import CHECKED, CHECKING, DONE, DRAFT, FAILED, RUNNING, STOPPED, WORKING
from app.models.touchpoint import KINDS
from app.queries import BIGGEST, NotFound
from app.tables import Row
from app.text import one_line
from app.touchpoints import sheet

PREVIEW = 20  # rows
LONGEST_WORK = 365  # days
SEVERAL = frozenset({CHECKED, DRAFT, FAILED})  # states in which it can be corrected, if nothing is taken in


@dataclass(frozen=True)
class Look:
    """The beginning of a file: its first rows, each with what is in it or why there is nothing."""

    encoding: str
    header: list[str]
    columns: dict[str, int]
    rows: list[tuple[Row, Found]] = field(default_factory=list)
    sheet: str = ""


def look(
    path: Path,
    encoding: str = "",
    told: Mapping[str, int] | None = None,
    zone: str = "",
    rows: int = PREVIEW,
    *,
    sort: Sort = sorts.OF_CALLS,
    options: Mapping[str, Any] | None = None,
) -> Look:
    """Look into a file; `told`: which column is what, where that is not to be guessed. Raises
    :class:`app.tables.Unreadable`."""
    with tables.open_table(path, sort.known, encoding) as table:
        places = sort.guess(table.header) if told is None else dict(told)
        zone = zone or settings().timezone
        how = sort.how(Layout(table.header, places, zone, settings().country, options=options))
        first = [(row, sort.understood(row, how)) for row in islice(table.rows, rows)]
        return Look(table.encoding, table.header, places, first, table.sheet)


def begin(
    db: Session,
    channel: Channel,
    agent: Agent | None,
    name: str,
    file: tuple[str, int],
    seen: Look,
    *,
    kept: bool,
) -> CallImport:
    """An import of a file (its digest and size) that was looked into, read as the last one with the same header."""
    sort = sorts.of_channel(channel) or sorts.OF_CALLS
    before = earlier(db, seen.header, sort)
    own = {} if sort is sorts.OF_CALLS else {"sort": sort.name, **asked(channel.settings)}
    row = CallImport(
        channel_id=channel.id,
        agent_id=agent.id if agent else None,
        name=one_line(name, 200),
        digest=file[0],
        size=file[1],
        kept=kept,
        encoding=seen.encoding,
        zone=before.zone if before else settings().timezone,
        header=seen.header,
        columns=dict(before.columns) if before else seen.columns,
        fingerprint=fingerprint(seen.header),
        work_days=before.work_days if before else 0,
        options=before.options if before else own,
    )
    db.add(row)
    db.flush()
    return row


def asked(told: Mapping[str, Any]) -> dict[str, Any]:
    """What holds for a list of touchpoints where no column says so: "kind", "currency"; and whether to "create".
    Raises :class:`Unreadable`."""
    kind, currency = str(told.get("kind", "")), sheet.currency_of(str(told.get("currency") or "JPY"))
    return {"kind": kind if kind in KINDS else "", "currency": currency, "create": bool(told.get("create"))}


def earlier(db: Session, header: Sequence[str], sort: Sort = sorts.OF_CALLS) -> CallImport | None:
    """The last import that began with a file of this header: how its columns were read then is how they are read."""
    same = select(CallImport).where(
        CallImport.fingerprint == fingerprint(header), CallImport.started_at.is_not(None)
    )
    newest = db.scalars(same.order_by(CallImport.id.desc()).limit(20))
    return next((one for one in newest if sorts.of(one) is sort), None)


def finished(db: Session, row: CallImport) -> CallImport | None:
    """The same file, read in the same way, that was taken in before."""
    asked = select(CallImport).where(
        CallImport.channel_id == row.channel_id, CallImport.digest == row.digest, CallImport.state == DONE
    )
    found = db.scalars(asked.order_by(CallImport.id.desc()).limit(20))
    return next((one for one in found if one.id != row.id and one.reads == row.reads), None)


def unfinished(db: Session, row: CallImport) -> CallImport | None:
    """The same file, read in the same way, of which a part was taken in, by somebody who had it lie elsewhere."""
    asked = select(CallImport).where(
        CallImport.channel_id == row.channel_id,
        CallImport.digest == row.digest,
        CallImport.state.in_((RUNNING, STOPPED, FAILED)),
    )
    found = db.scalars(asked.where(~CallImport.kept).order_by(CallImport.id.desc()).limit(20))
    return next((one for one in found if one.id != row.id and one.reads == row.reads), None)


def one(db: Session, import_id: int) -> CallImport:
    """Raises :class:`NotFound`."""
    found = db.get(CallImport, import_id) if 0 < import_id < BIGGEST else None
    if found is None:
        raise NotFound(import_id)
    return found


def latest(db: Session, limit: int = 30) -> Sequence[CallImport]:
    """The newest first."""
    return db.scalars(select(CallImport).order_by(CallImport.id.desc()).limit(limit)).all()


def reading_of(row: CallImport) -> How:
    """How its rows are read."""
    told = (row.header, row.columns, row.zone, settings().country, _work_after(row), row.started_at)
    return sorts.of(row).how(Layout(*told, row.options))


def _work_after(row: CallImport) -> datetime | None:
    if not row.work_days:
        return None
    return (row.started_at or now()) - timedelta(days=row.work_days)


def correct(
    db: Session,
    row: CallImport,
    *,
    places: Mapping[str, int],
    encoding: str,
    zone: str,
    work_days: int,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Say how the file is to be read; what was counted before counts no more. Raises :class:`Refused`, and
    :class:`Unreadable` where it is no table in this encoding, or its currency is none."""
    row = _held(db, row)
    if row.state not in SEVERAL or row.place:
        raise Refused("Something of it is taken in already; its columns stay as they are.", status=409)
    check_zone(zone)
    sort, path = sorts.of(row), files.path_of(row)
    if path is not None and encoding != row.encoding:
        again = look(path, encoding, sort=sort)
        row.encoding, row.header = again.encoding, again.header
        row.fingerprint = fingerprint(again.header)
        places = again.columns
    row.columns = {
        name: at for name, at in places.items() if name in sort.fields and 0 <= at < len(row.header)
    }
    if row.options and options is not None:
        row.options = {"sort": sort.name, **asked(options)}
    row.zone, row.work_days = zone, max(0, min(work_days, LONGEST_WORK))
    row.state, row.checked, row.error = DRAFT, {}, {}
    db.flush()


def check_zone(zone: str) -> None:
    """Raises :class:`Refused` where there is no such time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused("“%(zone)s” is no time zone like Asia/Tokyo.", zone=one_line(zone, 40)) from error


def check(db: Session, row: CallImport) -> None:
    """Have the whole file looked through. Raises :class:`Refused`."""
    row = _held(db, row)
    _ready(row, SEVERAL)
    _set(db, row, CHECKING, permille=0, checked={}, error={})


def start(db: Session, row: CallImport, agent: Agent | None) -> None:
    """Have it taken in, or go on where it was stopped. Raises :class:`Refused`."""
    row = _held(db, row)
    _ready(row, SEVERAL | {STOPPED})
    if (twin := finished(db, row)) is not None:
        raise Refused(
            "This file was taken in already (import %(number)s). Nothing is to be done.", number=twin.id
        )
    channel = db.get_one(Channel, row.channel_id)
    if sorts.of_channel(channel) is not sorts.of(row):
        raise Refused(sorts.of(row).sentence, name=channel.name)
    _set(db, row, RUNNING, error={}, started_at=row.started_at or now(), ended_at=None)
    record(db, "audit.import_started", agent=agent, name=row.name, import_id=row.id, channel_id=channel.id)


def cancel(db: Session, row: CallImport, agent: Agent | None) -> None:
    """Stop the work. What is taken in stays, and it can go on later."""
    if row.state == CHECKING:
        _set(db, row, DRAFT, holder="", until=None)
    elif row.state == RUNNING:
        _set(db, row, STOPPED, holder="", until=None)
        record(db, "audit.import_stopped", agent=agent, name=row.name, import_id=row.id)


def remove(db: Session, row: CallImport) -> None:
    """Take away an import that did nothing yet."""
    row = _held(db, row)
    if row.state in WORKING or row.started_at is not None:
        raise Refused("It has begun; what was taken in stays.", status=409)
    files.forget(db, row)
    db.delete(row)


def _held(db: Session, row: CallImport) -> CallImport:
    """As it is now: nobody corrects, starts or removes it until the transaction ends. Raises :class:`NotFound`."""
    held = db.get(CallImport, row.id, with_for_update=True, populate_existing=True)
    if held is None:
        raise NotFound(row.id)
    return held


def _ready(row: CallImport, states: frozenset[str] | set[str]) -> None:
    if row.state not in states:
        raise Refused("It is being worked on, or done.", status=409)
    if row.kept and files.path_of(row) is None:
        raise Refused("The file is kept no more. Please choose it again.", status=409)
    if problem := sorts.of(row).problem_of(row.columns, row.options):
        raise Refused(problem)


def _set(db: Session, row: CallImport, state: str, **more: object) -> None:
    """Only from the state it was seen in: of two who press at once one is told so."""
    changed = update(CallImport).where(CallImport.id == row.id, CallImport.state == row.state)
    if db.execute(changed.values(state=state, updated_at=now(), **more)).rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("It is being worked on, or done.", status=409)
    db.refresh(row)
