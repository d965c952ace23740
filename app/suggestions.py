"""Which other customers may be the same person as one in hand.

Looked for by index alone: the addresses, numbers and card ids that a customer has or wrote in a message, those who
wrote one of these, and names in each way they may be written. What is found is compared as rows of a list are
(:mod:`app.matching`), with fixed weights; a bounded number of people are looked at, however many customers there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import canonical, matching
from app.family import conversation_of, conversations_of
from app.inbox.contradicting import contradictions, members, separated
from app.matching import Reason, Record, forms, names, sheet
from app.models import Conversation, Customer, Identity, Message
from app.models.message import INBOUND
from app.search import store
from app.text import phrase

LEAST = 0.3  # probability from which on two are suggested
MOST = 5  # suggestions
TWICE = (
    0.3  # of the customers are on record a second time, and as many have somebody of their household there
)
FEWEST = 5_000  # customers are reckoned with even where there are fewer: namesakes come with time
LOOKED_AT = 25  # people compared
FOUND = 15  # of one search
READ = 40  # messages read for numbers and addresses, the latest
MOST_WRITTEN = 20  # of them that are looked for: a forwarded list of guests names nobody
LOOKED_LIKE, ALL_LOOKED_LIKE = (
    60,
    300,
)  # of a message, of all: what looks like one, and may be an order's number
_END = 2**62  # no id is above it
_SHORTEST_ID = 6  # ids of the business shorter than this are alike by chance
_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]"
_MAIL = re.compile(rf"(?<!{_LOCAL}){_LOCAL}{{1,64}}@[A-Za-z0-9.-]{{1,255}}\.[A-Za-z]{{2,63}}", re.ASCII)
_NUMBER = re.compile(r"(?<![\w+])\+?[\d０-９][\d０-９\s()（）‐‑–—−ー－-]{7,18}[\d０-９](?!\w)")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody who may be the same person: `customer` is the one whose thread all of theirs is shown in.

    `score` is a probability, `reasons` what speaks for it and against it (`matching.told` says each in words).
    """

    customer: Customer
    conversation: Conversation
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a person over all of their records."""

    head: Conversation
    customers: Sequence[Customer]
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    cards: frozenset[str] = frozenset()
    wrote: frozenset[str] = frozenset()  # mail addresses and numbers they wrote in messages, beyond their own
    told: dict[str, str] = field(default_factory=dict)  # of the other fields of a record


def for_customer(db: Session, customer: Customer) -> list[Suggestion]:
    """At most :data:`MOST` people who may be the same as `customer`, the likeliest first.

    Never somebody of whom something is proved that contradicts what is proved of `customer`, nor somebody whom the
    house has taken apart from them before, nor one who is shown as the same person already. Nothing is filtered by
    who looks: show only those whose `conversation` the viewer may see (`queries.visible`).
    """
    ours = _facts(db, conversation_of(db, customer.id))
    ours = replace(ours, wrote=_written(db, ours.customers) - ours.emails - ours.phones)
    found: list[Suggestion] = []
    chances = _model(db)
    for other, wrote in _candidates(db, ours):
        theirs = replace(_facts(db, other), wrote=wrote)
        score, reasons = _compared(chances, ours, theirs)
        if score >= LEAST and not _apart(db, ours.head, theirs.head):
            found.append(Suggestion(theirs.customers[0], theirs.head, score, reasons))
    found.sort(key=lambda each: (-each.score, each.customer.id))
    return found[:MOST]


def _model(db: Session) -> matching.Model:
    """The more customers there are, the less a likeness says."""
    among = max(db.scalar(select(func.max(Customer.id))) or 0, FEWEST)
    return matching.usual(TWICE / among, TWICE / among, matching.common())


def _apart(db: Session, one: Conversation, other: Conversation) -> bool:
    return bool(contradictions(db, one, other)) or separated(db, one, other)


# What is known of a person -----------------------------------------------------------------------------


def _facts(db: Session, conversation: Conversation) -> _Facts:
    customers = members(db, conversation)
    head = conversation_of(db, customers[0].id)
    emails, phones, cards = set(), set(), set()
    told: dict[str, str] = {}
    for name, value in _said(customers):
        if name == "email":
            emails.add(value)
        elif name == "phone":
            phones.add(value)
        elif name == "external_id":
            cards.add(value)
        else:
            told.setdefault(name, value)
    for identity in db.scalars(
        select(Identity).where(Identity.customer_id.in_([row.id for row in customers]))
    ):
        place = {"email": emails, "phone": phones}.get(identity.kind, cards)
        place.add(identity.address)
    ids = frozenset(card for card in cards if len(card) >= _SHORTEST_ID)
    own = _canonical(emails, forms.mail), _canonical(phones, forms.phone)
    return _Facts(head, customers, *own, ids, told=told)


def _said(customers: Sequence[Customer]) -> Iterator[tuple[str, str]]:
    """(field of a record, value) of their names and attributes, under whatever name these are kept."""
    for customer in customers:
        if customer.name and "@" not in customer.name:
            yield "name", customer.name
        if customer.name_kana:
            yield "kana", customer.name_kana
        for name, entry in customer.attributes.items():
            value = entry.get("value") if isinstance(entry, dict) else entry
            known = sheet.field_of(name)
            if known is not None and value and isinstance(value, str | int):
                yield known, str(value)


def _canonical(values: Iterable[str], form: forms.Form) -> frozenset[str]:
    return frozenset(made for value in values if (made := form(value)))


def _written(db: Session, customers: Sequence[Customer]) -> frozenset[str]:
    """The mail addresses and numbers in their latest messages: what stands in a signature, mostly."""
    threads = [row.id for row in conversations_of(db, [one.id for one in customers]).values()]
    found: set[str] = set()
    left = ALL_LOOKED_LIKE
    for thread in threads:
        latest = select(Message.text).where(
            Message.conversation_id == thread, Message.kind == INBOUND, Message.removed_at.is_(None)
        )
        for text in db.scalars(latest.order_by(Message.sent_at.desc(), Message.id.desc()).limit(READ)):
            alike = _alike(text)[:left]
            left -= len(alike)
            for form, written in alike:
                made = form(written)
                if made and (form is not forms.phone or made.startswith("+")):
                    found.add(made)
                if len(found) >= MOST_WRITTEN:
                    return frozenset(found)
    return frozenset(found)


def _alike(text: str) -> list[tuple[forms.Form, str]]:
    """What looks like a mail address or a number, the last first, with how it is read: a signature ends a message."""
    if not any(char.isdigit() or char == "@" for char in text):
        return []
    mails, numbers = _MAIL.findall(text)[-LOOKED_LIKE:], _NUMBER.findall(text)[-LOOKED_LIKE:]
    return [
        *((forms.mail, written) for written in reversed(mails)),
        *((forms.phone, written) for written in reversed(numbers)),
    ]


# Who is looked at --------------------------------------------------------------------------------------


def _candidates(db: Session, ours: _Facts) -> list[tuple[Conversation, frozenset[str]]]:
    """The threads of people worth comparing, each once, the surest finds first, never our own; with those addresses and
    numbers of ours that they wrote in a message."""
    found: dict[int, tuple[Conversation, set[str]]] = {}
    for customer_id, wrote in _named(db, ours):
        own = conversation_of(db, customer_id)
        head = own.head_id or own.id
        if head == ours.head.id or (head not in found and len(found) == LOOKED_AT):
            continue
        found.setdefault(head, (own, set()))[1].update(wrote)
    return [(own, frozenset(wrote)) for own, wrote in found.values()]


def _named(db: Session, ours: _Facts) -> Iterator[tuple[int, set[str]]]:
    """Customers by what they share with us, the surest first; and what of ours they wrote."""
    shared = {*ours.emails, *ours.phones, *ours.cards, *ours.wrote}
    for customer_id in _by_address(db, {*shared, *(_national(each) for each in shared)}):
        yield customer_id, set()
    for value in sorted(shared):
        for spelling in _spellings(value):
            yield from ((each, set()) for each in _by_words(db, [spelling]))
            yield from ((each, {value} - ours.wrote) for each in _who_wrote(db, spelling))
    for way in _names(ours):
        yield from ((each, set()) for each in _by_words(db, way))


def _by_address(db: Session, addresses: Collection[str]) -> Iterator[int]:
    found = select(Identity.customer_id).where(Identity.address.in_(sorted(addresses)))
    yield from db.scalars(found.order_by(Identity.id.desc()).limit(LOOKED_AT * 2))


def _by_words(db: Session, words: Sequence[str]) -> list[int]:
    """Customers whose names, addresses or attributes hold all of these."""
    phrases = tuple(made for word in words if (made := phrase(word)) is not None)
    return store.newest(db, "customer", store.Match(phrases), _END, FOUND).ids if phrases else []


def _who_wrote(db: Session, spelling: str) -> list[int]:
    """Customers who wrote this in a message."""
    wanted = phrase(spelling)
    if wanted is None:
        return []
    ids = store.newest(db, "message", store.Match((wanted,), (("wcustomer",),)), _END, FOUND).ids
    whose = select(Conversation.customer_id).join(Message, Message.conversation_id == Conversation.id)
    return list(db.scalars(whose.where(Message.id.in_(ids)).order_by(Message.id.desc()))) if ids else []


def _spellings(value: str) -> list[str]:
    """As it may stand in a text or an attribute: a Japanese number with its leading zero, with hyphens or without."""
    if not value.startswith("+"):
        return [value]
    return list(dict.fromkeys([_national(value), *canonical.shapes(value), value]))


def _national(value: str) -> str:
    return f"0{value[3:]}" if value.startswith("+81") else value


def _names(ours: _Facts) -> Iterator[list[str]]:
    """Our name in each way it may be written, by its words."""
    told = names.name("", "", ours.told.get("name", ""), ours.told.get("kana", ""))
    yield from names.ways(told) if told is not None else ()


# Comparing ---------------------------------------------------------------------------------------------


def _compared(chances: matching.Model, ours: _Facts, theirs: _Facts) -> tuple[float, tuple[Reason, ...]]:
    one, other = _record(ours, theirs), _record(theirs, ours)
    found = matching.compare(one, other)
    written = {*ours.wrote, *theirs.wrote}
    reasons = tuple(_as_written(reason, written) for reason in matching.reasons(found, one, other))
    return chances.probability(found), reasons


def _record(of: _Facts, beside: _Facts) -> Record:
    """What is compared: what they wrote counts only where it is an address of the other's."""
    wrote = of.wrote & {*beside.emails, *beside.phones}
    return matching.record(
        str(of.customers[0].id),
        {
            **of.told,
            "email": sorted({*of.emails, *(each for each in wrote if "@" in each)}),
            "phone": sorted({*of.phones, *(each for each in wrote if "@" not in each)}),
            "external_id": sorted(of.cards),
        },
    )


def _as_written(reason: Reason, written: Collection[str]) -> Reason:
    codes = {"same_email": "wrote_email", "same_phone": "wrote_phone"}
    if reason.code in codes and reason.one in written:
        return Reason(codes[reason.code], reason.one, reason.other)
    return reason
