"""What stands in one direct message: its words and its file
(https://docs.x.com/x-api/account-activity/introduction#account-activity-data-object-structure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.events import Attachment
from channels.values import MAX_NAME, MAX_URL, first, mapping, whole, words

MAX_TEXT = 20_000  # characters; X's own limit is 10,000
MOST_LINKS = 100
UNSUPPORTED = "This message can only be seen on X."
ENCRYPTED = "This message is encrypted and can only be read on X."
_MAP = "https://www.google.com/maps?q="
_KINDS = {
    "photo": ("photo.jpg", "image/jpeg"),
    "animated_gif": ("gif.mp4", "video/mp4"),
    "video": ("video.mp4", "video/mp4"),
}
_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}
_FILE = re.compile(r"/([A-Za-z0-9_.-]{1,100})$")


@dataclass(frozen=True)
class Content:
    """`context` goes along with the message."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


def content(data: Mapping[str, Any]) -> Content:
    """What `message_data` says. Raises `Malformed`."""
    attachment = mapping(data.get("attachment"), "attachment")
    media = mapping(attachment.get("media"), "media")
    text = readable(words(data, "text", MAX_TEXT), data.get("entities"), str(media.get("url", "")))
    files = _files(media)
    place = _place(mapping(attachment.get("location"), "location"))
    context = _context(data, attachment, bool(files or place))
    return Content("\n".join(filter(None, (text, place))), files, context)


def readable(text: str, entities: Any = None, own: str = "") -> str:
    """`text` as it was written: X shortens links, escapes three signs, and adds a link to the file (`own`)."""
    links = {own: ""} if own else {}
    for one in first(mapping(entities, "entities"), "urls", MOST_LINKS):
        link = mapping(one, "urls")
        short, long = whole(link, "url", MAX_URL), whole(link, "expanded_url", MAX_URL)
        if short and long:
            links.setdefault(short, long)
    text = _in_place(links, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _in_place(links: Mapping[str, str], text: str) -> str:
    """Each short link by what it stands for, once: what comes in its place is not looked through."""
    if not links:
        return text
    longest_first = sorted(links, key=len, reverse=True)
    found = re.compile("|".join(map(re.escape, longest_first)))
    return found.sub(lambda short: links[short[0]], text)[:MAX_TEXT]


def _files(media: Mapping[str, Any]) -> tuple[Attachment, ...]:
    kind = words(media, "type")
    url = _film(media) or words(media, "media_url_https", MAX_URL) or words(media, "media_url", MAX_URL)
    if not url:
        return ()
    name, content_type = _KINDS.get(kind, ("file", "application/octet-stream"))
    called = _FILE.search(url.partition("?")[0])
    ending = called[1].rpartition(".")[2].lower() if called else ""
    return (Attachment(called[1] if called else name, _TYPES.get(ending, content_type), url=url),)


def _film(media: Mapping[str, Any]) -> str:
    """The best of the forms that a browser plays."""
    told = mapping(media.get("video_info"), "video_info")
    forms = [mapping(one, "variants") for one in first(told, "variants", MOST_LINKS)]
    films = [one for one in forms if one.get("content_type") == "video/mp4"]
    best = max(films, key=lambda one: _rate(one.get("bitrate")), default={})
    return words(best, "url", MAX_URL)


def _rate(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _place(location: Mapping[str, Any]) -> str:
    """As a link to a map, which every agent can open."""
    shared = mapping(location.get("shared_coordinate"), "shared_coordinate")
    point = mapping(shared.get("coordinates"), "coordinates").get("coordinates")
    if isinstance(point, list) and len(point) == 2 and all(_is_degrees(one) for one in point):
        return f"{_MAP}{point[1]},{point[0]}"
    place = mapping(mapping(location.get("shared_place"), "shared_place").get("place"), "place")
    return words(place, "full_name", 1000) or words(place, "name", 1000)


def _is_degrees(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 180


def _context(data: Mapping[str, Any], attachment: Mapping[str, Any], known: bool) -> dict[str, Any]:
    chosen = words(mapping(data.get("quick_reply_response"), "quick_reply_response"), "metadata", 1000)
    context: dict[str, Any] = {"payload": chosen} if chosen else {}
    if attachment and not known:
        context["notice"] = UNSUPPORTED
        context["unknown"] = words(attachment, "type", MAX_NAME)
    return context
