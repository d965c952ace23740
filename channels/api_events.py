"""The generic JSON: what each type of event looks like, read into ours."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from channels import batches, values
from channels.base import (
    Attachment,
    Block,
    Edit,
    End,
    Event,
    Follow,
    Ignored,
    Inbound,
    Permission,
    Person,
    Rating,
    Reaction,
    Receipt,
    Request,
    Typing,
    Unsend,
)
from channels.email.readable import text_of_html
from channels.values import Malformed, flag, number, when, words

MAX_TEXT = 100_000
MAX_FILES = 20

_KINDS = {"inbound": "inbound", "outbound": "outbound", "call": "call", "store": "store"}
_STATES = ("sent", "delivered", "read", "failed")
# Of a message's context, what the product or a connector of ours writes there and pages go by: not a sender's to say.
RESERVED = frozenset(
    (
        *(
            "after",
            "answer_to",
            "answers",
            "answers_in",
            "assignee",
            "decisions",
            "drafted",
            "emojis",
            "image_set",
        ),
        *(
            "lacking",
            "left_out",
            "mark",
            "message_id",
            "notice",
            "others",
            "others_count",
            "problems",
            "quotes",
        ),
        *("rate", "recording_gone", "reply_to", "reread", "template", "transcript", "undone", "visit", "why"),
    )
)


@dataclass(frozen=True)
class Trust:
    """What the channel believes of its senders: whose ids share a `scope`, and whether the email addresses
    and phone numbers they give are proved."""

    scope: str
    contacts: bool


def read(request: Request, trust: Trust) -> list[Event]:
    """Every event of the body (see `batches.read`)."""

    def one(data: Mapping[str, Any], place: str) -> Event:
        kind = words(data, "type", required=True)
        if kind not in _READERS:
            return Ignored(f"{place}: type {kind!r} is unknown")
        return _READERS[kind](data, trust)

    return batches.read(request, one)


def _message(data: Mapping[str, Any], trust: Trust) -> Event:
    kind = words(data, "kind") or "inbound"
    if kind not in _KINDS:
        raise Malformed(f"kind: one of {', '.join(_KINDS)} is expected")
    text, html = _said(data)
    message = Inbound(
        external_id=words(data, "id", values.MAX_ID, required=True),
        sender=_person(data, trust),
        text=text,
        html=html,
        sent_at=when(data, "sent_at"),
        thread=words(data, "thread", values.MAX_ID),
        in_reply_to=words(data, "in_reply_to", values.MAX_ID),
        subject=words(data, "subject", 500),
        attachments=tuple(_file(told) for told in values.items(data, "attachments", MAX_FILES)),
        kind=kind,  # type: ignore[arg-type]  # checked above
        context={k: one for k, one in values.texts(data, "context").items() if k not in RESERVED},
        auto=flag(data, "auto"),
    )
    if not (message.text.strip() or message.html.strip() or message.attachments):
        raise Malformed("text: a message needs a text, html or a file")
    return message


def _said(data: Mapping[str, Any]) -> tuple[str, str]:
    """Its text and its HTML. The text is what is read: where there is only HTML, the words of that."""
    text, html = words(data, "text", MAX_TEXT), words(data, "html", MAX_TEXT * 5)
    return text if text.strip() or not html.strip() else text_of_html(html), html


def _receipt(data: Mapping[str, Any], trust: Trust) -> Event:
    state = words(data, "state", required=True)
    if state not in _STATES:
        raise Malformed(f"state: one of {', '.join(_STATES)} is expected")
    through = flag(data, "through")
    return Receipt(
        external_id=words(data, "id", values.MAX_ID, required=not through),
        state=state,  # type: ignore[arg-type]  # checked above
        reason=words(data, "reason", 1000),
        at=when(data, "at"),
        person=_person(data, trust) if through or data.get("from") is not None else None,
        through=through,
    )


def _edit(data: Mapping[str, Any], trust: Trust) -> Event:
    text, html = _said(data)
    if not (text.strip() or html.strip()):
        raise Malformed("text: an edit needs a text or html")
    return Edit(
        external_id=words(data, "id", values.MAX_ID, required=True),
        text=text,
        html=html,
        at=when(data, "at"),
    )


def _unsend(data: Mapping[str, Any], trust: Trust) -> Event:
    return Unsend(words(data, "id", values.MAX_ID, required=True), when(data, "at"))


def _typing(data: Mapping[str, Any], trust: Trust) -> Event:
    return Typing(_person(data, trust), flag(data, "on", True), when(data, "at"))


def _reaction(data: Mapping[str, Any], trust: Trust) -> Event:
    return Reaction(
        external_id=words(data, "id", values.MAX_ID, required=True),
        sender=_person(data, trust),
        emoji=words(data, "emoji", 32, required=True),
        on=flag(data, "on", True),
        at=when(data, "at"),
    )


def _follow(data: Mapping[str, Any], trust: Trust) -> Event:
    return Follow(_person(data, trust), when(data, "at"))


def _block(data: Mapping[str, Any], trust: Trust) -> Event:
    return Block(_person(data, trust), when(data, "at"))


def _consent(data: Mapping[str, Any], trust: Trust) -> Event:
    if not isinstance(data.get("given"), bool):
        raise Malformed("given: true or false is expected")
    purpose, message = words(data, "purpose", 40), words(data, "message", values.MAX_ID)
    return Permission(_person(data, trust), data["given"], purpose, when(data, "at"), message)


def _end(data: Mapping[str, Any], trust: Trust) -> Event:
    return End(_person(data, trust), when(data, "at"))


def _rating(data: Mapping[str, Any], trust: Trust) -> Event:
    score = number(data, "score", 1, 5)
    if score is None:
        raise Malformed("score: this is required")
    return Rating(_person(data, trust), score, words(data, "comment", 2000), when(data, "at"))


_READERS: dict[str, Callable[[Mapping[str, Any], Trust], Event]] = {
    "message": _message,
    "receipt": _receipt,
    "typing": _typing,
    "edit": _edit,
    "unsend": _unsend,
    "reaction": _reaction,
    "follow": _follow,
    "block": _block,
    "consent": _consent,
    "end": _end,
    "rating": _rating,
}
TYPES = tuple(_READERS)
CONTACTS = ("email", "phone", "card", "external_id")


def _person(data: Mapping[str, Any], trust: Trust) -> Person:
    told = values.mapping(data.get("from"), "from")
    try:
        contacts = {name: words(told, name, 320) for name in CONTACTS}
        proved = contacts if trust.contacts else dict.fromkeys(CONTACTS, "")
        return Person(
            address=words(told, "id", values.MAX_ID, required=True).strip(),
            scope=trust.scope,
            name=words(told, "name"),
            avatar_url=words(told, "avatar_url", values.MAX_URL),
            locale=words(told, "locale", 20),
            proof="signed",
            claimed={} if trust.contacts else {name: value for name, value in contacts.items() if value},
            attributes=values.texts(told, "attributes"),
            email=proved["email"],
            phone=proved["phone"],
            card=proved["card"],
            external_id=proved["external_id"],
        )
    except Malformed as wrong:
        raise Malformed(f"from.{wrong}") from None


def _file(told: Any) -> Attachment:
    data = _bytes(told.get("data")) if isinstance(told, dict) else None
    found = values.attachment(told, data)
    if data is None and not found.url:
        raise Malformed("attachments: a file needs its url or its data (base64)")
    return found


def _bytes(data: Any) -> bytes | None:
    if data is None:
        return None
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Malformed("attachments: data is not base64") from None
