"""Saying that two customers are one person, and taking it back.

A link rewrites nothing: each message stays in the conversation its identity belongs to, and the thread of a
person is the union over the links. Undoing a link therefore puts everything back, what arrived meanwhile
included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import now
from app.events import record
from app.family import conversation_of, family, family_ids, head_of
from app.inbox.current import FIRST_NUMBER, current_case
from app.inbox.holding import hold
from app.inbox.summary import absorb, recount
from app.models import Agent, Case, Conversation, Customer, CustomerLink, Escalation, Message, ReadMark
from app.models.conversation import BOT, HUMAN, RESOLVED, SNOOZED
from app.models.message import SYSTEM


def link(
    db: Session, child: Customer, parent: Customer, *, agent: Agent | None = None, evidence: Mapping[str, Any]
) -> CustomerLink | None:
    """Say that `child` is the same person as `parent`; None when they are one already.

    The head of `parent`'s family becomes the head of both. Raises ValueError on a customer already linked
    elsewhere (undo that first).
    """
    top, low = _held(db, parent.id, child.id)
    if top.id == low.id:
        return None
    made = CustomerLink(
        child_id=low.customer_id,
        parent_id=top.customer_id,
        made_by=agent.id if agent else None,
        evidence=dict(evidence),
    )
    db.add(made)
    for conversation in family(db, low):
        conversation.head_id = top.id
    db.flush()
    absorb(db, top, low)
    record(db, "linked", top, agent=agent, link=made.id, child=low.id, evidence=dict(evidence))
    return made


def unlink(db: Session, made: CustomerLink, *, agent: Agent | None = None) -> None:
    """Undo a link: the child and everything linked below it is shown by itself again.

    *Trap:* a verb that waited for the child while it was being linked holds it while it waits for the head, and
    this takes the two the other way round: PostgreSQL then fails one of them (:func:`app.db.passing`).
    """
    child = conversation_of(db, made.child_id)
    old_head = hold(db, child)
    db.refresh(made)
    if not made.active:
        return
    db.refresh(child)
    made.undone_at, made.undone_by = now(), agent.id if agent else None
    db.flush()
    for customer_id in _below(db, made.child_id):
        conversation_of(db, customer_id).head_id = child.id
    db.flush()
    _rehome(db, child)
    _rehome(db, old_head)
    for head in (old_head, child):
        recount(db, head)
        _cap_marks(db, head)
    _leave_with(old_head, child)
    record(db, "unlinked", old_head, agent=agent, link=made.id)
    record(db, "unlinked", child, agent=agent, link=made.id)


def _below(db: Session, customer_id: int) -> list[int]:
    """`customer_id` and every customer linked to it, directly or not."""
    found, todo = [customer_id], [customer_id]
    while todo:
        rows = select(CustomerLink.child_id).where(
            CustomerLink.parent_id.in_(todo), CustomerLink.undone_at.is_(None)
        )
        todo = [row for row in db.scalars(rows) if row not in found]
        found += todo
    return found


def _held(db: Session, *customer_ids: int) -> list[Conversation]:
    """The heads of these customers' threads, locked in the order of their ids so that two links cannot deadlock."""
    heads = {one: head_of(db, conversation_of(db, one)).id for one in customer_ids}
    held = {id: hold(db, db.get_one(Conversation, id)) for id in sorted(set(heads.values()))}
    return [held[heads[one]] for one in customer_ids]


def _rehome(db: Session, head: Conversation) -> None:
    """Messages that came in under a case of the other side while linked get a case of their own side back.

    A case nobody of the other side said anything in goes along whole, with its number and escalation.
    """
    ids = family_ids(db, head)
    here, said = Message.conversation_id.in_(ids), Message.kind != SYSTEM
    strays = select(Case).where(
        Case.conversation_id.not_in(ids), Case.id.in_(select(Message.case_id).where(here, said))
    )
    for case in db.scalars(strays.order_by(Case.id)).all():
        theirs = select(Message.id).where(Message.case_id == case.id, ~here, said)
        if db.scalars(theirs.limit(1)).first() is None and _fits(db, head, case):
            case.conversation_id = head.id
            moved = update(Escalation).where(Escalation.case_id == case.id)
            db.execute(moved.values(conversation_id=head.id))
            db.flush()
            continue
        home = _case_like(db, head, case)
        mine = update(Message).where(here, Message.case_id == case.id)
        db.execute(mine.values(case_id=home.id), execution_options={"synchronize_session": "fetch"})


def _fits(db: Session, head: Conversation, case: Case) -> bool:
    """A conversation has one unresolved case at most."""
    return case.status == RESOLVED or current_case(db, head) is None


def _cap_marks(db: Session, head: Conversation) -> None:
    """Nobody has read more than there is: what comes next would otherwise count as read."""
    high = update(ReadMark).where(
        ReadMark.conversation_id == head.id, ReadMark.inbound_count > head.inbound_count
    )
    db.execute(
        high.values(inbound_count=head.inbound_count), execution_options={"synchronize_session": "fetch"}
    )


def _leave_with(old_head: Conversation, child: Conversation) -> None:
    """What held for the thread while it was one goes on for the child where it has a matter open: a person who
    took over stays in charge (the bot must not speak again by itself), a snooze ends when it would have."""
    until = old_head.snoozed_until or now()
    for one in (old_head, child):
        one.snoozed_until = until if one.status == SNOOZED else None
    if child.status == RESOLVED or old_head.owner != HUMAN:
        return
    if child.owner == BOT:
        child.owner, child.owner_epoch = HUMAN, child.owner_epoch + 1
    child.assignee_id = child.assignee_id or old_head.assignee_id
    child.team_id = child.team_id or old_head.team_id


def _case_like(db: Session, head: Conversation, case: Case) -> Case:
    """The open case of this side, or a copy of `case` as it stands."""
    if case.status != RESOLVED and (current := current_case(db, head)) is not None:
        return current
    copy = Case(
        conversation_id=head.id,
        subject=case.subject,
        status=case.status,
        opened_at=case.opened_at,
        first_response_at=case.first_response_at,
        resolved_at=case.resolved_at,
        resolved_by=case.resolved_by,
    )
    db.add(copy)
    db.flush()
    copy.number = FIRST_NUMBER + copy.id
    return copy
