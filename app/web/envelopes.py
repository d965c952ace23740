"""The head of an answer by mail: whom it goes to, whom "reply to all" adds, its subject, what was begun of it."""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app import connect
from app.family import family_ids
from app.i18n import gettext
from app.models import Channel, Conversation, Draft, Identity, Message, Participant
from app.models.message import INBOUND
from app.web.letters import Party, parties
from channels import base

_NAMED = re.compile(r"^\s*(.*?)\s*<([^<>]*)>\s*$", re.DOTALL)
Role = Literal["to", "cc", "bcc"]
COPIES: tuple[Role, ...] = ("cc", "bcc")
_AGAIN = re.compile(r"^\s*(?:(?:re|aw|sv|返信)\s*(?:\[\d+\])?\s*[:：]\s*)+", re.IGNORECASE)


@dataclass(frozen=True)
class Envelope:
    """What a way that knows copies offers the composer. `all`: whom "reply to all" adds; `known`: who takes part."""

    to: Party
    subject: str
    all: tuple[Party, ...] = ()
    known: tuple[Party, ...] = ()
    unreachable: str = ""


def others(form: FormData) -> list[base.Participant]:
    """The other recipients named in a form. What is no address is refused by the verb, with its words."""
    found: list[base.Participant] = []
    for role in COPIES:
        for value in form.getlist(role):
            if isinstance(value, str) and value.strip():
                named = _NAMED.match(value)
                name, address = (named[1].strip('" '), named[2]) if named else ("", value)
                found.append(base.Participant(address.strip(), name, role))
    return found


def begun(draft: Draft | None) -> dict[str, Any]:
    """What was chosen in a draft besides its words, as the head of a mail takes it: each copy in words, the subject."""
    told = draft.more if draft else {}
    people = parties(told.get("others"))
    copies = {
        role: [one.words for one in people if (one.role == "bcc") == (role == "bcc")] for role in COPIES
    }
    return {role: words for role, words in copies.items() if words} | (
        {"subject": told["subject"]} if "subject" in told else {}
    )


def envelope(db: Session, head: Conversation, identity: Identity, channel: Channel, locale: str) -> Envelope:
    """The answer to what came last on this way."""
    last = last_inbound(db, head, channel)
    told = last.context if last else {}
    to = str(told.get("answer_to") or identity.address) if _is_by(last, identity) else identity.address
    people = [*_writer(db, last, identity), *parties(told.get("others"))]
    return Envelope(
        to=Party(to, identity.display),
        subject=_subject(last, head, locale),
        all=tuple(replace(one, role="cc") for one in people if one.role != "bcc" and one.address != to),
        known=_known(db, head, channel),
        unreachable=identity.unreachable,
    )


def _writer(db: Session, last: Message | None, identity: Identity) -> list[Party]:
    """Who wrote it, where that is not the customer who is answered."""
    by = db.get(Identity, last.identity_id) if last and last.identity_id else None
    return [Party(by.address, by.display, "cc")] if by and by.id != identity.id else []


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
