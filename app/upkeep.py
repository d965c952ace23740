"""Access tokens that end some day: looked after once a day, and warned of in time.

The connector renews what can be renewed; the admin is told on the channel's page where that did not help.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from sqlalchemy import select

from app import connect, vault
from app.db import now, reading, transaction
from app.models import Channel
from app.models.channel import ACTION, REAUTHORISE, UNKNOWN, WORKS
from app.text import clean
from channels import registry
from channels.base import ChannelError, Expiring

log = logging.getLogger(__name__)

EVERY, AGAIN = 86_400.0, 3_600.0  # seconds between two looks; after one that failed
SOON = timedelta(days=14)  # so long ahead somebody is told
ENDS = "Everything works, but the access token expires soon. Renew it in time."

_next: dict[int, float] = {}


def look_after_tokens() -> int:
    """Look after the channels whose time has come; returns how many. Calls out; hold no transaction."""
    kinds = [kind for kind, made in registry.kinds().items() if issubclass(made, Expiring)]
    with reading() as db:
        ids = db.scalars(select(Channel.id).where(Channel.enabled, Channel.kind.in_(kinds))).all()
    due = [id for id in ids if _next.get(id, 0.0) <= time.monotonic()]
    for id in due:
        _next[id] = time.monotonic() + (EVERY if look_after(id) else AGAIN)
    return len(due)


def look_after(channel_id: int) -> bool:
    """Whether this channel need not be asked again today."""
    with reading() as db:
        channel = db.get_one(Channel, channel_id)
    try:
        connector = connect.connector(channel)
        assert isinstance(connector, Expiring)
        ends = connector.look_after()
    except (vault.Unreadable, registry.UnknownKind):
        return True  # told by what else needs its secrets
    except ChannelError as error:
        if error.permanent:
            _tell(channel_id, REAUTHORISE if error.reauthorise else ACTION, str(error))
        return error.permanent
    except Exception:
        log.exception("the token of channel %s could not be looked after", channel_id)
        return True
    late = ends is not None and ends - now() < SOON
    _tell(channel_id, ACTION if late else WORKS, _warning(ends) if ends is not None and late else "")
    return True


def _warning(ends: datetime) -> str:
    return f"{ENDS} ({ends:%Y-%m-%d})"


def _tell(channel_id: int, health: str, sentence: str) -> None:
    """A warning is written down, and taken back once it is no longer true. What does not work now is worth more than
    that, and other words about the channel stay."""
    with transaction() as db:
        channel = db.get_one(Channel, channel_id, with_for_update=True)
        told, warned = clean(sentence)[:2000], channel.health_text.startswith(ENDS)
        broken = channel.health not in (WORKS, UNKNOWN)
        if not warned and (health == WORKS or (broken and told.startswith(ENDS))):
            return
        if (channel.health, channel.health_text) != (health, told):
            channel.health, channel.health_text, channel.health_at = health, told, now()
