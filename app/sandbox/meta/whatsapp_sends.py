"""Whether a message is what WhatsApp takes, and how it looks on the phone
(developers.facebook.com/docs/whatsapp/cloud-api/reference/messages, …/reference/media, …/support/error-codes)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.sandbox.meta.trouble import Refused, parameter

Body = Mapping[str, Any]
MB = 1024 * 1024
FILES: dict[
    str, tuple[int, tuple[str, ...]]
] = {  # most bytes, and media types (documents: all that may be uploaded)
    "image": (5 * MB, ("image/jpeg", "image/png")),
    "video": (16 * MB, ("video/mp4", "video/3gpp")),
    "audio": (16 * MB, ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")),
    "sticker": (MB // 2, ("image/webp",)),
    "document": (100 * MB, ()),
}
DOCUMENTS = ("text/", "application/", "image/", "audio/", "video/")
OTHERS = ("text", "interactive", "template", "location", "contacts", "reaction")
TEXT, BODY, BUTTONS, ROWS = 4096, 1024, 3, 10
DETAILS = {"messaging_product": "whatsapp"}
RE_ENGAGEMENT = (
    131047,
    "Re-engagement message",
    "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
)
UNDELIVERABLE = (131026, "Message undeliverable", "Message Undeliverable.")
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
TEMPLATES: tuple[dict[str, Any], ...] = (
    {
        "id": "594425479261596",
        "name": "shipping_update",
        "language": "ja",
        "status": "APPROVED",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {
                "type": "BODY",
                "text": "{{1}}様、ご注文 {{2}} を発送しました。",
                "example": {"body_text": [["佐藤", "K10234"]]},
            },
            {"type": "FOOTER", "text": "北風洋品店"},
        ],
    },
    {
        "id": "594425479261597",
        "name": "shipping_update",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {
                "type": "BODY",
                "text": "Dear {{1}}, your order {{2}} is on its way.",
                "example": {"body_text": [["Emily", "K10234"]]},
            },
        ],
    },
    {
        "id": "594425479261598",
        "name": "winter_sale",
        "language": "ja",
        "status": "REJECTED",
        "category": "MARKETING",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "冬のセールが始まりました。"}],
    },
)


def rate() -> Refused:
    """Too many messages in a short time."""
    return _wrong(130429, "Rate limit hit", "Message failed to send because there were too many.", 429)


def checked(told: Body, templates: Sequence[Body]) -> Body:
    """The part of a message that its type names. Raises `Refused`."""
    kind = told.get("type", "text")
    if kind not in (*OTHERS, *FILES):
        raise parameter(f"Param type must be one of {{{', '.join((*OTHERS, *FILES)).upper()}}}")
    part = told.get(kind)
    if kind == "contacts":
        return {}
    if not isinstance(part, dict):
        raise _wrong(
            131008, "Required parameter is missing", f"Parameter '{kind}' is mandatory for type '{kind}'"
        )
    if kind == "text":
        _length(part.get("body"), TEXT, "text['body']")
    elif kind == "interactive":
        _interactive(part)
    elif kind == "template":
        _template(part, templates)
    elif kind in FILES and not (part.get("id") or part.get("link")):
        raise _wrong(131008, "Required parameter is missing", f"{kind}: id or link is required")
    _length(told.get("biz_opaque_callback_data", "x"), 512, "biz_opaque_callback_data")
    return part


def check_upload(media_type: str, size: int) -> None:
    """A file that is uploaded. Raises `Refused`."""
    if not media_type.startswith(DOCUMENTS) or size > FILES["document"][0]:
        raise parameter("Param file must be a file with one of the supported types.")


def check_file(kind: str, media_type: str, size: int) -> None:
    """A file that is sent as such a message. Raises `Refused`."""
    most, types = FILES[kind]
    if types and media_type not in types:
        raise _wrong(131053, "Media upload error", f"Unsupported {kind} mime type {media_type}")
    if size > most:
        raise _wrong(131053, "Media upload error", f"{kind}: at most {most} bytes")


def text_of(told: Body, templates: Sequence[Body]) -> str:
    """The words of a message."""
    kind = str(told.get("type", "text"))
    part = told.get(kind)
    part = part if isinstance(part, dict) else {}
    if kind == "template":
        return _filled(part, templates)
    if kind == "interactive":
        return str(part.get("body", {}).get("text", ""))
    return str(part.get("body") or part.get("caption") or part.get("name") or "")


def shown(told: Body) -> tuple[str, dict[str, Any]]:
    """The kind of a bubble, and what it needs, in the form that the phone draws."""
    kind = str(told.get("type", "text"))
    part = told.get(kind)
    part = part if isinstance(part, dict) else {}
    if kind == "interactive":
        return "text", {"quickReply": {"items": [{"action": one} for one in _choices(part)]}}
    if kind == "location":
        about = {name: part.get(name) for name in ("latitude", "longitude", "address")}
        return kind, {**about, "title": part.get("name")}
    return {"document": "file", "sticker": "image"}.get(kind, kind if kind in FILES else "text"), {}


def _choices(part: Body) -> list[dict[str, Any]]:
    action = part.get("action", {})
    buttons = [("button_reply", one["reply"]) for one in action.get("buttons", ())]
    rows = [("list_reply", one) for section in action.get("sections", ()) for one in section.get("rows", ())]
    return [
        {"type": "choice", "kind": kind, "label": one["title"], "payload": one["id"]}
        for kind, one in (*buttons, *rows)
    ]


def _interactive(part: Body) -> None:
    kind, action, body = part.get("type"), part.get("action"), part.get("body")
    if kind not in ("button", "list", "cta_url", "location_request_message") or not isinstance(action, dict):
        raise _wrong(131009, "Parameter value is not valid", "interactive: type or action")
    if not isinstance(body, dict):
        raise _wrong(131008, "Required parameter is missing", "interactive['body']")
    _length(body.get("text"), BODY if kind == "button" else TEXT, "interactive['body']['text']")
    if kind == "button":
        replies = [one.get("reply", {}) for one in action.get("buttons", ())]
        _several("buttons", replies, BUTTONS, 20, 256)
    if kind == "list":
        rows = [one for section in action.get("sections", ()) for one in section.get("rows", ())]
        _several("rows", rows, ROWS, 24, 200)
        _length(action.get("button"), 20, "interactive['action']['button']")


def _several(name: str, found: Sequence[Body], most: int, title: int, id: int) -> None:
    if not 1 <= len(found) <= most:
        raise _wrong(131009, "Parameter value is not valid", f"{name}: 1 to {most} are required")
    for one in found:
        _length(one.get("title"), title, f"{name}[title]")
        _length(one.get("id"), id, f"{name}[id]")
    if len({one["id"] for one in found}) < len(found):
        raise _wrong(131009, "Parameter value is not valid", f"{name}: ids must differ")


def _template(part: Body, templates: Sequence[Body]) -> None:
    found = _found(part, templates)
    if found is None:
        details = f"template name ({part.get('name')}) does not exist in {_language(part)}"
        raise _wrong(132001, "Template name does not exist in the translation", details, 404)
    if found["status"] == "PAUSED":
        raise _wrong(132015, "Template is paused", str(part.get("name")))
    given = {one.get("type"): len(one.get("parameters", ())) for one in part.get("components") or ()}
    for one in found["components"]:
        wanted = len(set(VARIABLE.findall(one.get("text", ""))))
        if one["type"] in ("HEADER", "BODY") and wanted != given.get(one["type"].lower(), 0):
            details = (
                f"{one['type'].lower()}: number of localizable_params ({given.get(one['type'].lower(), 0)}) "
            )
            details += f"does not match the expected number of params ({wanted})"
            raise _wrong(132000, "Number of parameters does not match the expected number of params", details)


def _found(part: Body, templates: Sequence[Body]) -> Body | None:
    named = (part.get("name"), _language(part))
    usable = [one for one in templates if one["status"] in ("APPROVED", "PAUSED")]
    return next((one for one in usable if (one["name"], one["language"]) == named), None)


def _language(part: Body) -> Any:
    told = part.get("language")
    return told.get("code") if isinstance(told, dict) else None


def _filled(part: Body, templates: Sequence[Body]) -> str:
    found = _found(part, templates) or {"components": []}
    lines = []
    for one in found["components"]:
        given = [each for each in part.get("components") or () if each.get("type") == one["type"].lower()]
        values = [
            str(each.get("text", "")) for component in given for each in component.get("parameters", ())
        ]
        names = list(dict.fromkeys(VARIABLE.findall(one.get("text", ""))))
        known = dict(zip(names, values, strict=False))
        lines.append(_put(one.get("text", ""), known))
    return "\n\n".join(filter(None, lines))


def _put(text: str, known: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: known.get(found[1], ""), text)


def _length(value: Any, most: int, name: str) -> None:
    if not isinstance(value, str) or not value:
        raise parameter(f"The parameter {name} is required.")
    if len(value) > most:
        raise parameter(f"Param {name} must be at most {most} characters long.")


def _wrong(code: int, title: str, details: str, status: int = 400) -> Refused:
    return Refused(code, f"(#{code}) {title}", status=status, data={**DETAILS, "details": details})
