"""What stands in one message of WhatsApp
(https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/reference/messages)."""

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from channels.events import Attachment
from channels.meta import choices
from channels.meta.contents import ADVERTISED, UNSUPPORTED, Content, long, optional, place
from channels.values import MAX_NAME, first, mapping, shown, words

MOST = 1_000  # contacts in one message, or items in one order
ORDERED = "They sent an order from the catalogue."
FORM = "They filled in a form."
MEDIA = ("image", "video", "audio", "document", "sticker")


def content(message: Mapping[str, Any]) -> Content:
    """What a message object says; of a type that is not known, that it cannot be seen here. Raises `Malformed`."""
    kind = words(message, "type")
    read = _READERS.get(kind)
    if kind == "contacts":
        found = _contacts(first(message, kind, MOST))
    elif read:
        found = read(mapping(message.get(kind), kind))
    else:
        found = Content(context={"notice": UNSUPPORTED, "unknown": kind})
    return Content(found.text, found.files, {**found.context, **_beside(message)})


def _beside(message: Mapping[str, Any]) -> dict[str, Any]:
    context = optional(message, "context")
    found: dict[str, Any] = {}
    if True in (context.get("forwarded"), context.get("frequently_forwarded")):
        found["forwarded"] = True
    advert = optional(message, "referral")
    names = ("source_type", "source_id", "source_url", "headline", "body", "ctwa_clid")
    told = {name: value for name in names if (value := long(advert, name)[:MAX_NAME])}
    return {**found, "referral": told, "notice": ADVERTISED} if told else found


def _text(part: Mapping[str, Any]) -> Content:
    return Content(long(part, "body"))


def _media(kind: str) -> Callable[[Mapping[str, Any]], Content]:
    def read(part: Mapping[str, Any]) -> Content:
        id = words(part, "id", 100, required=True)
        usual = words(part, "mime_type").partition(";")[0].strip() or "application/octet-stream"
        name = words(part, "filename", 1000) or f"{kind}-{id}{_ending(usual)}"
        file = Attachment(name, usual, ref=id)
        marks = {one: True for one in ("voice", "animated") if part.get(one) is True}
        return Content(long(part, "caption"), (file,), marks)

    return read


def _ending(kind: str) -> str:
    return ".ogg" if kind == "audio/ogg" else mimetypes.guess_extension(kind) or ""


def _location(part: Mapping[str, Any]) -> Content:
    return place(part.get("latitude"), part.get("longitude"), long(part, "name"), long(part, "address"))


def _contacts(part: Sequence[Any]) -> Content:
    cards = [_card(mapping(one, "contacts")) for one in part]
    return Content("\n\n".join(filter(None, cards)), context={"cards": len(cards)})


def _card(one: Mapping[str, Any]) -> str:
    lines = [
        long(mapping(one.get("name"), "name"), "formatted_name"),
        long(mapping(one.get("org"), "org"), "company"),
    ]
    for name, field in (("phones", "phone"), ("emails", "email"), ("urls", "url")):
        lines += [long(mapping(each, name), field) for each in first(one, name, MOST)]
    return "\n".join(filter(None, lines))


def _interactive(part: Mapping[str, Any]) -> Content:
    """What was chosen of buttons or a list; or a form, whose answers are its words."""
    form = mapping(part.get("nfm_reply"), "nfm_reply")
    if form:
        answers = long(form, "response_json")
        return Content(long(form, "body"), context={"notice": FORM, "form": answers[:4000]})
    for kind in ("button_reply", "list_reply"):
        if chosen := mapping(part.get(kind), kind):
            title, id = long(chosen, "title"), long(chosen, "id")
            return Content(choices.pressed(title, id), context={"payload": id[:1000]})
    return Content(context={"notice": UNSUPPORTED, "unknown": words(part, "type")})


def _button(part: Mapping[str, Any]) -> Content:
    payload = long(part, "payload")
    return Content(long(part, "text") or payload, context={"payload": payload[:1000]})


def _order(part: Mapping[str, Any]) -> Content:
    lines = [long(part, "text")]
    lines += [_item(mapping(one, "product_items")) for one in first(part, "product_items", MOST)]
    return Content("\n".join(filter(None, lines)), context={"notice": ORDERED})


def _item(one: Mapping[str, Any]) -> str:
    names = ("product_retailer_id", "quantity", "item_price", "currency")
    id, count, price, currency = (shown(one.get(name, "")) for name in names)
    return f"{id} × {count} · {price} {currency}"


def _unsupported(part: Mapping[str, Any]) -> Content:
    return Content(context={"notice": UNSUPPORTED})


_READERS: dict[str, Callable[[Mapping[str, Any]], Content]] = {
    "text": _text,
    **{kind: _media(kind) for kind in MEDIA},
    "location": _location,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "unsupported": _unsupported,
}
