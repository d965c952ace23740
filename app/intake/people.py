"""Who sent it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app import connect, customers
from app.customers import Address, Contact
from app.db import passing
from app.models import Channel, Customer, Identity
from app.text import clean
from channels import base

log = logging.getLogger(__name__)


def identity_for(
    db: Session, channel: Channel, person: base.Person, known: Identity | None = None
) -> Identity:
    """The identity of a sender (`known`: found before), with what the provider proved of them and what they claim."""
    identity = customers.identify(db, contact(channel, person), known)
    if not (person.email.strip() or person.phone.strip() or person.claimed or person.attributes):
        return identity
    customer = db.get_one(Customer, identity.customer_id)
    for extra, address in (("email", person.email.strip().lower()), ("phone", person.phone.strip())):
        if address:
            fits = connect.fitting(address, 320)
            customers.add_identity(db, customer, extra, "", fits, customers.PROOF[person.proof])
    if person.claimed:
        customers.describe(db, customer, person.claimed, proved=False)
    if person.attributes:
        customers.describe(db, customer, person.attributes, proved=person.proof in ("signed", "code"))
    return identity


def contact(channel: Channel, person: base.Person) -> Contact:
    return Contact(
        connect.address(channel, person),
        name=person.name,
        proof=customers.PROOF[person.proof],
        locale=clean(person.locale)[:16],
        owner="bot" if connect.bot_speaks(channel) else "human",
    )


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
