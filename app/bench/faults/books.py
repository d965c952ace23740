"""The rows of a run, read once, and how a verdict on them is told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bench.faults.ledger import Said
from app.models import Channel, Conversation, Decision, Delivery, Event, Message, RawReceipt
from app.models.delivery import QUEUED, UNKNOWN

NAMED = 5


@dataclass(frozen=True)
class Verdict:
    """One invariant: how much was looked at, and what breaks it."""

    invariant: str
    checked: int
    wrong: tuple[str, ...]

    @property
    def kept(self) -> bool:
        return not self.wrong


class Books:
    """The rows, read once, in the forms the checks need."""

    def __init__(self, db: Session) -> None:
        self.messages = {one.id: one for one in db.scalars(select(Message))}
        self.deliveries = {one.message_id: one for one in db.scalars(select(Delivery))}
        self.channels = {one.id: one for one in db.scalars(select(Channel))}
        self.conversations = {one.id: one for one in db.scalars(select(Conversation))}
        self.events = list(db.scalars(select(Event).order_by(Event.id)))
        self.decisions = {one.message_id: one for one in db.scalars(select(Decision))}
        self.unread = list(db.scalars(select(RawReceipt.id).where(RawReceipt.state.in_(("new", "failed")))))
        self.by_text: dict[str, list[Message]] = defaultdict(list)
        for message in self.messages.values():
            self.by_text[message.text].append(message)
        self.by_key = {
            one.external_id or one.client_id: one
            for one in self.messages.values()
            if one.external_id or one.client_id
        }

    def of(self, said: Said) -> list[Message]:
        """The rows that a client's words became."""
        return self.by_text.get(said.text, [])

    def place(self, message: Message) -> tuple[object, int]:
        """Where it stands in its thread."""
        return message.sent_at, message.id

    def put_back(self) -> Counter[int]:
        """How often each message's delivery went back into the line: tried in vain, or its claim given up."""
        told = (one for one in self.events if one.kind in ("delivery", "delivery.retried"))
        back = (one for one in told if one.data.get("state", QUEUED) == QUEUED)
        return Counter(one.message_id for one in back if one.message_id)

    def unsure(self) -> set[int]:
        """Messages whose delivery was `unknown` at some time."""
        told = (one for one in self.events if one.kind == "delivery" and one.data.get("state") == UNKNOWN)
        return {one.message_id for one in told if one.message_id}


def verdict(invariant: str, checked: int, wrong: Sequence[str]) -> Verdict:
    """The first that is wrong named, the rest counted."""
    more = len(wrong) - NAMED
    return Verdict(invariant, checked, (*wrong[:NAMED], *((f"… and {more} more",) if more > 0 else ())))
