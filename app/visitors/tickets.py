"""Tickets: proof, good for minutes, that a page of an allowed site asked for the chat.

The chat's frame has an opaque origin, so its socket cannot be checked by its Origin header. The loader's request
can: it is made by the shop's page itself, and what it gets is this ticket.
"""

from __future__ import annotations

import base64
import hmac
import json
from datetime import datetime, timedelta

from app.config import settings
from app.visitors.trouble import Trouble

LASTS = timedelta(minutes=15)


def issue_ticket(key: str, origin: str, at: datetime) -> str:
    """A ticket for the channel `key` on pages of `origin`."""
    told = {"k": key, "o": origin[:300], "e": int((at + LASTS).timestamp())}
    body = base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode())
    return f"{body.decode()}.{_sign(body)}"


def check_ticket(ticket: object, key: str, at: datetime) -> str:
    """The origin a ticket was made for. Raises :class:`Trouble` when it is forged, of another channel or late."""
    body, _, signature = (ticket if isinstance(ticket, str) and ticket.isascii() else "").partition(".")
    if not hmac.compare_digest(_sign(body.encode()), signature):
        raise Trouble("ticket", "This chat could not be opened from this page.", fatal=not body)
    told = json.loads(base64.urlsafe_b64decode(body))
    if told["k"] != key or told["e"] < at.timestamp():
        raise Trouble("ticket", "This chat could not be opened from this page.")
    return str(told["o"])


def _sign(body: bytes) -> str:
    return settings().mark("widget ticket", body)
