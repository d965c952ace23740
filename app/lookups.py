"""Names of customers whose messages come without one: asked of their platform, and written to their thread."""

from __future__ import annotations

import logging

from sqlalchemy.orm import Session

from app import connect, customers, family, inbox, jobs, rates, vault
from app.db import after_commit, reading, transaction
from app.events import record
from app.models import Channel, Identity
from channels import base, registry

log = logging.getLogger(__name__)

AGAIN = 3600.0  # seconds until a person whose name could not be had is asked for again


def wanted(db: Session, channel: Channel, identity: Identity) -> None:
    """Somebody wrote: if they have no name and their platform knows names, it is asked after the commit."""
    if not identity.display and connect.looks_up(channel):
        after_commit(db, _ring, identity.id, channel.id)


def _ring(identity_id: int, channel_id: int) -> None:
    if not rates.hit(f"lookup:{identity_id}", 1, AGAIN):
        jobs.enqueue("app.lookups.look_up", identity_id, channel_id)


def look_up(identity_id: int, channel_id: int) -> bool:
    """Ask the platform and keep what it says; whether it said a name. Calls out: no transaction is held meanwhile."""
    with reading() as db:
        channel, identity = db.get_one(Channel, channel_id), db.get_one(Identity, identity_id)
    try:
        by = connect.connector(channel)
        person = by.lookup(identity.address) if isinstance(by, base.Profile) else None
    except (base.ChannelError, registry.UnknownKind, vault.Unreadable) as error:
        log.info("channel %s does not tell who identity %s is: %s", channel_id, identity_id, error)
        return False
    if person is None or not person.name.strip():
        return False
    with transaction() as db:
        _keep(db, db.get_one(Identity, identity_id), person)
    return True


def _keep(db: Session, identity: Identity, person: base.Person) -> None:
    head = inbox.hold(db, family.conversation_of(db, identity.customer_id))
    db.refresh(identity)
    customers.introduce(db, identity, person.name, person.locale)
    record(db, "customer.changed", head, customer=identity.customer_id, fields=["name"])
