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
from app.models import Agent, Case, Conversation, Customer, CustomerLink, Message
from app.models.conversation import RESOLVED


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
    record(db, "linked", top, agent=agent, link=made.id, child=low.id)
    return made


def unlink(db: Session, made: CustomerLink, *, agent: Agent | None = None) -> None:
    """Undo a link: the child and everything linked below it is shown by itself again."""
    if not made.active:
        return
    made.undone_at, made.undone_by = now(), agent.id if agent else None
    db.flush()
    child = conversation_of(db, made.child_id)
    old_head = hold(db, head_of(db, child))
    for customer_id in _below(db, made.child_id):
        conversation_of(db, customer_id).head_id = child.id
    db.flush()
    _rehome(db, old_head)
    _rehome(db, child)
    recount(db, old_head)
    recount(db, child)
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
    """Messages that came in under a case of the other side while linked get a case of their own side back."""
    ids = family_ids(db, head)
    strays = (
        select(Case)
        .where(
            Case.conversation_id.not_in(ids),
            Case.id.in_(select(Message.case_id).where(Message.conversation_id.in_(ids))),
        )
        .order_by(Case.id)
    )
    for case in db.scalars(strays).all():
        home = _case_like(db, head, case)
        mine = update(Message).where(Message.conversation_id.in_(ids), Message.case_id == case.id)
        db.execute(mine.values(case_id=home.id))


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
