"""Customers and their addresses. A customer is there for whoever may see the thread they are shown in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from app import canonical, connect
from app.directory.paging import Page, by_id, cursor_at, cut, id_after, in_time
from app.directory.wanted import NOTHING, Wanted, conditions
from app.inbox import hold
from app.models import Agent, Consent, Conversation, Customer, Identity
from app.queries import BIGGEST, NotFound, visible
from app.search import store
from app.search.people import asked_for
from app.text import clean

# Customers are looked through in these portions until the page is full; the last one bounds one request.
PORTIONS = (100, 400, 1_500, 6_000)
Own = aliased(Conversation, name="own")  # the customer's own thread, below the one it is shown in
Found = Row[Customer, int]


class Portion(NamedTuple):
    """Some of the customers under a cursor: which, where the next portion begins, and whether there is one."""

    condition: ColumnElement[bool]
    below: int
    more: bool


@dataclass(frozen=True, slots=True)
class CustomersAsked:
    """Which customers: words of theirs, an address (exactly), of a kind, changed since a moment (aware); and what must
    be true of the person, as the list of customers asks it."""

    q: str = ""
    address: str = ""
    kind: str = ""
    updated_after: datetime | None = None
    wanted: Wanted = NOTHING


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, the conversation they are shown in (links followed), and their addresses."""

    customer: Customer
    conversation_id: int
    identities: Sequence[Identity]


def customer_for(db: Session, viewer: Agent, customer_id: int, *, held: bool = False) -> Person:
    """One customer. Raises :class:`NotFound`.

    `held`: for whoever changes them; the thread they are shown in is held, and they are read afresh.
    """
    wanted = _shown(viewer).where(Customer.id == customer_id)
    found = db.execute(wanted).first() if 0 < customer_id < BIGGEST else None
    if found is not None and held:
        hold(db, db.get_one(Conversation, found[1]))
        found = db.execute(wanted.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(customer_id)
    return _persons(db, [found])[0]


def find_customers(
    db: Session, viewer: Agent, asked: CustomersAsked, after: str | None, size: int
) -> Page[Person]:
    """A page of customers, the newest first; with `updated_after` (and no words) in the order they changed.

    A page may be short though there is more, where the viewer may see little or few are of that kind: so many are
    looked through, and the cursor goes on from there. Raises :class:`BadCursor`, :class:`app.directory.wanted.Unclear`.
    """
    wanted = _shown(viewer).where(
        *_conditions(asked), *conditions(db, asked.wanted, ZoneInfo(viewer.timezone))
    )
    if asked.updated_after is not None and not asked.q:
        ordered = in_time(wanted, Customer.updated_at, Customer.id, after, newest_first=False)
        rows = db.execute(ordered.limit(size + 1)).all()
        page = cut(rows, size, lambda row: cursor_at(row[0].updated_at, row[0].id))
    else:
        below = id_after(after) or BIGGEST - 1
        page = _through(db, wanted, _portions(db, asked, below, size), size)
    return Page(_persons(db, page.rows), page.after)


def identities_of(db: Session, customers: Sequence[int]) -> dict[int, list[Identity]]:
    """Customer id → addresses, the oldest first. One statement for all of them."""
    found: dict[int, list[Identity]] = {each: [] for each in customers}
    wanted = select(Identity).where(Identity.customer_id.in_(customers)).order_by(Identity.id)
    for identity in db.scalars(wanted) if customers else ():
        found[identity.customer_id].append(identity)
    return found


def identities_for(
    db: Session, viewer: Agent, customer_id: int, after: str | None, size: int
) -> Page[Identity]:
    """A page of a customer's addresses, the oldest first. Raises :class:`NotFound`, :class:`BadCursor`."""
    found = db.execute(_shown(viewer).where(Customer.id == customer_id)).first()
    if found is None:
        raise NotFound(customer_id)
    return by_id(db, select(Identity).where(Identity.customer_id == customer_id), Identity.id, after, size)


def whose(
    db: Session,
    viewer: Agent,
    address: str,
    after: str | None = None,
    size: int = 40,
    *,
    kind: str = "",
    scope: str | None = None,
) -> Page[Identity]:
    """The identities of this address (exactly as it is kept) whose customers the viewer may see, by id.

    Raises :class:`BadCursor`.
    """
    wanted = (
        select(Identity)
        .join(Own, Own.customer_id == Identity.customer_id)
        .join(Conversation, Conversation.id == Own.head_id)
        .where(visible(viewer), *_at(address, kind))
    )
    wanted = wanted if scope is None else wanted.where(Identity.scope == clean(scope))
    return by_id(db, wanted, Identity.id, after, size)


def _shown(viewer: Agent) -> Select[Customer, int]:
    return (
        select(Customer, Conversation.id)
        .join(Own, Own.customer_id == Customer.id)
        .join(Conversation, Conversation.id == Own.head_id)
        .where(visible(viewer))
    )


def _conditions(asked: CustomersAsked) -> list[ColumnElement[bool]]:
    at = _at(asked.address, asked.kind)
    made: list[ColumnElement[bool]] = []
    if asked.address:  # by the index over addresses: a handful of customers
        made.append(Customer.id.in_(select(Identity.customer_id).where(*at)))
    elif at:
        made.append(select(Identity.id).where(Identity.customer_id == Customer.id, *at).exists())
    if asked.updated_after is not None:
        made.append(Customer.updated_at > asked.updated_after)
    return made


def _at(address: str, kind: str) -> list[ColumnElement[bool]]:
    return [
        *([Identity.address.in_(_forms(clean(address), clean(kind)))] if address else []),
        *([Identity.kind == clean(kind)] if kind else []),
    ]


def _forms(address: str, kind: str) -> set[str]:
    """The address as it may be kept; of which kind it is, nobody need say."""
    kinds = [kind] if kind else [*sorted(canonical.EVERYWHERE), ""]
    return {connect.kept(each, address) for each in kinds}


def _through(
    db: Session, wanted: Select[Customer, int], portions: Iterable[Portion], size: int
) -> Page[Found]:
    """Those wanted, out of the portions until the page is full."""
    rows: list[Found] = []
    cursor: str | None = None
    for portion in portions:
        ordered = wanted.where(portion.condition).order_by(Customer.id.desc())
        rows += db.execute(ordered.limit(size + 1 - len(rows))).all()
        if len(rows) > size:
            return cut(rows, size, lambda row: str(row[0].id))
        cursor = str(portion.below) if portion.more else None
    return Page(rows, cursor)


def _portions(db: Session, asked: CustomersAsked, below: int, size: int) -> Iterable[Portion]:
    if asked.q:
        return _saying(db, asked.q, below, size)
    if asked.address:  # a handful, which the index over addresses names
        return [Portion(Customer.id < below, 0, False)]
    return _newest(db, below, size)


def _saying(db: Session, q: str, below: int, size: int) -> Iterator[Portion]:
    """Customers whom the index names for these words."""
    wanted = asked_for(q)
    for most in PORTIONS if wanted.phrases or wanted.either else ():
        named = store.newest(db, "customer", wanted, below, max(most, size + 1))
        yield Portion(store.among(db, Customer.id, named.ids), named.below, named.more)
        if not named.more:
            return
        below = named.below


def _newest(db: Session, below: int, size: int) -> Iterator[Portion]:
    """All customers."""
    for most in PORTIONS:
        most = max(most, size + 1)
        under = select(Customer.id).where(Customer.id < below).order_by(Customer.id.desc()).limit(most)
        ids = under.subquery().c.id
        floor, n = db.execute(select(func.min(ids), func.count(ids))).one()
        yield Portion(Customer.id.between(floor or 0, below - 1), floor or 0, n == most)
        if n < most:
            return
        below = floor


def _persons(db: Session, rows: Sequence[Found]) -> list[Person]:
    identities = identities_of(db, [row[0].id for row in rows])
    return [Person(customer, head, identities[customer.id]) for customer, head in rows]


def consents_for(db: Session, viewer: Agent, customer_id: int, after: str | None, size: int) -> Page[Consent]:
    """A page of what a customer said about being written to, the newest record first. Raises :class:`NotFound`,
    :class:`BadCursor`."""
    found = db.execute(_shown(viewer).where(Customer.id == customer_id)).first()
    if found is None:
        raise NotFound(customer_id)
    theirs = select(Consent).join(Identity, Identity.id == Consent.identity_id)
    wanted = theirs.where(Identity.customer_id == customer_id)
    return by_id(db, wanted, Consent.id, after, size, newest_first=True)
