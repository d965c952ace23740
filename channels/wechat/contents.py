"""What stands in one message of a customer: its words and its files
(https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.events import Attachment
from channels.values import MAX_URL
from channels.wechat.document import MAX_NAME, MAX_TEXT, Object, degrees, text

_MAP = "https://www.google.com/maps?q="
_SOUNDS = {"amr": "audio/amr", "mp3": "audio/mpeg", "speex": "audio/speex"}


@dataclass(frozen=True)
class Content:
    """`context` goes along with the message."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


def content(message: Object) -> Content | None:
    """What a message says; None where there is nothing that we know to show."""
    read = READERS.get(text(message, "MsgType"))
    found = read(message) if read else None
    return found if found and (found.text.strip() or found.files) else None


def _text(message: Object) -> Content:
    """A choice from a menu in a message comes as its words, with the number it had there."""
    chosen = text(message, "bizmsgmenuid")
    return Content(text(message, "Content", MAX_TEXT), context={"choice": chosen} if chosen else {})


def _image(message: Object) -> Content:
    picture = text(message, "PicUrl", MAX_URL)
    file = _file(message, "image.jpg", "image/jpeg")
    return Content(files=file, context={"picture": picture} if picture else {})


def _voice(message: Object) -> Content:
    """With its words, where WeChat has made them out."""
    sort = text(message, "Format", 20).lower()
    ending = sort if sort in _SOUNDS else "amr"
    return Content(
        text(message, "Recognition", MAX_TEXT),
        _file(message, f"voice.{ending}", _SOUNDS[ending]),
        {"recognised": True} if text(message, "Recognition") else {},
    )


def _video(message: Object) -> Content:
    return Content(files=_file(message, "video.mp4", "video/mp4"))


def _location(message: Object) -> Content | None:
    """As words with a link to a map, which every agent can open. X is the latitude."""
    latitude, longitude = degrees(message, "Location_X"), degrees(message, "Location_Y")
    if latitude is None or longitude is None:
        return None
    label = text(message, "Label", 1000)
    place = {"address": label, "latitude": latitude, "longitude": longitude}
    return Content(f"{label}\n{_MAP}{latitude},{longitude}".strip(), context={"location": place})


def _link(message: Object) -> Content:
    parts = (text(message, name, MAX_URL) for name in ("Title", "Description", "Url"))
    return Content("\n".join(filter(None, parts)))


def _file(message: Object, name: str, content_type: str) -> tuple[Attachment, ...]:
    ref = text(message, "MediaId", MAX_NAME)
    return (Attachment(name, content_type, ref=ref),) if ref else ()


READERS: dict[str, Callable[[Object], Content | None]] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
}
