"""What we keep about a customer, set right by somebody of the house (or a system that speaks for them)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import customers, search
from app.db import now
from app.events import record
from app.inbox import attributes
from app.inbox.attributes import Wrong as Wrong
from app.inbox.holding import Refused, hold
from app.models import Agent, Conversation, Customer
from app.text import clean, one_line
from channels.masking import mask_cards

MAX_NAME, MAX_NOTE, MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTE = 200, 10_000, 64, 500  # characters
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Profile:
    """What is to be known of a customer from now on; None leaves it as it is. Of the number of a payment card that
    stands among it, only the end is kept.

    `attributes` are laid over those there are; a value of None takes one away. They count as proved: whoever
    may change a customer vouches for what they write.
    """

    name: str | None = None
    name_kana: str | None = None
    locale: str | None = None
    note: str | None = None
    attributes: Mapping[str, str | None] | None = None


def edit_customer(
    db: Session, agent: Agent, customer: Customer, wanted: Profile, *, seen: str = ""
) -> list[str]:
    """Change what is kept about `customer`; returns the names of the fields that differ now.

    `seen` is the :func:`note_version` that was being changed; somebody else's words since then are not overwritten.
    Writes one event of the thread the customer is shown in, and none if nothing differs. Raises :class:`Wrong`, and
    :class:`Refused` (409).
    """
    head = hold(db, db.scalars(select(Conversation).where(Conversation.customer_id == customer.id)).one())
    db.refresh(customer)
    told = _checked(db, agent, customer, wanted)
    changed = [name for name, value in told.items() if getattr(customer, name) != value]
    if "note" in changed and seen and seen != note_version(customer):
        raise Refused(_CHANGED, status=409, field="note")
    for name in changed:
        setattr(customer, name, told[name])
    if changed:
        db.flush()
        search.index_customer(db, customer)
        record(db, "customer.changed", head, agent=agent, customer=customer.id, fields=changed)
    return changed


_CHANGED = "Somebody else changed this note in the meantime. Copy what you typed, and load the page again."


def note_version(customer: Customer) -> str:
    """Which note this is."""
    return hashlib.sha256(customer.note.encode()).hexdigest()[:16]


def _checked(db: Session, agent: Agent, customer: Customer, wanted: Profile) -> dict[str, object]:
    told: dict[str, object] = {}
    if wanted.name is not None:
        told["name"] = _line("name", wanted.name)
    if wanted.name_kana is not None:
        told["name_kana"] = _line("name_kana", wanted.name_kana)
    if wanted.locale is not None:
        told["locale"] = _locale(wanted.locale)
    if wanted.note is not None:
        told["note"] = _note(wanted.note)
    if wanted.attributes is not None:
        told["attributes"] = _attributes(customer, _typed(db, agent, wanted.attributes))
    return told


def _line(field: str, given: str) -> str:
    line = mask_cards(one_line(given, MAX_NAME + 1))[0]
    if len(line) > MAX_NAME:
        raise Wrong(field, "At most %(n)s characters.", n=MAX_NAME)
    return line


def _locale(given: str) -> str:
    if given and not (len(given) <= 35 and _LOCALE.fullmatch(given)):  # RFC 5646, 4.4.1: no tag needs more
        raise Wrong("locale", "Write the language as a code, such as ja or en-GB.")
    return given


def _note(given: str) -> str:
    note = mask_cards(clean(given).strip())[0]
    if len(note) > MAX_NOTE:
        raise Wrong("note", "At most %(n)s characters.", n=MAX_NOTE)
    return note


def _typed(db: Session, agent: Agent, given: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """The same, in the form of those that are defined. Raises :class:`Wrong`."""
    defined = attributes.attributes(db)
    named = {one_line(written, MAX_ATTRIBUTE_NAME + 1): value for written, value in given.items()}
    return {
        name: attributes.value_of(agent, defined[name], value) if name in defined else value
        for name, value in named.items()
    }


def _attributes(customer: Customer, given: Mapping[str, str | None]) -> dict[str, object]:
    kept: dict[str, object] = dict(customer.attributes)
    for written, value in given.items():
        name = mask_cards(one_line(written, MAX_ATTRIBUTE_NAME + 1))[0]
        if not name or len(name) > MAX_ATTRIBUTE_NAME:
            raise Wrong("attributes", "An attribute has a name of at most 64 characters.")
        if value is None:
            kept.pop(name, None)
        elif len(said := mask_cards(clean(value).strip())[0]) > MAX_ATTRIBUTE:
            raise Wrong("attributes", "An attribute has a value of at most 500 characters.")
        elif _value(kept.get(name)) != said:
            kept[name] = {"value": said, "proved": True, "at": now().isoformat()}
    if customers.bounded(kept) != kept:
        raise Wrong("attributes", "A customer has at most 50 attributes.")
    return kept


def _value(entry: object) -> object:
    """What a proved attribute says; None for one that is not there, or merely claimed."""
    return entry.get("value") if isinstance(entry, dict) and entry.get("proved") else None
