"""What a supervisor does with an escalation: take it, return it with advice, close it with a finding."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db import now
from app.events import record
from app.inbox.cases import wake
from app.inbox.escalations import is_escalated
from app.inbox.holding import Refused, hold
from app.inbox.lines import line
from app.inbox.ownership import become_human, hand_over
from app.inbox.serving import still_serving
from app.models import Agent, Conversation, Escalation
from app.models.escalation import ACTIVE
from app.text import clean


def take(db: Session, supervisor: Agent, escalation: Escalation) -> None:
    """`supervisor` looks after it, and after the conversation. Raises :class:`Refused` if another was first."""
    head = _head(db, supervisor, escalation)
    if escalation.state == "taken" and escalation.taken_by == supervisor.id:
        return
    if escalation.state != "open":
        raise Refused("Somebody else has taken this escalation already.", status=409)
    escalation.state, escalation.taken_by, escalation.taken_at = "taken", supervisor.id, now()
    become_human(db, head, supervisor)
    head.assignee_id = supervisor.id
    said = line(db, head, "escalation_taken", agent=supervisor)
    record(db, "escalation.taken", head, agent=supervisor, message=said, escalation=escalation.id)


def give_back(db: Session, supervisor: Agent, escalation: Escalation, advice: str) -> None:
    """Return it to whoever raised it, with advice. Raises :class:`Refused` without any, or when it is closed."""
    _close(db, supervisor, escalation, "returned", {"advice": advice}, "Write the advice to return it with.")


def settle(db: Session, supervisor: Agent, escalation: Escalation, finding: str) -> None:
    """Close it with a finding; the case itself stays as it is. Raises :class:`Refused`."""
    _close(db, supervisor, escalation, "resolved", {"finding": finding}, "Write what was found.")


def _close(
    db: Session, supervisor: Agent, escalation: Escalation, state: str, said_as: dict[str, str], missing: str
) -> None:
    head = _head(db, supervisor, escalation)
    ((field, words),) = said_as.items()
    words = clean(words).strip()[:4000]
    if not words:
        raise Refused(missing, field=field)
    if escalation.state not in ACTIVE:
        raise Refused("This escalation is closed already.", status=409)
    escalation.state, escalation.finding, escalation.closed_at = state, words, now()
    db.flush()
    head.escalated = is_escalated(db, head)
    if state == "returned":
        _to_people(db, supervisor, head, escalation)
    said = line(db, head, f"escalation_{state}", agent=supervisor, words=words)
    record(db, f"escalation.{state}", head, agent=supervisor, message=said, escalation=escalation.id)


def _to_people(db: Session, supervisor: Agent, head: Conversation, escalation: Escalation) -> None:
    """The advice is for whoever raised it, or for whoever takes the thread; it neither sleeps nor is the bot's."""
    if escalation.agent_id:
        head.assignee_id = still_serving(db, escalation.agent_id)
    hand_over(db, head, "escalated", actor="agent")
    wake(db, head, supervisor)


def _head(db: Session, supervisor: Agent, escalation: Escalation) -> Conversation:
    if not supervisor.oversees:
        raise Refused("Only supervisors decide on escalations.", status=403)
    head = hold(db, db.get_one(Conversation, escalation.conversation_id))
    db.refresh(escalation)
    return head
