"""Taking an address out of a customer, and moving a mis-filed message to its right owner; each can be put back.

Where something stands is told by the records of :class:`Relocation`, newest first, and by nothing else: they are
undone in any order, and what is left of them tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from app import connect, search
from app.db import now
from app.events import record
from app.family import conversation_of, family_ids, head_of
from app.inbox import participants, refs
from app.inbox.holding import CHANGED, Refused, hold_all
from app.inbox.lines import line
from app.inbox.links import go_home, part, settle, take_case
from app.inbox.merging import MAX_REASON
from app.models import (
    Agent,
    Case,
    Conversation,
    Customer,
    Delivery,
    Escalation,
    Identity,
    Message,
    Relocation,
    Task,
)
from app.models.conversation import BOT, HUMAN, RESOLVED
from app.models.delivery import QUEUED, SENDING
from app.models.message import SYSTEM
from app.text import clean

ONLY_ADDRESS = "This is their only address here. There is nothing to take it out of."
PORTION = 500  # messages indexed anew at a time


def split(db: Session, agent: Agent, identity: Identity, *, reason: str = "") -> Relocation:
    """Take an address out of its customer, with everything said by it, into a customer of its own.

    Notes and lines stay where they are; what comes in by this address from now on goes to the new one. Raises
    :class:`Refused` where it is the only address of its record.
    """
    own = conversation_of(db, identity.customer_id)
    (old_head,) = hold_all(db, [own])
    db.refresh(identity)
    if identity.customer_id != own.customer_id:
        raise Refused(CHANGED, status=409)
    others = select(Identity.id).where(Identity.customer_id == own.customer_id, Identity.id != identity.id)
    if db.scalar(others.limit(1)) is None:
        raise Refused(ONLY_ADDRESS)
    before = db.get_one(Customer, own.customer_id)
    customer, new = _begin(db, identity, old_head)
    made = Relocation(
        identity_id=identity.id, from_id=before.id, to_id=customer.id, made_by=agent.id, evidence=_why(reason)
    )
    db.add(made)
    _carry(db, identity, own, new)
    made.cases = [list(each) for each in part(db, old_head, new)]
    search.index_customers(db, [before, customer])
    _tell(db, agent, made, (old_head, new))
    _say(db, agent, old_head, new, "split", address=connect.spelled(identity))
    return made


def move(db: Session, agent: Agent, message: Message, to: Customer, *, reason: str = "") -> Relocation:
    """A message that stands with the wrong customer stands with `to` from now on. Who said it stays known.

    Raises :class:`Refused` for a line of the system, what is just being sent, and where it stands there already.
    """
    own, there = db.get_one(Conversation, message.conversation_id), conversation_of(db, to.id)
    head, other = hold_all(db, [own, there])
    db.refresh(message)
    if message.conversation_id != own.id:
        raise Refused(CHANGED, status=409)
    if message.kind == SYSTEM:
        raise Refused("This line tells what happened in this conversation. It cannot be moved.")
    if head.id == other.id:
        raise Refused("The message stands with this customer already.", status=409)
    if _is_going(db, message):
        raise Refused("The message is just being sent. Move it when it has been.", status=409)
    before = select(Relocation).where(Relocation.message_id == message.id).order_by(Relocation.id)
    first = db.scalars(before.limit(1)).first()
    made = Relocation(
        message_id=message.id,
        from_id=own.customer_id,
        to_id=to.id,
        follows=_is_senders(db, message, own) if first is None else first.follows,
        made_by=agent.id,
        evidence=_why(reason),
    )
    db.add(made)
    _place(db, [message], there)
    made.cases = [list(each) for each in settle(db, other, head)]
    _call_people(other)
    _tell(db, agent, made, (head, other))
    _say(db, agent, head, other, "moved")
    return made


def restand(db: Session, message: Message, there: Conversation) -> None:
    """Who a message is from became known: it stands with them, as if that had been known when it came."""
    own = db.get_one(Conversation, message.conversation_id)
    head, other = hold_all(db, [own, there])
    if own.id == there.id:
        return
    _place(db, [message], there)
    settle(db, other, head)
    about: dict[str, Any] = {"from": own.customer_id, "to": there.customer_id, "moved": message.id}
    for one in (head, other):
        record(db, "message.moved", one, evidence={"by": "number"}, **about)


def put_back(db: Session, agent: Agent, made: Relocation) -> None:
    """Undo a split or a move, whatever was split, moved or merged since. Undone already, nothing happens."""
    source, target = _ends(db, made)
    ends = [conversation_of(db, id) for id in sorted({source, target, made.from_id, made.to_id})]
    hold_all(db, ends)
    db.refresh(made)
    if not made.active:
        return
    if _ends(db, made) != (source, target):
        raise Refused(CHANGED, status=409)
    made.undone_at, made.undone_by = now(), agent.id
    db.flush()
    goes = conversation_of(db, target)
    if made.identity_id is not None:
        _carry(db, db.get_one(Identity, made.identity_id), conversation_of(db, source), goes)
        search.index_customers(db, [db.get_one(Customer, id) for id in {source, target}])
        go_home(db, head_of(db, conversation_of(db, made.to_id)))
    else:
        _place(db, [db.get_one(Message, made.message_id or 0)], goes)
    _reunite(db, made, goes)
    touched = list({one.id: one for one in (head_of(db, each) for each in (goes, *ends))}.values())
    settle(db, *touched)
    _call_people(touched[0])
    _tell(db, agent, made, touched, undone=True)
    line(db, touched[0], "put_back", agent=agent, of="split" if made.identity_id else "moved")


def _ends(db: Session, made: Relocation) -> tuple[int, int]:
    """(where its subject stands, where it stands without this one), as customers."""
    all_of_it = db.scalars(_of_the_same(made).order_by(Relocation.id)).all()
    holding = [one for one in all_of_it if one.active and one.id != made.id]
    if made.identity_id is not None:
        identity = db.get_one(Identity, made.identity_id)
        return identity.customer_id, holding[-1].to_id if holding else all_of_it[0].from_id
    message = db.get_one(Message, made.message_id or 0)
    stands = db.get_one(Conversation, message.conversation_id).customer_id
    if holding:
        return stands, holding[-1].to_id
    if all_of_it[0].follows and message.identity_id is not None:
        return stands, db.get_one(Identity, message.identity_id).customer_id
    return stands, all_of_it[0].from_id


def _of_the_same(made: Relocation) -> Select[Relocation]:
    """Every record of the same address or message."""
    if made.identity_id is not None:
        return select(Relocation).where(Relocation.identity_id == made.identity_id)
    return select(Relocation).where(Relocation.message_id == made.message_id)


def _begin(db: Session, identity: Identity, head: Conversation) -> tuple[Customer, Conversation]:
    """The customer and conversation of an address that is taken out of the thread of `head`, both held."""
    name = identity.display or (identity.address if "@" in identity.address else "")
    customer = Customer(name=name, locale=head.locale)
    db.add(customer)
    db.flush()
    new = Conversation(customer_id=customer.id, owner=head.owner, locale=head.locale)
    db.add(new)
    db.flush()
    new.head_id = new.id
    db.flush()
    (held,) = hold_all(db, [new])
    return customer, held


def _carry(db: Session, identity: Identity, came: Conversation, goes: Conversation) -> None:
    """The address, what was said by it and to it, and what others who got its mails answered to these, from one
    customer's conversation into another's. What was moved by itself stays where it was moved."""
    if came.id == goes.id:
        return
    identity.customer_id = goes.customer_id
    moved = select(Relocation.message_id).where(
        Relocation.message_id.is_not(None), Relocation.undone_at.is_(None)
    )
    said = select(Message).where(
        Message.conversation_id == came.id, Message.identity_id == identity.id, Message.id.not_in(moved)
    )
    theirs = list(db.scalars(said.order_by(Message.id)))
    strange = Identity.customer_id.not_in((came.customer_id, goes.customer_id))
    of_others = select(Message).join(Identity, Identity.id == Message.identity_id).where(strange)
    of_others = of_others.where(Message.conversation_id == came.id, Message.id.not_in(moved))
    theirs += refs.answering(db, theirs, db.scalars(of_others.order_by(Message.id)).all())
    _place(db, theirs, goes)
    participants.follow(db, theirs)


def _place(db: Session, messages: Sequence[Message], there: Conversation) -> None:
    """Let these messages stand in the conversation `there`, and be found there."""
    taken = {one.client_id for one in messages if one.client_id}
    same = select(Message.client_id).where(Message.conversation_id == there.id, Message.client_id.in_(taken))
    double = set(db.scalars(same)) if taken else set()
    for one in messages:
        if one.conversation_id != there.id:
            one.conversation_id = there.id
            one.client_id = None if one.client_id in double else one.client_id
    db.flush()
    for begin in range(0, len(messages), PORTION):
        ids = [one.id for one in messages[begin : begin + PORTION]]
        along = update(Task).where(Task.message_id.in_(ids)).values(conversation_id=there.id)
        db.execute(along, execution_options={"synchronize_session": "fetch"})
        search.index_messages(db, messages[begin : begin + PORTION])


def _reunite(db: Session, made: Relocation, goes: Conversation) -> None:
    """What is back in `goes` is in the cases again that it was taken out of; copies that nobody is left in go."""
    undone = _of_the_same(made).where(Relocation.undone_at.is_not(None)).order_by(Relocation.id.desc())
    ids = family_ids(db, head_of(db, goes))
    for was, became, is_copy in [each for one in db.scalars(undone).all() for each in one.cases]:
        case, copy = db.get(Case, was), db.get(Case, became)
        if case is None or copy is None:
            continue
        if was == became:
            _take_back(db, case, goes)
        elif case.conversation_id in ids:
            back = update(Message).where(Message.case_id == copy.id, Message.conversation_id.in_(ids))
            db.execute(back.values(case_id=case.id), execution_options={"synchronize_session": "fetch"})
            if is_copy:
                _drop_if_empty(db, copy)


def _take_back(db: Session, case: Case, goes: Conversation) -> None:
    """A case that went along comes back, if all its words have and nothing else is open there."""
    elsewhere = select(Message.id).where(
        Message.case_id == case.id, Message.kind != SYSTEM, Message.conversation_id != goes.id
    )
    if case.conversation_id == goes.id or db.scalar(elsewhere.limit(1)) is not None:
        return
    unresolved = select(Case.id).where(Case.conversation_id == goes.id, Case.status != RESOLVED)
    if case.status == RESOLVED or db.scalar(unresolved.limit(1)) is None:
        take_case(db, case, goes)


def _drop_if_empty(db: Session, copy: Case) -> None:
    held = (
        select(Message.id).where(Message.case_id == copy.id, Message.kind != SYSTEM),
        select(Escalation.id).where(Escalation.case_id == copy.id),
    )
    if copy.rating is not None or any(db.scalar(one.limit(1)) is not None for one in held):
        return
    lines = update(Message).where(Message.case_id == copy.id)
    db.execute(lines.values(case_id=None), execution_options={"synchronize_session": "fetch"})
    db.execute(delete(Case).where(Case.id == copy.id), execution_options={"synchronize_session": "fetch"})


def _call_people(head: Conversation) -> None:
    """What a person brought here is for people: the bot does not take it up."""
    if head.status != RESOLVED and head.owner == BOT:
        head.owner, head.owner_epoch = HUMAN, head.owner_epoch + 1


def _is_senders(db: Session, message: Message, own: Conversation) -> bool:
    """Whether it stands with whoever has the address it came from."""
    if message.identity_id is None:
        return False
    return db.get_one(Identity, message.identity_id).customer_id == own.customer_id


def _is_going(db: Session, message: Message) -> bool:
    going = select(Delivery.id).where(
        Delivery.message_id == message.id, Delivery.state.in_((QUEUED, SENDING))
    )
    return db.scalar(going.limit(1)) is not None


def _why(reason: str) -> dict[str, str]:
    return {"by": "agent", "reason": clean(reason).strip()[:MAX_REASON]}


def _tell(
    db: Session, agent: Agent, made: Relocation, heads: Sequence[Conversation], *, undone: bool = False
) -> None:
    """One event in each thread it is about. A message is named, not carried: it is not shown in both."""
    kind = "identity.moved" if made.identity_id else "message.moved"
    about: dict[str, Any] = {"relocation": made.id, "from": made.from_id, "to": made.to_id, "undone": undone}
    about |= {"identity": made.identity_id} if made.identity_id else {"moved": made.message_id}
    for head in heads:
        record(db, kind, head, agent=agent, evidence=dict(made.evidence), **about)


def _say(db: Session, agent: Agent, head: Conversation, other: Conversation, what: str, **data: str) -> None:
    """A line on each side that leads to the other. Who that is, the link tells those who may see it."""
    line(db, head, what, agent=agent, conversation=other.id, **data)
    line(db, other, f"{what}_here", agent=agent, conversation=head.id, **data)
