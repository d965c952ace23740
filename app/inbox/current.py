"""The matter a conversation is about now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import connect
from app.inbox.serving import still_serving
from app.models import Case, Channel, Conversation
from app.models.conversation import BOT, HUMAN, OPEN, RESOLVED, SNOOZED

FIRST_NUMBER = 1000
REOPEN_WITHIN = timedelta(days=3)


def current_case(db: Session, conversation: Conversation) -> Case | None:
    """The unresolved case of the thread, the oldest if links brought several together."""
    return current_cases(db, [conversation]).get(conversation.id)


def current_cases(db: Session, heads: Iterable[Conversation]) -> dict[int, Case]:
    """Head id → :func:`current_case`, for the threads that have one."""
    shown = Conversation.head_id.in_({head.id for head in heads})
    own = Conversation.id == Case.conversation_id
    found = select(Conversation.head_id, Case).join(Conversation, own).where(shown, Case.status != RESOLVED)
    cases: dict[int, Case] = {}
    for head_id, case in db.execute(found.order_by(Case.id)):
        if head_id is not None:
            cases.setdefault(head_id, case)
    return cases


def latest_case(db: Session, conversation: Conversation) -> Case | None:
    """The case opened last, resolved or not."""
    return _latest_cases(db, [conversation]).get(conversation.id)


def _latest_cases(db: Session, heads: Iterable[Conversation]) -> dict[int, Case]:
    own = Conversation.id == Case.conversation_id
    newest = select(func.max(Case.id)).join(Conversation, own).group_by(Conversation.head_id)
    newest = newest.where(Conversation.head_id.in_({head.id for head in heads}))
    found = select(Conversation.head_id, Case).join(Conversation, own).where(Case.id.in_(newest))
    return {head_id: case for head_id, case in db.execute(found) if head_id is not None}


def cases_for_inbound(
    db: Session, channel: Channel | None, said: Sequence[tuple[Conversation, datetime, str]]
) -> list[tuple[Case, str]]:
    """For each (thread, time, subject) of customers' messages: the case it belongs to, and what it did to it:
    "", "opened", "reopened" or "woken".

    Words that follow a resolution within three days belong to that matter and reopen it; later ones begin a
    new one, which the bot meets first again (where the channel has one).
    """
    cases = current_cases(db, [head for head, _, _ in said])
    changes = {head.id: _wake(cases[head.id], head) for head, _, _ in said if head.id in cases}
    without = {head.id: (head, at, subject) for head, at, subject in reversed(said) if head.id not in cases}
    if without:
        begun = _begin(db, channel, list(without.values()))
        cases |= {id: case for id, (case, _) in zip(without, begun, strict=True)}
        changes |= {id: change for id, (_, change) in zip(without, begun, strict=True)}
    return [(cases[head.id], changes.pop(head.id, "")) for head, _, _ in said]


def _begin(
    db: Session, channel: Channel | None, said: Sequence[tuple[Conversation, datetime, str]]
) -> list[tuple[Case, str]]:
    """For threads without a current case: the one that was resolved just now, or a new one."""
    last = _latest_cases(db, [head for head, _, _ in said])
    again = {head.id: _reopen(db, last.get(head.id), head, at) for head, at, _ in said}
    fresh = [(head, subject) for head, _, subject in said if again[head.id] is None]
    new = iter(_open_cases(db, fresh, channel))
    found = [(again[head.id], "reopened") for head, _, _ in said]
    return [(case, what) if case is not None else (next(new), "opened") for case, what in found]


def _reopen(db: Session, last: Case | None, conversation: Conversation, at: datetime) -> Case | None:
    if last is None or last.resolved_at is None or at - last.resolved_at > REOPEN_WITHIN:
        return None
    last.status, last.resolved_at, last.resolved_by = OPEN, None, None
    last.reopened += 1
    conversation.status = OPEN
    conversation.assignee_id = still_serving(db, conversation.assignee_id)
    return last


def open_case(db: Session, conversation: Conversation, channel: Channel | None, subject: str = "") -> Case:
    """A new case, numbered."""
    return _open_cases(db, [(conversation, subject)], channel)[0]


def _open_cases(
    db: Session, wanted: Sequence[tuple[Conversation, str]], channel: Channel | None
) -> list[Case]:
    cases = [Case(conversation_id=conversation.id, subject=subject[:200]) for conversation, subject in wanted]
    db.add_all(cases)
    db.flush()
    for case, (conversation, _) in zip(cases, wanted, strict=True):
        case.number = FIRST_NUMBER + case.id
        _renew(conversation, channel)
    return cases


def _renew(conversation: Conversation, channel: Channel | None) -> None:
    """A thread as a new matter finds it: nobody's yet, with the bot where the channel has one."""
    conversation.status = OPEN
    conversation.assignee_id = None
    conversation.bot_misses, conversation.bot_asked, conversation.bot_flow = 0, [], {}
    owner = BOT if channel is not None and connect.bot_speaks(channel) else HUMAN
    if conversation.owner != owner:
        conversation.owner, conversation.owner_epoch = owner, conversation.owner_epoch + 1


def _wake(case: Case, conversation: Conversation) -> str:
    if case.status != SNOOZED:
        return ""
    case.status = conversation.status = OPEN
    conversation.snoozed_until = None
    return "woken"
