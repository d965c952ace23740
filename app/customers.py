"""Who is who: identities, and the customer and conversation each belongs to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import canonical, connect, search
from app.db import insert_if_new, now
from app.models import Conversation, Customer, Identity
from app.models.customer import CLAIMED, CODE, DEVICE, SIGNED
from app.text import clean
from app.touchpoints import awaiting
from channels.masking import mask_cards

Address = tuple[str, str, str]  # kind, scope, address: the key of an identity

MAX_ATTRIBUTES = 50
CONTACT = ("name", "email", "phone")  # as the form before the chat asks for them; they do not count
PROOF = {"claimed": CLAIMED, "device": DEVICE, "code": CODE, "signed": SIGNED}


def find(db: Session, kind: str, scope: str, address: str) -> Identity | None:
    """The identity of this address, however it is written, if anybody has it."""
    return db.scalar(select(Identity).filter_by(kind=kind, scope=scope, address=connect.kept(kind, address)))


def find_all(db: Session, wanted: Collection[Address]) -> dict[Address, Identity]:
    """:func:`find` for several, in one query for each kind and scope."""
    found: dict[Address, Identity] = {}
    for kind, scope in {one[:2] for one in wanted}:
        addresses = [one[2] for one in wanted if one[:2] == (kind, scope)]
        rows = select(Identity).filter_by(kind=kind, scope=scope).where(Identity.address.in_(addresses))
        found |= {(kind, scope, row.address): row for row in db.scalars(rows)}
    return found


@dataclass(frozen=True)
class Contact:
    """Somebody who writes: their address, and what is made of them at first sight."""

    address: Address
    name: str = ""
    proof: int = DEVICE
    locale: str = ""
    owner: str = "bot"


def identify(db: Session, contact: Contact, known: Identity | None = None) -> Identity:
    """The identity of a contact (`known`: found before), with its customer and conversation, made at first sight."""
    if known is None:
        return identify_all(db, [contact])[contact.address]
    _refresh(db, known, contact.name, contact.proof)
    return known


def identify_all(db: Session, contacts: Iterable[Contact]) -> dict[Address, Identity]:
    """:func:`identify` for several; of the same address the last word counts.

    Two transactions that meet a new address at once end with one customer: the unique key makes the second
    wait for the first, and its savepoint takes back the customer it had begun. New ones are made in the order of
    their addresses, so that two transactions wait for each other one way only.
    """
    wanted: dict[Address, Contact] = {}
    for contact in contacts:
        before = wanted.get(contact.address)
        wanted[contact.address] = (
            contact if contact.name or before is None else replace(contact, name=before.name)
        )
    for _ in range(len(wanted) + 1):  # each race lost makes one of them known
        found = find_all(db, wanted)
        _refresh_all(db, [(identity, wanted[address]) for address, identity in found.items()])
        new = [wanted[address] for address in sorted(wanted.keys() - found.keys())]
        try:
            with db.begin_nested() if new else nullcontext():
                return found | {one.address: made for one, made in zip(new, _begin(db, new), strict=True)}
        except IntegrityError:
            continue
    raise AssertionError("a unique key was violated by a row that is not there")


def _begin(db: Session, contacts: Sequence[Contact]) -> list[Identity]:
    customers = [Customer(name=_name_at_first(one), locale=one.locale) for one in contacts]
    db.add_all(customers)
    db.flush()
    both = list(zip(contacts, customers, strict=True))
    identities = [_identity(one, customer) for one, customer in both]
    db.add_all(identities)
    db.flush()
    conversations = [
        Conversation(customer_id=customer.id, owner=one.owner, locale=one.locale) for one, customer in both
    ]
    db.add_all(conversations)
    db.flush()
    for conversation in conversations:
        conversation.head_id = conversation.id
    search.index_customers(db, customers)
    awaiting.meet(db, identities)
    return identities


def _name_at_first(one: Contact) -> str:
    """Their name; else the mail address they are known by."""
    kind, _, address = one.address
    known_by = kind == canonical.EMAIL and "@" in address and not address.endswith(canonical.UNKNOWN)
    return clean(one.name)[:200] or (address[:200] if known_by else "")


def _identity(one: Contact, customer: Customer) -> Identity:
    kind, scope, address = one.address
    display = clean(one.name)[:200]
    return Identity(
        customer_id=customer.id, kind=kind, scope=scope, address=address, display=display, proof=one.proof
    )


def _refresh(db: Session, identity: Identity, name: str, proof: int) -> None:
    """A better name or proof than the one on record is kept; a worse one changes nothing."""
    if _proved_and_named(identity, name, proof):
        db.flush()
        customer = db.get_one(Customer, identity.customer_id)
        db.refresh(
            customer, ["name"], with_for_update={"key_share": True}
        )  # somebody may write one right now
        _call(customer, identity)
        search.index_customer(db, customer)


def _refresh_all(db: Session, met: Sequence[tuple[Identity, Contact]]) -> None:
    """:func:`_refresh` for several: those who have another name now are read, and indexed, together."""
    named = [identity for identity, one in met if _proved_and_named(identity, one.name, one.proof)]
    if not named:
        return
    theirs = select(Customer).where(Customer.id.in_({one.customer_id for one in named}))
    held = theirs.order_by(Customer.id).with_for_update(key_share=True)
    fresh = held.execution_options(populate_existing=True)
    customers = {customer.id: customer for customer in db.scalars(fresh)}
    for identity in named:
        _call(customers[identity.customer_id], identity)
    db.flush()
    search.index_customers(db, list(customers.values()))


def _proved_and_named(identity: Identity, name: str, proof: int) -> bool:
    """Note what is better than what is on record; whether they have another name now."""
    identity.proof = max(identity.proof, proof)
    name = clean(name)[:200]
    if not name or name == identity.display:
        return False
    identity.display = name
    return True


def _call(customer: Customer, identity: Identity) -> None:
    """A customer without a name goes by that of this address."""
    if customer.name in ("", identity.address):
        customer.name = identity.display


def introduce(db: Session, identity: Identity, name: str, locale: str) -> list[str]:
    """What the platform tells of them: their name there, and their language where nothing is known of it. Returns
    which of a customer's fields differ now.

    A customer who goes by the name they had there goes by the new one; a name that somebody of the house wrote stays.
    """
    customer = db.get_one(Customer, identity.customer_id)
    was = (customer.name, customer.locale)
    if identity.display and customer.name == identity.display:
        customer.name = clean(name)[:200].strip() or customer.name
    _refresh(db, identity, name.strip(), identity.proof)
    customer.locale = customer.locale or clean(locale)[:16]
    changed = zip(("name", "locale"), was, (customer.name, customer.locale), strict=True)
    return [field for field, before, after in changed if before != after]


def add_identity(
    db: Session, customer: Customer, kind: str, scope: str, address: str, proof: int
) -> Identity | None:
    """Give `customer` one more address; None if it is somebody else's already (nothing is taken from them)."""
    address = connect.kept(kind, address)
    found = find(db, kind, scope, address)
    if found is None:
        identity = Identity(
            customer_id=customer.id, kind=kind, scope=scope, address=address, display=address, proof=proof
        )
        if insert_if_new(db, identity):
            search.index_customer(db, customer)
            awaiting.meet(db, [identity])
            return identity
        found = find(db, kind, scope, address)  # whose it became this moment
    if found is None or found.customer_id != customer.id:
        return None
    found.proof = max(found.proof, proof)
    return found


def describe(db: Session, customer: Customer, attributes: Mapping[str, Any], *, proved: bool) -> None:
    """Note what is said of `customer`: by a signed statement (`proved`) or by themselves.

    A claim never replaces what was proved.
    """
    if _told_of(customer, attributes, proved) == customer.attributes:
        return
    # They are written whole: who notes another one at this moment waits.
    db.refresh(customer, ["attributes"], with_for_update={"key_share": True})
    kept = _told_of(customer, attributes, proved)
    if kept != customer.attributes:
        customer.attributes = kept
        db.flush()
        search.index_customer(db, customer)


def _told_of(customer: Customer, attributes: Mapping[str, Any], proved: bool) -> dict[str, Any]:
    """What is known of `customer`, and this laid over it."""
    kept = dict(customer.attributes)
    for name, value in attributes.items():
        name, said = clean(name)[:64], clean(str(value))[:500]
        said = said if proved else mask_cards(said)[0]
        before = kept.get(name, {})
        if (proved or not before.get("proved")) and (before.get("value"), before.get("proved")) != (
            said,
            proved,
        ):
            kept[name] = {"value": said, "proved": proved, "at": now().isoformat()}
    return bounded(kept)


def bounded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """So many as are kept of a customer; by what they can be answered is always among them."""
    some = [name for name in attributes if name not in CONTACT][:MAX_ATTRIBUTES]
    return {name: attributes[name] for name in attributes if name in CONTACT or name in some}
