"""Answers by mail to visitors of the chat who left an address and are gone.

An answer to such a visitor leaves a row; once it is due, all that was answered since goes to them in one mail,
unless they have come back. What they answer to that mail stands in the same thread, and shows that the address they
gave is theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from app import connect, customers, family, general, inbox, jobs, search
from app.customers import Contact
from app.db import after_commit, insert_if_new, now, passing, reading, transaction
from app.events import record
from app.i18n import gettext
from app.inbox import consents, participants
from app.inbox.contradicting import separated
from app.inbox.holding import moment
from app.inbox.receiving import MAX_TEXT
from app.inbox.summary import show
from app.models import (
    Channel,
    Conversation,
    Customer,
    Delivery,
    Identity,
    MailAfter,
    Message,
    Participant,
    Visitor,
)
from app.models.customer import CLAIMED, CODE
from app.models.message import OUTBOUND
from channels import base

log = logging.getLogger(__name__)
AT_ONCE = 50  # mails made in one round of the clock
PUT_OFF = 3  # times the grace that further answers can put a mail off by
REST, LONGEST_REST = timedelta(minutes=10), timedelta(days=1)  # of a mail that cannot be made for now


def remember(db: Session, message: Message, address: str) -> None:
    """`message` answers a visitor who is gone: it is to follow them to `address`, with what is answered next."""
    grace = general.mail_after(db)
    if grace is None or message.identity_id is None or not participants.is_address(address):
        return
    row = MailAfter(
        identity_id=message.identity_id, message_id=message.id, address=address, due_at=now() + grace
    )
    if not insert_if_new(db, row):
        waiting = db.get_one(MailAfter, message.identity_id, with_for_update=True, populate_existing=True)
        if _came_back(db, message.identity_id, waiting.created_at):  # they have read what was said before
            waiting.message_id, waiting.created_at = message.id, now()
        waiting.address = address
        waiting.due_at = min(now() + grace, waiting.created_at + PUT_OFF * grace)


def send_due() -> int:
    """Make a mail of each that is due; returns how many were looked at."""
    with reading() as db:
        due = select(MailAfter.identity_id).where(MailAfter.due_at <= now()).order_by(MailAfter.due_at)
        ids = db.scalars(due.limit(AT_ONCE)).all()
    for identity_id in ids:
        try:
            with transaction() as db:
                _send(db, identity_id)
        except Exception as error:
            if passing(error):
                raise
            log.exception("the mail to the visitor %s could not be made", identity_id)
            with transaction() as db:  # the others have their turn
                if not _put_off(db, identity_id):
                    mine = (MailAfter.identity_id == identity_id, MailAfter.due_at <= now())
                    db.execute(delete(MailAfter).where(*mine))
    return len(ids)


def _put_off(db: Session, identity_id: int) -> bool:
    """Let it rest for a while; False where it has waited long enough, or is done already."""
    mine = (MailAfter.identity_id == identity_id, MailAfter.due_at <= now())
    rests = update(MailAfter).where(*mine, MailAfter.created_at > now() - LONGEST_REST)
    rests = rests.values(due_at=now() + REST)
    return db.execute(rests.returning(MailAfter.identity_id)).first() is not None


def _send(db: Session, identity_id: int) -> Message | None:
    """The row goes in the transaction that writes the mail: neither is ever without the other."""
    waiting = db.get(MailAfter, identity_id)
    if waiting is None:
        return None
    first = db.get_one(Message, waiting.message_id)
    inbox.hold(
        db, db.get_one(Conversation, first.conversation_id)
    )  # as whoever answers: the thread, then the row
    channel = mailbox(db)
    if channel is None and _put_off(db, identity_id):
        return None
    gone = delete(MailAfter).where(MailAfter.identity_id == identity_id, MailAfter.due_at <= now())
    row = db.execute(gone.returning(MailAfter.message_id, MailAfter.address, MailAfter.created_at)).first()
    if row is None or _came_back(db, identity_id, row.created_at):
        return None
    answers = _answers(db, identity_id, row.message_id)
    if channel is None or not answers:
        return None
    to = recipient(db, channel, row.address)
    unwanted = to.unreachable or not consents.agrees(db, to, channel)
    return None if unwanted else _write(db, channel, to, answers)


def _came_back(db: Session, identity_id: int, since: datetime) -> bool:
    theirs = or_(Visitor.identity_id == identity_id, Visitor.proved_identity_id == identity_id)
    last = db.scalar(select(func.max(Visitor.last_seen_at)).where(theirs, Visitor.revoked_at.is_(None)))
    return last is not None and last > since


def mailbox(db: Session) -> Channel | None:
    """The first mailbox that is switched on."""
    for channel in db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id)):
        features = connect.features(channel)
        if features.copies and not features.inbound_only:
            return channel
    return None


def _answers(db: Session, identity_id: int, first: int) -> Sequence[Message]:
    """What people of ours said to this visitor from that message on."""
    said = select(Message).where(
        Message.id >= first,
        Message.identity_id == identity_id,
        Message.kind == OUTBOUND,
        Message.author == "agent",
        Message.removed_at.is_(None),
    )
    mine = said.where(Message.conversation_id == db.get_one(Message, first).conversation_id)
    return db.scalars(mine.order_by(Message.sent_at, Message.id)).all()


def recipient(db: Session, channel: Channel, address: str) -> Identity:
    """Whoever has this address. A claim gives nobody an address: it stays by itself until somebody answers from it."""
    key = connect.address(channel, base.Person(address.lower()))
    return customers.identify(db, Contact(key, proof=CLAIMED, owner="human"))


def _write(db: Session, channel: Channel, to: Identity, answers: Sequence[Message]) -> Message:
    last = answers[-1]
    text = "\n\n".join(one.text for one in answers if one.text)
    links = tuple(link for one in answers for link in one.links)
    own = db.get_one(Conversation, last.conversation_id)
    context = {"after": [one.id for one in answers]}
    letter = Letter(text, _subject(db, own), last.agent_id, last.case_id, context, links=links)
    return write(db, channel, to, own, letter)


@dataclass(frozen=True)
class Letter:
    """A mail of ours that answers nothing by itself."""

    text: str
    subject: str
    agent_id: int | None
    case_id: int | None
    context: Mapping[str, Any]
    client_id: str | None = None
    links: Sequence[dict[str, str]] = ()


def write(db: Session, channel: Channel, to: Identity, own: Conversation, letter: Letter) -> Message:
    """A mail in the conversation `own` to `to`, who takes part from now on: their answer stands there, too."""
    head = inbox.hold(db, own)
    message = Message(
        conversation_id=own.id,
        case_id=letter.case_id,
        kind=OUTBOUND,
        author="agent",
        agent_id=letter.agent_id,
        identity_id=to.id,
        channel_id=channel.id,
        client_id=letter.client_id,
        text=letter.text[:MAX_TEXT],
        subject=letter.subject,
        links=list(letter.links),
        context={**letter.context, "out_of_turn": "after"},
        sent_at=moment(db, head),
    )
    db.add(message)
    db.flush()
    db.add(Delivery(message_id=message.id, channel_id=channel.id, identity_id=to.id))
    participants.remember(db, channel, [(own.id, [base.Participant(to.address, to.display, "to")])])
    show(head, message)
    search.index_new(db, [message])
    record(db, "message.sent", head, actor="agent", message=message, after=True)
    after_commit(db, jobs.wake_channel, channel.id)
    return message


def _subject(db: Session, head: Conversation) -> str:
    shop = general.shop_name(db)
    if shop:
        return gettext(head.locale or None, "Your conversation with %(shop)s", shop=shop)
    return gettext(head.locale or None, "Your conversation with us")


def confirm(db: Session, identity: Identity, conversation: Conversation) -> None:
    """Somebody answered, from the address it went to, a mail of this conversation that carries our signed mark.

    So the address is theirs, unless others know the mark: whoever got a copy could write in this name. Where it had
    been mailed to because a visitor gave it, it becomes the customer's. An address with a history of its own stays
    apart: who merely names another person's address must not be taken for them.
    """
    if not _was_mailed(db, identity, conversation) or _others_know(db, identity, conversation):
        return
    identity.proof = max(identity.proof, CODE)
    theirs = family.conversation_of(db, identity.customer_id)
    if theirs.id == conversation.id or theirs.last_message_at is not None or theirs.head_id != theirs.id:
        return
    if separated(db, theirs, conversation):
        return
    child = db.get_one(Customer, identity.customer_id)
    parent = db.get_one(Customer, conversation.customer_id)
    inbox.link(db, child, parent, evidence={"proof": "code", "address": identity.address})


def _was_mailed(db: Session, identity: Identity, conversation: Conversation) -> bool:
    mailed = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.kind == OUTBOUND,
        Message.identity_id == identity.id,
    )
    return db.scalar(mailed.limit(1)) is not None


def _others_know(db: Session, identity: Identity, conversation: Conversation) -> bool:
    others = select(Participant.id).where(
        Participant.conversation_id == conversation.id,
        ~((Participant.kind == identity.kind) & (Participant.address == identity.address)),
    )
    return db.scalar(others.limit(1)) is not None
