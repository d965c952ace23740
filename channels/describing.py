"""What we understand of a provider's request, as plain JSON values: for people who wonder, and for grading by foreign
collections of payloads."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from channels.base import Features
from channels.events import Attachment, Event, Inbound, Participant, Person

_TOLD = {
    "external_id",
    "sender",
    "person",
    "thread",
    "text",
    "attachments",
    "in_reply_to",
    "sent_at",
    "at",
    "state",
}
_KEPT_BACK = {"raw", "data"}  # what stands in the request anyway


def describe(event: Event, features: Features) -> dict[str, Any]:
    """`event` of a kind with these features.

    `type` is "message" or the other events' own word. The keys up to `state` are always there: "" for a text that is
    not told, None for a sender or a time. Behind them stands what else the event carries.
    """
    told = {each.name: getattr(event, each.name) for each in fields(event)}
    at = told.get("sent_at") or told.get("at")
    return {
        "type": "message" if isinstance(event, Inbound) else type(event).__name__.lower(),
        "external_id": told.get("external_id", ""),
        "sender": _person(told.get("sender") or told.get("person"), features),
        "thread": told.get("thread", ""),
        "text": told.get("text", ""),
        "attachments": [_attachment(one) for one in told.get("attachments", ())],
        "in_reply_to": told.get("in_reply_to", ""),
        "sent_at": at.isoformat() if at else None,
        "state": told.get("state", ""),
        **_rest(told, _TOLD),
    }


def _person(person: Person | None, features: Features) -> dict[str, Any] | None:
    """`phone` is proved where the provider proves it, else what they say of themselves."""
    if person is None:
        return None
    dialled = person.address if (person.kind or features.identity_kind) == "phone" else ""
    told = {each.name: getattr(person, each.name) for each in fields(person)}
    return {
        "address": person.address,
        "name": person.name,
        "phone": person.phone or dialled or person.claimed.get("phone", ""),
        **_rest(told, {"address", "name", "phone"}),
    }


def _attachment(file: Attachment) -> dict[str, Any]:
    """`id` is what the provider wants to hear to hand it out, where it has no `url`."""
    told = {each.name: getattr(file, each.name) for each in fields(file)}
    size = file.size if file.data is None else len(file.data)
    return {
        "name": file.name,
        "media_type": file.content_type,
        **_rest({"url": file.url, "id": file.ref, "size": size}, set()),
        **_rest(told, {"name", "content_type", "url", "ref", "size"}),
    }


def _rest(told: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """What is not `known` already and says something."""
    left = {name: value for name, value in told.items() if name not in known and name not in _KEPT_BACK}
    return {name: _plain(value) for name, value in left.items() if value not in ("", None, (), {})}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Attachment):
        return _attachment(value)
    if isinstance(value, Person):
        return _rest({each.name: getattr(value, each.name) for each in fields(value)}, ())
    if isinstance(value, Participant):
        return {"address": value.address, "name": value.name, "role": value.role}
    return value.isoformat() if isinstance(value, datetime) else value
