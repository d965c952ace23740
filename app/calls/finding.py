"""Whose thread a call is in: by the call itself, or by the number; and who is calling just now."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canonical, connect, customers, family
from app.calls.changing import RINGS
from app.config import settings
from app.customers import Contact
from app.db import now
from app.i18n import gettext
from app.inbox import Refused
from app.models import Agent, Call, Channel, Conversation, Message
from app.models.call import RINGING
from app.models.customer import CLAIMED
from app.queries import NotFound, conversation_for

SCOPE = "calls"  # of callers without a number whom one of us noted


def lines(db: Session) -> Sequence[Channel]:
    """The channels that telephone systems tell of calls by."""
    enabled = db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id))
    return [one for one in enabled if connect.features(one).telephone]


def thread_of(db: Session, channel: Channel, external_id: str) -> int | None:
    """The conversation of a call by its id at the telephone system."""
    named = (Call.channel_id == channel.id, Call.external_id == external_id)
    own = select(Message.conversation_id).join(Call, Call.message_id == Message.id)
    return db.scalar(own.where(*named)) if external_id else None


def number_of(written: str) -> str:
    """A number as it is kept; "" if it is none."""
    return canonical.phone(written, settings().country)


def by_number(db: Session, viewer: Agent, written: str) -> Conversation | None:
    """The thread of whoever has this number, as far as the viewer may see it; None where nobody has it. Raises
    :class:`NotFound`."""
    found = customers.find(db, canonical.PHONE, "", number_of(written)) if number_of(written) else None
    if found is None:
        return None
    return conversation_for(db, viewer, family.conversation_of(db, found.customer_id).id)


def begin(db: Session, viewer: Agent, number: str, name: str, *, withheld: bool) -> Conversation:
    """The thread a call is to be noted in: of who has the number, or of somebody new. Raises :class:`Refused`."""
    if withheld:
        unknown = name.strip() or gettext(settings().locale, "Withheld number")
        address = (canonical.PHONE, SCOPE, connect.of_nobody(uuid4().hex))
        return _thread(db, Contact(address, name=unknown, proof=CLAIMED, owner="human"))
    kept = number_of(number)
    if not kept:
        raise Refused("This is no telephone number. Choose “withheld” where there is none.", field="number")
    try:
        there = by_number(db, viewer, kept)
    except NotFound:
        raise Refused("The customer with this number is with another team.", status=403) from None
    return there or _thread(db, Contact((canonical.PHONE, "", kept), name=name, proof=CLAIMED, owner="human"))


def _thread(db: Session, contact: Contact) -> Conversation:
    identity = customers.identify(db, contact)
    return family.conversation_of(db, identity.customer_id)


def ringing(db: Session) -> Sequence[Call]:
    """The calls that ring just now, the newest first."""
    live = (Call.state == RINGING, Call.direction == "in", Call.started_at > now() - RINGS)
    recent = select(Call).where(*live).order_by(Call.started_at.desc()).limit(20)
    return [one for one in db.scalars(recent) if not one.known.get("history")]
