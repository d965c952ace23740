"""Requests as they came: kept, then read, as often as it takes."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calllog, connect, polled, vault
from app.db import now, passing, reading, transaction
from app.intake.events import accept
from app.intake.outcome import Outcome
from app.models import Channel, RawReceipt
from app.text import clean
from app.touchpoints import keeping
from channels import base, registry

log = logging.getLogger(__name__)

SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}
TRIES = 5  # of reading one receipt, where the database asks for another try (a deadlock, a busy file)
LEFT = "The database is busy. It will be read by itself in a moment."
Parse = Callable[[base.Request], list[base.Event]]


def store(db: Session, channel: Channel, request: base.Request, *, remote: str = "") -> RawReceipt:
    """Keep a request exactly as it came, before anything is made of it."""
    return store_all(db, [(channel, request, remote)])[0]


def store_all(db: Session, arrived: Iterable[tuple[Channel, base.Request, str]]) -> list[RawReceipt]:
    """:func:`store` for several at once: (channel, request, address of the caller)."""
    receipts = [_receipt(*one) for one in arrived]
    db.add_all(receipts)
    db.flush()
    return receipts


def _receipt(channel: Channel, request: base.Request, remote: str) -> RawReceipt:
    secret = SECRET_HEADERS | {connect.features(channel).proof_header.lower()}  # needed at the door alone
    return RawReceipt(
        channel_id=channel.id,
        method=request.method,
        url=request.url[:2000],
        headers={name: value for name, value in request.headers.items() if name not in secret},
        body=request.body,
        remote=remote[:64],
    )


def read_receipt(receipt_id: int) -> RawReceipt:
    """Verify, parse and accept a stored request; also what re-reading one after a fix does.

    Whatever goes wrong is written on the receipt, for an admin to see and replay. Only a database that is busy or
    away leaves it unread: see :func:`read_receipts`.
    """
    return read_receipts([receipt_id])[0]


def read_receipts(receipt_ids: Sequence[int]) -> list[RawReceipt]:
    """:func:`read_receipt` for several (of one channel, best), in the order of their ids.

    All in one transaction, which costs far less than one each; where that fails, each by itself. What a busy
    database left unread on their channels is read first: its senders were told that it is stored, and what they
    sent next must not overtake it. Where it has to be left again, so have these.
    """
    ids = sorted(receipt_ids)
    stuck = _unread(_in_line(_left_before(ids)))
    if len(ids) > 1 and not stuck:
        try:
            return _try(ids)
        except Exception as error:  # noqa: BLE001 - each is read again, and what is wrong with one told on it
            log.info("%s raw receipts are read one by one: %s", len(ids), error)
    return _in_line(ids, stuck)


def _in_line(receipt_ids: Iterable[int], stuck: bool = False) -> list[RawReceipt]:
    """Each by itself; what comes after one that had to be left unread (`stuck`: before these) is left as well."""
    read: list[RawReceipt] = []
    for each in receipt_ids:
        read.append(_leave(each) if stuck or _unread(read) else _read_alone(each))
    return read


def _unread(receipts: Sequence[RawReceipt]) -> bool:
    return bool(receipts) and receipts[-1].state == "new"


def _left_before(receipt_ids: Sequence[int]) -> Sequence[int]:
    channels = select(RawReceipt.channel_id).where(RawReceipt.id.in_(receipt_ids))
    left = (RawReceipt.state == "new", RawReceipt.error == LEFT, RawReceipt.channel_id.in_(channels))
    with reading() as db:
        before = select(RawReceipt.id).where(*left, RawReceipt.id < receipt_ids[-1])
        return db.scalars(before.order_by(RawReceipt.id)).all()


def _read_alone(receipt_id: int) -> RawReceipt:
    """In a transaction of its own, as often as a busy database asks for; then it is left for whoever comes next."""
    for attempt in range(TRIES):
        try:
            return _try([receipt_id])[0]
        except Exception as error:
            if not passing(error):
                log.exception("raw receipt %s could not be read", receipt_id)
                return _note_failure(receipt_id, error)
            log.warning("raw receipt %s is read again: %s", receipt_id, error)
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
    return _leave(receipt_id)


def _leave(receipt_id: int) -> RawReceipt:
    """Where it has not been read, the clock or what comes next on its channel will do it."""
    with transaction() as db:
        receipt = db.get_one(RawReceipt, receipt_id)
        if receipt.state == "new":
            receipt.error = LEFT
        return receipt


def _try(receipt_ids: Sequence[int]) -> list[RawReceipt]:
    with transaction() as db:
        wanted = select(RawReceipt).where(RawReceipt.id.in_(receipt_ids)).order_by(RawReceipt.id)
        receipts = list(db.scalars(wanted.with_for_update()))
        due = [receipt for receipt in receipts if receipt.state in ("new", "failed")]
        for channel_id in sorted({receipt.channel_id for receipt in due}):
            channel = db.get_one(Channel, channel_id)
            _read(db, channel, [receipt for receipt in due if receipt.channel_id == channel_id])
        return receipts


def _note_failure(receipt_id: int, error: Exception) -> RawReceipt:
    with transaction() as db:
        receipt = db.get_one(RawReceipt, receipt_id, with_for_update=True)
        if receipt.state != "parsed":  # by another who read it at the same moment
            receipt.state, receipt.error = "failed", clean(f"{type(error).__name__}: {error}")[:2000]
        return receipt


def _read(db: Session, channel: Channel, receipts: Sequence[RawReceipt]) -> None:
    """What is in them all is accepted together, and each is told what became of its own."""
    parse = _parser(channel)
    parsed = {receipt.id: _parsed(parse, receipt) for receipt in receipts}
    come = [(event, id) for id, events in parsed.items() for event in events or ()]
    outcomes = iter(accept(db, channel, [event for event, _ in come], [id for _, id in come]))
    for receipt in receipts:
        events = parsed[receipt.id]
        if events is not None:
            _settle(receipt, [next(outcomes) for _ in events])


def _parser(channel: Channel) -> Parse | str:
    """What reads this channel's requests, or why nothing can just now."""
    try:
        return connect.connector(channel).parse
    except (registry.UnknownKind, vault.Unreadable) as error:
        return str(error)


def _settle(receipt: RawReceipt, outcome: list[Outcome]) -> None:
    receipt.outcome = outcome
    failed = [one["failed"] for one in outcome if "failed" in one]
    receipt.state, receipt.error = ("failed", failed[0]) if failed else ("parsed", "")
    receipt.parsed_at = now()


def _parsed(parse: Parse | str, receipt: RawReceipt) -> list[base.Event] | None:
    """The events in a stored request; None where the channel cannot be used now, which the receipt then says."""
    if receipt.method == polled.METHOD:
        return polled.loads(receipt.body)
    if receipt.method == calllog.METHOD:
        return [*calllog.loads(receipt.body)]
    if receipt.method == keeping.METHOD:
        return [*keeping.loads(receipt.body)]
    if isinstance(parse, str):
        receipt.state, receipt.error = "failed", parse
        return None
    return parse(request_of(receipt))


def events_in(channel: Channel, receipt: RawReceipt) -> list[base.Event] | None:
    """What a stored request says as it is read now; None where the channel cannot be used. Changes nothing."""
    parse = _parser(channel)
    return None if isinstance(parse, str) else parse(request_of(receipt))


def request_of(receipt: RawReceipt) -> base.Request:
    """The request as it came."""
    query = dict(parse_qsl(urlsplit(receipt.url).query, keep_blank_values=True))
    return base.Request(receipt.method, receipt.url, receipt.headers, query, receipt.body)
