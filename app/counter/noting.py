"""What was asked, answered and promised at the counter, noted once and put where it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canonical, connect, customers, family, intake, polled, tasks
from app.db import now
from app.events import record
from app.inbox import Refused, hold
from app.models import Agent, Channel, Conversation, Customer, Event, Identity, Message, Task
from app.models.customer import CLAIMED, SIGNED
from app.text import clean, one_line
from channels import base
from channels.masking import mask_cards
from channels.store import nobody, visit

NOTES = 8
TOGETHER = timedelta(minutes=1)


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
    refused = bool(card) and not _is_theirs(db, who, card, proof)
    own = customers.add_identity(db, customer, connect.identity_kind(store), store.key,
                                 f"customer:{customer.id}", CLAIMED)  # fmt: skip
    assert own is not None, "an address that names its customer is nobody else's"
    return base.Person(own.address, own.scope, proof="claimed"), refused


def _is_theirs(db: Session, who: Conversation, card: str, proof: int) -> bool:
    """Whether the card is of the person of `who`, or becomes theirs; whichever record of theirs has it keeps it."""
    known = customers.find(db, canonical.CARD, "", card)
    members = [one.customer_id for one in family.family(db, who)]
    owner = known.customer_id if known is not None and known.customer_id in members else who.customer_id
    given = customers.add_identity(db, db.get_one(Customer, owner), canonical.CARD, "", card, proof)
    return given is not None


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
    due = _still_due(written.due_at, written.at or message.sent_at)
    text = mask_cards(clean(written.promised).strip())[0] or one_line(message.text, 200)
    if written.kind != tasks.TELL:
        return tasks.add(db, head, text, due, viewer, kind=written.kind, store=store, message=message)
    return tasks.add(
        db, head, text, due, viewer, db.get(Agent, head.assignee_id) if head.assignee_id else None,
        kind=tasks.TELL, message=message, for_anybody=True, telling=tasks.Telling(written.words, written.channel),
    )  # fmt: skip


def _still_due(due: datetime, noted_at: datetime) -> datetime:
    """What has fallen due while the note waited on the phone is due now."""
    return max(due, now()) if due > noted_at else due


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
