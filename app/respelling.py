"""Addresses from before each was kept in one form (:mod:`app.canonical`): brought to it once, after an upgrade.

Where two customers turn out to have one address they are linked, which can be undone; the second spelling stays where
it is, so that everything said by it does. Nothing is linked that contradicts or was taken apart.
"""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canonical, connect, customers, family, search
from app.db import reading, transaction
from app.inbox.contradicting import contradictions, separated
from app.inbox.links import link
from app.models import Conversation, Customer, Identity, Setting
from app.models.customer import DEVICE

log = logging.getLogger(__name__)

MARK = "respelling"  # the setting that says it is to be done, and how far it has come
PORTION = 200  # addresses a transaction
TWICE = "Kept in another spelling."


def run() -> int:
    """Do what is left of it; how many addresses are spelled otherwise now. May be cut off anywhere, and goes on."""
    with reading() as db:
        if db.get(Setting, MARK) is None:
            return 0
    changed, more = 0, True
    while more:
        with transaction() as db:
            here, more = _portion(db)
        changed += here
    log.info("%s addresses were brought to one form", changed)
    return changed


def _portion(db: Session) -> tuple[int, bool]:
    mark = db.get(Setting, MARK, with_for_update=True)
    if mark is None:
        return 0, False
    after = int(mark.value.get("after", 0))
    wanted = select(Identity).where(
        Identity.id > after, Identity.kind.in_((canonical.PHONE, canonical.EMAIL))
    )
    rows = db.scalars(wanted.order_by(Identity.id).limit(PORTION)).all()
    if not rows:
        db.delete(mark)
        return 0, False
    changed = sum(_respell(db, row) for row in rows)
    numbers = [row.customer_id for row in rows if row.kind == canonical.PHONE]
    search.index_customers(db, [db.get_one(Customer, id) for id in dict.fromkeys(numbers)])
    mark.value = {"after": rows[-1].id}
    return changed, True


def _respell(db: Session, row: Identity) -> bool:
    kept = connect.known_as(row.kind, row.address)
    if not kept or kept == row.address:
        return False
    there = customers.find(db, row.kind, row.scope, kept)
    if there is None:
        row.address, row.display = kept, "" if row.display == row.address else row.display
        db.flush()
        search.index_customer(db, db.get_one(Customer, row.customer_id))
        return True
    row.unreachable = row.unreachable or TWICE
    _join(db, row, there)
    return True


def _join(db: Session, row: Identity, there: Identity) -> None:
    child, parent = (family.conversation_of(db, one.customer_id) for one in (row, there))
    if child.head_id == parent.head_id or min(row.proof, there.proof) < DEVICE or _apart(db, child, parent):
        return
    both = [db.get_one(Customer, one.customer_id) for one in (row, there)]
    evidence = {"proof": "address", "kind": row.kind, "address": there.address}
    link(db, both[0], both[1], evidence=evidence)


def _apart(db: Session, one: Conversation, other: Conversation) -> bool:
    return bool(contradictions(db, one, other)) or separated(db, one, other)
