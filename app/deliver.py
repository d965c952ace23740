"""The one door out: deliveries are claimed, sent outside any transaction, and their outcome written down.

``drain`` is what a wake-up runs. Two workers may drain one channel at once: the claim is a conditional update,
so each delivery is sent by one of them.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from app import connect, files, jobs, outgoing, vault
from app.db import insert_if_new, now, reading, transaction
from app.events import record
from app.inbox import hold, participants
from app.models import Channel, Conversation, Delivery, DeliveryRef, Message
from app.models.delivery import DELIVERED, FAILED, LADDER, QUEUED, READ, SENDING, SENT, UNKNOWN
from channels import base, registry

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 12  # about a day with the back-off below
FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0  # seconds
STALE = timedelta(minutes=2)  # a claim older than this belongs to a worker that died
AHEAD = timedelta(seconds=5)  # the clocks of two machines may differ by so much


@dataclass(frozen=True)
class Claimed:
    """A delivery this worker holds, with everything needed to send it without the database."""

    id: int
    attempts: int
    outbound: base.Outbound
    idempotent: bool


def drain(channel_id: int) -> int:
    """Send what is due on a channel; returns how many were sent or tried."""
    jobs.woken(channel_id)
    tried = 0
    while due := _due(channel_id):
        for delivery_id in due:
            if jobs.stopping.is_set():
                return tried  # the clock rings for the rest, and another worker takes it
            tried += send_one(channel_id, delivery_id)
    return tried


def _due(channel_id: int) -> Sequence[int]:
    with reading() as db:
        on = select(Channel.id).where(Channel.enabled)
        wanted = select(Delivery.id).where(
            Delivery.channel_id == channel_id, Delivery.channel_id.in_(on), ready()
        )
        return db.scalars(wanted.order_by(Delivery.id).limit(50)).all()


def ready(at: datetime | None = None) -> ColumnElement[bool]:
    """Due (now, or at a time), and first in the line of its recipient: what was said first arrives first,
    retries included."""
    ahead = aliased(Delivery)
    before = select(ahead.id).where(
        ahead.identity_id == Delivery.identity_id,
        ahead.channel_id == Delivery.channel_id,
        ahead.state.in_((QUEUED, SENDING)),
        ahead.id < Delivery.id,
    )
    return and_(Delivery.state == QUEUED, Delivery.next_at <= (at or now()), ~before.exists())


def send_one(channel_id: int, delivery_id: int) -> bool:
    """Claim and send one delivery; False if another worker has it."""
    claim = secrets.token_hex(8)
    with transaction() as db:
        if not _claim(db, delivery_id, claim):
            return False
    try:
        with reading() as db:
            connector = connect.connector(db.get_one(Channel, channel_id))
            claimed = _prepare(db, delivery_id, connector.features)
    except SQLAlchemyError:
        raise  # the database is away: the sweeper gives the claim back
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told and not tried for ever
        _cannot(delivery_id, claim, error)
        return True
    outcome = _send(connector, claimed)
    with transaction() as db:
        _finish(db, claimed, claim, outcome)
    return True


def _claim(db: Session, delivery_id: int, claim: str) -> bool:
    """True if the delivery was waiting and is ours now."""
    taken = (
        update(Delivery)
        .where(Delivery.id == delivery_id, ready())
        .values(state=SENDING, claim=claim, claimed_at=now(), attempts=Delivery.attempts + 1)
    )
    return db.execute(taken.returning(Delivery.id)).first() is not None


def _prepare(db: Session, delivery_id: int, features: base.Features) -> Claimed:
    delivery = db.get_one(Delivery, delivery_id)
    made = outgoing.outbound(db, delivery, features)
    return Claimed(delivery.id, delivery.attempts, made, features.idempotent)


def _send(connector: base.Connector[Any], claimed: Claimed) -> base.Sent | base.ChannelError:
    """One provider call, outside any transaction. What a connector raises against its contract is ambiguous."""
    try:
        return connector.send(claimed.outbound)
    except base.ChannelError as error:
        return error
    except Exception as error:
        log.exception("%s broke its contract while sending", connector.kind)
        return base.ChannelError(f"The connector failed: {type(error).__name__}.", ambiguous=True)


def _finish(db: Session, claimed: Claimed, claim: str, outcome: base.Sent | base.ChannelError) -> None:
    delivery = held(db, claimed.id)
    if isinstance(outcome, base.Sent):  # the truth, even where the sweeper gave the claim up meanwhile
        for external_id in outcome.external_ids:
            ref = DeliveryRef(
                channel_id=delivery.channel_id,
                external_id=connect.fitting(external_id, 512),
                delivery_id=delivery.id,
            )
            insert_if_new(db, ref)
        participants.note_refused(db, delivery.message_id, outcome.refused)
        if not climb(db, delivery, SENT) and outcome.refused:
            tell(db, delivery)
        return
    if delivery.claim != claim or delivery.state != SENDING:
        return  # given up meanwhile, sent again by another worker, or known to have arrived
    if outcome.ambiguous and not claimed.idempotent:
        _set(db, delivery, UNKNOWN, outcome.sentence)
    elif outcome.permanent or claimed.attempts >= MAX_ATTEMPTS:
        _set(db, delivery, FAILED, outcome.sentence)
    else:
        delivery.next_at = now() + timedelta(seconds=wait(claimed.attempts, outcome.retry_after))
        _set(db, delivery, QUEUED, outcome.sentence)


def wait(attempts: int, retry_after: float | None) -> float:
    """Seconds until the next attempt: doubling with jitter, or what the provider asked for if that is longer."""
    ours = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 16)) * random.uniform(0.8, 1.2)
    return max(ours, retry_after or 0.0)


def _cannot(delivery_id: int, claim: str, error: Exception) -> None:
    """It cannot even be prepared: said to the agent rather than tried for ever."""
    known = isinstance(error, registry.UnknownKind | vault.Unreadable | files.Missing)
    if not known:
        log.error("delivery %s could not be prepared", delivery_id, exc_info=error)
    with transaction() as db:
        delivery = held(db, delivery_id)
        if delivery.claim == claim and delivery.state == SENDING:
            _set(
                db,
                delivery,
                FAILED,
                str(error) if known else "This message could not be prepared for sending.",
            )


def held(db: Session, delivery_id: int) -> Delivery:
    """The delivery as it stands, locked after its conversation: every verb takes the two in this order."""
    message_id = db.scalars(select(Delivery.message_id).where(Delivery.id == delivery_id)).one()
    _hold_thread(db, message_id)
    return db.get_one(Delivery, delivery_id, with_for_update={"key_share": True}, populate_existing=True)


def _hold_thread(db: Session, message_id: int) -> Conversation:
    message = db.get_one(Message, message_id)
    return hold(db, db.get_one(Conversation, message.conversation_id))


def climb(db: Session, delivery: Delivery, state: str, reason: str = "", at: datetime | None = None) -> bool:
    """Let the state climb; a report of something earlier than what is known changes nothing.

    `failed` counts unless it was delivered already; a delivery that failed and is then reported delivered was.
    """
    if state == FAILED:
        if delivery.state in (DELIVERED, READ, FAILED):
            return False
        _set(db, delivery, FAILED, reason)
        return True
    known = LADDER.index(delivery.state) if delivery.state in LADDER else -1
    if state not in LADDER or LADDER.index(state) <= known or (delivery.state, state) == (FAILED, SENT):
        return False
    _set(db, delivery, state, reason)
    return True


def tell(db: Session, delivery: Delivery) -> None:
    """Something beside its state is known anew: who did not get it."""
    _set(db, delivery, delivery.state, delivery.error)


def _set(db: Session, delivery: Delivery, state: str, sentence: str) -> None:
    delivery.state, delivery.error, delivery.updated_at = state, sentence, now()
    if state in (QUEUED, UNKNOWN, FAILED):
        delivery.claim, delivery.claimed_at = "", None
    head = _hold_thread(db, delivery.message_id)
    message = db.get_one(Message, delivery.message_id)
    record(db, "delivery", head, message=message, state=state, reason=sentence)


def sweep() -> set[int]:
    """Find what was left behind: claims of dead workers, and channels with something due. Returns their ids.

    A stale claim may have reached the provider: only where the kind is idempotent is it sent again by itself.
    """
    _put_right()
    with reading() as db:
        stale = db.scalars(select(Delivery.id).where(_stale()).order_by(Delivery.id).limit(500)).all()
    for delivery_id in stale:
        with transaction() as db:
            _give_up(db, held(db, delivery_id))
    with reading() as db:
        on = select(Channel.id).where(Channel.enabled)
        due = select(Delivery.channel_id).where(ready(), Delivery.channel_id.in_(on)).distinct()
        return set(db.scalars(due))


def _put_right() -> None:
    """What a clock wrote that was ahead and has been put back since is due now, not when that time comes."""
    ahead = and_(Delivery.state == QUEUED, Delivery.updated_at > now() + AHEAD)
    with reading() as db:
        if db.scalar(select(Delivery.id).where(ahead).limit(1)) is None:
            return
    with transaction() as db:
        db.execute(update(Delivery).where(ahead).values(next_at=now(), updated_at=now()))


def _stale() -> ColumnElement[bool]:
    """Claimed too long ago, or in a future that no clock but a wrong one can have told."""
    late = or_(Delivery.claimed_at < now() - STALE, Delivery.claimed_at > now() + STALE)
    return and_(Delivery.state == SENDING, late)


def _give_up(db: Session, delivery: Delivery) -> None:
    if delivery.state != SENDING or delivery.claimed_at is None or abs(now() - delivery.claimed_at) <= STALE:
        return  # the worker lived after all
    channel = db.get_one(Channel, delivery.channel_id)
    if connect.features(channel).idempotent:
        delivery.next_at = now()  # it was due when it was claimed, by whichever clock
        _set(db, delivery, QUEUED, "")
    else:
        _set(db, delivery, UNKNOWN, "Sending was interrupted: we do not know whether it arrived.")
