"""Labels on a conversation: a thread carries what any of the conversations shown in it carries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, bindparam, delete, func, select
from sqlalchemy.orm import Session, aliased

from app.db import insert_if_new
from app.events import record
from app.family import family_ids
from app.inbox.holding import hold
from app.models import Agent, Conversation, ConversationLabel, Label


def put_label(
    db: Session, conversation: Conversation, label: Label, *, agent: Agent | None = None, actor: str = "bot"
) -> None:
    """Put `label` on; once is enough."""
    head = hold(db, conversation)
    if db.scalars(carrying(label.id).where(_Own.head_id == head.id).limit(1)).first() is not None:
        return
    if insert_if_new(db, ConversationLabel(conversation_id=head.id, label_id=label.id)):
        record(db, "labelled", head, actor=actor, agent=agent, label=label.id, name=label.name)


def remove_label(db: Session, conversation: Conversation, label: Label, *, agent: Agent) -> None:
    """Take `label` off, if it is there."""
    head = hold(db, conversation)
    theirs = ConversationLabel.conversation_id.in_(family_ids(db, head))
    gone = delete(ConversationLabel).where(theirs, ConversationLabel.label_id == label.id)
    if db.execute(gone.returning(ConversationLabel.label_id)).all():
        record(db, "unlabelled", head, agent=agent, label=label.id, name=label.name)


def labels_of(db: Session, heads: Sequence[int]) -> dict[int, list[Label]]:
    """Head → its thread's labels, by name."""
    found: dict[int, list[Label]] = {}
    for id, label in db.execute(_LABELS, {"heads": list(heads)}):
        found.setdefault(id, []).append(label)
    return found


def carrying(label_id: int) -> Select[int | None]:
    """The heads of the threads that carry the label; one may come several times."""
    return select(_Own.head_id).join(ConversationLabel, _PUT).where(ConversationLabel.label_id == label_id)


_Own = aliased(Conversation, name="own")  # the one a label was put on, below the thread it is shown in
_PUT = ConversationLabel.conversation_id == _Own.id
_LABELS = (
    select(func.coalesce(_Own.head_id, _Own.id), Label)
    .join(ConversationLabel, _PUT)
    .join(Label, Label.id == ConversationLabel.label_id)
    .where(_Own.head_id.in_(bindparam("heads", expanding=True)))
    .distinct()
    .order_by(Label.name)
)
