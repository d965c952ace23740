"""Whether a message object is what the Send API takes, and how it looks on the phone
(developers.facebook.com/docs/messenger-platform/reference/send-api,
developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.sandbox.meta.trouble import parameter

Body = Mapping[str, Any]
METADATA, PAYLOAD, QUICK, BUTTONS, ELEMENTS = 1000, 1000, 13, 3, 10
FILES = ("image", "video", "audio", "file")
ASKED = ("text", "user_phone_number", "user_email")


@dataclass(frozen=True)
class Limits:
    """`most`: of a text, in characters or bytes. `types`: media types of files, none for all."""

    most: int
    in_bytes: bool = False
    types: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()  # attachments without a payload

    def check(self, message: Body, uploaded: bool) -> None:
        """Raises `Refused`."""
        text, attachment = message.get("text"), message.get("attachment")
        if (text is None) == (attachment is None):
            raise parameter("Message cannot be empty, must provide valid attachment or text")
        if text is not None:
            self._text(text)
        else:
            self._attachment(attachment, uploaded)
        if len(str(message.get("metadata", ""))) > METADATA:
            raise parameter(f"Length of param message[metadata] must be less than or equal to {METADATA}")
        for place, one in enumerate(_list(message, "quick_replies", QUICK)):
            _quick(f"message[quick_replies][{place}]", one)

    def _text(self, text: Any) -> None:
        if not isinstance(text, str) or not text.strip():
            raise parameter("Message cannot be empty, must provide valid attachment or text")
        length = len(text.encode("utf-8", "replace")) if self.in_bytes else len(text)
        if length > self.most:
            raise parameter(f"Length of param message[text] must be less than or equal to {self.most}")

    def _attachment(self, attachment: Any, uploaded: bool) -> None:
        kind = attachment.get("type") if isinstance(attachment, dict) else None
        if kind in self.plain:
            return
        if kind not in (*FILES, "template"):
            raise parameter(
                f"Param message[attachment][type] must be one of {{{', '.join(FILES)}, template}}"
            )
        payload = attachment.get("payload")
        if not isinstance(payload, dict):
            raise parameter("The parameter message[attachment][payload] is required")
        if kind == "template":
            _template(payload)
        elif not uploaded and not (payload.get("url") or payload.get("attachment_id")):
            raise parameter("Incomplete attachment: url or attachment_id is required")


def shown(message: Body) -> dict[str, Any]:
    """Quick replies and templates in the form that the phone draws."""
    told: dict[str, Any] = {}
    quick = [
        {"action": {"type": "quick", "label": one.get("title", ""), "payload": one.get("payload", "")}}
        for one in message.get("quick_replies") or ()
    ]
    if quick:
        told["quickReply"] = {"items": quick}
    attachment = message.get("attachment") or {}
    if attachment.get("type") == "template":
        told["template"] = _drawn(attachment["payload"])
    return told


def text_of(message: Body) -> str:
    """The words of a message, those of a template included."""
    payload = (message.get("attachment") or {}).get("payload") or {}
    elements = [str(one.get("title", "")) for one in payload.get("elements") or ()]
    return str(message.get("text") or payload.get("text") or " / ".join(elements))


def _drawn(payload: Body) -> dict[str, Any]:
    if "elements" in payload:
        return {"columns": [_card(one, one.get("title"), one.get("subtitle")) for one in payload["elements"]]}
    return _card(payload, None, payload.get("text"))


def _card(part: Body, title: Any, text: Any) -> dict[str, Any]:
    actions = [
        {**one, "type": "uri" if one["type"] == "web_url" else one["type"], "label": one.get("title", "")}
        | ({"uri": one["url"]} if "url" in one else {})
        for one in part.get("buttons") or ()
    ]
    return {"title": title, "text": text, "actions": actions}


def _quick(at: str, one: Any) -> None:
    if not isinstance(one, dict) or one.get("content_type") not in ASKED:
        raise parameter(f"Param {at}[content_type] must be one of {{{', '.join(ASKED)}}}")
    if one["content_type"] == "text" and not (one.get("title") and one.get("payload")):
        raise parameter(f"{at}: title and payload are required")
    if len(str(one.get("payload", ""))) > PAYLOAD:
        raise parameter(f"Length of param {at}[payload] must be less than or equal to {PAYLOAD}")


def _template(payload: Body) -> None:
    kind = payload.get("template_type")
    if kind == "button":
        if not payload.get("text") or len(str(payload["text"])) > 640:
            raise parameter("Length of param message[attachment][payload][text] must be 1 to 640")
        _buttons(payload, 1)
    elif kind == "generic":
        for one in _list(payload, "elements", ELEMENTS):
            if not isinstance(one, dict) or not one.get("title") or len(str(one["title"])) > 80:
                raise parameter("Length of param elements[title] must be 1 to 80")
            _buttons(one, 0)
    elif kind != "media":
        raise parameter("Param message[attachment][payload][template_type] is not valid")


def _buttons(part: Body, least: int) -> None:
    found = _list(part, "buttons", BUTTONS)
    if len(found) < least:
        raise parameter("The parameter buttons is required")
    for one in found:
        if not isinstance(one, dict) or one.get("type") not in ("postback", "web_url", "phone_number"):
            raise parameter("Param buttons[type] must be one of {postback, web_url, phone_number}")


def _list(part: Body, name: str, most: int) -> Sequence[Any]:
    found = part.get(name) or []
    if not isinstance(found, list) or len(found) > most:
        raise parameter(f"Param {name} has too many elements: at most {most}")
    return found
