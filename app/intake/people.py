"""Who sent it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app import connect, customers, family, inbox, lookups
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


def identity_for(
    db: Session, channel: Channel, person: base.Person, known: Identity | None = None
) -> Identity:
    """The identity of a sender (`known`: found before), with what the provider proved of them and what they claim."""
    identity = customers.identify(db, contact(channel, person), known)
    lookups.wanted(db, channel, identity)
    if not (person.email.strip() or person.phone.strip() or person.claimed or person.attributes):
        return identity
    customer = db.get_one(Customer, identity.customer_id)
    for extra, address in (("email", person.email.strip().lower()), ("phone", person.phone.strip())):
        if address:
            fits = connect.fitting(address, 320)
            if customers.add_identity(db, customer, extra, "", fits, customers.PROOF[person.proof]) is None:
                _join(db, customer, extra, fits, customers.PROOF[person.proof])
    if person.claimed:
        customers.describe(db, customer, person.claimed, proved=False)
    if person.attributes:
        customers.describe(db, customer, person.attributes, proved=person.proof in ("signed", "code"))
    return identity


def _join(db: Session, customer: Customer, kind: str, address: str, proof: int) -> None:
    """They proved an address that somebody else is known by. Where that one proved it as well, it is one person: the
    two are linked, which can be undone. Two who are both signed in at the business as different people are two, and so
    are those whom somebody of the house has taken apart: the same address comes with every message."""
    known = customers.find(db, kind, "", address)
    if known is None or min(proof, known.proof) < CODE or known.customer_id == customer.id:
        return
    child, parent = (family.conversation_of(db, each) for each in (customer.id, known.customer_id))
    if child.head_id == parent.head_id or child.head_id != child.id:
        return
    if contradict(db, child, parent) or separated(db, child, parent):
        return
    evidence = {"proof": "address", "kind": kind, "address": address}
    inbox.link(db, customer, db.get_one(Customer, known.customer_id), evidence=evidence)


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
