"""Cases, and what of them is before the supervisors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from app.directory.paging import Page, cursor_at, cut, in_time
from app.family import family_ids
from app.models import Agent, Case, Conversation, Escalation
from app.models.escalation import ACTIVE
from app.queries import BIGGEST, NotFound, conversation_for, visible

STATES = {"active": ACTIVE, "returned": ("returned",), "resolved": ("resolved",)} | {
    state: (state,) for state in ACTIVE
}
Own = aliased(Conversation, name="own")  # the thread a case is kept in, below the one it is shown in


@dataclass(frozen=True, slots=True)
class CasesAsked:
    """Which cases. Moments are aware; `after` is included, `before` is not."""

    status: str = ""
    conversation_id: int | None = None
    number: int | None = None
    opened_after: datetime | None = None
    opened_before: datetime | None = None
    resolved_after: datetime | None = None
    resolved_before: datetime | None = None

    @property
    def by_resolution(self) -> bool:
        """Whether the list is walked by the time of resolution."""
        return self.resolved_after is not None or self.resolved_before is not None


def find_cases(db: Session, viewer: Agent, asked: CasesAsked, after: str | None, size: int) -> Page[Case]:
    """A page of cases, those opened (or, asked by resolution, resolved) last first.

    Raises :class:`BadCursor`, and :class:`NotFound` for a conversation that is not there for the viewer.
    """
    at = Case.resolved_at if asked.by_resolution else Case.opened_at
    wanted = (
        select(Case)
        .join(Own, Own.id == Case.conversation_id)
        .join(Conversation, Conversation.id == Own.head_id)
        .where(visible(viewer), *_conditions(db, viewer, asked))
    )
    rows = db.scalars(in_time(wanted, at, Case.id, after, newest_first=True).limit(size + 1)).all()
    return cut(rows, size, lambda row: cursor_at(getattr(row, at.key), row.id))


def case_for(db: Session, viewer: Agent, case_id: int) -> Case:
    """One case. Raises :class:`NotFound`."""
    case = db.get(Case, case_id) if 0 < case_id < BIGGEST else None
    if case is None:
        raise NotFound(case_id)
    conversation_for(db, viewer, case.conversation_id)
    return case


def _conditions(db: Session, viewer: Agent, asked: CasesAsked) -> Sequence[ColumnElement[bool]]:
    made: list[ColumnElement[bool]] = []
    if asked.conversation_id is not None:
        head = conversation_for(db, viewer, asked.conversation_id)
        made.append(Case.conversation_id.in_(family_ids(db, head)))
    if asked.status:
        made.append(Case.status == asked.status)
    if asked.number is not None:
        made.append(Case.number == asked.number)
    if asked.opened_after is not None:
        made.append(Case.opened_at >= asked.opened_after)
    if asked.opened_before is not None:
        made.append(Case.opened_at < asked.opened_before)
    if asked.resolved_after is not None:
        made.append(Case.resolved_at >= asked.resolved_after)
    if asked.resolved_before is not None:
        made.append(Case.resolved_at < asked.resolved_before)
    return made


def find_escalations(
    db: Session, viewer: Agent, state: str, after: str | None, size: int
) -> Page[Escalation]:
    """A page of the desk, what is due first; `state` is one of :data:`STATES`.

    Raises :class:`NotFound` for those who do not oversee and for unknown states, :class:`BadCursor`.
    """
    if not (viewer.active and viewer.oversees) or state not in STATES:
        raise NotFound("escalations")
    wanted = select(Escalation).where(Escalation.state.in_(STATES[state]))
    ordered = in_time(wanted, Escalation.due_at, Escalation.id, after, newest_first=False)
    rows = db.scalars(ordered.limit(size + 1)).all()
    return cut(rows, size, lambda row: cursor_at(row.due_at, row.id))
