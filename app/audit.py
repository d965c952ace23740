"""The audit trail: who changed what and when, read from the events. Nothing here can be changed or removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.models import Agent, Event
from app.queries import BIGGEST, NotFound

PAGE = 50

# What belongs to each group, by kind of event.
# Messages themselves are no part of the trail: the thread tells them.
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "people": (
            "audit.person_added", "audit.person_edited", "audit.role", "audit.activated", "audit.deactivated",
            "audit.password", "audit.team_added", "audit.team_members", "audit.team_removed",
        ),
        "signins": ("audit.signin", "audit.signin_failed", "audit.token_made", "audit.token_revoked"),
        "channels": (
            "audit.channel_added", "audit.channel_changed", "audit.channel_on", "audit.channel_off",
            "audit.receipt_read", "audit.import_started", "audit.import_stopped",
        ),
        "settings": (
            "audit.shop_changed", "audit.attributes_changed", "audit.hours_changed", "audit.dispositions_changed",
            "audit.recordings_kept_changed",
            "audit.bot_changed",
            "audit.help_centre_changed", "audit.purposes_changed", "audit.drafting_changed",
            "audit.customers_exported", "audit.filter_shared", "audit.reply_added", "audit.reply_changed",
            "audit.reply_removed", "audit.label_added", "audit.label_changed", "audit.label_removed",
            "label.created",
        ),
        "webhooks": (
            "audit.webhook_added", "audit.webhook_changed", "audit.webhook_removed", "audit.webhook_rotated",
            "audit.webhook_on", "audit.webhook_off", "audit.webhook_stopped", "audit.webhook_resent",
        ),
        "bot": (
            "faq_entry.saved", "faq_entry.removed", "bot_rule.saved", "bot_rule.removed",
            "bot_flow.saved", "bot_flow.removed",
            "bot_settings.saved", "bot_words.saved", "knowledge.published", "knowledge.manners", "knowledge.review",
            "audit.answer_drafted", "audit.answer_not_drafted",
            "knowledge.returned", "knowledge.question", "knowledge.question_removed",
            "knowledge.proposal_taken", "knowledge.proposal_dismissed", "knowledge.proposal_reopened",
        ),
        "conversations": (
            "assigned", "handover", "resolved", "reopened", "snoozed", "woken", "labelled", "unlabelled",
            "escalated", "escalation.taken", "escalation.returned", "escalation.resolved", "linked", "unlinked",
            "kept_apart", "identity.moved", "message.moved",
            "message.edited", "message.removed", "message.reread", "call.noted",
            "delivery.retried", "rated", "ended", "undelivered", "customer.changed",
            "consent.given", "consent.withdrawn", "visit.noted", "audit.looked_up",
            "stranger", "account_link", "continued",
            "task.added", "task.changed", "task.finished", "task.reopened", "task.due",
        ),
    }
)  # fmt: skip
_ECHO = "agent.changed"  # tells the sockets; the audit event beside it tells people


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` the newest first; `after` is the cursor of the next page, None at the end."""

    rows: Sequence[Event]
    after: int | None


def page(
    db: Session, group: str = "", *, agent_id: int | None = None, after: int | None = None, size: int = PAGE
) -> Page:
    """One page of the trail, of a group or ("") of everything, by one person or by anybody.

    Raises :class:`NotFound` on an unknown group.
    """
    if group and group not in GROUPS:
        raise NotFound(group)
    wanted = select(Event).where(_in_group(group)).order_by(Event.id.desc()).limit(size + 1)
    if agent_id is not None:
        wanted = wanted.where(Event.agent_id == agent_id)  # walks ix_event_agent
    if after is not None:
        wanted = wanted.where(Event.id < min(after, BIGGEST))
    rows = db.scalars(wanted).all()
    return Page(rows[:size], rows[size - 1].id if len(rows) > size else None)


def _in_group(group: str) -> ColumnElement[bool]:
    house = and_(Event.conversation_id.is_(None), Event.kind != _ECHO)  # walks ix_event_conversation
    if group == "conversations":
        return Event.kind.in_(GROUPS[group])
    if group:
        return and_(house, Event.kind.in_(GROUPS[group]))
    return or_(house, Event.kind.in_(GROUPS["conversations"]))


def people(db: Session) -> Sequence[Agent]:
    """Everybody who may have done something, those who left included."""
    return db.scalars(select(Agent).order_by(Agent.active.desc(), Agent.name)).all()
