"""What X tells by its webhooks as our events, from both of its products: the X Activity API wraps what happened in an
envelope (https://docs.x.com/x-api/activity/introduction), the older Account Activity API does not
(https://docs.x.com/x-api/account-activity/introduction).

Total: whatever X may send one day is taken; what is not known is ignored in words, and one bad event costs no other.
Nothing is called malformed, because X gives up a webhook that refuses.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.events import Event, Ignored, Inbound, Person, Receipt, Typing
from channels.values import Malformed, items, mapping, milliseconds, shown, when, words
from channels.x.contents import ENCRYPTED, MAX_TEXT, UNSUPPORTED, Content, content, readable
from channels.x.people import person

MOST = 1000  # events in one request
ENCRYPTED_ONES = ("chat.received", "chat.sent")

Object = Mapping[str, Any]


@dataclass(frozen=True)
class _Told:
    """One request: whose `account` it is about, the `kind` of the envelope ("" where there is none), its id, and the
    `payload` that both products share, `secure` as in :func:`read`."""

    account: str
    kind: str
    uuid: str
    payload: Object
    secure: Callable[[str], bool]

    def person(self, id: str) -> Person:
        """With the name that came along."""
        users = self.payload.get("users")
        told = users.get(id) if isinstance(users, dict) else None
        told = told if isinstance(told, dict) else {}
        inner = told.get("data")
        return person(id, inner if isinstance(inner, dict) else told, self.secure)


def read(document: Any, account: str, secure: Callable[[str], bool]) -> list[Event]:
    """The events of a webhook body. `account`: the only one whose events are taken, "" for any. `secure`: whether a
    picture may be fetched from an address."""
    if not isinstance(document, dict):
        return [Ignored("the body is nothing that X sends")]
    try:
        told = _told(document, secure)
    except Malformed as wrong:
        return [_strange(wrong)]
    if account and told.account != account:
        return [Ignored(f"meant for another account: {shown(told.account)}")]
    return _events(told) or [_nothing(told)]


def _told(document: Object, secure: Callable[[str], bool]) -> _Told:
    """From either product: the payload of an envelope is what the other sends as it is."""
    data = document.get("data")
    if not isinstance(data, dict):
        return _Told(words(document, "for_user_id"), "", "", document, secure)
    watched = mapping(data.get("filter"), "filter")
    payload = mapping(data.get("payload"), "payload")
    kind, uuid = words(data, "event_type"), words(data, "event_uuid")
    return _Told(words(watched, "user_id"), kind, uuid, payload, secure)


def _events(told: _Told) -> list[Event]:
    if told.kind in ENCRYPTED_ONES:
        return _one(_encrypted, told.payload, told)
    found = [event for name, read in _READERS.items() for event in _each(name, read, told)]
    if not found and told.kind.startswith("dm.") and "sender_id" in told.payload:
        return _one(_flat, told.payload, told)
    return found


def _each(name: str, read: "Callable[[Object, _Told], Event]", told: _Told) -> list[Event]:
    """What `read` makes of each object of the list under `name`."""
    try:
        found = items(told.payload, name, MOST)
    except Malformed as wrong:
        return [_strange(wrong)]
    return [event for one in found for event in _one(read, one, told)]


def _one(read: "Callable[[Object, _Told], Event]", one: Any, told: _Told) -> list[Event]:
    try:
        return [read(mapping(one, "event"), told)]
    except Malformed as wrong:
        return [_strange(wrong)]


def _message(event: Object, told: _Told) -> Event:
    if words(event, "type") != "message_create":
        return Ignored(f"an event of an unknown type: {shown(event.get('type'))}")
    id = words(event, "id", required=True)
    create = mapping(event.get("message_create"), "message_create")
    sender = words(create, "sender_id", required=True)
    recipient = words(mapping(create.get("target"), "target"), "recipient_id")
    said = content(mapping(create.get("message_data"), "message_data"))
    return _said(told, id, sender, recipient, said, milliseconds(event.get("created_timestamp")))


def _flat(event: Object, told: _Told) -> Event:
    """A message as the API's own look-up tells it (https://docs.x.com/x-api/direct-messages/lookup/introduction)."""
    kind, conversation = words(event, "event_type"), words(event, "dm_conversation_id")
    if kind not in ("", "MessageCreate"):
        return Ignored(f"an event of an unknown type: {shown(kind)}")
    sender = words(event, "sender_id", required=True)
    text = readable(words(event, "text", MAX_TEXT), event.get("entities"))
    notice = {"notice": UNSUPPORTED} if event.get("attachments") else {}
    other = _other(conversation, sender)
    return _said(
        told,
        words(event, "id", required=True),
        sender,
        other,
        Content(text, context=notice),
        when(event, "created_at"),
    )


def _encrypted(event: Object, told: _Told) -> Event:
    """A message that only the apps of its two ends can read: what is shown is that there is one."""
    sender = words(event, "sender_id", required=True)
    id = (
        words(event, "id")
        or told.uuid
        or _digest(words(event, "encoded_event", MAX_TEXT * 10, required=True))
    )
    other = _other(words(event, "conversation_id"), sender)
    at = milliseconds(event.get("created_at_msec"))
    return _said(told, f"chat:{id}", sender, other, Content(context={"notice": ENCRYPTED}), at)


def _digest(sealed: str) -> str:
    """All of what cannot be read stands for itself: two messages may begin alike."""
    return hashlib.sha256(sealed.encode()).hexdigest()


def _said(told: _Told, id: str, sender: str, recipient: str, said: Content, at: datetime | None) -> Event:
    """A message of a customer, or of ours: then it may be the echo of what we sent, or from X's own app."""
    ours = sender == told.account if told.account else told.kind in ("dm.sent", "chat.sent")
    other = recipient if ours else sender
    if not other:
        return Ignored("said in a group; this channel answers single people only")
    if not ours and told.account and recipient and recipient != told.account:
        return Ignored("said between others")
    return Inbound(
        external_id=id,
        sender=told.person(other),
        text=said.text,
        sent_at=at,
        attachments=said.files,
        kind="outbound" if ours else "inbound",
        context=said.context,
    )


def _typing(event: Object, told: _Told) -> Event:
    sender = words(event, "sender_id", required=True)
    if sender == told.account:
        return Ignored("our own side was writing")
    return Typing(told.person(sender), at=milliseconds(event.get("created_timestamp")))


def _read(event: Object, told: _Told) -> Event:
    reader = words(event, "sender_id", required=True)
    if reader == told.account:
        return Ignored("our own side has read it")
    last = words(event, "last_read_event_id", required=True)
    at = milliseconds(event.get("created_timestamp"))
    return Receipt(last, "read", at=at, person=told.person(reader), through=True)


_READERS: "dict[str, Callable[[Object, _Told], Event]]" = {
    "direct_message_events": _message,
    "direct_message_indicate_typing_events": _typing,
    "direct_message_mark_read_events": _read,
}


def _nothing(told: _Told) -> Ignored:
    known = {"for_user_id", "users", "apps", "user_has_blocked"}
    about = told.kind or ", ".join(sorted(str(name) for name in told.payload if name not in known))
    return Ignored(f"not about direct messages: {shown(about or 'nothing')}")


def _strange(wrong: Malformed) -> Ignored:
    return Ignored(f"not as X documents it: {shown(wrong, 200)}")


def _other(conversation: str, sender: str) -> str:
    """Who else is in a conversation of two, whose id is theirs: 1-2, or 1:2. A group has an id of its own."""
    ends = conversation.replace(":", "-").split("-")
    others = [one for one in ends if one != sender]
    return others[0] if len(ends) == 2 and len(others) == 1 and others[0].isdecimal() else ""
