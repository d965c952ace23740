"""Touchpoints of addresses that nobody has yet: whoever comes by one of them first gets them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import Select, and_, delete, select
from sqlalchemy.orm import Session

from app.db import now
from app.models import AwaitedTouchpoint, Identity, Touchpoint
from app.models.touchpoint import ORDER
from app.touchpoints import agreeing, values

Address = tuple[str, str, str]
MISSED_AT_MOST = 500  # in one look of the clock
MISSED_WITHIN = timedelta(hours=1)


def wait(db: Session, row: Touchpoint, named: Iterable[Address]) -> None:
    """Let `row`, which is nobody's, wait for these addresses instead of what it waited for."""
    db.execute(delete(AwaitedTouchpoint).where(AwaitedTouchpoint.touchpoint_id == row.id))
    db.add_all(
        AwaitedTouchpoint(touchpoint_id=row.id, kind=kind, scope=scope, address=address)
        for kind, scope, address in named
    )


def meet(db: Session, identities: Sequence[Identity]) -> None:
    """Give to new identities what waited for them; they are flushed. One look where nothing did."""
    if not identities:
        return
    wanted = select(AwaitedTouchpoint).where(
        AwaitedTouchpoint.address.in_({one.address for one in identities})
    )
    waiting = db.scalars(wanted.order_by(AwaitedTouchpoint.id)).all()
    if waiting:
        _give(db, waiting, identities)


def _give(db: Session, waiting: Sequence[AwaitedTouchpoint], identities: Sequence[Identity]) -> int:
    by_address = {(one.kind, one.scope, one.address): one for one in identities}
    by_kind = {(one.kind, one.address): one for one in identities}
    goes: dict[int, Identity] = {}
    for one in waiting:
        found = by_address.get((one.kind, one.scope, one.address))
        if found is None and not one.scope:
            found = by_kind.get((one.kind, one.address))
        if found is not None:
            goes.setdefault(one.touchpoint_id, found)
    if not goes:
        return 0
    wanted = select(Touchpoint).where(Touchpoint.id.in_(goes), Touchpoint.identity_id.is_(None))
    rows = db.scalars(wanted.order_by(Touchpoint.id).with_for_update()).all()
    together = {row.id: row for row in (*rows, *_orders(db, rows))}
    before = {id: values.share(row) for id, row in together.items()}
    for row in rows:
        row.identity_id = goes[row.id].id
    for order in values.orders_of(together.values()):
        values.value_order(order)
    db.flush()
    values.settle(db, before, list(together.values()))
    agreeing.agree(db, rows)
    db.execute(delete(AwaitedTouchpoint).where(AwaitedTouchpoint.touchpoint_id.in_(goes)))
    return len(rows)


def _orders(db: Session, rows: Sequence[Touchpoint]) -> list[Touchpoint]:
    """Everything told of their orders: two that were told at the same moment, of somebody nobody knew, did not see each
    other and were valued each by itself."""
    told: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.sort == ORDER:
            told[row.source].add(row.reference_key)
    return [row for source in sorted(told) for row in values.told_of(db, source, told[source])]


def missed(db: Session) -> int:
    """Give away what somebody has the address of by now; how many. Two who come at the same moment, a touchpoint and
    its customer, do not see each other."""
    waiting = db.scalars(_missed().limit(MISSED_AT_MOST)).all()
    if not waiting:
        return 0
    same = select(Identity).where(Identity.address.in_({one.address for one in waiting}))
    return _give(db, waiting, db.scalars(same.order_by(Identity.id)).all())


def overdue(db: Session) -> bool:
    """Whether :func:`missed` has anything to do."""
    return db.scalars(_missed().limit(1)).first() is not None


def _missed() -> Select[AwaitedTouchpoint]:
    """Those told of lately whose address somebody has."""
    theirs = and_(
        Identity.address == AwaitedTouchpoint.address,
        Identity.kind == AwaitedTouchpoint.kind,
        Identity.scope == AwaitedTouchpoint.scope,
    )
    late = select(AwaitedTouchpoint).join(Identity, theirs)
    return late.where(AwaitedTouchpoint.created_at > now() - MISSED_WITHIN).order_by(AwaitedTouchpoint.id)
