"""What came of what the bot decided: what it said before, what was really said now, and whether that was the end."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app import connect
from app.db import now
from app.family import family_ids
from app.inbox.outcomes import of_no_more_help
from app.models import Channel, Conversation, Decision, Message
from app.models.decision import ANSWERED, ASKED, COURTESY, FORM, HANDED_OVER, QUIET, UNKNOWN

REMEMBERED = timedelta(hours=1)  # what was said longer ago may be said again
INTRODUCED = timedelta(days=1)  # for so long a customer knows that a bot answers
TURNS = 8  # as many of its turns the bot remembers
QUIET_ACTIONS = ("label", "silent")  # decisions with nothing to say

_OUTCOMES = {"ask": ASKED, "unknown": UNKNOWN}


def earlier(db: Session, head: Conversation) -> tuple[bots.Earlier, ...]:
    """What the bot said lately in this thread since it was handed it, oldest first."""
    rows = db.execute(
        select(Decision.action, Decision.entry_id, Decision.rule_id, Decision.detail)
        .where(
            Decision.conversation_id == head.id,
            Decision.epoch == head.owner_epoch,
            Decision.reply_id.is_not(None),
            Decision.made_at > now() - REMEMBERED,
        )
        .order_by(Decision.id.desc())
        .limit(TURNS)
    ).all()
    return tuple(
        bots.Earlier(
            cast(bots.Action, action),
            entry,
            rule,
            detail.get("phrase"),
            tuple(detail.get("asked", ())),
            tuple(detail.get("also", ())),
        )
        for action, entry, rule, detail in reversed(rows)
    )


def settle(
    db: Session,
    head: Conversation,
    stored: Decision,
    decision: bots.Decision,
    reply: Message | None,
    silent: str,
) -> None:
    """Note what came of a decision, and what it tells of the answers before it. `silent`: why nothing was said."""
    stored.reply_id = reply.id if reply else None
    stored.outcome, stored.reason = _came_of(decision, reply, silent)
    if stored.outcome in (ASKED, UNKNOWN):
        of_no_more_help(db, head, before=stored.id)
    elif stored.outcome == ANSWERED and stored.entry_id is not None:
        of_no_more_help(db, head, entry_id=stored.entry_id, before=stored.id)


def _came_of(decision: bots.Decision, reply: Message | None, silent: str) -> tuple[str, str]:
    if decision.action in QUIET_ACTIONS:
        return QUIET, ""
    if silent:
        return HANDED_OVER, silent
    if decision.action in ("hand_over", "escalate"):
        return HANDED_OVER, decision.handover_reason or "rule"
    if reply is None:
        return QUIET, ""
    if decision.flow is not None:
        return FORM, ""
    if decision.action == "answer" and not (decision.entry_id or decision.rule_id or decision.flow_id):
        return COURTESY, ""
    return _OUTCOMES.get(decision.action, ANSWERED), ""


def must_introduce(db: Session, channel: Channel, head: Conversation) -> bool:
    """Whether the bot has to say that it is one: where its words are not marked as such, if it has said nothing there
    lately."""
    if connect.features(channel).live:
        return False
    lately = (
        Decision.conversation_id.in_(family_ids(db, head)),
        Decision.reply_id.is_not(None),
        Decision.made_at > now() - INTRODUCED,
    )
    return db.scalar(select(Decision.id).where(*lately).limit(1)) is None
