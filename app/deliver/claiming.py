"""Which deliveries are due, whose turn they are, and everything needed to send them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from app import connect, files, outgoing, rates, vault
from app.db import now, reading, remembered, transaction
from app.deliver.standing import become, held, may_have_arrived
from app.family import head_of
from app.inbox import Refused, consents
from app.models import Agent, Channel, Conversation, Customer, Delivery, Identity, Message
from app.models.delivery import FAILED, QUEUED, SENDING
from channels import base, registry

log = logging.getLogger(__name__)
STALE = timedelta(minutes=2)  # a claim older than this belongs to a worker that died: see `keep`
NEWEST = 4  # of a long queue one in so many is taken from its end: who is written to now is there now


@dataclass(frozen=True)
class Claimed:
    """A delivery this worker holds, with everything needed to send it without the database."""

    id: int
    claim: str
    attempts: int
    connector: base.Connector[Any]
    outbound: base.Outbound
    lapsed: bool = False
    left_out: Mapping[str, str] = field(
        default_factory=dict
    )  # address of a copy → why none goes there any more


def take(channel_id: int, room: int, most: int | None = None) -> dict[int, str]:
    """Claim what is due, as many as there is room for and the provider takes (`most` a second); delivery → our word
    in its claim."""
    ids = _due(channel_id, room)
    if ids and most:
        ids = ids[: rates.let(f"deliver:{channel_id}", len(ids), most, 1.0)]
    if not ids:
        return {}
    word = secrets.token_hex(8)
    with transaction() as db:
        return dict.fromkeys(_claim(db, ids, word), word)


def _due(channel_id: int, room: int) -> list[int]:
    """So many of those that are due, the oldest first; of a long queue some of the newest as well.

    *Trap:* in the order of the index, so that however many wait, only these are looked at.
    """
    due = select(Delivery.id).where(Delivery.channel_id == channel_id, ready(), channel_is_open())
    newest = due.order_by(Delivery.next_at.desc(), Delivery.id.desc()).limit(room // NEWEST)
    with reading() as db:
        ids = list(db.scalars(due.order_by(Delivery.next_at, Delivery.id).limit(room)))
        if len(ids) < max(room, NEWEST):
            return ids
        late = [id for id in db.scalars(newest) if id not in ids]
    return ids[: room - len(late)] + late


def _claim(db: Session, delivery_ids: Sequence[int], word: str) -> Sequence[int]:
    """Those that were waiting, and are ours now."""
    taken = (
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), ready())
        .values(state=SENDING, claim=word, claimed_at=now(), attempts=Delivery.attempts + 1)
    )
    return db.scalars(taken.returning(Delivery.id)).all()


def keep(claims: Mapping[int, str]) -> None:
    """These are still on their way: nobody is to take them for a dead worker's. *Trap:* a mail server may take minutes
    over one mail, and what is sent anew beside it arrives twice."""
    mine = Delivery.id.in_(claims), Delivery.claim.in_(set(claims.values())), Delivery.state == SENDING
    with transaction() as db:
        db.execute(update(Delivery).where(*mine).values(claimed_at=now()))


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


def channel_is_open(at: datetime | None = None) -> ColumnElement[bool]:
    """The channel is on, and its provider did not ask to be left alone until later."""
    rested = or_(Channel.rests_until.is_(None), Channel.rests_until <= (at or now()))
    return Delivery.channel_id.in_(select(Channel.id).where(Channel.enabled, rested))


def prepared(channel_id: int, claims: Mapping[int, str]) -> list[Claimed]:
    """Everything needed to send them; what cannot be prepared is told, and not tried for ever."""
    found: list[Claimed] = []
    failed: dict[int, Exception] = {}
    with reading() as db:
        channel = db.get_one(Channel, channel_id)
        rows = _rows(db, list(claims))
        outgoing.look_up(db, channel, [row.Delivery for row in rows])
        for row in rows:
            id = row.Delivery.id
            if not consents.may_go(db, row.Delivery, row.agreed):
                failed[id] = Refused(consents.STOPPED)
                continue
            try:
                found.append(_prepare(db, channel, row.Delivery, claims[id]))
            except SQLAlchemyError:
                raise  # the database is away: the sweeper gives the claims back
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                failed[id] = error
        del rows  # they were to be at hand until here: the session forgets what nobody holds
    for id, reason in failed.items():
        _cannot(id, claims[id], reason)
    return found


def _rows(db: Session, delivery_ids: Sequence[int]) -> Sequence[Any]:
    """What their sending is about, read at once. As long as it is held, the session asks for none of it again."""
    agreed = consents.said_last(
        Delivery.identity_id, Channel.kind, Delivery.channel_id, Delivery.purpose
    ).label("agreed")
    wanted = (
        select(Delivery, Message, Conversation, Customer, Identity, Agent, agreed)
        .join(Channel, Channel.id == Delivery.channel_id)
        .join(Message, Message.id == Delivery.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Customer, Customer.id == Conversation.customer_id)
        .outerjoin(Identity, Identity.id == Delivery.identity_id)
        .outerjoin(Agent, Agent.id == Message.agent_id)
    )
    return db.execute(wanted.where(Delivery.id.in_(delivery_ids)).order_by(Delivery.id)).all()


def _prepare(db: Session, channel: Channel, delivery: Delivery, word: str) -> Claimed:
    connector = remembered(db, "connector", lambda: connect.connector(channel))
    made = outgoing.outbound(db, delivery, connector.features)
    again = delivery.attempts > 1
    cut_off = again and not delivery.error  # every outcome leaves its words, the sweeper leaves none
    lapsed = again and _would_double(db, delivery, connector.features.key_lasts)
    gone = consents.unwilling_copies(db, channel, delivery.purpose, made.others) if made.others else ()
    made = replace(
        made, interrupted=cut_off, others=tuple(one for one in made.others if one.address not in gone)
    )
    left_out = dict.fromkeys(gone, consents.LEFT_OUT)
    return Claimed(delivery.id, word, delivery.attempts, connector, made, lapsed, left_out)


def _would_double(db: Session, delivery: Delivery, lasts: timedelta | None) -> bool:
    """Whether an earlier attempt may have arrived, and the provider may have forgotten its key since."""
    message = db.get_one(Message, delivery.message_id)
    if lasts is None or now() - message.created_at <= lasts:
        return False
    return may_have_arrived(db, head_of(db, db.get_one(Conversation, message.conversation_id)), delivery)


def _cannot(delivery_id: int, claim: str, error: Exception) -> None:
    """It cannot even be prepared: said to the agent rather than tried for ever."""
    known = isinstance(error, registry.UnknownKind | vault.Unreadable | files.Missing | Refused)
    if not known:
        log.error("delivery %s could not be prepared", delivery_id, exc_info=error)
    with transaction() as db:
        delivery = held(db, delivery_id)
        if delivery.claim == claim and delivery.state == SENDING:
            become(
                db,
                delivery,
                FAILED,
                str(error) if known else "This message could not be prepared for sending.",
            )
