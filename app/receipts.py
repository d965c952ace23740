"""Raw receipts for an admin's eyes: what arrived and became nothing, or not all of what it could have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from app import connect, vault
from app.models import Channel, Message, MessageSource, RawReceipt
from app.queries import BIGGEST, NotFound
from channels import base, registry

VIEWS = ("trouble", "failed", "refused", "left_out", "all")
PAGE = 40
SCANNED = 400  # receipts looked through for one page of what was left out
_STATES = {"trouble": ("failed", "refused"), "failed": ("failed",), "refused": ("refused",)}


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` the newest first, without their bodies; `after` is the cursor of the next page, None at the end."""

    rows: Sequence[RawReceipt]
    after: int | None


def page(db: Session, view: str, *, channel_id: int | None = None, after: int | None = None) -> Page:
    """One page of a view. Raises :class:`NotFound` on an unknown one."""
    if view not in VIEWS:
        raise NotFound(view)
    if view == "left_out":
        return _left_out(db, channel_id, after)
    rows: list[RawReceipt] = []
    for state in _STATES.get(view, (None,)):  # each along its index, then merged
        wanted = _wanted(channel_id, after)
        wanted = wanted if state is None else wanted.where(RawReceipt.state == state)
        rows += db.scalars(wanted.limit(PAGE + 1)).all()
    rows.sort(key=lambda one: -one.id)
    return Page(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def _left_out(db: Session, channel_id: int | None, after: int | None) -> Page:
    """Receipts that were read and of which something became no message. A page may be short: it looks through
    so many and no more, and the cursor goes on from there."""
    wanted = _wanted(channel_id, after).where(RawReceipt.state == "parsed").limit(SCANNED)
    found: list[RawReceipt] = []
    seen = db.scalars(wanted).all()
    for one in seen:
        if any(telling(each) for each in one.outcome):
            found.append(one)
        if len(found) == PAGE:
            return Page(found, one.id)
    return Page(found, seen[-1].id if len(seen) == SCANNED else None)


def telling(outcome: Mapping[str, Any]) -> bool:
    """Whether an outcome is an exclusion to wonder about: typing signs, receipts and the like are not."""
    return "failed" in outcome or ("excluded" in outcome and outcome.get("event") in ("inbound", "ignored"))


def _wanted(channel_id: int | None, after: int | None) -> Select[RawReceipt]:
    wanted = select(RawReceipt).options(defer(RawReceipt.body)).order_by(RawReceipt.id.desc())
    if channel_id is not None:
        wanted = wanted.where(RawReceipt.channel_id == channel_id)
    return wanted if after is None else wanted.where(RawReceipt.id < min(after, BIGGEST))


def one(db: Session, receipt_id: int) -> RawReceipt:
    """A receipt with its body. Raises :class:`NotFound`."""
    found = db.get(RawReceipt, receipt_id) if 0 < receipt_id < BIGGEST else None
    if found is None:
        raise NotFound(receipt_id)
    return found


def messages_of(db: Session, receipt: RawReceipt) -> dict[int, Message]:
    """The messages its outcome names, by id."""
    ids = [each["message"] for each in receipt.outcome if isinstance(each.get("message"), int)]
    return {one.id: one for one in db.scalars(select(Message).where(Message.id.in_(ids)))} if ids else {}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in a receipt: its bytes, and who wrote it about what, as far as that can be made out."""

    raw: bytes
    sender: str = ""
    subject: str = ""


def letter(receipt: RawReceipt, channel: Channel | None) -> Letter | None:
    """The mail that came by it; None where it is of a channel that knows no such thing, or brought none."""
    if channel is None:
        return None
    try:
        connector = connect.connector(channel)
    except (registry.UnknownKind, vault.Unreadable):
        return None
    request = base.Request(receipt.method, receipt.url, receipt.headers, body=receipt.body)
    raw = connector.original(request) if isinstance(connector, base.Originals) else None
    return None if raw is None else _letter(raw, connector, request)


def _letter(raw: bytes, connector: base.Connector[Any], request: base.Request) -> Letter:
    try:
        events = connector.parse(request)
    except Exception:  # noqa: BLE001 - that it cannot be read is why it is looked at
        return Letter(raw)
    found = next((event for event in events if isinstance(event, base.Inbound)), None)
    if found is None:
        return Letter(raw)
    name, address = found.sender.name, found.sender.address
    return Letter(raw, f"{name} <{address}>" if name else address, found.subject)


def lacking(receipt: RawReceipt, messages: Mapping[int, Message]) -> Message | None:
    """The message it became, where that is one which was not understood, or not taken in as a whole."""
    found = (one for one in messages.values() if one.lacking)
    return next(found, None) if receipt.state == "parsed" else None


def to_read_again(db: Session, channel_id: int | None, limit: int) -> Sequence[int]:
    """The ids of receipts that could not be read, or became a message that was not understood, the oldest first."""
    failed = select(RawReceipt.id).where(RawReceipt.state == "failed").order_by(RawReceipt.id).limit(limit)
    strange = _strange(db, channel_id).order_by(MessageSource.receipt_id).limit(limit)
    if channel_id is not None:
        failed = failed.where(RawReceipt.channel_id == channel_id)
    found = {*db.scalars(failed), *(id for id in db.scalars(strange) if id is not None)}
    return sorted(found)[:limit]


def _strange(db: Session, channel_id: int | None) -> Select[int | None]:
    """Receipts whose messages bear the mark of what was not understood; along the index of messages by their ids.

    Those that the provider did not hand over are to be fetched, not read.
    """
    channels = [channel_id] if channel_id is not None else db.scalars(select(Channel.id)).all()
    marked = Message.external_id.between(base.UNREADABLE, f"{base.UNREADABLE}g")
    wanted = select(MessageSource.receipt_id).join(Message, Message.id == MessageSource.message_id)
    whole = Message.context["lacking"].as_boolean().is_(None)
    return wanted.where(Message.channel_id.in_(channels), marked, whole, Message.removed_at.is_(None))
