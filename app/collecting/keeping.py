"""What comes over a line: stored together with the place to go on from, then read."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import accumulate

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app import intake
from app.collecting.lease import Line, Lost, broke, let_go, ours, worked
from app.db import breathe, passing, reading, transaction
from app.models import RawReceipt
from channels.base import ChannelError, Collected

log = logging.getLogger(__name__)

MOST, MOST_BYTES, MOST_SECONDS = 100, 8_000_000, 0.5  # of what is there already, stored in one transaction
TELL_EVERY = 1.0  # seconds between two notes of how far it is, where nothing came


def hold(line: Line) -> bool:
    """Store and have read what comes until the line breaks or is to stop; False where the channel wants no line."""
    log.info("channel %s: this process holds the line", line.channel_id)
    try:
        return _collect(line)
    except Lost as lost:
        log.warning("channel %s: %s", line.channel_id, lost)
    except ChannelError as error:
        log.warning("channel %s: %s", line.channel_id, error)
        _told(line, error)
    except Exception as error:
        log.exception("channel %s: the line broke", line.channel_id)
        if not passing(error):  # a database away for a moment says nothing about the provider
            _told(line, ChannelError("The connector failed.", detail=type(error).__name__))
    finally:
        leave(line)
    return True


def _collect(line: Line) -> bool:
    given = False
    read_left(line.channel_id)
    with closing(batches(line.connector.collect(line.cursor, line.stop.is_set))) as found:
        for batch in found:
            given = True
            line.heard = time.monotonic()
            if receipts := keep(line, batch):
                intake.read_receipts(receipts)
                if len(receipts) > 1:
                    breathe()
            if line.stop.is_set():
                break
    return given or line.stop.is_set()


def read_left(channel_id: int) -> None:
    """What a holder before us stored and had no time to read comes before what is to come now."""
    left = select(RawReceipt.id, func.length(RawReceipt.body)).order_by(RawReceipt.id).limit(MOST)
    left = left.where(RawReceipt.state == "new", RawReceipt.channel_id == channel_id)
    after = 0
    while True:
        with reading() as db:
            found = db.execute(left.where(RawReceipt.id > after)).all()
        if not found:
            return
        sizes = accumulate(size for _, size in found)
        ids = [id for (id, _), size in zip(found, sizes, strict=True) if size <= MOST_BYTES]
        intake.read_receipts(ids or [found[0][0]])
        after = (
            ids[-1] if ids else found[0][0]
        )  # one that had to be left again is not asked for over and over


def batches(found: Iterator[Collected]) -> Generator[list[Collected], None, None]:
    """What is there already, together: a commit is paid once for all of it. What comes alone waits for nothing.

    Raises what `found` raises, after what came before that was given.
    """
    waiting: list[Collected] = []
    failed: Exception | None = None
    size, began = 0, time.monotonic()
    try:
        for one in found:
            waiting.append(one)
            size += len(one.request.body) if one.request else 0
            more = one.request is not None and one.left > 0
            if not more or len(waiting) >= MOST or size >= MOST_BYTES or _since(began) > MOST_SECONDS:
                yield waiting
                waiting, size, began = [], 0, time.monotonic()
    except Exception as error:  # noqa: BLE001 - it is raised below
        failed = error
    finally:
        if hasattr(found, "close"):
            found.close()  # hangs up at once, not when somebody collects garbage
    if waiting:
        yield waiting
    if failed is not None:
        raise failed


def _since(moment: float) -> float:
    return time.monotonic() - moment


def keep(line: Line, batch: Sequence[Collected]) -> list[int]:
    """Store what came, and where to go on from, in one transaction; returns the ids of the receipts.

    Raises Lost where the line is not ours any more; nothing was stored then.
    """
    requests = [one.request for one in batch if one.request is not None]
    last = batch[-1]
    if not requests and last.cursor == line.cursor and _since(line.renewed) < TELL_EVERY:
        return []
    with transaction() as db:
        row, channel = ours(db, line)
        receipts = intake.store_all(db, [(channel, request, "") for request in requests])
        channel.cursor = dict(last.cursor)
        worked(row, channel)
        row.left, row.total = last.left, last.total
    line.cursor, line.renewed = last.cursor, time.monotonic()
    return [receipt.id for receipt in receipts]


def _told(line: Line, error: ChannelError) -> None:
    try:
        broke(line, error)
    except Lost as lost:
        log.warning("channel %s: %s", line.channel_id, lost)


def leave(line: Line) -> None:
    """The next one need not wait for the lease to lapse. Where even that fails, it finds us dead, or waits."""
    try:
        let_go(line)
    except SQLAlchemyError as error:
        log.warning("channel %s: the line could not be let go of: %s", line.channel_id, error)
