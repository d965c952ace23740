"""The one door out: deliveries are claimed, sent outside any transaction, and their outcome written down.

``drain`` is what a wake-up runs. Two workers may drain one channel at once: the claim is a conditional update,
so each delivery is sent by one of them. Several are on their way at a time, never two to one recipient.
"""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from app import connect, family, files, jobs, outgoing, rates, vault
from app.db import insert_missing, now, passing, reading, remembered, transaction
from app.events import Happening, record_all
from app.inbox import hold, hold_all, participants, ways
from app.models import (
    Agent,
    Channel,
    Conversation,
    Customer,
    Delivery,
    DeliveryRef,
    Event,
    Identity,
    Message,
)
from app.models.channel import ACTION, REAUTHORISE, WORKS
from app.models.delivery import DELIVERED, FAILED, LADDER, QUEUED, READ, SENDING, SENT, UNKNOWN
from app.text import clean
from channels import base, registry

log = logging.getLogger(__name__)

ABREAST = 32  # on their way at a time, in one worker; a provider far away answers after a quarter second
NEWEST = 4  # of a long queue one in so many is taken from its end: who is written to now is there now
TURN = 2.0  # seconds a channel has the worker to itself while others wait
LONGEST_TURN = 120.0  # seconds, whoever waits; RQ ends a job after 300 in the middle of whatever it does
MAX_ATTEMPTS = 12  # about a day with the back-off below
FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0  # seconds
ADMIN_WAIT = 900.0  # seconds a channel rests where only an admin can help, if nobody helps it before
LONGEST_REST = timedelta(days=1)  # older than this, a message that waits for its channel has failed
LAPSED = "An earlier attempt may have arrived, and the platform no longer knows which it was."
REFUSED = "The last attempt was refused, but an earlier one may have arrived."
TRIES = 4  # of writing one outcome down
STALE = timedelta(minutes=2)  # a claim older than this belongs to a worker that died
AHEAD = timedelta(seconds=5)  # the clocks of two machines may differ by so much


@dataclass(frozen=True)
class Claimed:
    """A delivery this worker holds, with everything needed to send it without the database."""

    id: int
    claim: str
    attempts: int
    connector: base.Connector[Any]
    outbound: base.Outbound
    lapsed: bool = False


Outcome = base.Sent | base.ChannelError


def drain(channel_id: int) -> int:
    """Send what is due on a channel; returns how many were sent or tried.

    Told to stop, it claims no more and sees through what is on its way; the clock rings for the rest, as it does for
    what has to wait because the provider takes only so many a second. So it does when its turn is over; then it rings
    itself, behind the other channels.
    """
    jobs.woken(channel_id)
    tried, most, turn = 0, _a_second(channel_id), _Turn()
    flying: dict[Future[Outcome], Claimed] = {}
    with ThreadPoolExecutor(ABREAST, thread_name_prefix="deliver") as pool:
        while True:
            try:
                claims = {} if turn.over() else _take(channel_id, ABREAST - len(flying), most)
                prepared = _prepared(channel_id, claims) if claims else []
            except SQLAlchemyError:
                _see_through(flying)
                raise
            tried += len(claims)
            flying |= {pool.submit(copy_context().run, _send, one): one for one in prepared}
            if flying:
                done, _ = wait_for(flying, return_when=FIRST_COMPLETED)
                _finish([(flying.pop(one), one.result()) for one in done])
            elif not claims:
                turn.pass_on(channel_id)
                return tried


def _see_through(flying: Mapping[Future[Outcome], Claimed]) -> None:
    """The database refused more work: what the provider says of what is on its way is written down all the same."""
    done, _ = wait_for(flying)
    if done:
        _finish([(flying[one], one.result()) for one in done])


class _Turn:
    """How long a channel has the worker: others are not to wait for a long queue, and RQ is not to end the job."""

    def __init__(self) -> None:
        self.began = self.asked = time.monotonic()
        self.ended = False

    def over(self) -> bool:
        """Whether no more is to be claimed."""
        at = time.monotonic()
        if at - self.asked >= TURN:
            self.asked = at
            self.ended = self.ended or at - self.began >= LONGEST_TURN or jobs.others_wait()
        return self.ended or jobs.stopping.is_set()

    def pass_on(self, channel_id: int) -> None:
        """Ring for what is left, if it was ended."""
        if self.ended:
            with suppress(jobs.Away):  # then the clock does it
                jobs.wake_channel(channel_id)


def _a_second(channel_id: int) -> int | None:
    """How many the provider takes in a second, if it says."""
    with reading() as db:
        return connect.features(db.get_one(Channel, channel_id)).per_second


def _take(channel_id: int, room: int, most: int | None = None) -> dict[int, str]:
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


def _prepared(channel_id: int, claims: Mapping[int, str]) -> list[Claimed]:
    """Everything needed to send them; what cannot be prepared is told, and not tried for ever."""
    found: list[Claimed] = []
    failed: dict[int, Exception] = {}
    with reading() as db:
        channel = db.get_one(Channel, channel_id)
        rows = _rows(db, list(claims))
        outgoing.look_up(db, channel, [row.Delivery for row in rows])
        for row in rows:
            id = row.Delivery.id
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
    wanted = (
        select(Delivery, Message, Conversation, Customer, Identity, Agent)
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
    cut_off = (
        delivery.attempts > 1 and not delivery.error
    )  # every outcome leaves its words, the sweeper leaves none
    made = replace(made, interrupted=cut_off)
    lapsed = delivery.attempts > 1 and _key_is_over(db, delivery, connector.features.key_lasts)
    return Claimed(delivery.id, word, delivery.attempts, connector, made, lapsed)


def _key_is_over(db: Session, delivery: Delivery, lasts: timedelta | None) -> bool:
    """Whether the provider may have forgotten the key of an earlier attempt, and would take the message twice."""
    return lasts is not None and now() - db.get_one(Message, delivery.message_id).created_at > lasts


def _send(claimed: Claimed) -> Outcome:
    """One provider call, outside any transaction. What a connector raises against its contract is ambiguous."""
    if claimed.lapsed:
        return base.ChannelError(LAPSED, permanent=True, ambiguous=True)
    try:
        return claimed.connector.send(claimed.outbound)
    except base.ChannelError as error:
        return error
    except Exception as error:
        log.exception("%s broke its contract while sending", claimed.connector.kind)
        return base.ChannelError(f"The connector failed: {type(error).__name__}.", ambiguous=True)


def _finish(outcomes: Sequence[tuple[Claimed, Outcome]]) -> None:
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
        news = [
            _news(deliveries[one.id], heads[one.id], rows[one.id].Message, uncertain=_is_uncertain(outcome))
            for one, outcome in outcomes
            if _became(db, deliveries[one.id], one, outcome)
        ]
        record_all(db, news)
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
        participants.note_refused(db, delivery.message_id, outcome.refused)
        return _climbs(delivery, SENT) or bool(outcome.refused)
    if delivery.claim != claimed.claim or delivery.state != SENDING:
        return False  # it was given up meanwhile, sent again by another worker, or is known to have arrived
    _not_sent(db, delivery, claimed, outcome)
    return True


def _not_sent(db: Session, delivery: Delivery, claimed: Claimed, error: base.ChannelError) -> None:
    if error.unreachable:
        ways.unreach(db, db.get_one(Identity, delivery.identity_id), error.sentence)
    if error.ambiguous and (error.permanent or not claimed.connector.features.idempotent):
        _put(delivery, UNKNOWN, error.sentence)
    elif error.everybody:
        _rest(db, delivery, error)
    elif error.permanent or claimed.attempts >= MAX_ATTEMPTS:
        _give_in(db, delivery, error)
    else:
        delivery.next_at = now() + timedelta(seconds=wait(claimed.attempts, error.retry_after))
        _put(delivery, QUEUED, error.sentence)


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
        _put(delivery, QUEUED, error.sentence)


def _give_in(db: Session, delivery: Delivery, error: base.ChannelError) -> None:
    """It is tried no more. It has failed, unless the answer to one of the attempts was lost."""
    if error.ambiguous:
        _put(delivery, UNKNOWN, error.sentence)
    elif _may_have_arrived(db, delivery):
        _put(delivery, UNKNOWN, REFUSED)
    else:
        _put(delivery, FAILED, error.sentence)


def _may_have_arrived(db: Session, delivery: Delivery) -> bool:
    """Whether it was put back into the line although nobody knew, since somebody last asked for it to be sent."""
    thread = family.family_ids(db, _hold_thread(db, delivery.message_id))
    told = select(Event.kind, Event.data).where(
        Event.conversation_id.in_(thread),
        Event.message_id == delivery.message_id,
        Event.kind.in_(("delivery", "delivery.retried")),
    )
    for kind, data in db.execute(told.order_by(Event.id.desc())):
        if kind == "delivery.retried":
            return False
        if data.get("uncertain"):
            return True
    return False


def _works_again(channel: Channel) -> None:
    if channel.rests_until is not None and channel.rests_until <= now():
        channel.rests_until = None
        if channel.health in (ACTION, REAUTHORISE):
            channel.health, channel.health_text, channel.health_at = WORKS, "", now()


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
    climbed = _climbs(delivery, state, reason)
    if climbed:
        tell(db, delivery)
    return climbed


def _climbs(delivery: Delivery, state: str, reason: str = "") -> bool:
    if state == FAILED:
        higher = delivery.state not in (DELIVERED, READ, FAILED)
    else:
        known = LADDER.index(delivery.state) if delivery.state in LADDER else -1
        higher = state in LADDER and LADDER.index(state) > known and (delivery.state, state) != (FAILED, SENT)
    if higher:
        _put(delivery, state, reason)
    return higher


def tell(db: Session, delivery: Delivery, *, uncertain: bool = False) -> None:
    """Something is known anew of it: how far it came, who did not get it."""
    delivery.updated_at = now()
    head = _hold_thread(db, delivery.message_id)
    message = db.get_one(Message, delivery.message_id)
    record_all(db, [_news(delivery, head, message, uncertain=uncertain)])


def _set(db: Session, delivery: Delivery, state: str, sentence: str) -> None:
    _put(delivery, state, sentence)
    tell(db, delivery)


def _put(delivery: Delivery, state: str, sentence: str) -> None:
    delivery.state, delivery.error, delivery.updated_at = state, sentence, now()
    if state in (QUEUED, UNKNOWN, FAILED):
        delivery.claim, delivery.claimed_at = "", None


def _news(delivery: Delivery, head: Conversation, message: Message, *, uncertain: bool = False) -> Happening:
    """`uncertain`: it is sent again under its key, and nobody knows whether it arrived before."""
    told: dict[str, Any] = {"state": delivery.state, "reason": delivery.error}
    again = {"uncertain": True} if uncertain and delivery.state == QUEUED else {}
    return Happening("delivery", head, message=message, data={**told, **again})


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
        return set(db.scalars(select(Delivery.channel_id).where(ready(), channel_is_open()).distinct()))


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
        _put(delivery, QUEUED, "")
        tell(db, delivery, uncertain=True)
    else:
        _set(db, delivery, UNKNOWN, "Sending was interrupted: we do not know whether it arrived.")
