"""The labels there are: made, renamed, coloured, taken away. Putting one on a conversation is app.inbox's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import knowledge
from app.db import insert_if_new
from app.events import record
from app.inbox import Refused
from app.knowledge import versions
from app.models import Agent, BotRule, ConversationLabel, Label
from app.text import fold, one_line
from channels.masking import mask_cards

MAX_NAME = 40
COUNT_TO = 1000
HUES = {  # the colours offered, by their angle; the words are msgids
    0: "Red", 20: "Vermilion", 40: "Orange", 60: "Yellow", 100: "Green", 150: "Bamboo green",
    180: "Teal", 210: "Blue", 240: "Indigo", 270: "Violet", 300: "Purple", 340: "Pink",
}  # fmt: skip


class Wrong(Refused):
    """What was typed cannot be kept; `field` is the one to show the sentence at."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def add(db: Session, agent: Agent, name: str, hue: int) -> Label:
    """A new label. Raises :class:`Wrong`."""
    wanted = _free(db, name)
    label = Label(name=wanted, hue=_hue(hue))
    if not insert_if_new(db, label):
        raise _taken()
    record(db, "audit.label_added", agent=agent, label_id=label.id, name=label.name)
    return label


def change(db: Session, agent: Agent, label: Label, name: str, hue: int) -> None:
    """Another name or colour, everywhere at once; bot rules that put the label follow. Raises :class:`Wrong`."""
    wanted, before = _free(db, name, label), label.name
    following = rules_with(db, label)
    db.flush()
    try:
        with db.begin_nested():
            label.name, label.hue = wanted, _hue(hue)
            db.flush()
    except IntegrityError:
        raise _taken() from None
    if wanted != before:
        for rule in following:
            knowledge.save_rule(db, agent, rule, _renamed(knowledge.stored(rule), wanted))
        try:
            versions.adjust(db, agent, partial(_followed, before, wanted), f"{before} → {wanted}")
        except versions.Refused:
            raise Wrong("name", "Somebody published at this moment. Save once more.") from None
    record(db, "audit.label_changed", agent=agent, label_id=label.id, name=wanted, before=before)


def remove(db: Session, agent: Agent, label: Label) -> int:
    """Take the label away, from every conversation that carries it; returns how many did.

    Raises `Refused` while a bot rule puts it: the rule would make it anew.
    """
    if rules_with(db, label) or _putting(versions.content(db), label.name):
        raise Refused(
            "A bot rule puts this label. Change the rule first; it would bring it back.", status=409
        )
    gone = delete(ConversationLabel).where(ConversationLabel.label_id == label.id)
    left = len(db.scalars(gone.returning(ConversationLabel.conversation_id)).all())
    record(db, "audit.label_removed", agent=agent, label_id=label.id, name=label.name, conversations=left)
    db.delete(label)
    db.flush()
    return left


def all_labels(db: Session) -> Sequence[Label]:
    """Every label, by name."""
    return db.scalars(select(Label).order_by(Label.name)).all()


def carrying(db: Session, label: Label, limit: int = COUNT_TO) -> int:
    """How many conversations carry it, counted up to `limit`: a bounded walk over an index."""
    mine = select(ConversationLabel.conversation_id).where(ConversationLabel.label_id == label.id)
    return len(db.scalars(mine.limit(limit)).all())


def used(db: Session, limit: int = 100) -> list[tuple[Label, int]]:
    """Every label, by name, with how many conversations carry it, counted up to `limit`: one statement for all."""
    some = (
        select(ConversationLabel.conversation_id)
        .where(ConversationLabel.label_id == Label.id)
        .limit(limit)
        .correlate(Label)
        .subquery()
    )
    counted = select(func.count(some.c.conversation_id)).scalar_subquery()
    return [(label, n) for label, n in db.execute(select(Label, counted).order_by(Label.name))]


def rules_with(db: Session, label: Label) -> list[BotRule]:
    """The bot's rules that put this label."""
    return [rule for rule in knowledge.all_rules(db) if rule.params.get("label") == label.name]


def _putting(published: versions.Content, name: str) -> versions.Content:
    """The published rules that put a label of this name."""
    return {key: data for key, data in published.items() if data.get("params", {}).get("label") == name}


def _followed(before: str, name: str, published: versions.Content) -> versions.Content:
    """Them, putting the one of the new name."""
    return {key: _renamed(data, name) for key, data in _putting(published, before).items()}


def _renamed(rule: dict[str, Any], label: str) -> dict[str, Any]:
    return {**rule, "params": {**rule["params"], "label": label}}


def _free(db: Session, typed: str, label: Label | None = None) -> str:
    name = mask_cards(one_line(typed, MAX_NAME + 1))[0]
    if not name:
        raise Wrong("name", "A label needs a name.")
    if len(name) > MAX_NAME:
        raise Wrong("name", "A label has 40 characters at the most.")
    others = (one for one in all_labels(db) if label is None or one.id != label.id)
    if any(fold(one.name) == fold(name) for one in others):
        raise _taken()
    return name


def _taken() -> Wrong:
    return Wrong("name", "There is already a label of this name.")


def _hue(hue: int) -> int:
    return hue if 0 <= hue < 360 else 210
