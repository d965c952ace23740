"""A decision as it is stored: what was asked, what the bot was told besides, what it weighed and what it had to do
without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app.bot import hearing
from app.models import Conversation, Decision, Message

BATCH = 500  # messages looked for at once


def store(db: Session, head: Conversation, epoch: int, heard: hearing.Heard, known: bots.Book) -> Decision:
    """Keep what was decided, by what was `known`, with all that explains it."""
    message, question, decision = heard.said[-1], heard.question, heard.decision
    asked = question.text if heard.together else message.text
    told = {**asdict(decision), "question": asked[:2000], "before": _before(question)}
    if heard.together:
        told["together"] = list(heard.together)
    if heard.adds_to is not None:
        told["adds_to"] = heard.adds_to
    if known.lacking:
        told["without_model"] = known.lacking
    stored = Decision(
        conversation_id=head.id,
        message_id=message.id,
        channel_id=message.channel_id,
        version=decision.version,
        epoch=epoch,
        action=decision.action,
        entry_id=decision.entry_id,
        rule_id=decision.rule_id,
        score=decision.score,
        detail=plain(told),
    )
    db.add(stored)
    db.flush()
    return stored


def whole(text: str, question: str) -> str:
    """What was decided on with a message of this `text`: the words it was answered together with come before its own in
    the `question` as it was asked."""
    return question if question.endswith(f"\n{text}") else text


def words(db: Session, messages: Sequence[int]) -> dict[int, str]:
    """What was asked with these messages, by their ids; nothing of those that were taken back."""
    said: dict[int, str] = {}
    question = Decision.detail["question"].as_string()
    for start in range(0, len(messages), BATCH):
        rows = (
            select(Message.id, Message.text, question)
            .outerjoin(Decision, Decision.message_id == Message.id)
            .where(Message.id.in_(messages[start : start + BATCH]), Message.removed_at.is_(None))
        )
        said |= {id: whole(text, asked or "") for id, text, asked in db.execute(rows) if text}
    return said


def _before(question: bots.Question) -> dict[str, Any]:
    """What the bot was told besides the words: with it the same can be asked again of another book. What is noted of
    the customer and the page they were on are not copied; `in_form`: it was no question, but said in a form."""
    where = question.situation
    return {
        "language": question.language,
        "misses": question.misses,
        "asked": list(question.asked),
        "earlier": [asdict(one) for one in question.earlier],
        "in_form": question.flow is not None,
        "situation": {
            "channel": where.channel,
            "kind": where.kind,
            "on": where.on.isoformat() if where.on else None,
            "open": where.open,
            "signed_in": where.signed_in,
            "labels": sorted(where.labels),
        },
    }


def plain(detail: dict[str, Any]) -> dict[str, Any]:
    """Without what stands in columns of its own, and with lists for tuples."""
    for name in ("version", "action", "entry_id", "rule_id", "score"):
        detail.pop(name)
    return detail
