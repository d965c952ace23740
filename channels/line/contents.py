"""What stands in one message of a customer: its words, its files, and what an answer needs of it."""

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.events import Attachment
from channels.text import clean
from channels.values import MAX_URL, Malformed, first, mapping, number, words

STICKERS = "https://stickershop.line-scdn.net"
MAX_TEXT = 20_000  # characters; LINE's own limit is far below
MAX_TOKEN = 500
MAX_SPANS = 50  # emoji or mentions in one text
MAX_SIZE = 2**50  # bytes
_KEYWORDS_SHOWN = 3


@dataclass(frozen=True)
class Content:
    """`context` goes along with the message, and comes back as `Outbound.last`."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


def content(message: Mapping[str, Any]) -> Content | None:
    """What a message object says, None where its type is not known. Raises `Malformed`."""
    read = _READERS.get(words(message, "type", required=True))
    return read(message) if read else None


def _text(message: Mapping[str, Any]) -> Content:
    raw = message.get("text")
    if not isinstance(raw, str):
        raise Malformed("text: a string is expected")
    emoji = [_emoji(raw, one) for one in first(message, "emojis", MAX_SPANS)]
    mentioned = mapping(message.get("mention"), "mention")
    mentions = [_mention(raw, one) for one in first(mentioned, "mentionees", MAX_SPANS)]
    return Content(
        clean(raw)[:MAX_TEXT],
        context=_given({"emojis": [e for e in emoji if e], "mentions": [m for m in mentions if m]}),
    )


def _image(message: Mapping[str, Any]) -> Content:
    one_of = mapping(message.get("imageSet"), "imageSet")
    image_set = {"id": words(one_of, "id"), **_numbers(one_of, "index", "total")} if one_of else {}
    return Content(files=(_file(message, "jpg", "image/jpeg"),), context=_given({"image_set": image_set}))


def _video(message: Mapping[str, Any]) -> Content:
    return Content(files=(_file(message, "mp4", "video/mp4"),), context=_numbers(message, "duration"))


def _audio(message: Mapping[str, Any]) -> Content:
    return Content(files=(_file(message, "m4a", "audio/mp4"),), context=_numbers(message, "duration"))


def _document(message: Mapping[str, Any]) -> Content:
    name = words(message, "fileName", 1000) or "file"
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    size = number(message, "fileSize", 0, MAX_SIZE)
    return Content(files=(Attachment(name, kind, size=size, ref=words(message, "id", required=True)),))


def _location(message: Mapping[str, Any]) -> Content:
    """As words with a link to a map, which every agent can open."""
    latitude, longitude = (_degrees(message, name) for name in ("latitude", "longitude"))
    title, address = (words(message, name, 1000) for name in ("title", "address"))
    link = f"https://www.google.com/maps?q={latitude},{longitude}"
    told = {"title": title, "address": address, "latitude": latitude, "longitude": longitude}
    return Content("\n".join(filter(None, (title, address, link))), context={"location": told})


def _sticker(message: Mapping[str, Any]) -> Content:
    """As its picture. Its words are what is written on it, else what LINE says it means, in brackets as emoji are."""
    sticker = words(message, "stickerId", 40, required=True)
    if not (sticker.isascii() and sticker.isdecimal()):
        raise Malformed("stickerId: digits are expected")
    keywords = [clean(one)[:100] for one in first(message, "keywords", 100) if isinstance(one, str)]
    meant = f"({', '.join(keywords[:_KEYWORDS_SHOWN])})" if keywords else ""
    picture = f"{STICKERS}/stickershop/v1/sticker/{sticker}/android/sticker.png"
    told = {"id": sticker, "package": words(message, "packageId", 40), "keywords": keywords[:15]}
    return Content(
        words(message, "text", 1000) or meant,
        (Attachment("sticker.png", "image/png", url=picture),),
        {"sticker": told},
    )


def _file(message: Mapping[str, Any], ending: str, kind: str) -> Attachment:
    """A picture, film or sound: at LINE by the message's id, or where the program that sent it keeps it."""
    id = words(message, "id", required=True)
    provider = mapping(message.get("contentProvider"), "contentProvider")
    if words(provider, "type") == "external":
        return Attachment(f"{id}.{ending}", kind, url=words(provider, "originalContentUrl", MAX_URL))
    return Attachment(f"{id}.{ending}", kind, ref=id)


def _emoji(text: str, one: Any) -> dict[str, Any]:
    told = mapping(one, "emojis")
    product, emoji = words(told, "productId", 40), words(told, "emojiId", 40)
    if not (product.isalnum() and emoji.isalnum() and (product + emoji).isascii()):
        return {}
    picture = f"{STICKERS}/sticonshop/v1/sticon/{product}/android/{emoji}.png"
    return {**_span(text, told), "picture": picture}


def _mention(text: str, one: Any) -> dict[str, Any]:
    told = mapping(one, "mentionees")
    return {**_span(text, told), "type": words(told, "type"), "user_id": words(told, "userId")}


def _span(text: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Where it stands in the cleaned text, and the words it stands for. LINE counts in UTF-16 units."""
    index, size = (number(told, name, 0, 10**6) or 0 for name in ("index", "length"))
    units = text.encode("utf-16-le", "surrogatepass")
    before, inside = (
        units[2 * at : 2 * end].decode("utf-16-le", "replace")
        for at, end in ((0, index), (index, index + size))
    )
    return {"at": len(clean(before)), "words": clean(inside)[:200]}


def _degrees(message: Mapping[str, Any], name: str) -> float:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 180:
        raise Malformed(f"{name}: degrees are expected")
    return float(value)


def _numbers(data: Mapping[str, Any], *names: str) -> dict[str, int]:
    found = {name: number(data, name, 0, 2**53) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _given(context: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in context.items() if value}


_READERS: dict[str, Callable[[Mapping[str, Any]], Content]] = {
    "text": _text,
    "image": _image,
    "video": _video,
    "audio": _audio,
    "file": _document,
    "location": _location,
    "sticker": _sticker,
}
