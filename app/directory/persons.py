"""A person over all the records that are shown as one: what is known of them, and what bringing two together does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from app import queries
from app.connect import spelled
from app.directory.customers import CustomersAsked, find_customers
from app.family import conversation_of, conversations_of, family_ids
from app.inbox.contradicting import Contradiction, contradictions, members
from app.models import Agent, Case, Conversation, Customer, CustomerLink, Identity, Message, Relocation
from app.models.message import SYSTEM
from app.queries import BIGGEST, NotFound

FOUND = 8  # candidates a search offers
MOVES = 50  # shown at most
COUNT_TO = 1_000  # messages of a side; of more, one more is counted


@dataclass(frozen=True)
class Fact:
    """An attribute as it counts for the person: the proved value before a claimed one, else the later one."""

    value: str
    proved: bool
    customer_id: int


@dataclass(frozen=True)
class Known:
    """What is known of a person. `notes`: of the other records, by the name of each."""

    name: str
    name_kana: str
    facts: dict[str, Fact]
    notes: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Side:
    """One of two that might be one person, as the preview shows it. `messages`: :data:`COUNT_TO` and one at most."""

    conversation: Conversation
    customer: Customer
    records: int
    known: Known
    identities: Sequence[Identity]
    messages: int
    cases: int
    open_cases: int
    since: datetime
    last_at: datetime | None


@dataclass(frozen=True)
class Difference:
    """Something both have and that differs: `wins` is the value that will be shown."""

    name: str
    ours: str
    theirs: str
    wins: str


@dataclass(frozen=True)
class Preview:
    """What becomes of `ours` and `theirs` when they are brought together, and what speaks against it. `head`: the one
    whose thread it will be."""

    ours: Side
    theirs: Side
    against: Sequence[Contradiction]
    differences: Sequence[Difference]
    known: Known
    head: Side

    @property
    def both_open(self) -> bool:
        """Whether each has a matter open: both go on, under their own numbers."""
        return bool(self.ours.open_cases and self.theirs.open_cases)


@dataclass(frozen=True)
class Bond:
    """A link that holds, between two records of a person: who said so, when, and why."""

    link: CustomerLink
    child: Customer
    parent: Customer
    by: Agent | None

    @property
    def evidence(self) -> dict[str, Any]:
        """What it rests on; every part there is a sentence about is there."""
        return {
            "by": "",
            "proof": "",
            "visitor": 0,
            "address": "",
            "reason": "",
            "confirmed": False,
            **self.link.evidence,
        }


@dataclass(frozen=True)
class Move:
    """An address that was taken out, or a message that was moved, and who did it. `elsewhere`: the conversation of the
    customer it went to, or (`came`) came from."""

    row: Relocation
    by: Agent | None
    address: str
    came: bool = False
    elsewhere: int = 0

    @property
    def reason(self) -> str:
        return str(self.row.evidence.get("reason", ""))


@dataclass(frozen=True)
class Candidate:
    """Somebody found: the thread they are shown in and the names and addresses of the person."""

    conversation: Conversation
    customer: Customer
    addresses: Sequence[str] = field(default=())


def known(customers: Sequence[Customer]) -> Known:
    """What counts for a person of these records, the one whose thread it is first."""
    first, rest = customers[0], customers[1:]
    facts: dict[str, tuple[tuple[bool, str], Fact]] = {}
    for one in customers:
        for name, entry in one.attributes.items():
            if not isinstance(entry, dict):
                continue
            weight = (bool(entry.get("proved")), str(entry.get("at", "")))
            if name not in facts or weight > facts[name][0]:
                facts[name] = (weight, Fact(str(entry.get("value", "")), weight[0], one.id))
    return Known(
        name=next((one.name for one in customers if one.name), ""),
        name_kana=next((one.name_kana for one in customers if one.name_kana), ""),
        facts={name: fact for name, (_, fact) in facts.items()},
        notes=[(one.name or first.name, one.note) for one in rest if one.note],
    )


def preview(
    db: Session, ours: Conversation, theirs: Conversation, *, under_theirs: bool | None = None
) -> Preview:
    """What bringing together the people of two threads (looked up through the viewer) would do.

    `under_theirs`: in whose thread both are shown; None: in ours, unless only theirs has a name.
    """
    one, other = _side(db, ours), _side(db, theirs)
    if under_theirs is None:
        under_theirs = bool(other.customer.name) and not one.customer.name
    head, below = (other, one) if under_theirs else (one, other)
    together = known([*members(db, head.conversation), *members(db, below.conversation)])
    return Preview(
        ours=one,
        theirs=other,
        against=contradictions(db, ours, theirs),
        differences=_differences(one.known, other.known, together),
        known=together,
        head=head,
    )


def candidates(db: Session, viewer: Agent, head: Conversation, words: str) -> list[Candidate]:
    """People other than that of `head` whom these words name, the newest first; only those the viewer may see."""
    if not words.strip():
        return []
    page = find_customers(db, viewer, CustomersAsked(q=words), None, FOUND * 2)
    return candidates_of(
        db, viewer, [one.conversation_id for one in page.rows if one.conversation_id != head.id]
    )


def candidates_of(db: Session, viewer: Agent, conversations: Sequence[int]) -> list[Candidate]:
    """The people of these threads, each once, in their order; only those the viewer may see."""
    wanted = list(dict.fromkeys(conversations))[:FOUND]
    seen = select(Conversation).where(Conversation.id.in_(wanted), queries.visible(viewer))
    heads = {row.id: row for row in db.scalars(seen)}
    shown = [heads[id] for id in wanted if id in heads]
    customers = queries.customers_of(db, shown)
    return [Candidate(one, customers[one.customer_id], _addresses(db, one)) for one in shown]


def link_for(db: Session, viewer: Agent, link_id: int) -> tuple[CustomerLink, Conversation]:
    """A link between customers the viewer may see, and the head of the thread it is of. Raises :class:`NotFound`."""
    made = db.get(CustomerLink, link_id) if 0 < link_id < BIGGEST else None
    if made is None:
        raise NotFound(link_id)
    sides = (conversation_of(db, id) for id in (made.parent_id, made.child_id))
    heads = [queries.conversation_for(db, viewer, one.id) for one in sides]
    return made, heads[0]


def relocation_for(db: Session, viewer: Agent, relocation_id: int) -> tuple[Relocation, Conversation]:
    """One between customers the viewer may see both of, and the thread of where it came from. Raises
    :class:`NotFound`."""
    made = db.get(Relocation, relocation_id) if 0 < relocation_id < BIGGEST else None
    if made is None:
        raise NotFound(relocation_id)
    sides = (conversation_of(db, id) for id in (made.from_id, made.to_id))
    heads = [queries.conversation_for(db, viewer, one.id) for one in sides]
    return made, heads[0]


def bonds(db: Session, customers: Sequence[Customer]) -> list[Bond]:
    """The links that hold between these records, the newest first."""
    among = CustomerLink.child_id.in_([one.id for one in customers])
    held = _bonds(db, among & CustomerLink.undone_at.is_(None))
    return [one for one in held if "split" not in one.link.evidence]  # put back: not somebody's word


def bonds_named(db: Session, links: Sequence[object]) -> dict[int, Bond]:
    """Those of these links by their ids, undone ones included; what is no id names none."""
    wanted = {one for one in links if isinstance(one, int)}
    return {one.link.id: one for one in _bonds(db, CustomerLink.id.in_(wanted))} if wanted else {}


def moves(db: Session, customers: Sequence[Customer]) -> list[Move]:
    """What was taken out of this person or moved, to them and from them, as far as it holds; the newest first."""
    ours = [one.id for one in customers]
    mine = or_(Relocation.from_id.in_(ours), Relocation.to_id.in_(ours))
    found = [one for one in _moves(db, mine & Relocation.undone_at.is_(None))
             if (one.row.from_id in ours) != (one.row.to_id in ours)]  # fmt: skip
    others = {one.row.id: one.row.from_id if one.row.to_id in ours else one.row.to_id for one in found}
    own = conversations_of(db, set(others.values())) if others else {}
    return [replace(one, came=one.row.to_id in ours, elsewhere=own[others[one.row.id]].id) for one in found]


def moves_named(db: Session, ids: Sequence[object]) -> dict[int, Move]:
    """Those of these by their ids, undone ones included; what is no id names none."""
    wanted = {one for one in ids if isinstance(one, int)}
    return {one.row.id: one for one in _moves(db, Relocation.id.in_(wanted))} if wanted else {}


def _moves(db: Session, which: ColumnElement[bool]) -> list[Move]:
    wanted = (
        select(Relocation, Agent, Identity)
        .outerjoin(Agent, Agent.id == Relocation.made_by)
        .outerjoin(Identity, Identity.id == Relocation.identity_id)
        .where(which)
    )
    rows = db.execute(wanted.order_by(Relocation.id.desc()).limit(MOVES))
    return [Move(row, by, spelled(identity) if row.identity_id else "") for row, by, identity in rows]


def separable(identities: Sequence[Identity]) -> list[Identity]:
    """Those of a person's addresses that can be taken out: a record keeps one at least."""
    records = Counter(one.customer_id for one in identities)
    return [one for one in identities if records[one.customer_id] > 1]


def _bonds(db: Session, which: ColumnElement[bool]) -> list[Bond]:
    child, parent = aliased(Customer), aliased(Customer)
    wanted = (
        select(CustomerLink, child, parent, Agent)
        .join(child, child.id == CustomerLink.child_id)
        .join(parent, parent.id == CustomerLink.parent_id)
        .outerjoin(Agent, Agent.id == CustomerLink.made_by)
        .where(which)
    )
    return [Bond(*row) for row in db.execute(wanted.order_by(CustomerLink.id.desc()))]


def _addresses(db: Session, head: Conversation) -> list[str]:
    return [spelled(one) for one in identities(db, [row.id for row in members(db, head)])]


def identities(db: Session, customers: Sequence[int]) -> list[Identity]:
    """The addresses of these records, the best proved first."""
    wanted = select(Identity).where(Identity.customer_id.in_(customers))
    return list(db.scalars(wanted.order_by(Identity.proof.desc(), Identity.id)))


def _side(db: Session, head: Conversation) -> Side:
    together = members(db, head)
    ids = family_ids(db, head) or [head.id]
    said = select(Message.id).where(Message.conversation_id.in_(ids), Message.kind != SYSTEM)
    some = said.limit(COUNT_TO + 1).subquery()
    states = db.scalars(select(Case.status).where(Case.conversation_id.in_(ids)))
    counted = Counter(state == "resolved" for state in states)
    return Side(
        conversation=head,
        customer=together[0],
        records=len(together),
        known=known(together),
        identities=identities(db, [one.id for one in together]),
        messages=db.scalar(select(func.count(some.c.id))) or 0,
        cases=counted.total(),
        open_cases=counted[False],
        since=min(one.created_at for one in together),
        last_at=head.last_message_at,
    )


def _differences(ours: Known, theirs: Known, together: Known) -> list[Difference]:
    both = [
        ("name", ours.name, theirs.name, together.name),
        ("name_kana", ours.name_kana, theirs.name_kana, together.name_kana),
        *(
            (name, ours.facts[name].value, theirs.facts[name].value, together.facts[name].value)
            for name in ours.facts
            if name in theirs.facts
        ),
    ]
    return [Difference(*row) for row in both if row[1] and row[2] and row[1] != row[2]]
