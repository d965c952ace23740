"""What says that two customers are not one person, however alike they look."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canonical
from app.family import family, head_of
from app.models import Conversation, Customer, CustomerLink, Identity
from app.models.customer import SIGNED

ACCOUNT, BIRTH = "account", "birth"
_BIRTH = re.compile(r"birth|(^|[^a-z])dob([^a-z]|$)|誕生|生年月日")


@dataclass(frozen=True)
class Contradiction:
    """Two proved things of which a person has one: `what` is "account" or "birth", `name` what it is called."""

    what: str
    name: str
    ours: str
    theirs: str


def contradictions(db: Session, one: Conversation, other: Conversation) -> list[Contradiction]:
    """Everything proved of the person of `one` that cannot be true of the person of `other`.

    An account signed in to at the same place; the date of birth, where the business vouches for both. An email
    address, a number or a loyalty card is no account: people have several.
    """
    ours, theirs = (members(db, each) for each in (one, other))
    return [*_accounts(db, ours, theirs), *_births(ours, theirs)]


def members(db: Session, conversation: Conversation) -> list[Customer]:
    """Every record shown as one person with `conversation`, the one whose thread it is first."""
    together = family(db, head_of(db, conversation)) or [conversation]
    ids = [row.customer_id for row in together]
    if len(ids) == 1:
        return [db.get_one(Customer, ids[0])]
    found = {row.id: row for row in db.scalars(select(Customer).where(Customer.id.in_(ids)))}
    return [found[id] for id in ids]


def separated(db: Session, one: Conversation, other: Conversation) -> bool:
    """Whether somebody of the house has taken the two apart before: nothing joins them by itself again."""
    ours, theirs = ([row.id for row in members(db, each)] for each in (one, other))
    here = CustomerLink.child_id.in_(ours) & CustomerLink.parent_id.in_(theirs)
    there = CustomerLink.child_id.in_(theirs) & CustomerLink.parent_id.in_(ours)
    undone = select(CustomerLink.id).where(here | there, CustomerLink.undone_by.is_not(None))
    return db.scalar(undone.limit(1)) is not None


def _accounts(db: Session, ours: Sequence[Customer], theirs: Sequence[Customer]) -> Iterable[Contradiction]:
    mine, others = _signed(db, ours), _signed(db, theirs)
    for place in sorted(mine.keys() & others.keys()):
        yield Contradiction(ACCOUNT, place[0], mine[place], others[place])


def _signed(db: Session, customers: Sequence[Customer]) -> dict[tuple[str, str], str]:
    """(kind, scope) → address of the identities signed in to."""
    signed = select(Identity).where(
        Identity.customer_id.in_([row.id for row in customers]),
        Identity.proof == SIGNED,
        Identity.kind.not_in(canonical.SEVERAL),
    )
    return {(row.kind, row.scope): row.address for row in db.scalars(signed)}


def _births(ours: Sequence[Customer], theirs: Sequence[Customer]) -> Iterable[Contradiction]:
    mine, others = _birth(ours), _birth(theirs)
    if mine and others and _digits(mine[1]) != _digits(others[1]):
        yield Contradiction(BIRTH, mine[0], mine[1], others[1])


def _birth(customers: Sequence[Customer]) -> tuple[str, str] | None:
    """(name, value) of the proved attribute that tells when they were born."""
    for one in customers:
        for name, fact in one.attributes.items():
            value = _proved(fact)
            if value and _BIRTH.search(name.lower()):
                return name, value
    return None


def _proved(fact: Any) -> str:
    return str(fact.get("value") or "") if isinstance(fact, dict) and fact.get("proved") else ""


def _digits(date: str) -> list[int]:
    """A date as its numbers, however it is written: 1990-04-01, 1990/4/1 and １９９０年４月１日 are the same."""
    numbers = re.findall(r"\d+", unicodedata.normalize("NFKC", date))
    if len(numbers) == 1 and len(numbers[0]) == 8:
        numbers = [numbers[0][:4], numbers[0][4:6], numbers[0][6:]]
    return [int(each) for each in numbers]
