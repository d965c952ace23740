"""The matter a conversation is about now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.family import family_ids
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
    ids = family_ids(db, conversation) or [conversation.id]
    return db.scalars(select(Case).where(Case.conversation_id.in_(ids)).order_by(Case.id.desc())).first()


def case_for_inbound(
    db: Session, conversation: Conversation, channel: Channel, at: datetime, subject: str, case: Case | None
) -> tuple[Case, str]:
    """The case a customer's message belongs to, and what that did: "", "opened", "reopened" or "woken".

    `case` is the current one (:func:`current_cases`).

    Words that follow a resolution within three days belong to that matter and reopen it; later ones begin a
    new one, which the bot meets first again (where the channel has one).
    """
    if case is not None:
        return case, _wake(case, conversation)
    last = latest_case(db, conversation)
    if last is not None and last.resolved_at and at - last.resolved_at <= REOPEN_WITHIN:
        last.status, last.resolved_at, last.resolved_by = OPEN, None, None
        last.reopened += 1
        conversation.status = OPEN
        return last, "reopened"
    return open_case(db, conversation, channel, subject), "opened"


def open_case(db: Session, conversation: Conversation, channel: Channel | None, subject: str = "") -> Case:
    """A new case, numbered."""
    case = Case(conversation_id=conversation.id, subject=subject[:200])
    db.add(case)
    db.flush()
    case.number = FIRST_NUMBER + case.id
    conversation.status = OPEN
    conversation.assignee_id = None
    conversation.bot_misses, conversation.bot_asked = 0, []
    owner = BOT if channel is not None and channel.bot_enabled else HUMAN
    if conversation.owner != owner:
        conversation.owner, conversation.owner_epoch = owner, conversation.owner_epoch + 1
    return case


def _wake(case: Case, conversation: Conversation) -> str:
    if case.status != SNOOZED:
        return ""
    case.status = conversation.status = OPEN
    conversation.snoozed_until = None
    return "woken"
