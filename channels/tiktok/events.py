"""What TikTok's webhooks tell, as events of ours (https://business-api.tiktok.com/portal/docs?id=1832190670631937).

The content of an event is JSON in a string. Whatever TikTok may send one day is taken: what is not known is ignored
in words, or shown as a message that can only be seen in TikTok.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from channels.events import Event, Ignored, Inbound, Person, Reaction, Receipt
from channels.tiktok.contents import content
from channels.values import MAX_ID, Malformed, items, mapping, milliseconds, shown, when, word, words

MAX_MESSAGE = 512
MOST_REACTIONS = 50
NOT_FOR_US = {  # event → why it becomes nothing
    "im_receive_msg_eu": "somebody in Europe wrote: TikTok does not say who or what, so answer in TikTok",
    "im_referral_msg": "they came by a link or an advertisement",
    "im_receive_high_intent_comment": "somebody wrote a comment below a post",
    "comment.update": "somebody wrote a comment below a post",
    "authorization.removed": "the account has taken back what the app may do",
}


@dataclass(frozen=True)
class _Told:
    """The content of one event, and the `business` whose it is."""

    data: Mapping[str, Any]
    business: str
    at: datetime | None

    def person(self, side: str) -> Person:
        """The customer, who stands on that `side`: "from" or "to"."""
        id = words(mapping(self.data.get(f"{side}_user"), f"{side}_user"), "id", MAX_ID, required=True)
        name = word(self.data, side)
        return Person(id, name=name, attributes={"TikTok": f"@{name}"} if name else {})

    def is_ours(self, side: str) -> bool:
        """Whether the business stands on that side."""
        user = mapping(self.data.get(f"{side}_user"), f"{side}_user")
        return words(user, "id", MAX_ID) == self.business


def read(document: Any, business: str) -> list[Event]:
    """The events of a webhook body; `business`: the only account whose events are taken, "" for whichever it names."""
    if not isinstance(document, dict) or not isinstance(document.get("event"), str):
        return [Ignored("the body is not TikTok's: it names no event", malformed=True)]
    try:
        return _event(document, business)
    except Malformed as wrong:
        return [Ignored(f"not as TikTok documents it: {shown(wrong, 200)}", malformed=True)]


def _event(document: Mapping[str, Any], business: str) -> list[Event]:
    name, account = document["event"], words(document, "user_openid", MAX_ID)
    if business and account and account != business:
        return [Ignored(f"meant for another account: {shown(account)}")]
    if name in NOT_FOR_US:
        return [Ignored(NOT_FOR_US[name])]
    reader = _READERS.get(name)
    if reader is None:
        return [Ignored(f"an event of an unknown type: {shown(name)}")]
    data = _content(document.get("content"))
    at = milliseconds(data.get("timestamp")) or when(document, "create_time")
    return reader(_Told(data, business or account, at))


def _content(told: Any) -> Mapping[str, Any]:
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            raise Malformed("content: JSON in a string is expected") from None
    if not isinstance(told, dict):
        raise Malformed("content: an object is expected")
    return told


def _message(told: _Told) -> list[Event]:
    """From the customer if it is to the business, else ours: an echo, or sent in TikTok's own app."""
    outbound = not told.is_ours("to")
    if outbound and not told.is_ours("from"):
        return [Ignored("a message between others")]
    if "reaction" in told.data or words(told.data, "type", 40).lower() == "reaction":
        return [Ignored("a reaction of ours")] if outbound else _reactions(told)
    return [_inbound(told, outbound)]


def _inbound(told: _Told, outbound: bool) -> Inbound:
    id = words(told.data, "message_id", MAX_MESSAGE, required=True)
    conversation = words(told.data, "conversation_id", MAX_MESSAGE, required=True)
    said = content(told.data, conversation, id)
    quoted = word(told.data.get("referenced_message_info"), "referenced_message_id", MAX_MESSAGE)
    source = word(told.data.get("message_tag"), "source")
    beside = {"conversation": conversation, "quoted": quoted, "source": source if outbound else ""}
    return Inbound(
        external_id=id,
        sender=told.person("to" if outbound else "from"),
        text=said.text,
        sent_at=told.at,
        in_reply_to=quoted,
        attachments=said.files,
        kind="outbound" if outbound else "inbound",
        context={**said.context, **{name: value for name, value in beside.items() if value}},
    )


def _reactions(told: _Told) -> list[Event]:
    """People may have several; each is put on or taken off by itself."""
    found = told.data.get("reaction")
    each = items(told.data, "reaction", MOST_REACTIONS) if isinstance(found, list) else [found]
    person = replace(told.person("from"), attributes={})
    return [_reaction(mapping(one, "reaction"), person, told.at) for one in each]


def _reaction(one: Mapping[str, Any], person: Person, at: datetime | None) -> Event:
    emoji = words(one, "emoji", 32)
    if not emoji:
        return Ignored("a reaction with a picture of its own")
    message = words(one, "original_msg_id", MAX_MESSAGE, required=True)
    return Reaction(message, person, emoji, words(one, "operation").upper() != "REMOVE", at)


def _read(told: _Told) -> list[Event]:
    """They have read everything up to a moment."""
    if told.is_ours("from"):
        return [Ignored("we have read it ourselves")]
    until = milliseconds(mapping(told.data.get("read"), "read").get("last_read_timestamp"))
    if until is None:
        raise Malformed("read.last_read_timestamp: milliseconds are expected")
    return [Receipt("", "read", at=until, person=told.person("from"), through=True)]


_READERS: dict[str, Callable[[_Told], list[Event]]] = {
    "im_receive_msg": _message,
    "im_send_msg": _message,
    "im_mark_read_msg": _read,
}
