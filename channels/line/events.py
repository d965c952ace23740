"""Webhook events of LINE as ours (https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects).

Whatever LINE may send one day is taken: what is not known is ignored in words, and one bad event costs no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from channels import judging
from channels.events import Block, Edit, Event, Follow, Ignored, Inbound, Linked, Person, Unsend
from channels.line.contents import MAX_TEXT, MAX_TOKEN, Content, content
from channels.text import clean
from channels.values import MAX_NAME, Malformed, flag, mapping, number, whole, words

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 7_258_118_400_000  # ms: the year 2200
_TO_BE_NAMED = 40  # characters of an unknown type that are repeated

NOT_FOR_US = {  # type of event → why it becomes nothing
    "join": "the account was asked into a group; it speaks with people one by one only",
    "leave": "the account left a group",
    "memberJoined": "somebody joined a group",
    "memberLeft": "somebody left a group",
    "videoPlayComplete": "they watched a film to its end",
    "beacon": "they came near a beacon",
    "things": "a device of theirs was linked or unlinked",
    "membership": "a paid membership began, was renewed or ended",
    "delivery": "a notification message arrived at a telephone number",
    "activated": "this channel answers the chat from now on",
    "deactivated": "another channel answers the chat from now on",
    "botSuspended": "LINE has suspended the account",
    "botResumed": "LINE has let the account go on",
    "module": "a module was attached or detached",
}


@dataclass(frozen=True)
class Place:
    """Whose events are read: `scope` of the people's ids, and the account's own id ("": not known)."""

    scope: str
    account: str = ""


@dataclass(frozen=True)
class _Told:
    """One event, and what stands in each of them."""

    data: Mapping[str, Any]
    person: Person | None
    at: datetime | None

    @property
    def sender(self) -> Person:
        if self.person is None:
            raise Malformed("source: a userId is expected")
        return self.person


def read(document: Any, place: Place) -> list[Event]:
    """The events of a webhook body. An empty list of them is LINE's way to see whether we are there."""
    if not isinstance(document, dict) or not isinstance(document.get("events"), list):
        return [Ignored("the body is not LINE's: it has no list of events", malformed=True)]
    meant_for = document.get("destination")
    if place.account and meant_for != place.account:
        return (
            [Ignored(f"meant for another account: {clean(str(meant_for))[:_TO_BE_NAMED]}")]
            if document["events"]
            else []
        )
    return _in_order([_read(one, place) for one in document["events"]])


def _read(one: Any, place: Place) -> Event:
    try:
        data = mapping(one, "an event")
        return _one(data, place)
    except Malformed as wrong:
        return Ignored(f"an event that is not as LINE documents it: {clean(str(wrong))}")


def _one(data: Mapping[str, Any], place: Place) -> Event:
    kind = words(data, "type", required=True)
    if kind in NOT_FOR_US:
        return Ignored(NOT_FOR_US[kind])
    reader = _READERS.get(kind)
    if reader is None:
        return Ignored(f"an event of an unknown type: {kind[:_TO_BE_NAMED]}")
    source = mapping(data.get("source"), "source")
    where = words(source, "type")
    if where in ("group", "room") and kind != "unsend":
        return Ignored("said in a group; the account speaks with people one by one only")
    user = words(source, "userId")
    person = Person(user, place.scope) if user and where == "user" else None
    return reader(_Told(data, person, _time(data)))


def _message(told: _Told) -> Event:
    message = mapping(told.data.get("message"), "message")
    found = content(message)
    if found is None:
        return Ignored(f"a message of an unknown type: {words(message, 'type')[:_TO_BE_NAMED]}")
    quoted = words(message, "quotedMessageId")
    context = {
        "type": words(message, "type"),
        "quote_token": whole(message, "quoteToken", MAX_TOKEN),
        "read_token": whole(message, "markAsReadToken", MAX_TOKEN),
        "quoted": quoted,
        **found.context,
    }
    return _inbound(told, words(message, "id", required=True), found, context, quoted)


def _postback(told: _Told) -> Event:
    """A button that was pressed. Its label is not told, so its data and what was chosen are the words."""
    postback = mapping(told.data.get("postback"), "postback")
    data = words(postback, "data", 1000)
    if judged := judging.pressed(data, told.sender, told.at):
        return judged
    params = {
        clean(name)[:MAX_NAME]: clean(value)[:MAX_NAME]
        for name, value in list(mapping(postback.get("params"), "params").items())[:10]
        if isinstance(value, str)
    }
    if "newRichMenuAliasId" in params:
        return Ignored("they turned to another page of the menu")
    said = Content(" ".join(filter(None, (data, *params.values()))))
    context = {"type": "postback", "postback": {"data": data, "params": params}}
    return _inbound(told, words(told.data, "webhookEventId", required=True), said, context)


def _inbound(told: _Told, id: str, said: Content, context: Mapping[str, Any], quoted: str = "") -> Inbound:
    """In standby another program answers the chat: it is shown here, and nothing may be said by itself."""
    standby = told.data.get("mode") == "standby"
    beside = {
        "event_id": words(told.data, "webhookEventId"),
        "reply_token": "" if standby else whole(told.data, "replyToken", MAX_TOKEN),
        "standby": standby,
        "redelivered": flag(mapping(told.data.get("deliveryContext"), "deliveryContext"), "isRedelivery"),
    }
    return Inbound(
        external_id=id,
        sender=told.sender,
        text=said.text,
        sent_at=told.at,
        in_reply_to=quoted,
        attachments=said.files,
        context={name: value for name, value in {**context, **beside}.items() if value},
        auto=standby,
    )


def _edited(told: _Told) -> Event:
    message = mapping(told.data.get("message"), "message")
    id = words(message, "id", required=True)
    return Edit(id, words(message, "text", MAX_TEXT, required=True), at=told.at)


def _unsend(told: _Told) -> Event:
    """In a group nothing was taken in, so nobody is named."""
    id = words(mapping(told.data.get("unsend"), "unsend"), "messageId", required=True)
    return Unsend(id, told.at, told.person)


def _follow(told: _Told) -> Event:
    return Follow(told.sender, told.at)


def _unfollow(told: _Told) -> Event:
    return Block(told.sender, told.at)


def _account_link(told: _Told) -> Event:
    """One that failed may come without who it was."""
    link = mapping(told.data.get("link"), "link")
    ok = words(link, "result") == "ok"
    return Linked(told.sender if ok else told.person, words(link, "nonce", 255, required=True), told.at, ok)


def _time(data: Mapping[str, Any]) -> datetime | None:
    """When it happened: milliseconds since 1970."""
    ms = number(data, "timestamp", 0, _LATEST)
    return _EPOCH + timedelta(milliseconds=ms) if ms is not None else None


def _in_order(events: list[Event]) -> list[Event]:
    """Pictures sent together come one by one, in any order: those of one set change places among each other."""
    places: dict[str, list[int]] = {}
    for number_, event in enumerate(events):
        if isinstance(event, Inbound) and "image_set" in event.context:
            places.setdefault(event.context["image_set"]["id"], []).append(number_)
    ordered = list(events)
    for where in places.values():
        for number_, event in zip(where, sorted((events[at] for at in where), key=_index), strict=True):
            ordered[number_] = event
    return ordered


def _index(event: Event) -> int:
    index = event.context["image_set"].get("index", 0) if isinstance(event, Inbound) else 0
    return int(index)


_READERS: dict[str, Callable[[_Told], Event]] = {
    "message": _message,
    "messageEdited": _edited,
    "postback": _postback,
    "unsend": _unsend,
    "follow": _follow,
    "unfollow": _unfollow,
    "accountLink": _account_link,
}
