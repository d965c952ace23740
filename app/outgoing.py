"""A stored message as a connector sends it: with what it answers, who else gets it, and what stands below it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import connect, files, rich
from app.bot import ratings
from app.config import settings
from app.db import remember, remembered
from app.models import (
    Agent,
    Attachment,
    Channel,
    Conversation,
    Customer,
    Decision,
    Delivery,
    DeliveryRef,
    Identity,
    Message,
    MessageRef,
)
from app.models.message import INBOUND, OUTBOUND, asks
from app.text import one_line
from bots.flow_words import only_skips
from channels import base

MESSAGE = "m"  # so begin our keys
MOST_REFERENCES = 20  # ids of earlier messages that go along (RFC 5322, 3.6.4 has no limit, servers have)
MAX_QUOTE = 20_000  # characters
_AGAIN = ("re:", "re：", "aw:", "sv:", "返信:", "返信：")  # a subject that is an answer's already


def outbound(db: Session, delivery: Delivery, features: base.Features) -> base.Outbound:
    """Everything a connector needs to send this. Raises :class:`app.files.Missing`."""
    message = db.get_one(Message, delivery.message_id)
    identity = db.get_one(Identity, delivery.identity_id)
    return made_of(db, message, identity, db.get_one(Channel, delivery.channel_id), features)


def look_up(db: Session, channel: Channel, deliveries: Sequence[Delivery]) -> None:
    """Read what :func:`outbound` will ask for of each of these, in a statement a table for all of them."""
    files.look_up(db, {one.message_id for one in deliveries})
    people = {one.identity_id for one in deliveries if one.identity_id is not None}
    last: dict[Hashable, Message | None] = {_last_key(id, channel): None for id in people}
    for message in db.scalars(_last_of_each(people, channel)):
        if message.identity_id is not None:
            last[_last_key(message.identity_id, channel)] = message
    remember(db, last)


def message_of(key: str) -> int | None:
    """The message whose `Outbound.key` this is; None if it is none of ours."""
    number = key.removeprefix(MESSAGE)
    return int(number) if key.startswith(MESSAGE) and number.isdecimal() and len(number) < 19 else None


def made_of(
    db: Session,
    message: Message,
    identity: Identity,
    channel: Channel,
    features: base.Features,
    chosen: Sequence[Attachment] = (),
) -> base.Outbound:
    """`message`, stored or only written yet, as it goes to `identity`; `chosen` are the files that are to go with one
    that is not stored. What the kind has no form for is said in words: choices by their number, files by a signed
    address that is good for a month. Raises :class:`app.files.Missing`.
    """
    agent = db.get(Agent, message.agent_id) if message.agent_id else None
    last = _last_inbound(db, message, identity, channel)
    beside = _beside(db, message, channel, last) if features.copies else {}
    with_it = (*_files(db, message), *(files.as_sent(one, message.sent_at) for one in chosen))
    more = _in_words(message, features, [one for one in with_it if not features.carry(one)])
    return base.Outbound(
        key=f"{MESSAGE}{message.id}",
        to=base.Person(identity.address, identity.scope, name=identity.display, kind=identity.kind),
        text="\n\n".join(filter(None, (rich.plain(message.text) if message.html else message.text, *more))),
        html=message.html and message.html + "".join(rich.formatted(one) for one in more),
        thread=last.context.get("thread", "") if last else "",
        in_reply_to=_provider_id(last, features) if last else "",
        subject=message.subject or (_subject(db, message, last) if features.subject else ""),
        attachments=tuple(one for one in with_it if features.carry(one)),
        quick_replies=tuple(message.quick_replies) if has_buttons(message, features) else (),
        judged=ratings.labels(message) if features.rates else (),
        author=agent.name if agent else "",
        conversation=str(message.conversation_id),
        locale=_locale(db, message),
        automatic=message.author == "bot",
        last_inbound_at=last.sent_at if last else None,
        others=_others(message),
        signature=agent.signature if agent else "",
        last=_said(last, identity) if last else {},
        template=_template(message),
        **(_quoted(db, message) if features.quotes else {}),
        **beside,
    )


def _quoted(db: Session, message: Message) -> dict[str, Any]:
    """What it quotes, unless that was taken back meanwhile."""
    id = message.context.get("quotes")
    quoted = db.get(Message, id) if id else None
    if quoted is None or quoted.removed_at:
        return {}
    return {"quoted_id": quoted.external_id or "", "quoted": quoted.context}


def _template(message: Message) -> base.FilledTemplate | None:
    told = message.context.get("template")
    return base.FilledTemplate(**told) if told else None


def has_buttons(message: Message, features: base.Features) -> bool:
    """Whether what is offered for an answer goes as buttons there; else it is numbered in the text."""
    return 0 < len(message.quick_replies) <= features.max_quick_replies


@dataclass(frozen=True, slots=True)
class Shape:
    """What of an answer becomes of it on a channel: its text, links and choices that stay what they are, and whether
    a picture goes as one."""

    text: str
    links: Sequence[Mapping[str, str]]
    buttons: Sequence[str]
    picture: bool


def shape(
    text: str,
    links: Sequence[dict[str, str]],
    choices: Sequence[str],
    picture: Attachment | None,
    features: base.Features,
) -> Shape:
    """An answer as a channel shows it: the thread's own socket shows everything."""
    message = Message(text=text, links=list(links), quick_replies=list(choices))
    file = base.Attachment(picture.name, picture.content_type, size=picture.size) if picture else None
    if features.live:
        return Shape(text, links, choices, picture is not None)
    carried = file is not None and features.carry(file)
    words = _in_words(message, features, [] if file is None or carried else [file])
    buttons = choices if has_buttons(message, features) else ()
    return Shape("\n\n".join(filter(None, (text, *words))).strip(), (), buttons, carried)


def _in_words(message: Message, features: base.Features, linked: Sequence[base.Attachment]) -> Sequence[str]:
    """What the channel has no other form for: links and files by their address, choices by their number."""
    words = [f"{one['label']}\n{one['url']}" for one in message.links]
    words += [f"{one.name}\n{one.url}" for one in linked]
    if message.quick_replies and not has_buttons(message, features):
        chips = message.quick_replies
        marks = ["-"] if only_skips(chips) else [f"{n}." for n in range(1, len(chips) + 1)]
        words.append("\n".join(f"{mark} {label}" for mark, label in zip(marks, chips, strict=True)))
    return words


def _locale(db: Session, message: Message) -> str:
    """The language of who reads it, as far as they have shown one; else the shop's."""
    own = db.get_one(Conversation, message.conversation_id)
    return own.locale or db.get_one(Customer, own.customer_id).locale or settings().locale


def _files(db: Session, message: Message) -> tuple[base.Attachment, ...]:
    """Its own, and those of the answers it carries to somebody who left (see :mod:`app.afterwards`)."""
    if message not in db:
        return ()
    carried = (db.get_one(Message, id) for id in message.context.get("after") or ())
    return tuple(file for one in (message, *carried) for file in files.outgoing(db, one))


def _said(last: Message, to: Identity) -> dict[str, Any]:
    """Its context, as the connector gave it. Where somebody else wants answers sent is nothing to this one."""
    mine = last.identity_id == to.id
    return last.context if mine else {name: one for name, one in last.context.items() if name != "answer_to"}


def _provider_id(message: Message, features: base.Features) -> str:
    """The id that answers name a message by: mail has one besides what tells it from others."""
    named = message.context.get("message_id") if features.copies else None
    return str(named or message.external_id or "")


def _last_inbound(db: Session, message: Message, to: Identity, channel: Channel) -> Message | None:
    """What is answered: the last of the customer's there. Providers thread by it, some limit the time after it. What
    the bot says answers what it decided on (some providers take one answer to each message free of charge).

    Where messages have copies, it is the last of anybody in the conversation, whichever mailbox it came to, and an
    automatic answer only where there is nothing else.
    """
    if not connect.features(channel).copies:
        return _decided_on(db, message) or _last_of(db, to.id, channel)
    newest = select(Message).order_by(Message.sent_at.desc(), Message.id.desc()).limit(1)
    here = newest.where(
        Message.conversation_id == message.conversation_id,
        Message.kind == INBOUND,
        Message.channel_id.in_(connect.siblings(db, channel)),
        Message.sent_at <= message.sent_at,
    )
    return db.scalar(here.where(asks())) or db.scalar(here)


def _last_of(db: Session, identity_id: int, channel: Channel) -> Message | None:
    return remembered(
        db, _last_key(identity_id, channel), lambda: db.scalar(_last_of_each([identity_id], channel))
    )


def _last_key(identity_id: int, channel: Channel) -> tuple[str, int, int]:
    return "last inbound", identity_id, channel.id


def _last_of_each(identity_ids: Collection[int], channel: Channel) -> Select[Message]:
    """What each of them said last on the channel. It stands in their own conversation, which is walked from its end:
    however many write to the channel, nobody else's messages are looked at."""
    own = select(Conversation.id).where(Conversation.customer_id == Identity.customer_id)
    own = own.correlate(Identity)
    newest = (
        select(Message.id)
        .where(
            Message.conversation_id == own.scalar_subquery(),
            Message.identity_id == Identity.id,
            Message.channel_id == channel.id,
            Message.kind == INBOUND,
        )
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(1)
        .correlate(Identity)
    )
    return select(Message).where(
        Message.id.in_(select(newest.scalar_subquery()).where(Identity.id.in_(identity_ids)))
    )


def _decided_on(db: Session, message: Message) -> Message | None:
    if message.author != "bot":
        return None
    return db.scalar(
        select(Message)
        .join(Decision, Decision.message_id == Message.id)
        .where(Decision.reply_id == message.id)
    )


def _others(message: Message) -> tuple[base.Participant, ...]:
    told = message.context.get("others") or ()
    return tuple(base.Participant(one["address"], one["name"], one["role"]) for one in told)


def _subject(db: Session, message: Message, last: Message | None) -> str:
    """That of what is answered, else of what was written there last."""
    before = last.subject if last is not None and last.subject else _earlier_subject(db, message)
    before = one_line(before, 250)
    return before if not before or before.lower().startswith(_AGAIN) else f"Re: {before}"


def _earlier_subject(db: Session, message: Message) -> str:
    named = select(Message.subject).where(
        Message.conversation_id == message.conversation_id,
        Message.channel_id == message.channel_id,
        Message.id != message.id,
        Message.subject != "",
    )
    return db.scalar(named.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1)) or ""


def _beside(db: Session, message: Message, channel: Channel, last: Message | None) -> Mapping[str, Any]:
    """The ids of what was said before; and the customer's words, where the admin wants them quoted."""
    told: dict[str, Any] = {"references": _references(db, message, channel)}
    if last is not None and channel.settings.get("quote_history"):
        who = db.get(Identity, last.identity_id) if last.identity_id else None
        at = last.sent_at.astimezone(ZoneInfo(settings().timezone))
        told |= {"quote": last.text[:MAX_QUOTE], "quote_at": at}
        told["quote_by"] = (who.display or who.address) if who else ""
    return told


def _references(db: Session, message: Message, channel: Channel) -> tuple[str, ...]:
    """The ids of the last messages of the conversation on channels of this kind, the oldest first."""
    before = select(Message.id, Message.sent_at).where(
        Message.conversation_id == message.conversation_id,
        Message.channel_id.in_(connect.siblings(db, channel)),
        Message.kind.in_((INBOUND, OUTBOUND)),
        Message.sent_at <= message.sent_at,
        Message.id != message.id,
    )
    newest = before.order_by(Message.sent_at.desc(), Message.id.desc()).limit(MOST_REFERENCES)
    numbers = [row.id for row in db.execute(newest)][::-1]
    sent = select(Delivery.message_id, DeliveryRef.external_id).join(
        DeliveryRef, DeliveryRef.delivery_id == Delivery.id
    )
    came = select(MessageRef.message_id, MessageRef.external_id)
    known = _by_message(db, sent.where(Delivery.message_id.in_(numbers)))
    known |= _by_message(db, came.where(MessageRef.message_id.in_(numbers)))
    return tuple(known[number] for number in numbers if number in known)


def _by_message(db: Session, wanted: Select[int, str]) -> dict[int, str]:
    rows: Sequence[Any] = db.execute(wanted).all()
    return {row[0]: row[1] for row in rows}
