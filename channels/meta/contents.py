"""What stands in one message of Messenger or Instagram: its words and its files
(https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages)."""

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from channels.events import Attachment
from channels.meta import choices
from channels.text import clean
from channels.values import MAX_NAME, Malformed, mapping, words

MAX_TEXT = 20_000  # characters; their own limits are far below
MAX_ADDRESS = 4000  # characters of a signed address of theirs
MOST_FILES = 100
LIKES = {"369239263222822", "369239343222814", "369239383222810"}  # the thumb, in its three sizes
_TYPES = {
    "image": ("jpg", "image/jpeg"),
    "video": ("mp4", "video/mp4"),
    "audio": ("m4a", "audio/mp4"),
    "file": ("", "application/octet-stream"),
    "ephemeral": ("jpg", "image/jpeg"),
    "story_mention": ("jpg", "image/jpeg"),
}
UNSUPPORTED = "This message can only be seen in their own app."
_NOTICES = {
    "story_mention": "They mentioned the account in their story.",
    "ephemeral": "This picture can be seen only for a short time there.",
    "share": "They shared a post.",
    "ig_post": "They shared a post.",
    "reel": "They shared a film.",
    "ig_reel": "They shared a film.",
}
STORY_REPLY = "They answered a story of the account."
ADVERTISED = "They came by an advertisement."


@dataclass(frozen=True)
class Content:
    """`context` goes along with the message, and comes back as `Outbound.last`. Its "notice" is an English sentence
    on what the words alone do not tell."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


def content(message: Mapping[str, Any]) -> Content:
    """What a message object says. Raises `Malformed`."""
    parts = [_attached(one) for one in objects(message, "attachments")[:MOST_FILES]]
    said = long(message, "text")
    quick = optional(message, "quick_reply")
    if quick:
        said = choices.pressed(said, long(quick, "payload"))
    text = "\n".join(filter(None, (said, *(part.text for part in parts))))
    files = tuple(file for part in parts for file in part.files)
    context: dict[str, Any] = {}
    for part in parts:
        context |= part.context
    context |= _payload(quick) | _story(message) | referral(message)
    if message.get("is_unsupported") is True or not (text or files or "notice" in context):
        context["notice"] = UNSUPPORTED
    return Content(text, files, context)


def referral(data: Mapping[str, Any]) -> dict[str, Any]:
    """Which link or advertisement brought them here."""
    told = optional(data, "referral")
    ad = optional(told, "ads_context_data")
    names = ("source", "type", "ref", "ad_id", "referer_uri")
    found = {name: value for name in names if (value := long(told, name)[:MAX_NAME])}
    if title := long(ad, "ad_title")[:MAX_NAME]:
        found["ad_title"] = title
    if not found:
        return {}
    advertised = "ad_id" in found or found.get("source") == "ADS"
    return {"referral": found, **({"notice": ADVERTISED} if advertised else {})}


def long(data: Mapping[str, Any], name: str) -> str:
    """The text under `name`, cut where it is longer than anything they allow."""
    value = data.get(name)
    return clean(value[:MAX_TEXT]) if isinstance(value, str) else ""


def optional(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under `name`; anything else there is none, and costs the message nothing."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def objects(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects in the list under `name`."""
    value = data.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _attached(one: Mapping[str, Any]) -> Content:
    """An attachment that cannot be read is said to be there."""
    try:
        return _attachment(one)
    except Malformed:
        return Content(context={"notice": UNSUPPORTED})


def _attachment(one: Mapping[str, Any]) -> Content:
    kind = words(one, "type") or "file"
    payload = optional(one, "payload")
    if str(payload.get("sticker_id", "")) in LIKES:
        return Content("👍", context={"sticker": str(payload["sticker_id"])})
    read = _READERS.get(kind, _link)
    found = read(one, payload) if kind not in _TYPES else _file(kind, payload)
    notice = {"notice": _NOTICES[kind]} if kind in _NOTICES else {}
    sticker = words(payload, "sticker_id", 40)
    return Content(
        found.text, found.files, {**found.context, **notice, **({"sticker": sticker} if sticker else {})}
    )


def _file(kind: str, payload: Mapping[str, Any]) -> Content:
    """Its address holds for a while only. A type is guessed from the address: what it is, its bytes will tell."""
    url = words(payload, "url", MAX_ADDRESS)
    if not url:
        return Content(context={"notice": UNSUPPORTED})
    ending, usual = _TYPES[kind]
    name = _name(url)
    guessed = mimetypes.guess_type(name)[0]
    if not guessed and ending:
        name = f"{kind}.{ending}"
    return Content(files=(Attachment(name or kind, guessed or usual, url=url),))


def _name(url: str) -> str:
    """The file's name, as the address ends."""
    try:
        return clean(unquote(urlsplit(url).path.rpartition("/")[2]))[:MAX_NAME]
    except ValueError:
        return ""


def _location(one: Mapping[str, Any], payload: Mapping[str, Any]) -> Content:
    at = mapping(payload.get("coordinates"), "coordinates")
    return place(at.get("lat"), at.get("long"), long(one, "title"))


def place(latitude: Any, longitude: Any, *names: str) -> Content:
    """A place as words with a link to a map, which everybody can open."""
    for degrees in (latitude, longitude):
        if isinstance(degrees, bool) or not isinstance(degrees, int | float) or not abs(degrees) <= 180:
            raise Malformed("a place: degrees are expected")
    link = f"https://www.google.com/maps?q={float(latitude)},{float(longitude)}"
    told = {"latitude": float(latitude), "longitude": float(longitude)}
    return Content("\n".join(filter(None, (*names, link))), context={"location": told})


def _template(one: Mapping[str, Any], payload: Mapping[str, Any]) -> Content:
    """A card, of a shop or of an automatic answer: its words."""
    elements = objects(payload, "elements")[:10]
    inside = [long(each, name) for each in elements for name in ("title", "subtitle")]
    lines = dict.fromkeys((long(one, "title"), long(payload, "text"), *inside))
    return Content("\n".join(filter(None, lines)), context={"card": True})


def _link(one: Mapping[str, Any], payload: Mapping[str, Any]) -> Content:
    """A page, a post or something new: its title and where it is."""
    title = long(one, "title") or long(payload, "title")
    url = long(payload, "url") or long(one, "url")
    found = "\n".join(filter(None, dict.fromkeys((title, url))))
    return Content(found, context={} if found else {"notice": UNSUPPORTED})


def _payload(data: Mapping[str, Any]) -> dict[str, Any]:
    payload = long(data, "payload")[:1000]
    return {"payload": payload} if payload else {}


def _story(message: Mapping[str, Any]) -> dict[str, Any]:
    answered = optional(optional(message, "reply_to"), "story")
    if not answered:
        return {}
    told = {"id": long(answered, "id")[:MAX_NAME], "url": long(answered, "url")[:MAX_ADDRESS]}
    return {"story": told, "notice": STORY_REPLY}


_READERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Content]] = {
    "location": _location,
    "template": _template,
}
