"""Who stands at the counter: found by name, number or card, and as much of them as one has to know there.

Whom staff looked up is kept in the audit trail.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import canonical, connect, customers, family, queries, search, tasks
from app.config import settings
from app.events import record
from app.inbox import Refused
from app.inbox.ways import ways
from app.models import Agent, Case, Channel, Conversation, Customer, Identity, Message, Tally, Task
from app.models.message import STORE
from app.queries import NotFound
from app.search.people import asked_for
from app.text import clean, fold

FOUND = 5  # people shown of those that a name fits
LOOKED_AT = 200  # customers whose name or number is compared
SHORTEST, FEWEST_DIGITS, SHORTEST_CARD = 2, 4, 6
MATTERS, PROMISES = 3, 8
_END = 2**62


@dataclass(frozen=True)
class Visitor:
    """Somebody found: enough to know them by, and no more. `token` opens their card for this viewer alone."""

    head: Conversation
    customer: Customer
    numbers: Sequence[str]
    token: str


@dataclass(frozen=True)
class Compact:
    """The card of whom was looked up."""

    who: Visitor
    points: int | None
    last_visit: datetime | None
    promises: Sequence[Task]
    matters: Sequence[Case]
    channels: Sequence[Channel]


def look_up(db: Session, viewer: Agent, typed: str) -> list[Visitor]:
    """Who this names, a few at the most: by name or its reading, or by telephone number.

    Raises :class:`Refused` where it is too little to look for.
    """
    typed = unicodedata.normalize("NFKC", clean(typed)).strip()[:100]
    digits = "".join(sign for sign in typed if sign.isdigit())
    if len(fold(typed).replace(" ", "")) < SHORTEST or (typed.isdigit() and len(digits) < FEWEST_DIGITS):
        raise Refused("Type two characters of the name at least, or four digits of the number.")
    named = search.store.newest(db, "customer", asked_for(typed), _END, LOOKED_AT).ids
    known = [one for one in _customers(db, named) if _fits(db, one, typed, digits)]
    return _visitors(db, viewer, known)[:FOUND]


def is_card(typed: str) -> bool:
    """Whether what was typed is rather the number of a card than a name or a telephone number."""
    plain = unicodedata.normalize("NFKC", typed).replace("-", "").replace(" ", "")
    return plain.isdigit() and len(plain) >= SHORTEST_CARD and not connect.known_as(canonical.PHONE, typed)


def by_card(db: Session, viewer: Agent, number: str) -> Visitor | None:
    """Whose loyalty card this is."""
    address = connect.known_as(canonical.CARD, number)
    found = customers.find(db, canonical.CARD, "", address) if address else None
    shown = _visitors(db, viewer, [db.get_one(Customer, found.customer_id)]) if found else []
    return shown[0] if shown else None


def _customers(db: Session, ids: Sequence[int]) -> Sequence[Customer]:
    return (
        db.scalars(select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id.desc())).all()
        if ids
        else ()
    )


def _fits(db: Session, customer: Customer, typed: str, digits: str) -> bool:
    """By what is known to their face. The index knows their notes and attributes too, which are nobody's to try."""
    spoken = fold(f"{customer.name} {customer.name_kana}").replace(" ", "")
    if all(fold(word) in spoken for word in typed.split()):
        return True
    if len(digits) < FEWEST_DIGITS:
        return False
    theirs = select(Identity.address).where(
        Identity.customer_id == customer.id, Identity.kind.in_((canonical.PHONE, canonical.CARD))
    )
    tail = digits.lstrip("0")
    tail = tail if len(tail) >= FEWEST_DIGITS else digits
    return any("".join(filter(str.isdigit, one)).endswith(tail) for one in db.scalars(theirs))


def _visitors(db: Session, viewer: Agent, found: Sequence[Customer]) -> list[Visitor]:
    """Each thread once. Who serves conversations finds those they may see, and no other here either."""
    own = family.conversations_of(db, [one.id for one in found])
    shown = [family.head_of(db, own[one.id]) for one in found]
    heads = list({head.id: head for head in shown}.values())
    if viewer.serves:
        teams = queries.teams_of(db, viewer)
        heads = [one for one in heads if queries.may_see(viewer, teams, one.team_id, one.assignee_id)]
    return [_visitor(db, viewer, head) for head in heads]


def _visitor(db: Session, viewer: Agent, head: Conversation) -> Visitor:
    phones = select(Identity.address).where(
        Identity.customer_id.in_(_members(db, head)), Identity.kind == canonical.PHONE
    )
    ends = [f"…{one[-4:]}" for one in db.scalars(phones.limit(2)) if canonical.is_number(one)]
    return Visitor(head, db.get_one(Customer, head.customer_id), ends, token_of(viewer, head))


def token_of(viewer: Agent, head: Conversation) -> str:
    """What opens the card of this thread for `viewer`: nobody finds another's by trying numbers."""
    return f"{head.id}-{settings().mark('counter', f'{head.id} {viewer.id}')}"


def opened(db: Session, viewer: Agent, token: str) -> Conversation:
    """The thread a token opens, or the one it is shown in by now. Raises :class:`NotFound`."""
    id, _, told = token.partition("-")
    number = int(id) if id.isascii() and id.isdigit() and len(id) < 19 else 0
    right = settings().mark("counter", f"{number} {viewer.id}")
    own = db.get(Conversation, number) if number and hmac.compare_digest(right, told) else None
    if own is None or not viewer.active:
        raise NotFound("counter")
    head = family.head_of(db, own)
    if viewer.serves:
        return queries.conversation_for(db, viewer, head.id)
    return head


def open_card(db: Session, viewer: Agent, token: str) -> Compact:
    """The card of whom a token opens. That it was opened is kept in the audit trail. Raises :class:`NotFound`."""
    head = opened(db, viewer, token)
    record(db, "audit.looked_up", agent=viewer, noun_id=head.customer_id)
    return compact(db, viewer, head)


def compact(db: Session, viewer: Agent, head: Conversation) -> Compact:
    """What one has to know of them at the counter."""
    members, ids = _members(db, head), family.family_ids(db, head) or [head.id]
    mine = select(Identity.id).where(Identity.customer_id.in_(members))
    points, visited = db.execute(
        select(func.sum(Tally.points), func.max(Tally.last_visit_at)).where(Tally.identity_id.in_(mine))
    ).one()
    cases = select(Case).where(Case.conversation_id.in_(ids)).order_by(Case.id.desc()).limit(MATTERS)
    undone = [one for one in tasks.of_thread(db, head) if one.done_at is None]
    reached = {channel.id: channel for identity, channel in ways(db, head) if not identity.unreachable}
    return Compact(
        _visitor(db, viewer, head),
        points,
        max(filter(None, (visited, _last_note(db, ids))), default=None),
        undone[:PROMISES],
        db.scalars(cases).all(),
        list(reached.values()),
    )


def _last_note(db: Session, ids: Sequence[int]) -> datetime | None:
    """When they were noted at a counter last, among their newest entries."""
    newest = select(Message.kind, Message.sent_at).where(Message.conversation_id.in_(ids))
    rows = db.execute(newest.order_by(Message.sent_at.desc(), Message.id.desc()).limit(200))
    return next((at for kind, at in rows if kind == STORE), None)


def _members(db: Session, head: Conversation) -> list[int]:
    return [one.customer_id for one in family.family(db, head)]
