"""How what customers of the demo do elsewhere comes in: as their platform, telephone system or mail server tells it."""

from __future__ import annotations

import json
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app import connect, intake, lookups
from app.db import now
from app.demo import shop
from app.models import Channel, Identity, Message
from app.played import line_id
from channels.base import Person, Request

if TYPE_CHECKING:
    from app.demo.script import Talk

MAIL_SERVER = "mx.kitakaze.example"  # whose word on senders the demo's mailbox trusts


def told(db: Session, channel: Channel, request: Request) -> Message:
    """A request comes in by the one door; the message that it brings."""
    receipt = intake.store(db, channel, request)
    events = connect.connector(channel).parse(request)
    receipt.outcome = intake.accept(db, channel, events, [receipt.id] * len(events))
    receipt.state, receipt.parsed_at = "parsed", now()
    return db.get_one(Message, receipt.outcome[0]["message"])


def event(db: Session, channel: Channel, what: dict[str, Any]) -> Message:
    """Signed JSON, as the shop's own systems send it."""
    return told(db, channel, _json(channel, {"events": [what]}))


def by_line(db: Session, channel: Channel, talk: Talk, id: str, text: str) -> Message:
    """What a friend of the LINE account writes. Who they are there is told at once, as LINE does when it is asked."""
    said = {
        "type": "message",
        "mode": "active",
        "timestamp": int(now().timestamp() * 1000),
        "source": {"type": "user", "userId": line_id(talk.name)},
        "webhookEventId": id,
        "deliveryContext": {"isRedelivery": False},
        "message": {"id": id, "type": "text", "text": text},
    }
    message = told(db, channel, _json(channel, {"destination": "", "events": [said]}))
    identity = db.get_one(Identity, message.identity_id)
    lookups.keep(db, identity, Person(identity.address, name=talk.name, locale=talk.language), None)
    return message


def by_mail(db: Session, channel: Channel, talk: Talk, id: str, subject: str, text: str) -> Message:
    """A mail, with what the shop's mail server found out about its sender, pushed to the webhook address."""
    request = Request(
        "POST", f"/hooks/{channel.key}", {"content-type": "message/rfc822"}, body=_mail(
            channel, talk, id, subject, text, now())
    )  # fmt: skip
    return told(db, channel, request)


def _mail(channel: Channel, talk: Talk, id: str, subject: str, text: str, at: datetime) -> bytes:
    mail = EmailMessage()
    domain = talk.email.partition("@")[2]
    mail["Authentication-Results"] = f"{MAIL_SERVER}; dmarc=pass header.from={domain}"
    mail["From"] = f"{talk.name} <{talk.email}>"
    mail["To"] = str(channel.settings["address"])
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{id}@{domain}>"
    mail.set_content(text)
    return mail.as_bytes()


def _json(channel: Channel, body: dict[str, Any]) -> Request:
    raw = json.dumps(body, ensure_ascii=False).encode()
    return Request("POST", f"/hooks/{channel.key}", {"content-type": "application/json"}, body=raw)


def line_of(db: Session) -> Channel | None:
    """The LINE account; None where there is no sandbox that plays it."""
    return shop.channel(db, shop.LINE)
