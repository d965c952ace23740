"""Files of ours, brought to X in parts before the message that shows them
(https://docs.x.com/x-api/media/quickstart/media-upload-chunked)."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from channels.events import Attachment
from channels.outbound import ChannelError
from channels.values import inner
from channels.x.calling import Caller

PART = 4_000_000  # bytes; X takes up to 5 MB at once
MAX_PICTURE, MAX_FILE = 5_000_000, 15_000_000
PATIENCE = 40.0  # seconds X may take to prepare a film
CATEGORIES = {
    "image/jpeg": "dm_image",
    "image/png": "dm_image",
    "image/webp": "dm_image",
    "image/gif": "dm_gif",
    "video/mp4": "dm_video",
}
_PATH = "/2/media/upload"


def upload(x: Caller, file: Attachment, sleep: Callable[[float], None] = time.sleep) -> str:
    """The id a message names it by. Nobody sees a file that no message shows, so an answer that was lost here says
    nothing of the message. Raises `ChannelError`."""
    data, category = file.data or b"", _category(file)
    try:
        return _uploaded(x, data, file.content_type, category, sleep)
    except ChannelError as error:
        error.ambiguous = False
        raise


def _category(file: Attachment) -> str:
    category = CATEGORIES.get(file.content_type)
    if category is None:
        raise ChannelError("X takes pictures and MP4 films only.", detail=file.content_type, permanent=True)
    if len(file.data or b"") > (MAX_PICTURE if category == "dm_image" else MAX_FILE):
        raise ChannelError("X takes pictures of up to 5 MB and films of up to 15 MB.", permanent=True)
    return category


def _uploaded(
    x: Caller, data: bytes, content_type: str, category: str, sleep: Callable[[float], None]
) -> str:
    asked = {"media_type": content_type, "total_bytes": len(data), "media_category": category}
    id = str(_data(x.post(f"{_PATH}/initialize", asked)).get("id", ""))
    if not (id.isascii() and id.isdecimal()):
        raise ChannelError("X did not take this file.", permanent=True)
    for number, start in enumerate(range(0, len(data), PART)):
        x.upload(f"{_PATH}/{id}/append", {"segment_index": str(number)}, data[start : start + PART])
    _prepared(x, id, _data(x.post(f"{_PATH}/{id}/finalize", {})), sleep)
    return id


def _prepared(x: Caller, id: str, told: Mapping[str, Any], sleep: Callable[[float], None]) -> None:
    """Films are not ready at once."""
    waited = 0.0
    while (info := inner(told, "processing_info")) and info.get("state") != "succeeded":
        if info.get("state") == "failed":
            raise ChannelError("X did not take this file.", permanent=True)
        pause = float(min(max(_number(info, "check_after_secs"), 1), 10))
        waited += pause
        if waited > PATIENCE:
            raise ChannelError("X is still preparing this file.", retry_after=pause)
        sleep(pause)
        told = _data(x.get(_PATH, command="STATUS", media_id=id))


def _data(told: Mapping[str, Any]) -> Mapping[str, Any]:
    return inner(told, "data")


def _number(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) else 0
