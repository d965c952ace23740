"""What the bot is told of the customer, the channel and the hour beside the words: from our rows to its own type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app import hours
from app.db import now
from app.family import family_ids
from app.models import Channel, Conversation, ConversationLabel, Customer, Identity, Label, Message, Setting
from app.models.customer import SIGNED


def of(
    db: Session, channel: Channel, identity: Identity, head: Conversation, message: Message
) -> bots.Situation:
    """In which situation this message was written."""
    times, at = business_hours(db), now()
    return bots.Situation(
        channel=channel.key,
        kind=channel.kind,
        on=at.astimezone(times.zone).date(),
        open=hours.is_open(times, at),
        signed_in=identity.proof >= SIGNED,
        labels=frozenset(_labels(db, head)),
        attributes=_attributes(db, head, identity),
        page=str(message.context.get("url", "")),
    )


def business_hours(db: Session) -> hours.Hours:
    """The hours in the settings; without any it is always open."""
    stored = db.get(Setting, "hours")
    return hours.from_setting(stored.value if stored else None)


def today(db: Session) -> date:
    """The day it is in the shop."""
    return now().astimezone(business_hours(db).zone).date()


def is_open(db: Session) -> bool:
    """Whether the business is open now."""
    return hours.is_open(business_hours(db), now())


def _labels(db: Session, head: Conversation) -> list[str]:
    put = select(Label.name).join(ConversationLabel, ConversationLabel.label_id == Label.id)
    return list(db.scalars(put.where(ConversationLabel.conversation_id.in_(family_ids(db, head)))))


def _attributes(db: Session, head: Conversation, identity: Identity) -> Mapping[str, str]:
    """What is noted of who writes, over what is noted of the customer they are linked to."""
    told: dict[str, str] = {}
    for customer_id in (head.customer_id, identity.customer_id):
        customer = db.get_one(Customer, customer_id)
        told |= {name: value(one) for name, one in customer.attributes.items()}
    return told


def value(noted: Any) -> str:
    """What is noted under one name, as the bot compares it."""
    value = noted.get("value") if isinstance(noted, dict) else noted
    return "" if value is None else str(value)
