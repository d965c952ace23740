"""What stands in one message of a customer: its words and its files (https://core.telegram.org/bots/api#message)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.events import Attachment
from channels.telegram.shape import MAX_TEXT, Object, degrees, number, obj, objects, text

_MAP = "https://www.google.com/maps?q="


@dataclass(frozen=True)
class Content:
    """`context` goes along with the message."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


def content(message: Object) -> Content | None:
    """What a message says; None where there is nothing that we know to show."""
    if "text" in message:
        return Content(text(message, "text", MAX_TEXT))
    for name, read in _READERS.items():
        if name in message and (found := read(message)) is not None:
            return Content(found.text or caption(message), found.files, found.context)
    return None


def caption(message: Object) -> str:
    return text(message, "caption", MAX_TEXT)


def _photo(message: Object) -> Content | None:
    """The largest of the sizes it comes in."""
    sizes = [one for one in objects(message, "photo") if text(one, "file_id")]
    if not sizes:
        return None
    largest = max(sizes, key=lambda one: (number(one, "width") or 0) * (number(one, "height") or 0))
    return _one_file(largest, "photo.jpg", "image/jpeg")


def _file(field_name: str, name: str, content_type: str) -> Callable[[Object], Content | None]:
    """A reader of a file under `field_name`; name and type where Telegram tells none."""
    return lambda message: _one_file(obj(message, field_name), name, content_type)


def _sticker(message: Object) -> Content | None:
    """As its picture, where it does not move; its emoji is what it says."""
    told = obj(message, "sticker")
    moving = told.get("is_animated") is True or told.get("is_video") is True
    still = obj(told, "thumbnail") if moving else told
    shown = _one_file(still, "sticker.webp", "image/webp")
    context = {"sticker": {"set": text(told, "set_name"), "emoji": text(told, "emoji", 20)}}
    return Content(text(told, "emoji", 20), shown.files if shown else (), context) if told else None


def _contact(message: Object) -> Content | None:
    told = obj(message, "contact")
    name = " ".join(filter(None, (text(told, "first_name"), text(told, "last_name"))))
    phone = text(told, "phone_number", 40)
    if phone.isdecimal() and not phone.startswith("0"):
        phone = (
            f"+{phone}"  # Telegram leaves the plus away; in an address book numbers stand as they are dialled
        )
    lines = [line for line in (name, phone) if line]
    context = {"contact": {"name": name, "phone": phone, "user": number(told, "user_id")}}
    return Content("\n".join(lines), context=context) if lines else None


def _venue(message: Object) -> Content | None:
    told = obj(message, "venue")
    place = _place(obj(told, "location"))
    words = [text(told, "title", 1000), text(told, "address", 1000), place.text if place else ""]
    if not any(words):
        return None
    return Content("\n".join(filter(None, words)), context=place.context if place else {})


def _location(message: Object) -> Content | None:
    return _place(obj(message, "location"))


def _place(told: Object) -> Content | None:
    """As a link to a map, which every agent can open."""
    latitude, longitude = degrees(told, "latitude"), degrees(told, "longitude")
    if latitude is None or longitude is None:
        return None
    where = {"latitude": latitude, "longitude": longitude, "live": "live_period" in told}
    return Content(f"{_MAP}{latitude},{longitude}", context={"location": where})


def _poll(message: Object) -> Content | None:
    told = obj(message, "poll")
    options = [f"- {text(one, 'text', 300)}" for one in objects(told, "options", 20)]
    words = "\n".join(filter(None, (text(told, "question", 1000), *options)))
    return Content(words) if words else None


def _dice(message: Object) -> Content | None:
    told = obj(message, "dice")
    value = number(told, "value")
    return Content(f"{text(told, 'emoji', 20)} {value}".strip()) if value is not None else None


def _one_file(told: Object, name: str, content_type: str) -> Content | None:
    ref = text(told, "file_id")
    if not ref:
        return None
    called = text(told, "file_name") or name
    size, duration = number(told, "file_size"), number(told, "duration")
    file = Attachment(called, text(told, "mime_type") or content_type, size=size, ref=ref)
    return Content(files=(file,), context={"duration": duration} if duration is not None else {})


# An animation is told as a document, too, and a venue as a location: the fuller one comes first.
_READERS: dict[str, Callable[[Object], Content | None]] = {
    "photo": _photo,
    "animation": _file("animation", "animation.mp4", "video/mp4"),
    "document": _file("document", "file", "application/octet-stream"),
    "voice": _file("voice", "voice.ogg", "audio/ogg"),
    "audio": _file("audio", "audio.mp3", "audio/mpeg"),
    "video": _file("video", "video.mp4", "video/mp4"),
    "video_note": _file("video_note", "video-note.mp4", "video/mp4"),
    "sticker": _sticker,
    "contact": _contact,
    "venue": _venue,
    "location": _location,
    "poll": _poll,
    "dice": _dice,
}
