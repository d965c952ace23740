"""An event in the form the inbox stores it."""

from __future__ import annotations

from typing import Any

from app import connect
from app.inbox import Said
from app.text import clean
from channels import base

OURS = {
    "files",
    "locale",
    "thread",
    "client_id",
    "visitor_gone",
    "address",
    "what",
}  # never a sender's to say


def said(event: base.Inbound) -> Said:
    """The event in the form the inbox stores it, nothing of it too long or unfit for a column."""
    beside = {  # an answer needs these, and the sender's own page their id of it
        "locale": event.sender.locale[:16],
        "thread": event.thread[:200],
        "client_id": event.client_id[:200],
    }
    told = {name: value for name, value in event.context.items() if name not in OURS}
    return Said(
        external_id=key(event.external_id),
        text=event.text,
        html=event.html,
        subject=event.subject,
        sent_at=event.sent_at,
        kind=event.kind,
        context=_storable({**told, **{name: value for name, value in beside.items() if value}}),
    )


def key(external_id: str) -> str:
    if not external_id:
        raise ValueError("an event without its provider's id cannot be told from the next one")
    return connect.fitting(external_id, 512)


def _storable(value: Any) -> Any:
    """JSON both engines can store: PostgreSQL refuses NUL and lone surrogates in it."""
    if isinstance(value, str):
        return clean(value)[:4000]
    if isinstance(value, dict):
        return {clean(str(name)): _storable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    return value
