"""Webhooks of WeChat as our events (https://developers.weixin.qq.com/doc/service/guide/product/message/).

Total: whatever WeChat may send one day is taken, and what is not known is ignored in words. Nothing is called
malformed, because WeChat tells the customer that the service is out of order where a webhook is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from channels.events import Block, Event, Follow, Ignored, Inbound, Person
from channels.wechat.contents import READERS as MESSAGES
from channels.wechat.contents import content
from channels.wechat.document import Object, at, text

_OPEN_ID = re.compile(r"[A-Za-z0-9_-]{6,64}")
_TO_BE_NAMED = 40  # characters of an unknown type that are repeated

NOT_FOR_US = {  # Event, in lower case → why it becomes nothing
    "scan": "they scanned a QR code of the account",
    "location": "they told where they are, as often as they open the chat",
    "view": "they opened a link of the menu",
    "view_miniprogram": "they opened a mini program from the menu",
    "scancode_push": "they scanned a code from the menu",
    "scancode_waitmsg": "they scanned a code from the menu",
    "pic_sysphoto": "they are about to send a photo from the menu",
    "pic_photo_or_album": "they are about to send a photo from the menu",
    "pic_weixin": "they are about to send a photo from the menu",
    "location_select": "they are about to send a place from the menu",
    "templatesendjobfinish": "a template message was sent, by another program",
    "masssendjobfinish": "a message to many was sent, by another program",
    "publishjobfinish": "an article was published",
    "subscribe_msg_popup_event": "they were asked whether they want notifications",
    "subscribe_msg_change_event": "they changed which notifications they want",
    "subscribe_msg_sent_event": "a notification was sent, by another program",
    "kf_create_session": "a talk began in WeChat's own customer service",
    "kf_close_session": "a talk ended in WeChat's own customer service",
    "kf_switch_session": "a talk went to somebody else in WeChat's own customer service",
    "user_info_modified": "they changed their data",
    "user_authorization_revoke": "they took a permission back",
    "user_authorization_cancellation": "they gave up their account at WeChat",
    "qualification_verify_success": "the account was verified",
    "naming_verify_success": "the account's name was verified",
    "annual_renew": "the account has to be verified again soon",
    "verify_expired": "the account's verification has ended",
}
_OUTCOMES = {"templatesendjobfinish", "masssendjobfinish"}  # tell what became of it as Status


@dataclass(frozen=True)
class Place:
    """Whose events are read: `scope` of the people's ids, and the account's own id ("": not known)."""

    scope: str
    account: str = ""


def read(document: Object, place: Place) -> list[Event]:
    """The one event of a webhook."""
    meant_for = text(document, "ToUserName")
    if place.account and meant_for != place.account:
        return [Ignored(f"meant for another account: {meant_for[:_TO_BE_NAMED]}")]
    kind = text(document, "MsgType")
    if kind == "event":
        return [_event(document, place)]
    if kind not in MESSAGES:
        return [Ignored(f"a message of an unknown type: {kind[:_TO_BE_NAMED]}")]
    return [_message(document, place)]


def _message(document: Object, place: Place) -> Event:
    sender, found = _sender(document, place), content(document)
    if sender is None:
        return Ignored("a message without its sender")
    if found is None:
        return Ignored(f"a message that says nothing: {text(document, 'MsgType')}")
    return Inbound(
        external_id=text(document, "MsgId") or _id_of(document, text(document, "MsgType")),
        sender=sender,
        text=found.text,
        sent_at=at(document, "CreateTime"),
        attachments=found.files,
        context={"type": text(document, "MsgType"), **found.context},
    )


def _event(document: Object, place: Place) -> Event:
    kind = text(document, "Event")
    if kind.lower() in NOT_FOR_US:
        return Ignored(_told(document, kind.lower()))
    reader = _READERS.get(kind.lower())
    if reader is None:
        return Ignored(f"an event of an unknown type: {kind[:_TO_BE_NAMED]}")
    sender = _sender(document, place)
    return reader(document, sender) if sender else Ignored("an event without its sender")


def _told(document: Object, kind: str) -> str:
    status = text(document, "Status", _TO_BE_NAMED)
    return f"{NOT_FOR_US[kind]}: {status}" if kind in _OUTCOMES and status else NOT_FOR_US[kind]


def _subscribe(document: Object, sender: Person) -> Event:
    return Follow(sender, at(document, "CreateTime"))


def _unsubscribe(document: Object, sender: Person) -> Event:
    return Block(sender, at(document, "CreateTime"))


def _click(document: Object, sender: Person) -> Event:
    """An entry of the menu that was pressed. What stands on it is not told, so its key is what they say. An event has
    no id; WeChat says that sender, time and name make one."""
    key = text(document, "EventKey", 1000)
    if not key.strip():
        return Ignored("an entry of the menu that has no key")
    context: dict[str, Any] = {"type": "click", "menu": key}
    return Inbound(
        external_id=_id_of(document, text(document, "Event")),
        sender=sender,
        text=key,
        sent_at=at(document, "CreateTime"),
        context=context,
    )


def _sender(document: Object, place: Place) -> Person | None:
    """WeChat tells neither name nor picture of them (since December 2021)."""
    open_id = text(document, "FromUserName")
    return Person(open_id, place.scope) if _OPEN_ID.fullmatch(open_id) else None


def _id_of(document: Object, kind: str) -> str:
    return f"{text(document, 'FromUserName')}:{text(document, 'CreateTime', 20)}:{kind}"


_READERS: dict[str, Callable[[Object, Person], Event]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "click": _click,
}
