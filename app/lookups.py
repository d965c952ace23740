"""Who writes, as their platform tells it: a name for those who come without one, their language and their picture.
Everybody is asked for once, and again when what is known has grown old.

It is asked after the commit by a job, never where a message waits to be stored. The row says what is to be done
(`Identity.profile_due`), so a lost job is made up for by the clock.
"""

from __future__ import annotations

import logging
import random
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import avatars, connect, customers, family, inbox, jobs, vault
from app.db import after_commit, now, reading, transaction
from app.events import record
from app.inbox import ways
from app.models import Channel, Identity
from channels import base, registry

log = logging.getLogger(__name__)

FRESH = timedelta(
    days=30
)  # people change their names and pictures; who writes after this long is asked for again
LEASE = timedelta(minutes=2)  # a job that has not answered by then was lost
MAX_TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0  # seconds
AT_ONCE = 20  # of those the clock rings for in a round


def wanted(db: Session, channel: Channel, identity: Identity) -> None:
    """Somebody wrote: where their platform may tell more of them than we know, it is asked after the commit."""
    if identity.profile_due is not None or not connect.looks_up(channel) or not _is_due(identity):
        return
    identity.profile_due, identity.profile_tries = now() + LEASE, 0
    db.flush()
    after_commit(db, jobs.enqueue, "app.lookups.look_up", identity.id)


def _is_due(identity: Identity) -> bool:
    return identity.profile_at is None or identity.profile_at < now() - FRESH


def ring_due() -> int:
    """Ring for those whose job was lost, or is to be tried again; how many. A duty of the clock."""
    with reading() as db:
        due = select(Identity.id).where(Identity.profile_due <= now()).order_by(Identity.profile_due)
        ids = db.scalars(due.limit(AT_ONCE)).all()
    return sum(_ring(id) for id in ids)


def _ring(identity_id: int) -> bool:
    with transaction() as db:
        claim = update(Identity).where(Identity.id == identity_id, Identity.profile_due <= now())
        claim = claim.values(profile_due=now() + LEASE).returning(Identity.id)
        if db.execute(claim, execution_options={"synchronize_session": False}).first() is None:
            return False
        after_commit(db, jobs.enqueue, "app.lookups.look_up", identity_id)
    return True


def look_up(identity_id: int) -> bool:
    """Ask the platform and keep what it says; whether it said anything. Calls out: no transaction is held meanwhile."""
    with reading() as db:
        identity = db.get_one(Identity, identity_id)
        channel = _channel(db, identity)
    if identity.profile_due is None:
        return False  # another job was first
    try:
        person = _ask(channel, identity) if channel else None
    except base.ChannelError as error:
        log.info("nobody tells who identity %s is: %s", identity_id, error)
        _failed(identity_id, error)
        return False
    picture = avatars.fetch(channel, person.avatar_url) if channel and person and person.avatar_url else None
    with transaction() as db:
        keep(db, db.get_one(Identity, identity_id), person, picture)
    return person is not None


def _channel(db: Session, identity: Identity) -> Channel | None:
    """One that leads to this person, and knows its people."""
    for channel in db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id)):
        if connect.looks_up(channel) and ways.reaches(identity, channel):
            return channel
    return None


def _ask(channel: Channel, identity: Identity) -> base.Person | None:
    """What the platform tells of them, the address of the picture as we reach it. Raises `ChannelError`."""
    try:
        by = connect.connector(channel)
        assert isinstance(by, base.Profile)
        return by.lookup(identity.address)
    except base.ChannelError:
        raise
    except (registry.UnknownKind, vault.Unreadable) as error:
        raise base.ChannelError(str(error), permanent=True) from None
    except Exception as error:
        log.exception("a connector broke its contract while looking somebody up")
        raise base.ChannelError("The connector failed.", permanent=True) from error


def _failed(identity_id: int, error: base.ChannelError) -> None:
    """Tried again a few times, each after a longer wait; then left until they write once it is old."""
    with transaction() as db:
        identity = db.get_one(Identity, identity_id)
        identity.profile_tries += 1
        if error.permanent or identity.profile_tries >= MAX_TRIES:
            _settle(identity)
            return
        wait = min(LONGEST_WAIT, FIRST_WAIT * 4.0 ** (identity.profile_tries - 1)) * random.uniform(0.8, 1.2)
        identity.profile_due = now() + timedelta(seconds=max(wait, error.retry_after or 0.0))


def _settle(identity: Identity) -> None:
    identity.profile_at, identity.profile_due = now(), None


def keep(db: Session, identity: Identity, person: base.Person | None, picture: bytes | None) -> None:
    """Write down what the platform told of them (`person` None: nothing); they are not asked for again meanwhile."""
    head = inbox.hold(db, family.conversation_of(db, identity.customer_id))
    db.refresh(identity)
    _settle(identity)
    if person is None:
        return
    changed = customers.introduce(db, identity, person.name, person.locale)
    if (picture or not person.avatar_url) and avatars.keep(db, identity, picture):
        changed.append("avatar")
    if changed:
        record(db, "customer.changed", head, customer=identity.customer_id, fields=changed)
