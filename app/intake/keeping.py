"""What a message has besides its words is kept beside it: where it came from, its ids, who else got it.

Only where there is something to keep, and in a statement a table for all that come together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app import connect
from app.db import insert_missing
from app.inbox import participants, refs
from app.intake.places import own_ids
from app.models import Channel, Message, MessageRef, MessageSource
from app.text import clean
from channels import base

MAX_HTML = 2_000_000  # characters
MAX_BESIDE = 200_000  # characters of what is quoted, or of a signature
MAX_ANSWERS = 50
MOST_OTHERS = 100  # people a message went to; the number of all is told with it


@dataclass(frozen=True)
class Kept:
    """A message that was stored just now, the event it was, and the raw receipt it came by."""

    event: base.Inbound
    message: Message
    receipt_id: int | None


def keep(db: Session, channel: Channel, news: Sequence[Kept]) -> None:
    """Store what these messages have besides their words."""
    mail = connect.features(channel).copies
    told = [one for one in news if mail or _has_more(one.event)]
    if not told:
        return
    insert_missing(db, MessageSource, [_source(one) for one in told])
    ids = [(id, one.message.id) for one in told for id in own_ids(channel, one.event)]
    insert_missing(
        db,
        MessageRef,  # an id that is used again names the first message it stood on
        [
            {"channel_id": channel.id, "external_id": refs.stored_as(id), "message_id": message_id}
            for id, message_id in sorted(ids)
        ],
    )
    others = [(one.message.conversation_id, one.event.others[:MOST_OTHERS]) for one in told]
    participants.remember(db, channel, [one for one in others if one[1]])


def _has_more(event: base.Inbound) -> bool:
    return bool(event.quoted or event.signature or event.about_sender or event.others)


def _source(one: Kept) -> dict[str, Any]:
    event = one.event
    return {
        "message_id": one.message.id,
        "receipt_id": one.receipt_id,
        "html": clean(event.html)[:MAX_HTML],
        "quoted": clean(event.quoted)[:MAX_BESIDE],
        "signature": clean(event.signature)[:MAX_BESIDE],
        "answers": [refs.stored_as(id) for id in event.answers[:MAX_ANSWERS]],
        "checked": {clean(name)[:64]: clean(str(value))[:500] for name, value in event.about_sender.items()},
        "refused": {},
    }
