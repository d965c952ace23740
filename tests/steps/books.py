"""What must hold after every crash, however far it came: each finding raises AssertionError."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import search, verify
from app.db import as_of, now, reading
from app.models import Agent, Case, Conversation, Customer, Delivery, Event, Message, RawReceipt
from app.models.delivery import DELIVERED, QUEUED, SENDING, SENT, UNKNOWN
from app.models.message import INBOUND, OUTBOUND
from tests.steps import journeys
from tests.steps.journeys import Journey


def check(journey: Journey, case: journeys.Case) -> None:
    """One message, one conversation, one case; what was said to the customer said once; nothing left behind."""
    with reading() as db:
        said = _said(db, case)
        head = db.get_one(Conversation, said.conversation_id)
        _single(db, head)
        answers = _to_the_customer(db, head)
        _answered_once(journey, case, answers)
        for message in answers:
            _arrived_once(db, journey, case, message)
        _nothing_left(db, case)
        _chain(db, head)
        _found(db, case, head, said)


def check_all() -> None:
    """The recount of the whole database, as of ten minutes later: by then nothing may be on its way."""
    with as_of(now() + timedelta(minutes=10)), reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def _said(db: Session, case: journeys.Case) -> Message:
    mine = select(Message).where(Message.kind == INBOUND, Message.text == case.text)
    found = db.scalars(mine).all()
    assert len(found) == 1, f"the customer's message is there {len(found)} times"
    return found[0]


def _single(db: Session, head: Conversation) -> None:
    assert head.head_id == head.id
    cases = db.scalars(select(Case).filter_by(conversation_id=head.id)).all()
    assert len(cases) == 1, f"one matter became {len(cases)} cases"
    customer = db.get_one(Customer, head.customer_id)
    own = db.scalars(select(Conversation).filter_by(customer_id=customer.id)).all()
    assert len(own) == 1


def _to_the_customer(db: Session, head: Conversation) -> Sequence[Message]:
    return db.scalars(
        select(Message).filter_by(conversation_id=head.id, kind=OUTBOUND).order_by(Message.id)
    ).all()


def _answered_once(journey: Journey, case: journeys.Case, answers: Sequence[Message]) -> None:
    by_bot = [one for one in answers if one.author == "bot"]
    assert len(by_bot) == journey.bot, f"the bot answered {len(by_bot)} times"
    by_agent = [one for one in answers if one.author == "agent"]
    assert [one.text for one in by_agent] == [case.answer] * journey.replied


def _arrived_once(db: Session, journey: Journey, case: journeys.Case, message: Message) -> None:
    """Once by its key; or, where the provider knows no keys, at most once and said to be unknown if in doubt."""
    delivery = db.scalars(select(Delivery).filter_by(message_id=message.id)).one()
    if journey.kind == "webchat":
        assert delivery.state == SENT, delivery.state
        return
    taken = case.partner.taken(case.answer) if message.author == "agent" else None
    final: tuple[str, ...] = (DELIVERED,) if message.author == "agent" else (SENT,)
    if case.hasty:  # then what it told was of something we did not know
        final = (DELIVERED, SENT)
    if journey.kind == "letter":
        assert taken is not None
        assert len(taken) <= 1, "sent twice to one who cannot tell that it is the same"
        assert delivery.state in ((*final, UNKNOWN) if taken else (UNKNOWN,)), delivery.state
        return
    assert delivery.state in final, delivery.state
    if taken is not None:
        assert set(taken) == {f"m{message.id}"}, taken


def _nothing_left(db: Session, case: journeys.Case) -> None:
    moving = select(Delivery.id).where(
        Delivery.channel_id == case.channel.id, Delivery.state.in_((QUEUED, SENDING))
    )
    assert not db.scalars(moving).all(), "a delivery was left behind"
    unread = select(RawReceipt).where(RawReceipt.channel_id == case.channel.id, RawReceipt.state != "parsed")
    assert not [(one.state, one.error) for one in db.scalars(unread)], "a stored request was not read"


def _chain(db: Session, head: Conversation) -> None:
    before = 0
    for event in db.scalars(select(Event).filter_by(conversation_id=head.id).order_by(Event.id)):
        assert event.prev_id == before, f"event {event.id} follows {event.prev_id}, not {before}"
        before = event.id
    assert head.last_event_id == before


def _found(db: Session, case: journeys.Case, head: Conversation, said: Message) -> None:
    hits = search.search(db, db.get_one(Agent, case.agent.agent.id), case.word).hits
    assert said.id in [hit.message_id for hit in hits], "search does not find it"
    assert {hit.conversation_id for hit in hits} == {head.id}
