"""What became of a sending, written down: sent, tried again later, failed, or not known."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import connect
from app.db import insert_missing, now, passing, transaction
from app.deliver.claiming import Claimed
from app.deliver.standing import climbs, hold_thread, may_have_arrived, news, put
from app.events import record_all
from app.inbox import arrived, hold_all, participants, ways
from app.models import Channel, Conversation, Delivery, DeliveryRef, Identity, Message
from app.models.channel import ACTION, REAUTHORISE, WORKS
from app.models.delivery import FAILED, QUEUED, SENDING, SENT, UNKNOWN
from app.text import clean
from channels import base

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 35  # about a day with the back-off below
FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0  # seconds
ADMIN_WAIT = 900.0  # seconds a channel rests where only an admin can help, if nobody helps it before
LONGEST_REST = timedelta(days=1)  # older than this, a message that waits for its channel has failed
REFUSED = "The last attempt was refused, but an earlier one may have arrived."
TRIES = 4  # of writing one outcome down

Outcome = base.Sent | base.ChannelError


def finish(outcomes: Sequence[tuple[Claimed, Outcome]]) -> None:
    """Write down what became of them, together; where the database asks for another try, each by itself."""
    try:
        _write(outcomes)
    except SQLAlchemyError as error:
        if not passing(error):
            raise
        log.info("%s outcomes are written one by one: %s", len(outcomes), error)
        for one in outcomes:
            _insist(one)


def _insist(outcome: tuple[Claimed, Outcome]) -> None:
    """What a provider told is told once: a deadlock does not cost it."""
    for _ in range(TRIES - 1):
        try:
            return _write([outcome])
        except SQLAlchemyError as error:
            if not passing(error):
                raise
    _write([outcome])


def _write(outcomes: Sequence[tuple[Claimed, Outcome]]) -> None:
    with transaction() as db:
        ids = [claimed.id for claimed, _ in outcomes]
        about = select(Delivery.id, Message, Conversation).join(Message, Message.id == Delivery.message_id)
        about = about.join(Conversation, Conversation.id == Message.conversation_id)
        rows = {row.id: row for row in db.execute(about.where(Delivery.id.in_(ids)))}
        heads = dict(zip(rows, hold_all(db, [row.Conversation for row in rows.values()]), strict=True))
        deliveries = _lock(db, ids)
        insert_missing(db, DeliveryRef, [ref for one in outcomes for ref in _refs(deliveries, *one)])
        happened = []
        for one, outcome in outcomes:
            if _became(db, deliveries[one.id], one, outcome):
                about_it = deliveries[one.id], heads[one.id], rows[one.id].Message
                happened.append(news(*about_it, uncertain=_is_uncertain(outcome)))
                arrived(db, heads[one.id], rows[one.id].Message, deliveries[one.id].state)
        record_all(db, happened)
        if any(isinstance(outcome, base.Sent) for _, outcome in outcomes):
            _works_again(db.get_one(Channel, deliveries[ids[0]].channel_id))


def _lock(db: Session, delivery_ids: Sequence[int]) -> dict[int, Delivery]:
    """The deliveries as they stand. Their conversations are held: every verb takes the two in this order."""
    mine = select(Delivery).where(Delivery.id.in_(delivery_ids)).order_by(Delivery.id)
    fresh = mine.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {one.id: one for one in db.scalars(fresh)}


def _refs(deliveries: Mapping[int, Delivery], claimed: Claimed, outcome: Outcome) -> Iterator[dict[str, Any]]:
    """The provider's ids for what was sent, as rows."""
    mine = deliveries[claimed.id]
    for id in outcome.external_ids if isinstance(outcome, base.Sent) else ():
        external_id = connect.fitting(id, 512)
        yield {"channel_id": mine.channel_id, "external_id": external_id, "delivery_id": mine.id}


def _is_uncertain(outcome: Outcome) -> bool:
    return isinstance(outcome, base.ChannelError) and outcome.ambiguous


def _became(db: Session, delivery: Delivery, claimed: Claimed, outcome: Outcome) -> bool:
    """Whether there is something to tell of it."""
    if isinstance(outcome, base.Sent):  # the truth, even where the sweeper gave the claim up meanwhile
        refused = {**claimed.left_out, **outcome.refused}
        participants.note_refused(db, delivery.message_id, refused)
        return climbs(delivery, SENT) or bool(refused)
    if delivery.claim != claimed.claim or delivery.state != SENDING:
        return False  # it was given up meanwhile, sent again by another worker, or is known to have arrived
    _not_sent(db, delivery, claimed, outcome)
    return True


def _not_sent(db: Session, delivery: Delivery, claimed: Claimed, error: base.ChannelError) -> None:
    if error.unreachable:
        ways.unreach(db, db.get_one(Identity, delivery.identity_id), error.sentence)
    if error.ambiguous and (error.permanent or not claimed.connector.features.idempotent):
        put(delivery, UNKNOWN, error.sentence)
    elif error.everybody:
        _rest(db, delivery, error)
    elif error.permanent or claimed.attempts >= MAX_ATTEMPTS:
        _give_in(db, delivery, error)
    else:
        delivery.next_at = now() + timedelta(seconds=wait(claimed.attempts, error.retry_after))
        put(delivery, QUEUED, error.sentence)


def _rest(db: Session, delivery: Delivery, error: base.ChannelError) -> None:
    """It is not about this message: all of the channel waits, a day at most."""
    channel = db.get_one(Channel, delivery.channel_id)
    rest = error.retry_after or (ADMIN_WAIT if error.permanent else wait(delivery.attempts, None))
    channel.rests_until = delivery.next_at = now() + timedelta(seconds=rest)
    if error.permanent:
        channel.health = REAUTHORISE if error.reauthorise else ACTION
        channel.health_text, channel.health_at = clean(str(error))[:2000], now()
    if now() - db.get_one(Message, delivery.message_id).sent_at > LONGEST_REST:
        _give_in(db, delivery, error)
    else:
        delivery.attempts -= 1
        put(delivery, QUEUED, error.sentence)


def _give_in(db: Session, delivery: Delivery, error: base.ChannelError) -> None:
    """It is tried no more. It has failed, unless the answer to one of the attempts was lost."""
    if error.ambiguous:
        put(delivery, UNKNOWN, error.sentence)
    elif may_have_arrived(db, hold_thread(db, delivery.message_id), delivery):
        put(delivery, UNKNOWN, REFUSED)
    else:
        put(delivery, FAILED, error.sentence)


def _works_again(channel: Channel) -> None:
    if channel.rests_until is not None and channel.rests_until <= now():
        channel.rests_until = None
        if channel.health in (ACTION, REAUTHORISE):
            channel.health, channel.health_text, channel.health_at = WORKS, "", now()


def wait(attempts: int, retry_after: float | None) -> float:
    """Seconds until the next attempt: doubling with jitter, or what the provider asked for if that is longer."""
    ours = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 16)) * random.uniform(0.8, 1.2)
    return max(ours, retry_after or 0.0)
