"""The work on imports: a file is looked through, or its rows are taken in, by whoever holds its row.

The clock of any process finds what is due (:func:`look_after`); what a dead one held is free after :data:`LEASE`.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app import intake, tables
from app.db import breathe, insist, now, passing, reading, transaction
from app.imports import drafts, files, sorts
from app.imports.counting import Counts, look_through, portions
from app.imports.sorts import How
from app.models import CallImport, Channel, RawReceipt
from app.models.call_import import CHECKED, CHECKING, DONE, FAILED, RUNNING, WORKING
from app.tables import Row, Unreadable
from channels.base import Request

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
AT_ONCE = 400  # rows in a transaction
BREATH = 0.02  # seconds between two of them
GONE = "The file is kept no more. Please choose it again."
FAULT = "Something went wrong inside. What was taken in stays; you can go on."

Tell = Callable[[Counts, float], None]


class Lost(Exception):
    """It was stopped, or somebody else holds it."""


_thread: threading.Thread | None = None


def look_after() -> int:
    """Have what is due worked on, in a thread of this process; returns how many wait. Run by the clock."""
    global _thread
    free = or_(CallImport.until.is_(None), CallImport.until < now())
    with reading() as db:
        due = db.scalars(
            select(CallImport.id)
            .where(CallImport.state.in_(WORKING), CallImport.kept, free)
            .order_by(CallImport.id)
        ).all()
        old = files.lapsed(db)
    if old:
        with transaction() as db:
            files.tidy(db)
    if due and (_thread is None or not _thread.is_alive()):
        _thread = threading.Thread(target=_work_all, args=(due,), name="imports", daemon=True)
        _thread.start()
    return len(due)


def _work_all(due: Sequence[int]) -> None:
    for import_id in due:
        try:
            work(import_id)
        except Lost:
            log.info("import %s was stopped, or is worked on elsewhere", import_id)
        except Exception:
            log.exception("import %s is left for the next round", import_id)


def work(import_id: int, path: Path | None = None, tell: Tell = lambda counts, share: None) -> CallImport:
    """Do what its state asks for, from where it is. `path`: the file, where it is not kept here. `tell` is called with
    the counts and the share that is done. Raises :class:`Lost`, and what a database raises that is away for good."""
    holder = secrets.token_hex(8)
    with transaction() as db:
        _claim(db, import_id, holder)
    with reading() as db:
        row = drafts.one(db, import_id)
        channel = db.get_one(Channel, row.channel_id)
    file = path or files.path_of(row)
    try:
        if file is None:
            raise Unreadable(GONE)
        if row.state == CHECKING:
            _check(row, channel, file, holder, tell)
        else:
            _run(row, file, holder, tell)
    except Unreadable as problem:
        _end(import_id, holder, FAILED, error={"sentence": problem.sentence, "values": problem.values})
    except Lost:
        raise
    except Exception as error:
        if passing(error):
            raise
        log.exception("import %s failed", import_id)
        _end(import_id, holder, FAILED, error={"sentence": FAULT, "values": {}})
    except KeyboardInterrupt:
        _let_go(import_id, holder)
        raise
    with reading() as db:
        return drafts.one(db, import_id)


def _claim(db: Session, import_id: int, holder: str) -> None:
    free = or_(CallImport.until.is_(None), CallImport.until < now())
    mine = update(CallImport).where(CallImport.id == import_id, CallImport.state.in_(WORKING), free)
    if db.execute(mine.values(holder=holder, until=now() + LEASE)).rowcount != 1:  # type: ignore[attr-defined]
        raise Lost


def _held(db: Session, import_id: int, holder: str, state: str, **values: Any) -> None:
    """Note how far it is, as long as it is still ours and wanted."""
    mine = (CallImport.id == import_id, CallImport.holder == holder, CallImport.state == state)
    kept = update(CallImport).where(*mine).values(until=now() + LEASE, updated_at=now(), **values)
    if db.execute(kept).rowcount != 1:  # type: ignore[attr-defined]
        raise Lost


def _end(import_id: int, holder: str, state: str, **values: Any) -> None:
    with transaction() as db:
        mine = update(CallImport).where(CallImport.id == import_id, CallImport.holder == holder)
        db.execute(mine.values(state=state, holder="", until=None, updated_at=now(), **values))


def _let_go(import_id: int, holder: str) -> None:
    """Whoever comes next may go on at once."""
    with transaction() as db:
        mine = update(CallImport).where(CallImport.id == import_id, CallImport.holder == holder)
        db.execute(mine.values(holder="", until=None))


def _check(row: CallImport, channel: Channel, file: Path, holder: str, tell: Tell) -> None:
    counts, told = Counts(), 0.0
    for counts, share in look_through(file, row.encoding, channel, sorts.of(row), drafts.reading_of(row)):
        tell(counts, share)
        if time.monotonic() - told > 0.5:
            told = time.monotonic()
            with transaction() as db:
                _held(db, row.id, holder, CHECKING, permille=int(share * 1000), checked=counts.stored())
    _end(row.id, holder, CHECKED, permille=1000, checked=counts.stored())


def _run(row: CallImport, file: Path, holder: str, tell: Tell) -> None:
    counts, how = Counts.of(row.taken), drafts.reading_of(row)
    place = row.place
    _read_left(row)
    with tables.open_table(file, sorts.of(row).known, row.encoding) as table:
        if table.header != row.header:
            raise Unreadable("The file does not have the columns it had when it was looked into.")
        for _ in islice(table.rows, place):
            pass
        for some in portions(table, AT_ONCE):
            share = table.share(some[-1])
            place += len(some)
            store = partial(_store, row, holder, some, how, place, share, counts)
            receipt = insist(store)
            _count(counts, len(some), intake.read_receipt(receipt))
            tell(counts, share)
            breathe(BREATH)
    _finish(row, holder, place)


def _store(
    row: CallImport, holder: str, some: Sequence[Row], how: How, place: int, share: float, counts: Counts
) -> int:
    """Keep the rows as they are, together with the place to go on from."""
    url = f"import:{row.id};rows={some[0].line}-{some[-1].line}"
    sort = sorts.of(row)
    request = Request(sort.method, url, body=sort.dumps(some, how))
    noted: dict[str, Any] = {"place": place, "permille": int(share * 1000), "taken": counts.stored()}
    with transaction() as db:
        receipt = intake.store(db, db.get_one(Channel, row.channel_id), request)
        first = row.first_receipt or receipt.id
        _held(db, row.id, holder, RUNNING, first_receipt=first, last_receipt=receipt.id, **noted)
    row.first_receipt = first
    return receipt.id


def _read_left(row: CallImport) -> None:
    """What a process before us stored and had no time to read comes before what is to come now."""
    with reading() as db:
        left = [one.id for one in receipts_of(db, row) if one.state == "new"]
    for receipt_id in left:
        intake.read_receipt(receipt_id)


def _count(counts: Counts, rows: int, receipt: RawReceipt) -> None:
    counts.rows += rows
    if receipt.state == "failed" and not receipt.outcome:
        counts.wrong += rows
        return
    counts.add(receipt.outcome)


def _finish(row: CallImport, holder: str, place: int) -> None:
    """All of it is stored: what became of it is counted anew, for a process that died had no time to note it."""
    counts = Counts()
    with reading() as db:
        for receipt in receipts_of(db, drafts.one(db, row.id)):
            _count(counts, len(receipt.outcome), receipt)
    counts.wrong += place - counts.rows
    counts.rows = place
    _end(row.id, holder, DONE, place=place, permille=1000, taken=counts.stored(), ended_at=now())


def receipts_of(db: Session, row: CallImport) -> Any:
    """The raw receipts its rows are in, in their order."""
    if row.first_receipt is None or row.last_receipt is None:
        return ()
    mine = select(RawReceipt).where(
        RawReceipt.id.between(row.first_receipt, row.last_receipt),
        RawReceipt.channel_id == row.channel_id,
        RawReceipt.method == sorts.of(row).method,
        RawReceipt.url.startswith(f"import:{row.id};"),
    )
    return db.scalars(mine.order_by(RawReceipt.id).execution_options(yield_per=20))
