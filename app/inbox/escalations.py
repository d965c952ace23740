"""A case put before a supervisor: raised, taken, returned with advice, resolved with a finding."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import insert_if_new, now
from app.events import record
from app.family import family_ids
from app.inbox.current import current_case
from app.inbox.holding import Refused, hold
from app.inbox.lines import line
from app.inbox.ownership import become_human, hand_over
from app.inbox.serving import still_serving
from app.models import Agent, Case, Conversation, Escalation
from app.models.escalation import ACTIVE
from app.text import clean

DUE = {  # type → how soon a supervisor should have looked at it
    "safety": timedelta(minutes=15),
    "legal": timedelta(minutes=30),
    "complaint": timedelta(minutes=30),
    "refund": timedelta(hours=2),
    "technical": timedelta(hours=4),
    "other": timedelta(hours=4),
}
TYPES = tuple(DUE)


def escalate(
    db: Session,
    conversation: Conversation,
    type: str,
    reason: str,
    *,
    agent: Agent | None = None,
    raised_by: str = "agent",
) -> Escalation:
    """Put the open case before the supervisors. One that is before them already is returned as it is.

    Raises :class:`Refused` on an unknown type, a missing reason, or where nothing is open.
    """
    head = hold(db, conversation)
    case = current_case(db, head)
    if case is None:
        raise Refused("There is no open case to escalate.", status=409)
    reason = clean(reason).strip()[:2000]
    if type not in DUE:
        raise Refused("Choose what kind of escalation it is.", field="type")
    if not reason:
        raise Refused("Say why it is escalated, so that the supervisor knows what to decide.", field="reason")
    made = Escalation(
        conversation_id=case.conversation_id,
        case_id=case.id,
        type=type,
        reason=reason,
        raised_by="agent" if agent else raised_by,
        agent_id=agent.id if agent else None,
        due_at=now() + DUE[type],
    )
    if not insert_if_new(db, made):
        return db.scalars(
            select(Escalation).where(Escalation.case_id == case.id, Escalation.state.in_(ACTIVE))
        ).one()
    head.escalated = True
    hand_over(db, head, "escalated", actor="agent" if agent else raised_by)
    said = line(db, head, "escalated", agent=agent, type=type, reason=reason, by=made.raised_by)
    record(db, "escalated", head, actor=raised_by, agent=agent, message=said, escalation=made.id, type=type)
    return made


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
    if state == "returned" and escalation.agent_id:
        head.assignee_id = still_serving(db, escalation.agent_id)
    said = line(db, head, f"escalation_{state}", agent=supervisor, words=words)
    record(db, f"escalation.{state}", head, agent=supervisor, message=said, escalation=escalation.id)


def close_with_case(db: Session, agent: Agent | None, case: Case) -> None:
    """A resolved case needs no supervisor any more."""
    active = select(Escalation).where(Escalation.case_id == case.id, Escalation.state.in_(ACTIVE))
    for escalation in db.scalars(active):
        escalation.state, escalation.closed_at = "resolved", now()
        escalation.taken_by = escalation.taken_by or (agent.id if agent else None)


def is_escalated(db: Session, head: Conversation) -> bool:
    """Whether anything of the thread is before the supervisors."""
    cases = select(Case.id).where(Case.conversation_id.in_(family_ids(db, head)))
    active = select(Escalation.id).where(Escalation.case_id.in_(cases), Escalation.state.in_(ACTIVE))
    return db.scalars(active.limit(1)).first() is not None


def _head(db: Session, supervisor: Agent, escalation: Escalation) -> Conversation:
    if not supervisor.oversees:
        raise Refused("Only supervisors decide on escalations.", status=403)
    head = hold(db, db.get_one(Conversation, escalation.conversation_id))
    db.refresh(escalation)
    return head
