"""The state of the thread as its customer may know it: who answers, whether somebody is there, what is over."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bot import situations
from app.db import now
from app.family import family_ids
from app.models import Agent, Case, Conversation, ReadMark, Visitor
from app.models.conversation import HUMAN, RESOLVED
from app.visitors import sessions
from app.visitors.trouble import Frame

RATE_WITHIN = timedelta(days=1)


def visitor_state(visitor: Visitor) -> Frame:
    """`proved`: signed in; `known`: they have a thread or said who they are."""
    claimed = visitor.page.get("claimed", {})
    known = bool(visitor.identity_id or visitor.proved_identity_id or claimed)
    return {"proved": visitor.proved_identity_id is not None, "known": known, "name": claimed.get("name", "")}


def state(db: Session, visitor: Visitor) -> Frame:
    """{open, owner, agent, read, rate} of this visitor's thread."""
    return thread_state(db, sessions.head(db, visitor))


def thread_state(db: Session, head: Conversation | None) -> Frame:
    """Like :func:`state`, of a thread."""
    told: Frame = {"open": situations.is_open(db), "owner": "bot", "agent": "", "read": 0, "rate": False}
    if head is None:
        return told
    if head.owner == HUMAN:
        told |= {"owner": "human", "agent": _name(db, head.assignee_id)}
    marks = select(func.max(ReadMark.message_id)).where(ReadMark.conversation_id.in_(family_ids(db, head)))
    return told | {"read": db.scalar(marks) or 0, "rate": _to_rate(db, head)}


def _name(db: Session, agent_id: int | None) -> str:
    agent = db.get(Agent, agent_id) if agent_id else None
    return agent.name if agent else ""


def _to_rate(db: Session, head: Conversation) -> bool:
    """A case that ended lately, answered by a person or ended by the customer, and not rated yet."""
    if head.status != RESOLVED:
        return False
    latest = (
        select(Case).where(Case.conversation_id.in_(family_ids(db, head))).order_by(Case.id.desc()).limit(1)
    )
    case = db.scalars(latest).first()
    return bool(
        case and case.rated_at is None and case.resolved_at and case.resolved_at > now() - RATE_WITHIN
    )
