"""What is said in the thread: by an agent, among ourselves, by the bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import connect, family, jobs, rich, search
from app.db import after_commit, now
from app.events import record
from app.inbox import allowance, consents, participants, reading
from app.inbox.arriving import arrived
from app.inbox.current import current_case, open_case
from app.inbox.holding import Refused, hold, moment
from app.inbox.ownership import become_human
from app.inbox.purposes import purpose as known_purpose
from app.inbox.reading import MAX_SUBJECT
from app.inbox.receiving import MAX_TEXT
from app.inbox.summary import show, waiting_since
from app.inbox.ways import route
from app.inbox.ways import ways as ways
from app.models import (
    Agent,
    Attachment,
    Case,
    Channel,
    Conversation,
    Delivery,
    DeliveryRef,
    Identity,
    Message,
)
from app.models.consent import SERVICE
from app.models.conversation import BOT
from app.models.delivery import FAILED, QUEUED, SENT, UNKNOWN
from app.models.message import INBOUND, NOTE, OUTBOUND
from app.text import clean, one_line
from channels import base
from channels.masking import mask_cards

CARD_MASKED = "A number of a payment card was taken out: only its last digits are kept."


def reply(
    db: Session,
    agent: Agent,
    conversation: Conversation,
    text: str,
    client_id: str,
    *,
    channel_id: int | None = None,
    to: int | None = None,
    attachments: Sequence[Attachment] = (),
    quick_replies: Sequence[str] = (),
    others: Sequence[base.Participant] = (),
    subject: str = "",
    html: str = "",
    template: base.FilledTemplate | None = None,
    links: Sequence[dict[str, str]] = (),
    quotes: int | None = None,
    purpose: str = SERVICE,
    drafted: int | None = None,
    version: int | None = None,
    seen: int | None = None,
) -> Message:
    """Answer the customer; the thread is a person's from then on. The same `client_id` again changes nothing.

    `channel_id`: which way it goes; None: the way the customer wrote last. `to` is the id of the identity that it was
    written to: it goes to nobody else. `others` get it, too; `subject` ("": that of what is answered) and `html` (clean
    already) go with it where the channel has them, `links` everywhere.
    `template` goes instead of `text`, which says the same (see :mod:`app.approved`), and may go when the time to answer
    is over. `quotes` is the id of a message that the customer wrote by this way. `purpose` is what it is for: it goes
    only where the customer agrees to that (see :mod:`app.inbox.consents`). `drafted` is the id of the FAQ entry that a
    model made the words of, which are marked for us for good. `version` is that of the draft which it was: what was
    begun since stays a draft (None: nothing does). `seen` is the newest event of the conversation that its writer has
    seen: what the customer wrote since is neither answered nor read by it.
    Raises :class:`Refused` with status 409 while another agent holds the reply lock, or where `to` is nobody's here any
    more, 422 on an empty or over-long text, an address that is none, an unreachable customer, or more than the platform
    takes until they write again.
    """
    head = hold(db, conversation)
    if stored := by_client_id(db, head, client_id):
        return stored
    reading.refuse_if_locked(db, agent, head)
    why = known_purpose(db, purpose).key
    identity, channel = route(db, head, channel_id, template=template is not None, purpose=why, to=to)
    message = unsent(db, agent, identity, channel, text, others=others, subject=subject, html=html)
    message.client_id, message.quick_replies, message.links = client_id, list(quick_replies), list(links)
    _check(message.text, attachments)
    if quotes is not None:
        message.context = {**message.context, "quotes": _quotable(db, head, identity, channel, quotes)}
    if drafted is not None:
        message.context = {**message.context, "drafted": drafted}
    if (unseen := reading.written_since(db, head, seen)) is not None:
        message.context = {**message.context, "left": unseen.id}
    if template is None:
        allowance.refuse_beyond(db, identity, channel, message, attachments)
    else:
        _put(template, message, attachments)
    copies = participants.copies(channel, identity, others)
    consents.refuse_unwilling_copies(db, channel, why, copies)
    participants.remember(db, channel, [(message.conversation_id, copies)])
    case = _case_to_answer(db, head, channel)
    message.case_id = case.id
    become_human(db, head, agent)  # before the words, so that the thread reads in order
    message.sent_at = moment(db, head)
    _send(db, head, message, channel, identity, attachments, why)
    case.first_response_at = case.first_response_at or message.sent_at
    reading.answered(db, agent, head, version, seen=seen)
    record(db, "message.sent", head, agent=agent, message=message)
    return message


def unsent(
    db: Session,
    agent: Agent,
    identity: Identity,
    channel: Channel,
    text: str,
    *,
    others: Sequence[base.Participant] = (),
    subject: str = "",
    html: str = "",
) -> Message:
    """An answer as :func:`reply` takes it, not stored; where `html` cannot go, the text says the same without marks.
    Raises :class:`Refused` for what is no address."""
    own = family.conversation_of(db, identity.customer_id)
    message = _outbound(now(), own, identity, channel, text, None, ())
    message.author, message.agent_id = "agent", agent.id
    kept = participants.copies(channel, identity, others)
    message.context = {"others": [asdict(one) for one in kept]} if kept else {}
    features = connect.features(channel)
    message.subject = one_line(subject, MAX_SUBJECT) if features.subject else ""
    message.html = clean(html) if features.html else ""
    if html and not features.html:
        message.text = rich.plain(message.text)  # the thread shows what they read
    return message


def bot_reply(
    db: Session,
    conversation: Conversation,
    identity: Identity,
    channel: Channel,
    epoch: int | None,
    text: str,
    *,
    quick_replies: Sequence[str] = (),
    links: Sequence[dict[str, str]] = (),
    attachments: Sequence[Attachment] = (),
    context: Mapping[str, Any] | None = None,
) -> Message | None:
    """Say the bot's words, unless a person took over since `epoch` was read, or the customer wants nothing said there:
    then nothing is said (None). `epoch` None: whoever has the thread (a question that is the product's own, and answers
    nobody)."""
    if not consents.agrees(db, identity, channel):
        return None
    if epoch is not None and not _still(db, conversation, epoch):
        return None
    own = family.conversation_of(db, identity.customer_id)
    at = max(now(), conversation.last_message_at or now())  # of the thread's time, see moment()
    message = _outbound(at, own, identity, channel, text, None, quick_replies)
    message.author = "bot"
    own_question = {"out_of_turn": "product"} if epoch is None else {}
    message.links, message.context = list(links), {**(context or {}), **own_question}
    case = current_case(db, conversation)
    message.case_id = case.id if case else None
    _send(db, conversation, message, channel, identity, attachments)
    record(db, "message.sent", conversation, actor="bot", message=message)
    return message


def _still(db: Session, conversation: Conversation, epoch: int) -> bool:
    """Whether the bot has the thread as it was when `epoch` was read; nobody takes it until this ends."""
    claim = (
        update(Conversation)
        .where(
            Conversation.id == conversation.id, Conversation.owner == BOT, Conversation.owner_epoch == epoch
        )
        .values(bot_misses=Conversation.bot_misses)
    )
    done = db.execute(claim, execution_options={"synchronize_session": False})
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def note(
    db: Session,
    agent: Agent,
    conversation: Conversation,
    text: str,
    client_id: str,
    *,
    attachments: Sequence[Attachment] = (),
    version: int | None = None,
) -> Message:
    """Write a note that only we can see; of the number of a payment card only the end is kept. `version` as in
    :func:`reply`. Raises :class:`Refused` on an empty one."""
    head = hold(db, conversation)
    if stored := by_client_id(db, head, client_id):
        return stored
    text, cards = mask_cards(clean(text).strip())
    if not text and not attachments:
        raise Refused("The note is empty.", field="text")
    case = current_case(db, head)
    message = Message(
        conversation_id=head.id,
        case_id=case.id if case else None,
        kind=NOTE,
        author="agent",
        agent_id=agent.id,
        client_id=client_id,
        text=text[:MAX_TEXT],
        context={"notice": CARD_MASKED} if cards else {},
        sent_at=moment(db, head),
    )
    db.add(message)
    db.flush()
    _attach(message, attachments)
    search.index_new(db, [message])
    reading.discard_draft(db, agent, head, version)
    record(db, "note.added", head, agent=agent, message=message)
    return message


def retry(db: Session, agent: Agent, conversation: Conversation, message: Message) -> None:
    """Send again what failed, or what we do not know to have arrived. Raises :class:`Refused` on anything else."""
    head = hold(db, conversation)
    mine = select(Delivery).filter_by(message_id=message.id).execution_options(populate_existing=True)
    delivery = db.scalars(mine).first()
    if delivery is None or delivery.state not in (FAILED, UNKNOWN):
        raise Refused("This message is not waiting to be sent again.", status=409)
    if delivery.identity_id is not None:
        identity, channel = (
            db.get_one(Identity, delivery.identity_id),
            db.get_one(Channel, delivery.channel_id),
        )
        consents.refuse_unwilling(db, identity, channel, delivery.purpose)
    delivery.state, delivery.next_at, delivery.error, delivery.attempts = QUEUED, now(), "", 0
    delivery.updated_at = now()
    arrived(db, head, message, QUEUED)
    after_commit(db, jobs.wake_channel, delivery.channel_id)
    record(db, "delivery.retried", head, agent=agent, message=message)


def by_client_id(db: Session, conversation: Conversation, client_id: str) -> Message | None:
    """What this sending already became anywhere in the thread, if it came before."""
    mine = Message.conversation_id.in_(family.family_ids(db, conversation))
    return db.scalars(
        select(Message).where(mine, Message.client_id == client_id).order_by(Message.id)
    ).first()


def _outbound(
    at: datetime,
    own: Conversation,
    identity: Identity,
    channel: Channel,
    text: str,
    client_id: str | None,
    quick_replies: Sequence[str],
) -> Message:
    return Message(
        conversation_id=own.id,
        kind=OUTBOUND,
        identity_id=identity.id,
        channel_id=channel.id,
        client_id=client_id,
        text=clean(text).strip(),
        quick_replies=list(quick_replies),
        links=[],
        sent_at=at,
    )


def _check(text: str, attachments: Sequence[Attachment]) -> None:
    if not text and not attachments:
        raise Refused("The reply is empty.", field="text")
    if len(text) > MAX_TEXT:
        raise Refused(
            "The reply is longer than %(limit)s characters. Please shorten it.", field="text", limit=MAX_TEXT
        )


def _quotable(db: Session, head: Conversation, identity: Identity, channel: Channel, id: int) -> int:
    quoted = db.get(Message, id)
    here = quoted is not None and quoted.conversation_id in family.family_ids(db, head)
    if quoted is None or not here or quoted.kind != INBOUND or quoted.removed_at:
        raise Refused("The message you quote is not here any more.", field="quotes")
    same_way = (quoted.channel_id, quoted.identity_id) == (channel.id, identity.id)
    if not (same_way and connect.features(channel).quotes):
        raise Refused("Only what the customer wrote this way can be quoted.", field="quotes")
    return id


def _put(template: base.FilledTemplate, message: Message, attachments: Sequence[Attachment]) -> None:
    if attachments or message.quick_replies:
        raise Refused("A template is sent as it was approved, without files or choices.", field="template")
    message.html = ""
    message.context = {**message.context, "template": asdict(template)}


def _case_to_answer(db: Session, head: Conversation, channel: Channel) -> Case:
    """An answer after the resolution opens a case of ours, which needs no bot."""
    case = current_case(db, head)
    if case is None:
        case = open_case(db, head, None)
    if case.status != "open":
        case.status, head.snoozed_until = "open", None
    head.status = "open"
    return case


def _send(
    db: Session,
    head: Conversation,
    message: Message,
    channel: Channel,
    identity: Identity,
    attachments: Sequence[Attachment],
    purpose: str = SERVICE,
) -> None:
    """The message and its delivery in one transaction. Where the thread's own socket is the way, it is sent."""
    db.add(message)
    db.flush()
    _attach(message, attachments)
    live = connect.features(channel).live
    delivery = Delivery(
        message_id=message.id,
        channel_id=channel.id,
        identity_id=identity.id,
        state=SENT if live else QUEUED,
        purpose=purpose,
    )
    db.add(delivery)
    if live:
        db.flush()
        db.add(DeliveryRef(channel_id=channel.id, external_id=str(message.id), delivery_id=delivery.id))
    else:
        after_commit(db, jobs.wake_channel, channel.id)
    if "left" in message.context:
        head.waiting_since = waiting_since(db, head)
    elif "out_of_turn" not in message.context:
        head.waiting_since = None
    show(head, message)
    search.index_new(db, [message])


def _attach(message: Message, attachments: Sequence[Attachment]) -> None:
    for attachment in attachments:
        if attachment.message_id not in (None, message.id):
            raise Refused("“%(name)s” has been sent already.", name=attachment.name, status=409)
        attachment.message_id = message.id
