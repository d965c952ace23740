"""A case put before a supervisor, who decides on it (:mod:`app.inbox.deciding`)."""

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
from app.inbox.ownership import hand_over
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
    """Put the open case before the supervisors. One that is before them already is looked at sooner where this is more
    pressing, and anew where the bot had the thread again meanwhile; else it is returned as it is.

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
    new = insert_if_new(db, made)
    handed = hand_over(db, head, "escalated", actor=made.raised_by)
    if not new:
        known = select(Escalation).where(Escalation.case_id == case.id, Escalation.state.in_(ACTIVE))
        more, made = made, db.scalars(known).one()
        if not _add(made, more, anew=handed):
            return made
    head.escalated = True
    said = line(
        db, head, "escalated", agent=agent, type=type, reason=reason, by="agent" if agent else raised_by
    )
    record(db, "escalated", head, actor=raised_by, agent=agent, message=said, escalation=made.id, type=type)
    return made


def _add(known: Escalation, more: Escalation, *, anew: bool) -> bool:
    """Let `known` say what it is escalated for once more; False if that is nothing to look at. `anew`: nobody had it
    any more, whoever took it before."""
    sooner = DUE[more.type] < DUE[known.type]
    if not (sooner or anew):
        return False
    known.reason = f"{more.reason}\n{known.reason}"[:2000]
    known.due_at = min(known.due_at, more.due_at)
    if sooner:
        known.type = more.type
    if anew:
        known.state, known.taken_by, known.taken_at = "open", None, None
    return True


def close_with_case(db: Session, agent: Agent | None, case: Case) -> None:
    """A resolved case needs no supervisor any more."""
    active = select(Escalation).where(Escalation.case_id == case.id, Escalation.state.in_(ACTIVE))
    for escalation in db.scalars(active):
        escalation.state, escalation.closed_at = "resolved", case.resolved_at
        escalation.taken_by = escalation.taken_by or (agent.id if agent else None)


def reopen_with_case(db: Session, case: Case) -> None:
    """What only the end of this case closed is before the supervisors again, as it was."""
    closed = select(Escalation).where(
        Escalation.case_id == case.id,
        Escalation.state == "resolved",
        Escalation.closed_at == case.resolved_at,
    )
    for escalation in db.scalars(closed):
        escalation.state, escalation.closed_at = ("taken" if escalation.taken_at else "open"), None
        escalation.taken_by = escalation.taken_by if escalation.taken_at else None


def is_escalated(db: Session, head: Conversation) -> bool:
    """Whether anything of the thread is before the supervisors."""
    cases = select(Case.id).where(Case.conversation_id.in_(family_ids(db, head)))
    active = select(Escalation.id).where(Escalation.case_id.in_(cases), Escalation.state.in_(ACTIVE))
    return db.scalars(active.limit(1)).first() is not None
