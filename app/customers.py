"""Who is who: identities, and the customer and conversation each belongs to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import search
from app.db import now
from app.models import Conversation, Customer, Identity
from app.models.customer import CLAIMED, CODE, DEVICE, SIGNED
from app.text import clean

MAX_ATTRIBUTES = 50
PROOF = {"claimed": CLAIMED, "device": DEVICE, "code": CODE, "signed": SIGNED}


def find(db: Session, kind: str, scope: str, address: str) -> Identity | None:
    """The identity of this address, if anybody has it."""
    return db.scalar(select(Identity).filter_by(kind=kind, scope=scope, address=address))


Address = tuple[str, str, str]  # kind, scope, address: the key of an identity


def find_all(db: Session, wanted: Collection[Address]) -> dict[Address, Identity]:
    """:func:`find` for several in a query a kind and scope,."""
    found: dict[Address, Identity] = {}
    for kind, scope in {one[:2] for one in wanted}:
        addresses = [one[2] for one in wanted if one[:2] == (kind, scope)]
        rows = select(Identity).filter_by(kind=kind, scope=scope).where(Identity.address.in_(addresses))
        found |= {(kind, scope, row.address): row for row in db.scalars(rows)}
    return found


def identify(
    db: Session,
    kind: str,
    scope: str,
    address: str,
    *,
    known: Identity | None = None,
    name: str = "",
    proof: int = DEVICE,
    locale: str = "",
    owner: str = "bot",
) -> Identity:
    """The identity of an address, with its customer and conversation, made at first sight.

    Two transactions that meet a new address at once end with one customer: the unique key makes the second
    wait for the first, and its savepoint takes back the customer it had begun. `known`: found before.
    """
    found = known or find(db, kind, scope, address)
    if found is None:
        try:
            with db.begin_nested():
                return _begin(db, kind, scope, address, name, proof, locale, owner)
        except IntegrityError:
            found = find(db, kind, scope, address)
            assert found is not None, "a unique key was violated by a row that is not there"
    _refresh(db, found, name, proof)
    return found


def _begin(
    db: Session, kind: str, scope: str, address: str, name: str, proof: int, locale: str, owner: str
) -> Identity:
    customer = Customer(name=clean(name)[:200], locale=locale)
    db.add(customer)
    db.flush()
    identity = Identity(
        customer_id=customer.id,
        kind=kind,
        scope=scope,
        address=address,
        display=clean(name)[:200],
        proof=proof,
    )
    db.add(identity)
    db.flush()
    conversation = Conversation(customer_id=customer.id, owner=owner, locale=locale)
    db.add(conversation)
    db.flush()
    conversation.head_id = conversation.id
    search.index_customer(db, customer)
    return identity


def _refresh(db: Session, identity: Identity, name: str, proof: int) -> None:
    """A better name or proof than the one on record is kept; a worse one changes nothing."""
    identity.proof = max(identity.proof, proof)
    name = clean(name)[:200]
    if not name or name == identity.display:
        return
    identity.display = name
    customer = db.get_one(Customer, identity.customer_id)
    if not customer.name:
        customer.name = name
    search.index_customer(db, customer)


def add_identity(
    db: Session, customer: Customer, kind: str, scope: str, address: str, proof: int
) -> Identity | None:
    """Give `customer` one more address; None if it is somebody else's already (nothing is taken from them)."""
    found = find(db, kind, scope, address)
    if found is None:
        identity = Identity(
            customer_id=customer.id, kind=kind, scope=scope, address=address, display=address, proof=proof
        )
        try:
            with db.begin_nested():
                db.add(identity)
                db.flush()
        except IntegrityError:
            return None
        search.index_customer(db, customer)
        return identity
    if found.customer_id != customer.id:
        return None
    found.proof = max(found.proof, proof)
    return found


def describe(db: Session, customer: Customer, attributes: Mapping[str, Any], *, proved: bool) -> None:
    """Note what is said of `customer`: by a signed statement (`proved`) or by themselves.

    A claim never replaces what was proved.
    """
    kept = dict(customer.attributes)
    for name, value in attributes.items():
        name, said = clean(name)[:64], clean(str(value))[:500]
        before = kept.get(name, {})
        if (proved or not before.get("proved")) and (before.get("value"), before.get("proved")) != (
            said,
            proved,
        ):
            kept[name] = {"value": said, "proved": proved, "at": now().isoformat()}
    kept = dict(list(kept.items())[:MAX_ATTRIBUTES])
    if kept != customer.attributes:
        customer.attributes = kept
        db.flush()
        search.index_customer(db, customer)
