"""The life of a case: resolved, reopened, snoozed, woken, rated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import now
from app.events import record
from app.family import family_ids
from app.inbox.current import current_case, latest_case
from app.inbox.escalations import close_with_case, is_escalated, reopen_with_case
from app.inbox.holding import Refused, hold
from app.inbox.lines import line
from app.inbox.reading import look_first, release_lock, written_since
from app.inbox.serving import still_serving
from app.inbox.summary import waiting_since
from app.models import Agent, Case, Conversation, Event, Message
from app.models.conversation import OPEN, RESOLVED, SNOOZED
from app.models.message import SYSTEM
from app.text import clean

FURTHEST = timedelta(days=5 * 365)  # ahead, for a snooze


def resolve(
    db: Session,
    agent: Agent | None,
    conversation: Conversation,
    *,
    by: str = "customer",
    seen: int | None = None,
) -> None:
    """The matter is done. `agent` None: the customer ended it, or `by` says what else did. Nothing open: nothing
    happens. `seen` is the newest event of the conversation that whoever decides this has seen. Raises
    :class:`Refused` where the customer has written since."""
    head = hold(db, conversation)
    cases = _unresolved(db, head)
    if not cases:
        return
    look_first(db, head, seen)
    at = now()  # one for all of them: what ends together is opened again together
    for case in cases:
        case.status, case.resolved_at, case.resolved_by = RESOLVED, at, agent.id if agent else None
        close_with_case(db, agent, case)
    head.status, head.waiting_since, head.snoozed_until, head.escalated = RESOLVED, None, None, False
    if agent is not None:
        release_lock(db, agent, head)
    own = {} if by == "customer" else {"by": by}
    said = line(db, head, "resolved", agent=agent, number=cases[0].number, **own)
    said.case_id = cases[0].id
    actor = "system" if own else "customer"
    record(db, "resolved", head, actor=actor, agent=agent, message=said, case=cases[0].id)


def reopen(db: Session, agent: Agent | None, conversation: Conversation) -> None:
    """The matter was not done after all: who waited for an answer when it ended waits again, and what ended with it is
    open again, before the supervisors, too. Raises :class:`Refused` where there is none."""
    head = hold(db, conversation)
    if current_case(db, head) is not None:
        return
    case = latest_case(db, head)
    if case is None:
        raise Refused("There is no case to reopen.", status=409)
    for one in _ended_with(db, head, case):
        reopen_with_case(db, one)
        one.status, one.resolved_at, one.resolved_by = OPEN, None, None
        one.reopened += 1
    db.flush()
    head.status, head.assignee_id = OPEN, still_serving(db, head.assignee_id)
    head.escalated = is_escalated(db, head)
    _take_back_the_end(db, head)
    head.waiting_since = waiting_since(db, head)
    said = line(db, head, "reopened", agent=agent, number=case.number)
    record(db, "reopened", head, agent=agent, message=said, case=case.id)


def _ended_with(db: Session, head: Conversation, case: Case) -> Sequence[Case]:
    """The cases of the thread that the same press resolved."""
    ids = family_ids(db, head)
    ended = select(Case).where(
        Case.conversation_id.in_(ids), Case.status == RESOLVED, Case.resolved_at == case.resolved_at
    )
    return db.scalars(ended.order_by(Case.id)).all() or [case]


def _take_back_the_end(db: Session, head: Conversation) -> None:
    """The line that tells of the last resolution settles nothing any more."""
    what, mine = Message.context["what"].as_string(), Message.conversation_id.in_(family_ids(db, head))
    ends = select(Message).where(mine, Message.kind == SYSTEM, what == "resolved")
    last = db.scalars(ends.order_by(Message.id.desc()).limit(1)).first()
    if last is not None:
        last.context = {**last.context, "undone": True}
        db.flush()


def resolve_with(
    db: Session, agent: Agent, conversation: Conversation, answer: Message, seen: int | None
) -> bool:
    """:func:`resolve`, as part of an answer that goes anyway; False where the customer has written since `seen`, or,
    where nobody says what was seen, since the answer: the same again, which changes nothing, may come much later."""
    if seen is None:
        sent = select(func.max(Event.id)).where(Event.message_id == answer.id, Event.kind == "message.sent")
        seen = db.scalar(sent)
    if written_since(db, hold(db, conversation), seen):
        return False
    resolve(db, agent, conversation)
    return True


def snooze(
    db: Session, agent: Agent, conversation: Conversation, until: datetime, *, seen: int | None = None
) -> None:
    """Put the matter aside until a time (at most years ahead), or until the customer writes.

    `seen` as for :func:`resolve`. Raises :class:`Refused`. *Trap:* the last hours of the year 9999 are no time at
    all in another zone.
    """
    head = hold(db, conversation)
    case = current_case(db, head)
    if case is None:
        raise Refused("There is no open case to snooze.", status=409)
    if not now() < until < now() + FURTHEST:
        raise Refused("Choose a time in the future to snooze until.", field="until")
    look_first(db, head, seen)
    for one in _unresolved(db, head):
        one.status = SNOOZED
    head.status, head.snoozed_until = SNOOZED, until
    said = line(db, head, "snoozed", agent=agent, until=until.isoformat())
    record(db, "snoozed", head, agent=agent, message=said, until=until.isoformat())


def wake(db: Session, conversation: Conversation, agent: Agent | None = None) -> bool:
    """Back from snooze: its time has come, or an agent says so. False if it was not snoozed."""
    head = hold(db, conversation)
    if head.status != SNOOZED:
        return False
    for case in _unresolved(db, head):
        case.status = OPEN
    head.status, head.snoozed_until = OPEN, None
    said = line(db, head, "woken", agent=agent)
    record(db, "woken", head, agent=agent, message=said)
    return True


def rate(db: Session, conversation: Conversation, score: int, comment: str = "") -> None:
    """What the customer thought of the latest case, 1 to 5. Raises :class:`Refused`."""
    head = hold(db, conversation)
    case = latest_case(db, head)
    if case is None:
        raise Refused("There is no case to rate.", status=409)
    if not 1 <= score <= 5:
        raise Refused("A rating is a number from 1 to 5.")
    case.rating, case.rating_comment, case.rated_at = score, clean(comment)[:2000], now()
    said = line(db, head, "rated", score=score, comment=case.rating_comment)
    record(db, "rated", head, actor="customer", message=said, score=score, case=case.id)


def _unresolved(db: Session, head: Conversation) -> list[Case]:
    ids = family_ids(db, head)
    found = select(Case).where(Case.conversation_id.in_(ids), Case.status != RESOLVED).order_by(Case.id)
    return list(db.scalars(found))
