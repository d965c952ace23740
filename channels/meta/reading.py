"""Webhook events of Messenger and Instagram as ours
(https://developers.facebook.com/docs/messenger-platform/reference/webhook-events,
https://developers.facebook.com/docs/instagram-platform/webhooks).

Whatever Meta may send one day is taken: what is not known is ignored in words, and one bad event costs no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from channels import judging
from channels.events import Edit, Event, Ignored, Inbound, Person, Reaction, Receipt, Unsend
from channels.meta import choices, marks
from channels.meta.contents import Content, content, long, optional, referral
from channels.meta.webhook import each, entries, moment
from channels.values import Malformed, items, mapping, shown, words

MOST_MIDS = 1000
NOT_FOR_US = {  # what an event is about → why it becomes nothing
    "optin": "they agreed to be sent something",
    "account_linking": "their account was linked or unlinked",
    "pass_thread_control": "the conversation was passed to another app",
    "take_thread_control": "another app took the conversation over",
    "request_thread_control": "another app asks for the conversation",
    "app_roles": "the roles of the apps have changed",
    "policy_enforcement": "Meta warns of a breach of its rules, or has blocked the page",
    "game_play": "they played a game",
    "response_feedback": "they said how good an answer was",
    "messaging_feedback": "they answered a survey",
}
STANDBY = "another app answers this conversation now"


@dataclass(frozen=True)
class Place:
    """Whose events are read: `object` as Meta names the sort of account, its `account` id, our `app` id ("": not
    known), and the `channel`'s key, by which our own marks are told."""

    object: str
    account: str
    app: str = ""
    channel: str = ""


@dataclass(frozen=True)
class _Told:
    """One event, and what stands in each of them."""

    data: Mapping[str, Any]
    place: Place
    at: datetime | None

    def person(self, side: str = "sender") -> Person:
        return Person(words(mapping(self.data.get(side), side), "id", required=True))

    def part(self, name: str) -> Mapping[str, Any]:
        return mapping(self.data.get(name), name)


def read(document: Any, place: Place) -> list[Event]:
    """The events of a webhook body."""
    events: list[Event] = []
    for entry, instead in entries(document, place.object):
        if entry is not None:
            events += _entry(entry, place)
        elif instead is not None:
            events.append(instead)
    return events


def _entry(entry: Mapping[str, Any], place: Place) -> list[Event]:
    id = str(entry.get("id", ""))
    if place.account and id != place.account:
        return [Ignored(f"meant for another account: {shown(id)}")]
    sent = moment(entry.get("time"))

    def event(data: Mapping[str, Any]) -> list[Event]:
        return _event(_Told(data, place, moment(data.get("timestamp")) or sent))

    def standby(_: Mapping[str, Any]) -> list[Event]:
        return [Ignored(STANDBY)]

    def change(data: Mapping[str, Any]) -> list[Event]:
        """Meta's own test button sends messages in this form."""
        value = data.get("value")
        if isinstance(value, dict) and "sender" in value:
            return event(value)
        return [Ignored(f"not about messages: {shown(data.get('field'))}")]

    return [
        *each(entry, "messaging", event),
        *each(entry, "standby", standby),
        *each(entry, "changes", change),
    ]


def _event(told: _Told) -> list[Event]:
    for name, reader in _READERS.items():
        if name in told.data:
            return reader(told)
    for name, reason in NOT_FOR_US.items():
        if name in told.data:
            return [Ignored(reason)]
    known = {"sender", "recipient", "timestamp"}
    return [Ignored(f"an event of an unknown type: {shown(', '.join(sorted(set(told.data) - known)))}")]


def _message(told: _Told) -> list[Event]:
    message = told.part("message")
    mid = words(message, "mid", 512, required=True)
    if message.get("is_self") is True:
        return [Ignored("the account wrote to itself")]
    if message.get("is_deleted") is True:
        ours = message.get("is_echo") is True
        return [Unsend(mid, told.at, None if ours else told.person())]
    if message.get("is_echo") is True:
        return [_echo(told, message, mid)]
    if judged := judging.pressed(long(optional(message, "quick_reply"), "payload"), told.person(), told.at):
        return [judged]
    quoted = long(optional(message, "reply_to"), "mid")[:512]
    return [_inbound(told, mid, content(message), quoted)]


def _inbound(told: _Told, mid: str, said: Content, quoted: str = "") -> Inbound:
    person = told.person()
    beside = {"mid": mid, "person": person.address, "quoted": quoted}
    return Inbound(
        external_id=mid,
        sender=person,
        text=said.text,
        sent_at=told.at,
        in_reply_to=quoted,
        attachments=said.files,
        context={**said.context, **{name: value for name, value in beside.items() if value}},
    )


def _echo(told: _Told, message: Mapping[str, Any], mid: str) -> Event:
    """What the account sent: by us, before or after the answer to the sending, or from another program."""
    metadata = message.get("metadata")
    mark = marks.read(told.place.channel, metadata)
    if mark is not None:
        return Receipt(mid, "sent", at=told.at, key=mark.key if mark.last else "")
    if told.place.app and str(message.get("app_id", "")) == told.place.app and not metadata:
        return Receipt(mid, "sent", at=told.at)
    said = content(message)
    return Inbound(
        external_id=mid,
        sender=told.person("recipient"),
        text=said.text,
        sent_at=told.at,
        attachments=said.files,
        kind="outbound",
        context={**said.context, "mid": mid, "app": shown(message.get("app_id", ""))},
    )


def _postback(told: _Told) -> list[Event]:
    """A button that was pressed: what stood on it."""
    postback = told.part("postback")
    payload = long(postback, "payload")
    title = choices.pressed(long(postback, "title"), payload)
    mid = words(postback, "mid", 512)
    if not mid:  # an old form without an id: the moment tells presses apart
        mid = f"postback {told.person().address} {told.at.timestamp() if told.at else payload[:100]}"
    context = {"payload": payload[:1000], **referral(postback)}
    return [_inbound(told, mid, Content(title or payload, context=context))]


def _delivery(told: _Told) -> list[Event]:
    """By their ids, and all up to a moment: those whose id we never had are meant as well."""
    delivery, person = told.part("delivery"), told.person()
    until = moment(delivery.get("watermark"))
    mids = [one for one in items(delivery, "mids", MOST_MIDS) if isinstance(one, str) and 0 < len(one) <= 512]
    named: list[Event] = [
        Receipt(words({"mid": mid}, "mid", 512), "delivered", at=until or told.at) for mid in mids
    ]
    return named + _through(until, person, "delivered")


def _read(told: _Told) -> list[Event]:
    """Messenger tells the moment up to which they have read, Instagram the last message."""
    seen, person = told.part("read"), told.person()
    if mid := words(seen, "mid", 512):
        return [Receipt(mid, "read", at=told.at, person=person, through=True)]
    return _through(moment(seen.get("watermark")), person, "read")


def _through(until: datetime | None, person: Person, state: Any) -> list[Event]:
    return [Receipt("", state, at=until, person=person, through=True)] if until else []


def _reaction(told: _Told) -> list[Event]:
    reaction = told.part("reaction")
    on = words(reaction, "action") != "unreact"
    emoji = long(reaction, "emoji")[:32] or long(reaction, "reaction")[:32]
    mid = words(reaction, "mid", 512, required=True)
    return only_one(Reaction(mid, told.person(), emoji, on, told.at))


def only_one(reaction: Reaction) -> list[Event]:
    """People have one on each message there: what they had is taken off before."""
    before = replace(reaction, emoji="", on=False)
    return [before, reaction] if reaction.on and reaction.emoji else [before]


def _edit(told: _Told) -> list[Event]:
    edit = told.part("message_edit")
    text = long(edit, "text")
    if not text:
        raise Malformed("message_edit: a text is expected")
    return [Edit(words(edit, "mid", 512, required=True), text, at=told.at)]


def _referral(told: _Told) -> list[Event]:
    found = referral(told.data).get("referral", {})
    return [Ignored(f"they came by a link or an advertisement: {shown(', '.join(found.values()), 100)}")]


_READERS: dict[str, Callable[[_Told], list[Event]]] = {
    "message": _message,
    "postback": _postback,
    "delivery": _delivery,
    "read": _read,
    "reaction": _reaction,
    "message_edit": _edit,
    "referral": _referral,
}
