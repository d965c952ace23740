"""What the bot's decision brings about besides its words: labels, what is noted of the customer, a task, the team, a
question to another system, and how far the conversation is in a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app import customers, hours, inbox, jobs, tasks
from app.bot import situations
from app.db import after_commit, insert_if_new, now
from app.events import record
from app.i18n import gettext
from app.inbox.attributes import fitting
from app.models import BotCall, Channel, Conversation, Customer, Identity, Label, Message, Team
from app.text import clean

PAUSED = timedelta(hours=1)  # after which the bot says that a form goes on where it stopped
FORGOTTEN = timedelta(days=14)  # after which it does not go on
FIRST_LOOK = timedelta(hours=1)  # of opening hours, until somebody should have seen to a task


def progress(head: Conversation) -> tuple[bots.Progress | None, bool]:
    """How far the conversation is in a form, and whether it has paused there."""
    told = bots.progress_of(head.bot_flow)
    since = now() - _time(head.bot_flow.get("at"))
    return (told if since < FORGOTTEN else None), since > PAUSED


def keep(head: Conversation, decision: bots.Decision) -> None:
    """Remember how far it is now."""
    head.bot_flow = {**decision.flow.stored(), "at": now().isoformat()} if decision.flow else {}


def _time(told: Any) -> datetime:
    try:
        return datetime.fromisoformat(told)
    except (TypeError, ValueError):
        return now()


def follow(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    message: Message,
    decision: bots.Decision,
) -> None:
    """Do what was decided. `head` is held."""
    if decision.label:
        put_label(db, head, decision.label)
    note(db, identity, dict(decision.attributes))
    team = db.get(Team, decision.team_id) if decision.team_id else None
    if decision.task:
        _task(db, head, message, decision.task, team)
    if team is not None and decision.action in ("hand_over", "escalate"):
        inbox.give_to_team(db, head, team)
    if decision.action == "escalate":
        reason = decision.escalation_reason or gettext("ja", "The customer's own words")
        inbox.escalate(db, head, decision.escalation_type or "other", reason, raised_by="bot")
    elif decision.action == "hand_over":
        inbox.hand_over(db, head, decision.handover_reason or "rule")
    elif decision.call is not None:
        _ask(db, channel, identity, head, message, decision)


def put_label(db: Session, head: Conversation, name: str) -> None:
    """Put the label of this name on, made if there is none."""
    label = Label(name=clean(name)[:64])
    found = select(Label).filter_by(name=label.name)
    known = db.scalar(found)
    if known is None and insert_if_new(db, label):
        record(db, "label.created", name=label.name)
        known = label
    inbox.put_label(db, head, known or db.scalars(found).one())


def note(db: Session, identity: Identity, attributes: Mapping[str, str]) -> None:
    """Note this of the customer, as said by themselves; what does not fit its type is left out."""
    told = {name: value for name, given in attributes.items() if (value := fitting(db, name, given))}
    if told:
        customers.describe(db, db.get_one(Customer, identity.customer_id), told, proved=False)


def _task(db: Session, head: Conversation, message: Message, text: str, team: Team | None) -> None:
    times, at = situations.business_hours(db), now()
    opens = hours.next_opening(times, at) or at
    tasks.add(db, head, text[:1000], opens + FIRST_LOOK, None, team=team, message=message, for_anybody=True)


def _ask(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    message: Message,
    decision: bots.Decision,
) -> None:
    """A row says what is to be asked; a worker asks, when this is committed."""
    call = decision.call
    assert call is not None
    row = BotCall(
        conversation_id=head.id,
        message_id=message.id,
        identity_id=identity.id,
        channel_id=channel.id,
        webhook_id=call.webhook,
        epoch=head.owner_epoch,
        asked={
            "fallback": call.fallback,
            "language": decision.language,
            "rule": decision.rule_id,
            "flow": decision.flow_id,
            "team": decision.team_id,
            "answers": _answers(decision.collected),
        },
    )
    db.add(row)
    db.flush()
    after_commit(db, jobs.enqueue, "app.webhooks.errands.start", row.id)


def _answers(collected: Sequence[bots.Collected]) -> dict[str, dict[str, str]]:
    return {one.name: {"label": one.label, "value": one.value, "shown": one.shown} for one in collected}
