"""What stands in one message of TikTok
(https://business-api.tiktok.com/portal/docs?id=1832190670631937, "content" of im_receive_msg and im_send_msg)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.events import Attachment
from channels.text import clean
from channels.tiktok.media import Place
from channels.values import MAX_ID, MAX_URL, Malformed, mapping, words

MAX_TEXT = 20_000  # characters; TikTok's own limit is 6,000
UNSUPPORTED = "This message can only be seen in their own app."
SHARED = "They shared a post."


@dataclass(frozen=True)
class Content:
    """`context` goes along with the message."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


def content(message: Mapping[str, Any], conversation: str, id: str) -> Content:
    """What a message says; of a type that is not known, that it cannot be seen here. Raises `Malformed`."""
    kind = words(message, "type", 40).lower()
    read = _READERS.get(kind)
    if read is None:
        return Content(context={"notice": UNSUPPORTED, "unknown": kind})
    return read(mapping(message.get(kind), kind), Place(kind.upper(), conversation, id))


def _text(part: Mapping[str, Any], place: Place) -> Content:
    body = part.get("body")
    if not isinstance(body, str):
        raise Malformed("text.body: a string is expected")
    return Content(clean(body[:MAX_TEXT]))


def _image(part: Mapping[str, Any], place: Place) -> Content:
    return Content(files=(_file(part, place, "image.jpg", "image/jpeg"),))


def _video(part: Mapping[str, Any], place: Place) -> Content:
    return Content(files=(_file(part, place, "video.mp4", "video/mp4"),))


def _file(part: Mapping[str, Any], place: Place, name: str, kind: str) -> Attachment:
    return Attachment(name, kind, ref=place.ref(words(part, "media_id", MAX_ID, required=True)))


def _post(part: Mapping[str, Any], place: Place) -> Content:
    """A post of somebody's, by its address."""
    url = words(part, "embed_url", MAX_URL)
    return Content(url, context={"notice": SHARED if url else UNSUPPORTED, "post": url})


def _sticker(part: Mapping[str, Any], place: Place) -> Content:
    url = words(part, "url", MAX_URL)
    if not url.startswith("https://"):
        return Content(context={"notice": UNSUPPORTED, "unknown": "sticker"})
    return Content(files=(Attachment("sticker.webp", "image/webp", url=url),), context={"sticker": True})


_READERS: dict[str, Callable[[Mapping[str, Any], Place], Content]] = {
    "text": _text,
    "image": _image,
    "video": _video,
    "share_post": _post,
    "sticker": _sticker,
}
