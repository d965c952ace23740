"""Taking touchpoints in: each once by its source's id, as whoever it names, with the figures kept in the same step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import connect, family
from app.customers import Address
from app.db import now
from app.events import Happening, record_all
from app.inbox import Refused, hold_all
from app.models import Channel, Conversation, Identity, Touchpoint
from app.models.touchpoint import EARNED, KINDS
from app.text import clean, fold, one_line
from app.touchpoints import agreeing, awaiting, naming, values
from channels import base
from channels.values import bounded

RACES = 3  # times one of them may turn out to have been stored by somebody else meanwhile
MAX_STEPS = 20
BIGGEST_AMOUNT = 10**15
TOLD = "touchpoint.told"

What = Literal["new", "changed", "unchanged", "older"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one: `touchpoint` as it is kept, or why it was `refused`."""

    what: What | Literal["refused"]
    touchpoint: Touchpoint | None = None
    refused: Refused | None = None


@dataclass(slots=True)
class _Batch:
    """Touchpoints of one source on their way in."""

    source: str
    channel: Channel | None
    known: Mapping[Address, Identity]
    rows: dict[str, Touchpoint]  # by their external ids
    touched: dict[int, Touchpoint] = field(default_factory=dict)  # by id(): new or different
    waiting: list[tuple[Touchpoint, list[Address]]] = field(default_factory=list)


def take_in(
    db: Session,
    touches: Sequence[base.Touch],
    source: str,
    channel: Channel | None = None,
    *,
    silent: bool = False,
) -> list[Result]:
    """Store what `source` (the name of a system) tells of its customers; what became of each, in the order given.

    Told again and the same, nothing changes; with something new and a later time, the touchpoint is what it says now.
    `silent`: no event tells of it (an import of the past).
    """
    for _ in range(RACES - 1):
        try:
            with db.begin_nested():
                return _take_in(db, touches, source, channel, silent)
        except IntegrityError:  # the same id came in by another door at this moment: now it can be seen
            continue
    return _take_in(db, touches, source, channel, silent)


def _take_in(
    db: Session, touches: Sequence[base.Touch], source: str, channel: Channel | None, silent: bool
) -> list[Result]:
    named = [naming.addresses(one.people) for one in touches]
    known = naming.find(db, {address for each in named for address in each})
    new = [(each, one.people) for one, each in zip(touches, named, strict=True)
           if one.create and naming.first(each, known) is None]  # fmt: skip
    known = {**known, **naming.begin(db, new)}
    batch = _Batch(source, channel, known, _stored(db, source, touches))
    _hold(db, batch, [naming.first(each, known) for each in named])
    together = _orders(db, source, [*batch.rows.values()], touches)
    before = {row.id: values.share(row) for row in {*batch.rows.values(), *together}}
    results = [_one(db, batch, one, each) for one, each in zip(touches, named, strict=True)]
    db.flush()
    rows = list({row.id: row for row in (*together, *batch.touched.values())}.values())
    for order in values.orders_of(rows):
        values.value_order(order)
    db.flush()
    values.settle(db, before, rows)
    agreeing.agree(db, batch.touched.values())
    for row, addresses in batch.waiting:
        awaiting.wait(db, row, addresses)
    if not silent:
        _tell(db, list(batch.touched.values()))
    return results


def _stored(db: Session, source: str, touches: Sequence[base.Touch]) -> dict[str, Touchpoint]:
    keys = {_key(one) for one in touches}
    same = select(Touchpoint).where(Touchpoint.source == source, Touchpoint.external_id.in_(keys))
    return {row.external_id: row for row in db.scalars(same.with_for_update())}


def _key(one: base.Touch) -> str:
    return connect.fitting(one.external_id, 200)


def _hold(db: Session, batch: _Batch, identities: Sequence[Identity | None]) -> None:
    """Every thread this shows in, in one order, before anything is changed."""
    before = {row.identity_id for row in batch.rows.values() if row.identity_id is not None}
    theirs = db.scalars(select(Identity).where(Identity.id.in_(before))).all() if before else []
    customers = {one.customer_id for one in (*identities, *theirs) if one is not None}
    if customers:
        hold_all(db, list(family.conversations_of(db, customers).values()))


def _orders(
    db: Session, source: str, rows: Sequence[Touchpoint], touches: Sequence[base.Touch]
) -> list[Touchpoint]:
    """Everything told of the orders that these are about."""
    keys = {key_of(one.reference) for one in touches} | {row.reference_key for row in rows}
    return values.told_of(db, source, keys)


def key_of(reference: str) -> str:
    """An order number as it is looked for: however it is typed, and without the mark before it."""
    return "".join(fold(reference).split()).lstrip("#").removeprefix("no.")[:128]


def _one(db: Session, batch: _Batch, touch: base.Touch, named: Sequence[Address]) -> Result:
    try:
        check(touch, named)
    except Refused as wrong:
        return Result("refused", refused=wrong)
    told = _columns(touch)
    identity = naming.first(named, batch.known)
    row = batch.rows.get(_key(touch))
    if row is None:
        return Result("new", _begin(db, batch, touch, told, identity, named))
    if row.sort != told["sort"]:
        refused = Refused("This id is known already, as something of another kind.", status=409)
        return Result("refused", row, refused)
    return Result(_renew(db, batch, row, touch, told, identity, named), row)


def check(touch: base.Touch, named: Sequence[Address]) -> None:
    """Raises :class:`Refused` where nothing can become of it, whatever is known already."""
    if not clean(touch.external_id).strip():
        raise Refused("It needs an id of its own.")
    if touch.kind not in KINDS:
        raise Refused("There is no such kind.")
    if not named:
        raise Refused("It names nobody whose it could be.")
    amounts = [one for one in (touch.amount, touch.points) if one is not None]
    if any(abs(one) > BIGGEST_AMOUNT for one in amounts) or (touch.amount or 0) < 0:
        raise Refused("The amount is out of range.")
    if touch.amount is not None and not touch.currency:
        raise Refused("An amount needs its currency.")


def _columns(touch: base.Touch) -> dict[str, Any]:
    """The columns that are told."""
    return {
        "kind": touch.kind,
        "sort": touch.kind.partition(".")[0],
        "title": one_line(touch.title, 200),
        "reference": one_line(touch.reference, 128),
        "reference_key": key_of(touch.reference),
        "amount": touch.amount,
        "currency": touch.currency,
        "points": touch.points if touch.kind == EARNED or touch.points is None else abs(touch.points),
        "data": bounded(touch.data),
    }


def _begin(
    db: Session,
    batch: _Batch,
    touch: base.Touch,
    told: dict[str, Any],
    identity: Identity | None,
    named: Sequence[Address],
) -> Touchpoint:
    at = (touch.at or now()).astimezone(UTC)
    row = Touchpoint(
        **told,
        source=batch.source,
        external_id=_key(touch),
        channel_id=batch.channel.id if batch.channel else None,
        identity_id=identity.id if identity else None,
        at=at,
        told_at=at,
        steps=[],
        value=0,
        counted=False,
    )
    db.add(row)
    batch.rows[row.external_id] = row
    batch.touched[id(row)] = row
    if identity is None:
        batch.waiting.append((row, list(named)))
    return row


def _renew(
    db: Session,
    batch: _Batch,
    row: Touchpoint,
    touch: base.Touch,
    told: dict[str, Any],
    identity: Identity | None,
    named: Sequence[Address],
) -> What:
    other = identity is not None and identity.id != row.identity_id and not _same_person(db, identity, row)
    differs = other or any(getattr(row, name) != value for name, value in told.items())
    if not differs:
        return "unchanged"
    at = (touch.at or now()).astimezone(UTC)
    if at <= row.told_at:
        return "older"
    if row.kind != told["kind"] or row.amount != told["amount"]:
        step = {"kind": row.kind, "at": row.told_at.isoformat(), "amount": row.amount}
        row.steps = [*row.steps, step][-MAX_STEPS:]
    for name, value in told.items():
        setattr(row, name, value)
    row.told_at = at
    if other and identity is not None:
        batch.waiting.append((row, []))  # it waits for nobody any more
        row.identity_id = identity.id
    elif row.identity_id is None:
        batch.waiting.append((row, list(named)))
    batch.touched[id(row)] = row
    return "changed"


def _same_person(db: Session, identity: Identity, row: Touchpoint) -> bool:
    """Whether the touchpoint stands with this person already, by another address of theirs."""
    if row.identity_id is None:
        return False
    before = db.get_one(Identity, row.identity_id)
    if before.customer_id == identity.customer_id:
        return True
    own = family.conversations_of(db, {before.customer_id, identity.customer_id})
    return len({family.head_of(db, one).id for one in own.values()}) == 1


def _tell(db: Session, rows: Sequence[Touchpoint]) -> None:
    """One event a thread, however many there are."""
    ids = {row.identity_id for row in rows if row.identity_id is not None}
    wanted = (
        select(Identity.id, Conversation)
        .join(Conversation, Conversation.customer_id == Identity.customer_id)
        .where(Identity.id.in_(ids))
    )
    own = {row[0]: row[1] for row in db.execute(wanted)} if ids else {}
    heads = dict(zip(own, hold_all(db, list(own.values())), strict=True))
    told: dict[int, list[Touchpoint]] = {}
    for row in rows:
        if row.identity_id is not None:
            told.setdefault(heads[row.identity_id].id, []).append(row)
    by_id = {one.id: one for one in heads.values()}
    record_all(db, [Happening(TOLD, by_id[head], data=_data(each)) for head, each in told.items()])


def _data(rows: Sequence[Touchpoint]) -> dict[str, Any]:
    return {"touchpoints": [row.id for row in rows], "kinds": sorted({row.kind for row in rows})}
