"""Pictures that were sent together: each is a message of its own, and all are shown as one entry."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Message
from app.models.message import INBOUND

APART = timedelta(hours=1)  # no longer between two pictures of one set
MOST = 50


@dataclass(frozen=True)
class PictureSet:
    """`members` in the order of their index; those of who does not tell one, as they were sent."""

    id: str
    members: Sequence[Message]

    @property
    def ids(self) -> Sequence[int]:
        return [one.id for one in self.members]

    @property
    def first(self) -> Message:
        """Where the set stands in the thread."""
        return min(self.members, key=lambda one: (one.sent_at, one.id))

    @property
    def shown(self) -> Message:
        """What is told of the set is told of this one: the first that was not taken back."""
        return next((one for one in self.members if not one.removed_at), self.members[0])

    @property
    def taken_back(self) -> int:
        """How many are gone where others are left."""
        gone = sum(1 for one in self.members if one.removed_at)
        return gone if gone < len(self.members) else 0

    @property
    def dom_id(self) -> str:
        """The same whichever of them came first, so that each takes the place of what was drawn before."""
        return f"m-set-{hashlib.sha256(self.id.encode()).hexdigest()[:16]}"


def sets_of(db: Session, messages: Sequence[Message]) -> dict[int, PictureSet]:
    """By the id of each message that belongs to one. Nothing is asked where none does."""
    asked = [one for one in messages if _set_of(one)]
    if not asked:
        return {}
    times = [one.sent_at for one in asked]
    wanted = select(Message).where(
        Message.conversation_id.in_({one.conversation_id for one in asked}),
        Message.sent_at.between(min(times) - APART, max(times) + APART),
        Message.kind == INBOUND,
        Message.context[("image_set", "id")].as_string().in_({_set_of(one) for one in asked}),
    )
    found: dict[tuple[int | None, str], list[Message]] = defaultdict(list)
    for one in db.scalars(wanted.order_by(Message.sent_at, Message.id)):
        found[one.identity_id, _set_of(one)].append(one)
    made = [PictureSet(f"{who} {id}", sorted(some[:MOST], key=_index)) for (who, id), some in found.items()]
    return {id: one for one in made for id in one.ids}


def _set_of(message: Message) -> str:
    told = message.context.get("image_set")
    return str(told.get("id") or "") if isinstance(told, dict) else ""


def _index(message: Message) -> int:
    return int(message.context["image_set"].get("index") or 0)
