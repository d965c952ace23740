"""What we say, as Telegram takes it: one method call for each text and each file, in their order."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from channels import judging, text
from channels.calling import Answer, part_of
from channels.events import Attachment
from channels.outbound import Bubble, ChannelError, Outbound
from channels.telegram.bot import Bot, Moved
from channels.telegram.events import id_of, ids_in
from channels.telegram.shape import number, obj

MAX_TEXT, MAX_CAPTION = 4096, 1024  # UTF-16 units
MAX_FILE, MAX_PHOTO = 50_000_000, 10_000_000  # bytes
MAX_BUTTONS = 20
MAX_BUTTON = 100  # characters; what is pressed is sent as it stands there
PATIENCE = 5.0  # seconds that are waited between two parts of one message, where Telegram asks for it

_METHODS = {
    "video/mp4": ("sendVideo", "video"),
    "audio/mpeg": ("sendAudio", "audio"),
    "audio/mp4": ("sendAudio", "audio"),
}
_DOCUMENT = ("sendDocument", "document")


@dataclass(frozen=True)
class Call:
    """One method call without its chat: `parameters` JSON, `file` to be uploaded under `field`."""

    method: str
    parameters: dict[str, Any]
    field: str = ""
    file: Attachment | None = None


def calls(outbound: Outbound) -> list[Call]:
    """What is to be called for a message. Raises `ChannelError` where nothing would be said."""
    files = outbound.attachments
    words = outbound.text.strip()
    if len(files) == 1 and words and text.length(words, "utf16") <= MAX_CAPTION:
        made = [_file(files[0], words)]
    else:
        made = [Call("sendMessage", {"text": piece}) for piece in text.split(words, MAX_TEXT, "utf16")]
        made += [_file(one) for one in files]
    if not made:
        raise ChannelError("There is nothing to send.", permanent=True)
    made[0] = _with(made[0], _reply(outbound))
    made[-1] = _with(made[-1], _keyboard(outbound))
    return made


def bubbles(outbound: Outbound) -> tuple[Bubble, ...]:
    """The messages of :func:`calls` as the reader sees them."""
    return tuple(_bubble(call) for call in calls(outbound))


def send(bot: Bot, outbound: Outbound, sleep: Callable[[float], None] = time.sleep) -> tuple[str, ...]:
    """Call them one after the other; the ids of what was sent. Telegram knows no key by which a call could be
    repeated."""
    sent: list[str] = []
    chat: int | str = outbound.to.address
    for taken, call in enumerate(calls(outbound)):
        with part_of(taken):
            answer, chat = _sent(bot, call, chat, sleep if taken else _never)
        sent += _ids(answer)
    return tuple(sent)


def _bubble(call: Call) -> Bubble:
    told = call.parameters
    keys = told.get("reply_markup", {}).get("keyboard", ())
    words = told.get("text", "") or told.get("caption", "")
    return Bubble(
        words, call.file.name if call.file else "", tuple(key["text"] for row in keys for key in row)
    )


def _sent(bot: Bot, call: Call, chat: int | str, sleep: Callable[[float], None]) -> tuple[Answer, int | str]:
    """The answer, and where the chat is now: a group may have moved."""
    for _ in range(3):
        try:
            return _once(bot, call, chat), chat
        except Moved as moved:
            chat = moved.chat
        except ChannelError as error:
            if call.method == "sendPhoto" and _is_no_photo(error):
                call = replace(call, method=_DOCUMENT[0], field=_DOCUMENT[1])
            elif error.retry_after is not None and error.retry_after <= PATIENCE and sleep is not _never:
                sleep(error.retry_after)
            else:
                raise
    raise ChannelError("Telegram asks us to send more slowly.", retry_after=PATIENCE)


def _never(seconds: float) -> None:
    """Nothing was sent yet, so the product itself may wait and try again."""


def _once(bot: Bot, call: Call, chat: int | str) -> Answer:
    parameters = {"chat_id": chat, **call.parameters}
    if call.file is None:
        return bot.call(call.method, parameters)
    if call.file.data is None:
        return bot.call(call.method, {**parameters, call.field: call.file.url})
    plain = {name: one if isinstance(one, str) else json.dumps(one) for name, one in parameters.items()}
    return bot.upload(
        call.method, plain, {call.field: (call.file.name, call.file.data, call.file.content_type)}
    )


def _file(file: Attachment, caption: str = "") -> Call:
    size = len(file.data) if file.data is not None else file.size or 0
    if size > MAX_FILE:
        raise ChannelError("Telegram takes files of up to 50 MB.", permanent=True)
    method, field = _METHODS.get(file.content_type, _DOCUMENT)
    if file.content_type in ("image/jpeg", "image/png") and size <= MAX_PHOTO:
        method, field = "sendPhoto", "photo"
    return Call(method, {"caption": caption} if caption else {}, field, file)


def _with(call: Call, more: dict[str, Any]) -> Call:
    return replace(call, parameters={**call.parameters, **more})


def _reply(outbound: Outbound) -> dict[str, Any]:
    """Which message is quoted; in a group also what is answered, which is plain in a private chat."""
    group = outbound.to.address.startswith("-")
    answered = ids_in(outbound.quoted_id or (outbound.in_reply_to if group else ""))
    if answered is None or str(answered[0]) != outbound.to.address:
        return {}
    return {"reply_parameters": {"message_id": answered[1], "allow_sending_without_reply": True}}


def _keyboard(outbound: Outbound) -> dict[str, Any]:
    """Buttons that say what stands on them; else those that ask whether it helped, since one message has one sort only.
    Without any, those of an earlier message go away."""
    if outbound.to.address.startswith("-"):
        return {}  # in a group everybody would see them
    if not outbound.quick_replies and (judged := judging.buttons(outbound)):
        row = [{"text": label, "callback_data": data} for label, data in judged]
        return {"reply_markup": {"inline_keyboard": [row]}}
    if not outbound.quick_replies:
        return {"reply_markup": {"remove_keyboard": True}}
    return {
        "reply_markup": {
            "keyboard": _rows(outbound.quick_replies),
            "one_time_keyboard": True,
            "resize_keyboard": True,
        }
    }


def _rows(labels: Sequence[str]) -> list[list[dict[str, str]]]:
    return [[{"text": label[:MAX_BUTTON]}] for label in labels[:MAX_BUTTONS] if label.strip()]


def _is_no_photo(error: ChannelError) -> bool:
    """Telegram takes no picture that is very long, or damaged; as a file it goes through."""
    return error.permanent and any(
        word in error.detail.upper() for word in ("PHOTO_", "IMAGE_PROCESS_FAILED")
    )


def _ids(answer: Answer) -> Iterator[str]:
    result = obj(answer.told, "result")
    chat, message = number(obj(result, "chat"), "id"), number(result, "message_id")
    if chat is not None and message is not None:
        yield id_of(chat, message)
