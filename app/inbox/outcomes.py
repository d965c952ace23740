"""When an answer of the bot turned out to be of no help: the customer needed a person after it, or asked again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import now
from app.models import Conversation, Decision
from app.models.decision import ANSWERED

LATELY, MOST = timedelta(days=1), 12  # how much of its turns a person is told
LONGEST = timedelta(days=7)  # what is asked later than that is another matter


def of_no_more_help(
    db: Session, head: Conversation, *, entry_id: int | None = None, before: int | None = None
) -> None:
    """The answers in this thread that nothing has come after yet are not the end of it; with `entry_id` only those of
    that entry, with `before` only those decided before that one."""
    shown = select(Conversation.id).where(Conversation.head_id == head.id)
    mine = update(Decision).where(
        Decision.conversation_id.in_(shown),
        Decision.outcome == ANSWERED,
        Decision.again_at.is_(None),
        Decision.made_at > now() - LONGEST,
    )
    if entry_id is not None:
        mine = mine.where(Decision.entry_id == entry_id)
    if before is not None:
        mine = mine.where(Decision.id < before)
    db.execute(mine.values(again_at=now()), execution_options={"synchronize_session": False})


def turns(db: Session, head: Conversation) -> list[int]:
    """What the bot decided lately since it was given the thread, as ids, oldest first: what a person who takes it is
    told in short."""
    mine = select(Decision.id).where(
        Decision.conversation_id == head.id,
        Decision.epoch == head.owner_epoch,
        Decision.made_at > now() - LATELY,
    )
    return list(db.scalars(mine.order_by(Decision.id.desc()).limit(MOST)))[::-1]
