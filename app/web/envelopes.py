"""The head of an answer by mail: whom it goes to, whom "reply to all" adds, its subject."""

import re
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect
from app.family import family_ids
from app.i18n import gettext
from app.models import Channel, Conversation, Identity, Message, Participant
from app.models.message import INBOUND
from app.web.letters import Party, parties

_AGAIN = re.compile(r"^\s*(?:(?:re|aw|sv|返信)\s*(?:\[\d+\])?\s*[:：]\s*)+", re.IGNORECASE)


@dataclass(frozen=True)
class Envelope:
    """What a way that knows copies offers the composer. `all`: whom "reply to all" adds; `known`: who takes part."""

    to: Party
    subject: str
    all: tuple[Party, ...] = ()
    known: tuple[Party, ...] = ()
    unreachable: str = ""


def envelope(db: Session, head: Conversation, identity: Identity, channel: Channel, locale: str) -> Envelope:
    """The answer to what came last on this way."""
    last = last_inbound(db, head, channel)
    told = last.context if last else {}
    to = str(told.get("answer_to") or identity.address) if _is_by(last, identity) else identity.address
    people = parties(told.get("others"))
    return Envelope(
        to=Party(to, identity.display),
        subject=_subject(last, head, locale),
        all=tuple(replace(one, role="cc") for one in people if one.role != "bcc" and one.address != to),
        known=_known(db, head, channel),
        unreachable=identity.unreachable,
    )


def _is_by(message: Message | None, identity: Identity) -> bool:
    return message is not None and message.identity_id == identity.id


def last_inbound(db: Session, head: Conversation, channel: Channel) -> Message | None:
    theirs = select(Message).where(
        Message.conversation_id.in_(family_ids(db, head)),
        Message.channel_id == channel.id,
        Message.kind == INBOUND,
    )
    return db.scalars(theirs.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1)).first()


def _subject(last: Message | None, head: Conversation, locale: str) -> str:
    subject = _AGAIN.sub("", last.subject).strip() if last else ""
    return f"Re: {subject}" if subject else gettext(head.locale or locale, "Your inquiry")


def _known(db: Session, head: Conversation, channel: Channel) -> tuple[Party, ...]:
    mine = Participant.conversation_id.in_(family_ids(db, head))
    wanted = select(Participant).where(mine, Participant.kind == connect.identity_kind(channel))
    return tuple(Party(one.address, one.name, "cc") for one in db.scalars(wanted.limit(200)))
