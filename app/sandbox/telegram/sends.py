"""What a bot may send (core.telegram.org/bots/api#available-methods): checked, and as it stands on the phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from app.sandbox.files import File
from app.sandbox.hooks import NotFetched
from app.sandbox.telegram.door import Call, Refused, bad

if TYPE_CHECKING:
    from app.sandbox.telegram.platform import Telegram

Object = dict[str, Any]

MAX_TEXT, MAX_CAPTION = 4096, 1024  # UTF-16 units
MAX_PHOTO, MAX_FILE = 10 * 1024 * 1024, 50 * 1024 * 1024
MAX_LINKED_PHOTO, MAX_LINKED = 5 * 1024 * 1024, 20 * 1024 * 1024
MAX_BUTTONS, MAX_DATA = 100, 64
SIDES, RATIO = 10_000, 20  # of a photo: width and height together, and one by the other
OTHERWISE = {  # field → media type and name where none is told
    "photo": ("image/jpeg", "photo.jpg"),
    "video": ("video/mp4", "video.mp4"),
    "animation": ("video/mp4", "animation.mp4"),
    "audio": ("audio/mpeg", "audio.mp3"),
    "voice": ("audio/ogg", "voice.ogg"),
    "video_note": ("video/mp4", "note.mp4"),
    "document": ("application/octet-stream", "file"),
    "sticker": ("image/webp", "sticker.webp"),
}
BUBBLES = {
    "photo": "image",
    "video": "video",
    "animation": "video",
    "video_note": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "file",
    "sticker": "image",
}


@dataclass(frozen=True)
class Made:
    """`told`: the fields of the message. `kind`, `text`, `data`: of the bubble. `file`: the id of what goes along."""

    told: Object
    kind: str
    text: str
    data: Object = field(default_factory=dict)
    file: str = ""


def utf16(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


async def text(_telegram: Telegram, call: Call) -> Made:
    """sendMessage."""
    said = told_words(call, "text", MAX_TEXT)
    return Made({"text": said, **entities(said)}, "text", said)


def told_words(call: Call, name: str, most: int) -> str:
    """The words of a message. Raises `Refused`."""
    said = call.words(name).strip()
    if not said:
        raise bad("message text is empty")
    if utf16(said) > most:
        raise bad("message is too long")
    return said


def entities(said: str, name: str = "entities") -> Object:
    """Commands in a text; everything else Telegram marks is not played."""
    length = utf16(said.split()[0]) if said.startswith("/") else 0
    return {name: [{"type": "bot_command", "offset": 0, "length": length}]} if length > 1 else {}


def media(name: str) -> Callable[[Telegram, Call], Awaitable[Made]]:
    """sendPhoto, sendDocument and so on, whose file stands under `name`."""

    async def made(telegram: Telegram, call: Call) -> Made:
        caption = call.words("caption").strip()
        if utf16(caption) > MAX_CAPTION:
            raise bad("message caption is too long")
        id, file = await _file(telegram, call, name)
        about = described(name, id, file, call.number("duration"))
        told = {name: about, **({"caption": caption} if caption else {})}
        return Made(
            told, BUBBLES[name], file.name if name == "document" else caption, _captioned(caption), id
        )

    return made


def described(name: str, id: str, file: File, duration: int = 0) -> Any:
    """A file as a message tells it; a photo is a list of its sizes."""
    about: Object = {"file_id": id, "file_unique_id": id[-16:], "file_size": len(file.body)}
    if name in ("photo", "sticker"):
        width, height = size_of(file.body) or (512, 512)
        about |= {"width": width, "height": height}
    if name == "photo":
        small = {**about, "width": min(width, 90), "height": min(height, 90)}
        return [small, about]
    if name == "sticker":
        return about | {"type": "regular", "is_animated": False, "is_video": False}
    if name in ("video", "animation"):
        about |= {"width": 640, "height": 480}
    if name == "video_note":
        return about | {"length": 240, "duration": duration}
    if name != "document":
        about["duration"] = duration
    if name != "voice":
        about["file_name"] = file.name
    return about | {"mime_type": file.media_type}


def size_of(body: bytes) -> tuple[int, int] | None:
    """Width and height of a picture, None if it is none."""
    try:
        with Image.open(BytesIO(body)) as image:
            return image.width, image.height
    except (OSError, ValueError):
        return None


async def place(_telegram: Telegram, call: Call) -> Made:
    """sendLocation and sendVenue."""
    where = {name: call.degrees(name) for name in ("latitude", "longitude")}
    if abs(where["latitude"]) > 90 or abs(where["longitude"]) > 180:
        raise bad("invalid location specified")
    named = {name: call.words(name) for name in ("title", "address") if call.words(name)}
    told: Object = {"location": where}
    if named:
        told["venue"] = {"location": where, "title": "", "address": "", **named}
    return Made(told, "location", named.get("title", ""), {**where, **named})


def markup(call: Call, message: str) -> tuple[Object, Object]:
    """Of `reply_markup`: what the message tells, and what the phone shows. Raises `Refused`."""
    given = call.object("reply_markup")
    if "inline_keyboard" in given:
        rows = [[_inline(one, message) for one in row] for row in _rows(given["inline_keyboard"])]
        return {"reply_markup": {"inline_keyboard": given["inline_keyboard"]}}, {"rows": rows}
    if "keyboard" in given:
        labels = [_label(one) for row in _rows(given["keyboard"]) for one in row]
        actions = [{"action": {"type": "message", "label": one, "text": one}} for one in labels]
        return {}, {"quickReply": {"items": actions}}
    if given and not set(given) & {"remove_keyboard", "force_reply"}:
        raise bad("can't parse reply keyboard markup JSON object")
    return {}, {}


def _rows(given: Any) -> list[list[Any]]:
    if not isinstance(given, list) or not all(isinstance(row, list) for row in given):
        raise bad("field of the keyboard must be an Array of Arrays")
    if sum(map(len, given)) > MAX_BUTTONS:
        raise bad("too many buttons")
    return given


def _inline(button: Any, message: str) -> Object:
    label = _label(button)
    if not isinstance(button, Mapping) or not ("callback_data" in button or "url" in button):
        raise bad("inline keyboard button must have exactly one optional field")
    if "url" in button:
        return {"type": "uri", "label": label, "uri": str(button["url"])}
    data = str(button["callback_data"])
    if not 1 <= len(data.encode()) <= MAX_DATA:
        raise bad("BUTTON_DATA_INVALID")
    return {"type": "callback", "label": label, "data": data, "message": message}


def _label(button: Any) -> str:
    label = button.get("text") if isinstance(button, Mapping) else button
    if not isinstance(label, str) or not label.strip():
        raise bad("button text must be non-empty")
    return label


async def _file(telegram: Telegram, call: Call, name: str) -> tuple[str, File]:
    """A file by its id, at an address, or uploaded with the call. Raises `Refused`."""
    given = call.words(name)
    attached = given.removeprefix("attach://") if given.startswith("attach://") else name
    if (file := call.files.get(attached)) is not None:
        _check(name, file, MAX_PHOTO if name == "photo" else MAX_FILE, "file must be non-empty")
    elif given.startswith(("http://", "https://")):
        file = await _linked(telegram, given)
        _check(
            name, file, MAX_LINKED_PHOTO if name == "photo" else MAX_LINKED, "failed to get HTTP URL content"
        )
    elif given and (known := telegram.bot.files.find(given)) is not None:
        return given, known
    elif given:
        raise bad("wrong file identifier/HTTP URL specified")
    else:
        raise bad(f"there is no {name} in the request")
    return telegram.bot.keep(file), file


async def _linked(telegram: Telegram, url: str) -> File:
    try:
        media_type, body = await telegram.hooks.fetch(url)
    except NotFetched:
        raise bad("failed to get HTTP URL content") from None
    return File("", url.partition("?")[0].rpartition("/")[2] or "file", media_type.partition(";")[0], body)


def _check(name: str, file: File, most: int, empty: str) -> None:
    """Raises `Refused`."""
    if not file.body:
        raise bad(empty)
    if len(file.body) > most:
        raise Refused(413, "Request Entity Too Large")
    if name != "photo":
        return
    size = size_of(file.body)
    if size is None:
        raise bad("IMAGE_PROCESS_FAILED")
    if sum(size) > SIDES or max(size) > RATIO * min(size):
        raise bad("PHOTO_INVALID_DIMENSIONS")


def _captioned(caption: str) -> Object:
    return {"caption": caption} if caption else {}


SENDS: dict[str, Callable[[Any, Call], Awaitable[Made]]] = {
    "sendMessage": text,
    "sendPhoto": media("photo"),
    "sendDocument": media("document"),
    "sendVideo": media("video"),
    "sendAnimation": media("animation"),
    "sendAudio": media("audio"),
    "sendVoice": media("voice"),
    "sendVideoNote": media("video_note"),
    "sendSticker": media("sticker"),
    "sendLocation": place,
    "sendVenue": place,
}
