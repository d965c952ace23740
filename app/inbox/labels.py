"""Labels on a conversation."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.db import insert_if_new
from app.events import record
from app.inbox.holding import hold
from app.models import Agent, Conversation, ConversationLabel, Label


def put_label(
    db: Session, conversation: Conversation, label: Label, *, agent: Agent | None = None, actor: str = "bot"
) -> None:
    """Put `label` on; once is enough."""
    head = hold(db, conversation)
    if insert_if_new(db, ConversationLabel(conversation_id=head.id, label_id=label.id)):
        record(db, "labelled", head, actor=actor, agent=agent, label=label.id, name=label.name)


def remove_label(db: Session, conversation: Conversation, label: Label, *, agent: Agent) -> None:
    """Take `label` off, if it is there."""
    head = hold(db, conversation)
    gone = delete(ConversationLabel).filter_by(conversation_id=head.id, label_id=label.id)
    if db.execute(gone.returning(ConversationLabel.label_id)).first():
        record(db, "unlabelled", head, agent=agent, label=label.id, name=label.name)
