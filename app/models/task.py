"""Work with a time by which it is due: to call back, to tell a customer something, a promise to keep."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Body, Id, Made, Ref, Word

CALL, TELL, PROMISE, OTHER = "call", "tell", "promise", "other"
KINDS = (CALL, TELL, PROMISE, OTHER)


def _open(name: str, *whose: str) -> Index:
    """What is not done yet of somebody's, in the order it is due."""
    undone = text("done_at IS NULL")
    return Index(name, *whose, "due_at", "id", sqlite_where=undone, postgresql_where=undone)


_UNTOLD = text("done_at IS NULL AND told_at IS NULL")


class Task(Base):
    """``conversation_id`` is the record it stands with (like a note); one that came from a message follows that.

    ``words`` is what to tell the customer, on ``channel_id``. ``told_at``: when its assignee was told that it is due.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_conversation", "conversation_id", "due_at", "id"),
        _open("ix_task_due"),
        _open("ix_task_mine", "assignee_id"),
        _open("ix_task_team", "team_id"),
        _open("ix_task_store", "store_id"),
        Index("ix_task_untold", "due_at", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
        Index("ix_task_done", "done_at", "id"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[Ref | None] = mapped_column(ForeignKey("message.id"), index=True)
    kind: Mapped[Word] = mapped_column(default=OTHER)
    text: Mapped[Body]
    words: Mapped[Body] = mapped_column(default="")
    channel_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    due_at: Mapped[At]
    assignee_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    team_id: Mapped[Ref | None] = mapped_column(ForeignKey("team.id", ondelete="SET NULL"))
    store_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    created_by: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    created_at: Mapped[Made]
    told_at: Mapped[At | None]
    done_at: Mapped[At | None]
    done_by: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
