"""Saying that two customers are one person, and taking it back.

A link rewrites nothing: each message stays in the conversation its identity belongs to, and the thread of a
person is the union over the links that hold. Undoing a link therefore puts everything back, what arrived meanwhile
included, in whichever order links are undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.db import now
from app.events import record
from app.family import conversation_of, family, family_ids, head_of
from app.inbox.current import FIRST_NUMBER, current_case
from app.inbox.holding import hold
from app.inbox.reading import go_along, go_back, read_apart
from app.inbox.serving import still_serving
from app.inbox.summary import absorb, recount
from app.models import (
    Agent,
    Case,
    Conversation,
    Customer,
    CustomerLink,
    Escalation,
    Message,
    ReadMark,
    Relocation,
)
from app.models.conversation import BOT, HUMAN, RESOLVED, SNOOZED
from app.models.message import SYSTEM


def link(
    db: Session, child: Customer, parent: Customer, *, agent: Agent | None = None, evidence: Mapping[str, Any]
) -> CustomerLink | None:
    """Say that `child` is the same person as `parent`; None when they are one already.

    Whoever each is linked with comes along. The head of `parent`'s family becomes the head of both.
    """
    top, low = _held(db, parent.id, child.id)
    if top.id == low.id:
        return None
    made = CustomerLink(
        child_id=child.id,
        parent_id=parent.id,
        made_by=agent.id if agent else None,
        evidence=dict(evidence),
    )
    db.add(made)
    for conversation in family(db, low):
        conversation.head_id = top.id
    db.flush()
    absorb(db, top, low)
    go_along(db, low, top)
    record(db, "linked", top, agent=agent, link=made.id, child=low.id, evidence=dict(evidence))
    return made


def unlink(db: Session, made: CustomerLink, *, agent: Agent | None = None) -> bool:
    """Undo a link: of the two sides it held together, the one that does not have the head is shown by itself again.
    False where somebody else was first.

    *Trap:* a verb that waited for that side while it was being linked holds it while it waits for the head, and
    this takes the two the other way round: PostgreSQL then fails one of them (:func:`app.db.passing`).
    """
    old_head = hold(db, conversation_of(db, made.child_id))
    db.refresh(made)
    if not made.active:
        return False
    made.undone_at, made.undone_by = now(), agent.id if agent else None
    db.flush()
    leaving = _reached(db, made.child_id)
    if old_head.customer_id in leaving:
        leaving = _reached(db, made.parent_id)
    head = _head_among(db, leaving)
    db.refresh(head)
    for customer_id in leaving:
        conversation_of(db, customer_id).head_id = head.id
    db.flush()
    part(db, old_head, head)
    go_back(db, old_head, head)
    record(db, "unlinked", old_head, agent=agent, link=made.id)
    record(db, "unlinked", head, agent=agent, link=made.id)
    for one in (old_head, head):
        go_home(db, one)
    return True


Recased = tuple[int, int, bool]  # the case messages were in, the one they are in now, whether that is a copy


def part(db: Session, old_head: Conversation, head: Conversation) -> list[Recased]:
    """What was one thread is two: each gets its own cases, summary and owner. Where a case went along whole, it is
    the same before and after."""
    changed, before = [*_rehome(db, head), *_rehome(db, old_head)], old_head.inbound_count
    for one in (old_head, head):
        recount(db, one)
    read_apart(db, old_head, head, before)
    _leave_with(db, old_head, head)
    return changed


def settle(db: Session, *heads: Conversation) -> list[Recased]:
    """Messages came or went: the cases and summaries of these threads, worked out anew."""
    changed = [each for head in heads for each in _rehome(db, head)]
    for head in heads:
        recount(db, head)
        _cap_marks(db, head)
        head.assignee_id = still_serving(db, head.assignee_id)
        if head.status != SNOOZED:
            head.snoozed_until = None
        elif head.snoozed_until is None:
            head.snoozed_until = now()
    return changed


def go_home(db: Session, head: Conversation) -> None:
    """Who was split off and put back again has no address of their own. Once nothing else holds them, they are shown
    with whom they came from."""
    if len(family_ids(db, head)) != 1:
        return
    put_back = select(Relocation).where(
        Relocation.identity_id.is_not(None),
        Relocation.to_id == head.customer_id,
        Relocation.undone_at.is_not(None),
    )
    split = db.scalars(put_back.limit(1)).first()
    if split is not None:
        child, parent = (db.get_one(Customer, id) for id in (split.to_id, split.from_id))
        link(db, child, parent, evidence={"split": split.id})


def _reached(db: Session, customer_id: int) -> list[int]:
    """`customer_id` and every customer reached from it over links that hold."""
    found, todo = [customer_id], [customer_id]
    while todo:
        wanted = select(CustomerLink.child_id, CustomerLink.parent_id).where(
            or_(CustomerLink.child_id.in_(todo), CustomerLink.parent_id.in_(todo)),
            CustomerLink.undone_at.is_(None),
        )
        ends = {id for row in db.execute(wanted) for id in row}
        todo = sorted(ends - set(found))
        found += todo
    return found


def _head_among(db: Session, customers: Sequence[int]) -> Conversation:
    """The one whose thread it is: who is nobody's child among them; of several the oldest."""
    below = select(CustomerLink.child_id).where(
        CustomerLink.child_id.in_(customers), CustomerLink.undone_at.is_(None)
    )
    children = set(db.scalars(below))
    tops = [id for id in customers if id not in children]
    return conversation_of(db, min(tops or customers))


def _held(db: Session, *customer_ids: int) -> list[Conversation]:
    """The heads of these customers' threads, locked in the order of their ids so that two links cannot deadlock."""
    heads = {one: head_of(db, conversation_of(db, one)).id for one in customer_ids}
    held = {id: hold(db, db.get_one(Conversation, id)) for id in sorted(set(heads.values()))}
    return [held[heads[one]] for one in customer_ids]


def _rehome(db: Session, head: Conversation) -> list[Recased]:
    """Messages that came in under a case of the other side while linked get a case of their own side back.

    A case nobody of the other side said anything in goes along whole, with its number and escalation.
    """
    ids = family_ids(db, head)
    here, said = Message.conversation_id.in_(ids), Message.kind != SYSTEM
    strays = select(Case).where(
        Case.conversation_id.not_in(ids), Case.id.in_(select(Message.case_id).where(here, said))
    )
    changed: list[Recased] = []
    for case in db.scalars(strays.order_by(Case.id)).all():
        theirs = select(Message.id).where(Message.case_id == case.id, ~here, said)
        if db.scalars(theirs.limit(1)).first() is None and _fits(db, head, case):
            take_case(db, case, head)
            changed.append((case.id, case.id, False))
            continue
        home, is_copy = _case_like(db, head, case)
        mine = update(Message).where(here, Message.case_id == case.id)
        db.execute(mine.values(case_id=home.id), execution_options={"synchronize_session": "fetch"})
        changed.append((case.id, home.id, is_copy))
    return changed


def take_case(db: Session, case: Case, conversation: Conversation) -> None:
    """The case and what was escalated of it belong to `conversation` from now on."""
    case.conversation_id = conversation.id
    moved = update(Escalation).where(Escalation.case_id == case.id)
    db.execute(moved.values(conversation_id=conversation.id))
    db.flush()


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


def _leave_with(db: Session, old_head: Conversation, child: Conversation) -> None:
    """What held for the thread while it was one goes on for the child where it has a matter open: a person who
    took over stays in charge (the bot must not speak again by itself), a snooze ends when it would have."""
    until = old_head.snoozed_until or now()
    for one in (old_head, child):
        one.snoozed_until = until if one.status == SNOOZED else None
    child.assignee_id = still_serving(db, child.assignee_id)
    if child.status == RESOLVED or old_head.owner != HUMAN:
        return
    if child.owner == BOT:
        child.owner, child.owner_epoch = HUMAN, child.owner_epoch + 1
    child.assignee_id = child.assignee_id or old_head.assignee_id
    child.team_id = child.team_id or old_head.team_id


def _case_like(db: Session, head: Conversation, case: Case) -> tuple[Case, bool]:
    """The open case of this side, or (True) a copy of `case` as it stands."""
    if case.status != RESOLVED and (current := current_case(db, head)) is not None:
        return current, False
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
    return copy, True
