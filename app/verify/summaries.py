"""Do the rows of the list say what the threads say?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.models import Case, Conversation, CustomerLink, Escalation, Message, Relocation
from app.models.conversation import BOT, HUMAN, OPEN, RESOLVED, SNOOZED
from app.models.escalation import ACTIVE
from app.models.message import SHOWN, asks, begins, settles, settles_until
from app.verify.parts import Check, Step, check, walk


def summaries(db: Session, step: Step) -> Check:
    """Every row of the list against a recount of its thread; waiting only where no link or move ever mixed two."""
    name = "rows of the list that say what the thread says"
    counted, wrong = 0, []
    heads = select(Conversation).where(Conversation.head_id == Conversation.id)
    for rows in walk(db, heads, Conversation.id, step, name):
        found = [row[0] for row in rows]
        counted += len(found)
        truth = _Truth(db, found[0].id, found[-1].id)
        for one in found:
            wrong += [f"conversation {one.id}: {what}" for what in truth.differences(one)]
            db.expunge(one)
    return check(name, counted, wrong)


class _Truth:
    """What the rows say of the threads with ids from `low` to `high`."""

    def __init__(self, db: Session, low: int, high: int) -> None:
        within = Conversation.head_id.between(low, high)
        said = select(Conversation.head_id, func.count()).join(
            Message, Message.conversation_id == Conversation.id
        )
        self.inbound = _pairs(db, said.where(within, asks()))
        latest = select(Conversation.head_id, func.max(Message.sent_at)).join(
            Message, Message.conversation_id == Conversation.id
        )
        self.latest = _pairs(db, latest.where(within, Message.kind.in_(SHOWN)))
        cases = select(Conversation.head_id, func.min(_RANK)).join(
            Case, Case.conversation_id == Conversation.id
        )
        self.status = _pairs(db, cases.where(within, Case.status != RESOLVED))
        active = select(Conversation.head_id, func.count()).join(
            Case, Case.conversation_id == Conversation.id
        )
        active = active.join(Escalation, Escalation.case_id == Case.id)
        self.escalated = _pairs(db, active.where(within, Escalation.state.in_(ACTIVE)))
        newest = select(Conversation.head_id, func.max(Message.id)).join(
            Message, Message.conversation_id == Conversation.id
        )
        settled = select(Conversation.head_id, func.max(settles_until())).join(
            Message, Message.conversation_id == Conversation.id
        )
        self.settled = _pairs(db, settled.where(within, settles()))
        self.begun = _pairs(db, newest.where(within, begins()))
        shown = select(Message.id, Message.sent_at).join(
            Conversation, Conversation.last_message_id == Message.id
        )
        self.shown = {
            row.id: row.sent_at for row in db.execute(shown.where(Conversation.id.between(low, high)))
        }
        people = select(CustomerLink.child_id).union(
            select(CustomerLink.parent_id), select(Relocation.from_id), select(Relocation.to_id)
        )
        ever = select(Conversation.id).where(Conversation.id.between(low, high))
        self.linked = set(db.scalars(ever.where(Conversation.customer_id.in_(people))))

    def differences(self, one: Conversation) -> Iterator[str]:
        inbound, latest = self.inbound.get(one.id, 0), self.latest.get(one.id)
        status = {None: RESOLVED, 0: OPEN, 1: SNOOZED}[self.status.get(one.id)]
        if one.inbound_count != inbound:
            yield f"counts {one.inbound_count} messages of the customer, there are {inbound}"
        if one.status != status:
            yield f"is {one.status}, by its cases it is {status}"
        if one.last_message_at != latest or (latest and self.shown.get(one.last_message_id or 0) != latest):
            yield f"shows message {one.last_message_id}, which is not the last"
        if one.escalated != (one.id in self.escalated):
            yield "is marked as escalated wrongly" if one.escalated else "is not marked as escalated"
        if one.owner not in (BOT, HUMAN):
            yield f"belongs to {one.owner!r}"
        if one.status == SNOOZED and one.snoozed_until is None:
            yield "is snoozed for ever"
        waits = one.status != RESOLVED and self.begun.get(one.id, 0) > self.settled.get(one.id, 0)
        if one.id not in self.linked and waits != (one.waiting_since is not None):
            yield "has a customer waiting, and does not say so" if waits else "says that somebody waits"


_RANK = (Case.status == SNOOZED).cast(Conversation.priority.type)  # 0: an open case, 1: a snoozed one


def _pairs(db: Session, wanted: Select[*tuple[Any, ...]]) -> dict[int, Any]:
    return {row[0]: row[1] for row in db.execute(wanted.group_by(Conversation.head_id))}
