"""Whether an answer of the bot helped, as the customer says below it; and what one of us says would have been right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

import bots
from app import connect, general, inbox
from app.db import insert_if_new, now
from app.events import record
from app.family import family_ids
from app.knowledge import questions
from app.models import (
    Agent,
    AnswerCorrection,
    AnswerRating,
    Channel,
    Conversation,
    Decision,
    FaqEntry,
    Identity,
    Message,
)
from app.models.conversation import BOT
from app.models.decision import ANSWERED
from bots.phrases import phrase

ONCE = timedelta(days=1)  # within this time a person is offered once


def question(db: Session, channel: Channel, decision: bots.Decision) -> dict[str, Any]:
    """What goes into the context of an answer that is to be rated: {"rate": the language to ask in}; {} for what is no
    answer to anything, and where nobody is asked."""
    answers = decision.action == "answer" and (decision.entry_id or decision.rule_id)
    return {"rate": decision.language} if answers and _asks(db, channel) else {}


def _asks(db: Session, channel: Channel) -> bool:
    can, where = connect.features(channel), general.rating_asked(db)
    return can.rates and (where == general.EVERYWHERE or (where == general.CHAT and can.live))


def labels(message: Message) -> tuple[str, str] | tuple[()]:
    """(yes, no) as they stand on the buttons below an answer; () where its reader is not asked."""
    language = message.context.get("rate")
    if not isinstance(language, str) or message.removed_at:
        return ()
    return phrase("helped_yes", language), phrase("helped_no", language)


def rate(db: Session, channel: Channel, identity: Identity, message: Message, helped: bool) -> bool:
    """The customer's word on an answer they got; the last one holds. After a no a person is offered, once. Whether
    anything changed."""
    head = inbox.hold(db, db.get_one(Conversation, message.conversation_id))
    decision = db.scalar(select(Decision).where(Decision.reply_id == message.id).limit(1))
    if decision is None or "rate" not in message.context or message.removed_at:
        return False
    row = db.get(AnswerRating, message.id)
    if row is not None and row.helped == helped:
        return False
    if row is None:
        row = AnswerRating(
            message_id=message.id, decision_id=decision.id, identity_id=identity.id, helped=helped
        )
        if not insert_if_new(db, row):
            row = db.get_one(AnswerRating, message.id)
    row.helped, row.at = helped, now()
    db.flush()
    record(db, "answer.rated", head, actor="customer", message=message, helped=helped)
    if not helped and _may_offer(db, head):
        row.person_at = now()
        _offer(db, channel, identity, head, message)
    return True


def of(db: Session, message_ids: Sequence[int]) -> dict[int, bool]:
    """What was said of these answers: message id → whether it helped."""
    if not message_ids:
        return {}
    rows = select(AnswerRating.message_id, AnswerRating.helped).where(
        AnswerRating.message_id.in_(message_ids)
    )
    return {row.message_id: row.helped for row in db.execute(rows)}


def _may_offer(db: Session, head: Conversation) -> bool:
    """Nobody is asked twice, and nobody who has a person already."""
    if head.owner != BOT:
        return False
    lately = (
        select(AnswerRating.message_id)
        .join(Decision, Decision.id == AnswerRating.decision_id)
        .where(Decision.conversation_id.in_(family_ids(db, head)), AnswerRating.person_at > now() - ONCE)
    )
    return db.scalar(lately.limit(1)) is None


def _offer(db: Session, channel: Channel, identity: Identity, head: Conversation, message: Message) -> None:
    language = str(message.context["rate"])
    inbox.bot_reply(
        db,
        head,
        identity,
        channel,
        head.owner_epoch,
        phrase("no_help", language),
        quick_replies=(phrase("chip_person", language),),
    )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was said of an answer: by the customer, whether it helped (None: nothing); by one of us, whether it was
    wrong, and the title of the entry that would have been right ("": none)."""

    helped: bool | None = None
    wrong: bool = False
    right: str = ""


def judgements(db: Session, message_ids: Sequence[int]) -> dict[int, Judgement]:
    """What was said of these answers, in one query; those of which nothing was are left out."""
    if not message_ids:
        return {}
    rows = db.execute(_JUDGED, {"ids": list(message_ids)})
    return {
        row.reply_id: Judgement(row.helped, row.decision_id is not None, row.title or "")
        for row in rows
        if row.helped is not None or row.decision_id is not None
    }


_JUDGED = (
    select(Decision.reply_id, AnswerRating.helped, AnswerCorrection.decision_id, FaqEntry.title)
    .outerjoin(AnswerRating, AnswerRating.message_id == Decision.reply_id)
    .outerjoin(AnswerCorrection, AnswerCorrection.decision_id == Decision.id)
    .outerjoin(FaqEntry, FaqEntry.id == AnswerCorrection.entry_id)
    .where(Decision.reply_id.in_(bindparam("ids", expanding=True)))
)


def decision_of(db: Session, message: Message) -> Decision | None:
    """What the bot decided where `message` is its answer, or what was asked."""
    of_it = or_(Decision.reply_id == message.id, Decision.message_id == message.id)
    return db.scalars(select(Decision).where(of_it).limit(1)).first()


def correct(db: Session, agent: Agent, message: Message, entry_id: int | None) -> None:
    """`agent` says which entry answers what was asked (None: none does). The words become a test question, and the
    answer counts as wrong unless it was that entry's. Raises `knowledge.Invalid`."""
    decision = decision_of(db, message)
    asked = str(decision.detail.get("question", "")) if decision else ""
    questions.label(db, agent, asked, entry_id, origin="thread")
    assert decision is not None  # without words nothing is labelled
    head = inbox.hold(db, db.get_one(Conversation, message.conversation_id))
    row = db.get(AnswerCorrection, decision.id)
    if decision.outcome == ANSWERED and decision.entry_id == entry_id:
        if row is not None:
            db.delete(row)
    elif row is None:
        insert_if_new(db, AnswerCorrection(decision_id=decision.id, entry_id=entry_id, agent_id=agent.id))
    else:
        row.entry_id, row.agent_id, row.at = entry_id, agent.id, now()
    db.flush()
    record(db, "answer.corrected", head, agent=agent, message=message, entry_id=entry_id)
