"""The counter of a shop: finding who stands there, and noting what was asked, answered and promised.

Shop staff see a small card of whom they have looked up, their own notes, and the work of their store; nothing else.
Whom they looked up is kept in the audit trail.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import (
    canonical,
    connect,
    customers,
    family,
    hours,
    intake,
    polled,
    queries,
    search,
    tasks,
    timetable,
)
from app.config import settings
from app.db import now
from app.events import record
from app.general import opening_hours
from app.hours import Hours
from app.inbox import Refused, hold
from app.inbox.ways import ways
from app.models import (
    Agent,
    Case,
    Channel,
    Conversation,
    Customer,
    Event,
    Identity,
    Message,
    Tally,
    Task,
)
from app.models.customer import CLAIMED, SIGNED
from app.models.message import STORE
from app.queries import NotFound
from app.search.people import asked_for
from app.text import clean, fold, one_line
from channels import base, registry
from channels.masking import mask_cards
from channels.store import DAYS, nobody, visit

FOUND = 5  # people shown of those that a name fits
LOOKED_AT = 200  # customers whose name or number is compared
SHORTEST, FEWEST_DIGITS, SHORTEST_CARD = 2, 4, 6
MATTERS, NOTES = 3, 8
TOGETHER = timedelta(minutes=1)
_END = 2**62


# --- stores -------------------------------------------------------------------------------------------


def stores(db: Session) -> list[Channel]:
    """Every store that is open for business here."""
    kinds = [kind for kind, made in registry.kinds().items() if made.features.counter]
    found = select(Channel).where(Channel.enabled, Channel.kind.in_(kinds)).order_by(Channel.id)
    return list(db.scalars(found))


def store_for(db: Session, viewer: Agent, wanted: int | None = None) -> Channel | None:
    """The store `viewer` works in; whoever serves conversations may stand at any (`wanted`, else the first)."""
    found = stores(db)
    if not viewer.serves:
        wanted = viewer.store_id or 0
    mine = [one for one in found if wanted in (None, one.id)]
    return mine[0] if mine else None


def hours_of(db: Session, store: Channel) -> Hours:
    """When the store is open: by its own hours where it has any, else by those of the whole shop."""
    usual, _ = opening_hours(db)
    typed = {name: str(store.settings.get(name, "")) for name in (*DAYS, "holidays")}
    if not any(text.strip() for text in typed.values()):
        return usual
    try:
        read = {name: timetable.read_ranges(text) for name, text in typed.items()}
    except timetable.Unclear:
        return usual
    week = tuple(read[name] for name in DAYS)
    return Hours(usual.zone, week, read["holidays"], usual.days, usual.yearly)


@dataclass(frozen=True)
class Sign:
    """What the sign on the door says now: open until `until`, or closed until then (None: nobody knows)."""

    open: bool
    until: datetime | None


def sign_of(db: Session, store: Channel) -> Sign:
    """The store's sign."""
    wanted, at = hours_of(db, store), now()
    if hours.is_open(wanted, at):
        return Sign(True, hours.closing(wanted, at))
    return Sign(False, hours.next_opening(wanted, at))


# --- who stands there ---------------------------------------------------------------------------------


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
        undone[:NOTES],
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


# --- what was said ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Note:
    """What is typed at the counter. `due_at`: until when the promise is to be kept, by the store, or (`kind` "tell")
    by whoever looks after the customer, on `channel`. `card_read`: by the camera, not typed."""

    client_id: str
    asked: str = ""
    answered: str = ""
    promised: str = ""
    name: str = ""
    card: str = ""
    card_read: bool = False
    due_at: datetime | None = None
    kind: str = tasks.PROMISE
    words: str = ""
    channel: Channel | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Noted:
    """What became of it: `new` is False where it had come before. `masked`: numbers of payment cards kept by their end
    only. `others_card`: the card is somebody else's, and was not put to this customer."""

    message: Message
    head: Conversation
    new: bool
    task: Task | None = None
    masked: int = 0
    others_card: bool = False


def note(db: Session, viewer: Agent, store: Channel, who: Conversation | None, written: Note) -> Noted:
    """Note a visit, in the thread of `who`, of the owner of the card, or in a new one. Twice the same is noted once.

    Raises :class:`Refused` where nothing was written.
    """
    parts = {"asked": written.asked, "answered": written.answered, "promised": written.promised}
    masked = {name: mask_cards(clean(text).strip()[:4000]) for name, text in parts.items()}
    if not any(text for text, _ in masked.values()):
        raise Refused("Write what was asked, answered or promised.")
    card = connect.known_as(canonical.CARD, written.card)
    if written.card.strip() and not card:
        raise Refused("This is no number of a loyalty card.")
    external_id = f"counter:{viewer.id}:{written.client_id}"
    sender, refused_card = _sender(db, store, who, written, card, external_id)
    said = visit(external_id, sender, {name: text for name, (text, _) in masked.items()},
                 staff=viewer.name, at=_moment(written.at))  # fmt: skip
    message, new = _take_in(db, store, said)
    head = family.head_of(db, db.get_one(Conversation, message.conversation_id))
    count = sum(n for _, n in masked.values())
    if not new:
        return Noted(message, head, False, masked=count)
    message.agent_id = viewer.id
    identity = db.get_one(Identity, message.identity_id or 0)
    if identity.kind == connect.identity_kind(store) and not written.name.strip():
        identity.display = store.name
    if count:
        message.context = {**message.context, "visit": {**message.context["visit"], "masked": count}}
    head = hold(db, head)
    record(db, "visit.noted", head, agent=viewer, message=message, store=store.id)
    return Noted(
        message, head, True, _promise(db, viewer, store, head, message, written), count, refused_card
    )


def _moment(at: datetime | None) -> datetime | None:
    """When it was written, where it was kept for a while before it could be sent; never what is still to come."""
    moment = now()
    return at if at is not None and moment - timedelta(days=7) < at <= moment + TOGETHER else None


def _sender(
    db: Session, store: Channel, who: Conversation | None, written: Note, card: str, external_id: str
) -> tuple[base.Person, bool]:
    """Who it is to the store, and whether the card that was given is somebody else's."""
    proof = SIGNED if written.card_read else CLAIMED
    if who is None:
        if card:
            proved = "signed" if written.card_read else "claimed"
            name = one_line(written.name, 100)
            return base.Person(card, "", name, kind=canonical.CARD, proof=proved), False  # type: ignore[arg-type]
        return nobody(external_id, store.key, one_line(written.name, 100)), False
    customer = db.get_one(Customer, who.customer_id)
    refused = bool(card) and customers.add_identity(db, customer, canonical.CARD, "", card, proof) is None
    own = customers.add_identity(db, customer, connect.identity_kind(store), store.key,
                                 f"customer:{customer.id}", CLAIMED)  # fmt: skip
    assert own is not None, "an address that names its customer is nobody else's"
    return base.Person(own.address, own.scope, proof="claimed"), refused


def _take_in(db: Session, store: Channel, said: base.Inbound) -> tuple[Message, bool]:
    """By the one door, with a raw receipt that accounts for it."""
    receipt = intake.store(db, store, base.Request(polled.METHOD, "", body=polled.dumps([said])))
    receipt.outcome = intake.accept(db, store, [said], [receipt.id])
    receipt.state, receipt.parsed_at = "parsed", now()
    (told,) = receipt.outcome
    if "message" not in told:
        raise Refused("This could not be noted: %(why)s", why=str(told.get("excluded") or told.get("failed")))
    return db.get_one(Message, told["message"]), bool(told["new"])


def _promise(
    db: Session, viewer: Agent, store: Channel, head: Conversation, message: Message, written: Note
) -> Task | None:
    """What was promised by a time is work: of the store, or (to tell them) of whoever looks after the customer."""
    if written.due_at is None:
        return None
    text = mask_cards(clean(written.promised).strip())[0] or one_line(message.text, 200)
    if written.kind != tasks.TELL:
        return tasks.add(
            db, head, text, written.due_at, viewer, kind=written.kind, store=store, message=message
        )
    return tasks.add(
        db, head, text, written.due_at, viewer, db.get(Agent, head.assignee_id) if head.assignee_id else None,
        kind=tasks.TELL, message=message, for_anybody=True, telling=tasks.Telling(written.words, written.channel),
    )  # fmt: skip


def own_notes(db: Session, viewer: Agent) -> list[tuple[Message, Customer]]:
    """What `viewer` noted last, the newest first, with whom it was of."""
    mine = select(Event.message_id).where(Event.agent_id == viewer.id, Event.kind == "visit.noted")
    ids = [id for id in db.scalars(mine.order_by(Event.id.desc()).limit(NOTES)) if id is not None]
    rows = {one.id: one for one in db.scalars(select(Message).where(Message.id.in_(ids)))} if ids else {}
    shown = [rows[id] for id in ids if id in rows and rows[id].removed_at is None]
    return [(one, _of_whom(db, one)) for one in shown]


def _of_whom(db: Session, message: Message) -> Customer:
    head = family.head_of(db, db.get_one(Conversation, message.conversation_id))
    return db.get_one(Customer, head.customer_id)


# --- times one promises most often --------------------------------------------------------------------


def usual_times(db: Session, store: Channel) -> list[tuple[str, datetime]]:
    """In an hour, today when the store closes, on its next day of business: (which, when)."""
    wanted, at = hours_of(db, store), now()
    closes = hours.closing(wanted, at)
    found = [("hour", at + timedelta(hours=1))]
    if closes is not None and closes - at > timedelta(hours=1):
        found.append(("closing", closes))
    following = tasks.next_business_day(wanted, at)
    week = datetime.combine((at.astimezone(wanted.zone) + timedelta(days=7)).date(), time(12), wanted.zone)
    return [*found, *([("business", following)] if following else []), ("week", week)]
