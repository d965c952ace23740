"""Who sent it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from app import canonical, connect, customers, family, inbox, lookups
from app.config import settings
from app.customers import Address, Contact
from app.db import passing
from app.i18n import gettext
from app.inbox.contradicting import contradictions, separated
from app.models import Channel, Conversation, Customer, Identity
from app.models.customer import CODE
from app.text import clean
from channels import base, registry

log = logging.getLogger(__name__)

_KNOWN_BY = {
    "email": "email",
    "phone": "phone",
    "card": "card",
    "external_id": "crm",
}  # field of a person → kind


def identity_for(
    db: Session, channel: Channel, person: base.Person, known: Identity | None = None
) -> Identity:
    """The identity of a sender (`known`: found before), with what the provider proved of them and what they claim."""
    known = known or _by_alias(db, channel, person)
    identity = customers.identify(db, contact(channel, person), known)
    if person.becomes:
        becomes = connect.address(channel, replace(person, address=person.becomes))
        customers.add_identity(db, db.get_one(Customer, identity.customer_id), *becomes, identity.proof)
        _one_account(db, identity, becomes)
    for alias in _aliases(channel, person):
        _one_account(db, identity, alias)
    lookups.wanted(db, channel, identity)
    told = {name: text for name in _KNOWN_BY if (text := getattr(person, name).strip())}
    if not (told or person.claimed or person.attributes):
        return identity
    customer, proof = db.get_one(Customer, identity.customer_id), customers.PROOF[person.proof]
    known_by = {_KNOWN_BY[name]: connect.known_as(_KNOWN_BY[name], text) for name, text in told.items()}
    taken = [
        (kind, address)
        for kind, address in known_by.items()
        if address and customers.add_identity(db, customer, kind, "", address, proof) is None
    ]
    shared = {}
    for kind, address in taken:  # once everything is known that may speak against it
        if _join(db, customer, kind, address, proof):
            shared[next(name for name in told if _KNOWN_BY[name] == kind)] = address
    if shared:
        customers.describe(db, customer, shared, proved=proof >= CODE)
    strange = {name: text for name, text in told.items() if not known_by[_KNOWN_BY[name]]}
    if claimed := {**_somebodys(strange), **person.claimed}:
        customers.describe(db, customer, claimed, proved=False)
    if person.attributes:
        customers.describe(db, customer, person.attributes, proved=person.proof in ("signed", "code"))
    return identity


def _aliases(channel: Channel, person: base.Person) -> list[Address]:
    """The addresses by which the same account was known before."""
    return [connect.address(channel, replace(person, address=one)) for one in person.aliases]


def _by_alias(db: Session, channel: Channel, person: base.Person) -> Identity | None:
    """The identity of a new address whose account is known by another one: it is the same customer's. None where there
    is nothing to find so."""
    key = connect.address(channel, person)
    aliases = _aliases(channel, person)
    if not aliases or customers.find(db, *key) is not None:
        return None
    before = next((found for one in aliases if (found := customers.find(db, *one)) is not None), None)
    if before is None:
        return None
    proof = customers.PROOF[person.proof]
    return customers.add_identity(db, db.get_one(Customer, before.customer_id), *key, proof)


def _one_account(db: Session, identity: Identity, alias: Address) -> None:
    """The platform says that this address is of the same account: whoever has it is linked."""
    known = customers.find(db, *alias)
    if known is None or known.customer_id == identity.customer_id:
        return
    child, parent = (family.conversation_of(db, each) for each in (identity.customer_id, known.customer_id))
    inbox.hold_all(db, [child, parent])
    if child.head_id == parent.head_id or contradict(db, child, parent) or separated(db, child, parent):
        return
    mine, theirs = (db.get_one(Customer, one.customer_id) for one in (child, parent))
    inbox.link(db, mine, theirs, evidence={"proof": "platform", "kind": alias[0], "address": alias[2]})


def _somebodys(told: Mapping[str, str]) -> dict[str, str]:
    """What is no number or address is kept as it was given and joins nobody; 非通知 says nothing at all."""
    return {name: text for name, text in told.items() if not canonical.nobody(text)}


def named(channel: Channel, event: base.Event) -> base.Event:
    """The event; where who wrote it keeps their number to themselves, by somebody who has written nothing else."""
    if isinstance(event, base.Inbound) and connect.withheld(channel, event.sender):
        alone = replace(
            event.sender,
            address=connect.of_nobody(event.external_id),
            name=event.sender.name or event.sender.address,
        )
        return replace(event, sender=alone)
    return event


def _join(db: Session, customer: Customer, kind: str, address: str, proof: int) -> bool:
    """They proved an address that somebody else is known by; whether the two share it, as families do. Where that one
    proved it as well, it is one person: the two are linked, which can be undone. Two who are both signed in at the
    business as different people are two, and so are those whom somebody of the house has taken apart: the same address
    comes with every message."""
    known = customers.find(db, kind, "", address)
    if known is None or min(proof, known.proof) < CODE or known.customer_id == customer.id:
        return False
    child, parent = (family.conversation_of(db, each) for each in (customer.id, known.customer_id))
    if child.head_id == parent.head_id or child.head_id != child.id:
        return False
    inbox.hold_all(db, [child, parent])  # what speaks against it may have come this moment
    if contradict(db, child, parent):
        return True
    if not separated(db, child, parent):
        evidence = {"proof": "address", "kind": kind, "address": address}
        inbox.link(db, customer, db.get_one(Customer, known.customer_id), evidence=evidence)
    return False


def contradict(db: Session, one: Conversation, other: Conversation) -> bool:
    """Whether nothing may join these two by itself: what is proved of them cannot be true of one person."""
    return bool(contradictions(db, one, other))


def contact(channel: Channel, person: base.Person) -> Contact:
    return Contact(
        connect.address(channel, person),
        name=person.name or _nameless(channel, person),
        proof=customers.PROOF[person.proof],
        locale=clean(person.locale)[:16],
        owner="bot" if connect.bot_speaks(channel) else "human",
    )


def _nameless(channel: Channel, person: base.Person) -> str:
    """What somebody is called whose name the platform never tells, in the shop's language; "" elsewhere."""
    if not connect.features(channel).nameless:
        return ""
    told = {"platform": registry.connector(channel.kind).label, "end": person.address[-4:]}
    return gettext(settings().locale, "%(platform)s user %(end)s", **told)


def meet(db: Session, contacts: Sequence[Contact]) -> dict[Address, Identity]:
    """The senders of a batch; none where one of them cannot be taken up (their own event will say why)."""
    try:
        with db.begin_nested():
            return customers.identify_all(db, contacts)
    except Exception as error:
        if passing(error):
            raise
        log.debug("the senders of a batch could not be met together: %s", error)
        return {}


def known(db: Session, channel: Channel, person: base.Person) -> Identity | None:
    return customers.find(db, *connect.address(channel, person))
