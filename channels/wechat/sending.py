"""What we say, as WeChat takes it: one call for each text, file and menu
(https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage.html)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from channels import text
from channels.calling import part_of
from channels.events import Attachment
from channels.outbound import Bubble, ChannelError, Outbound
from channels.wechat.account import Account
from channels.wechat.codes import NO_MENU

MAX_TEXT = 2048  # bytes
MAX_CHOICES = 10
MAX_CHOICE = 60  # characters
LEAST_ROOM = 400  # bytes for the words above a menu
PATH = "/cgi-bin/message/custom/send"

_MEGABYTE = 1024 * 1024
_SORTS = {  # content type → the sort WeChat shows it as, and how many bytes it takes of it
    "image/jpeg": ("image", 10 * _MEGABYTE),
    "image/png": ("image", 10 * _MEGABYTE),
    "image/gif": ("image", 10 * _MEGABYTE),
    "audio/amr": ("voice", 2 * _MEGABYTE),
    "audio/mpeg": ("voice", 2 * _MEGABYTE),
    "video/mp4": ("video", 10 * _MEGABYTE),
}

Message = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One message of WeChat's: `message` without who it is to. `file` is to be uploaded first. `instead`: what is said
    in its place where the account may have no menus."""

    message: Message
    file: Attachment | None = None
    instead: tuple[Message, ...] = ()


def calls(outbound: Outbound) -> list[Call]:
    """What is to be called for a message. Raises `ChannelError` where nothing would be said."""
    shown = [one for one in outbound.attachments if sort_of(one)]
    linked = [one for one in outbound.attachments if not sort_of(one)]
    if any(not one.url for one in linked):
        raise ChannelError("WeChat does not take files of this type.", permanent=True)
    words = [outbound.text.strip(), *(f"{one.name}\n{one.url}" for one in linked)]
    pieces = text.split("\n\n".join(filter(None, words)), MAX_TEXT, "bytes")
    choices = [one[:MAX_CHOICE] for one in outbound.quick_replies[:MAX_CHOICES] if one.strip()]
    menu = [_menu(pieces, choices)] if choices else []
    made = [*(Call(_text(piece)) for piece in pieces), *(_file(one) for one in shown), *menu]
    if not made:
        raise ChannelError("There is nothing to send.", permanent=True)
    return made


def send(account: Account, outbound: Outbound) -> None:
    """Call them one after the other. WeChat knows no key by which a call could be repeated, and gives no id."""
    ready = [_uploaded(account, call) for call in calls(outbound)]
    for sent, call in enumerate(ready):
        with part_of(sent):
            _send(account, outbound.to.address, call)


def bubbles(outbound: Outbound) -> tuple[Bubble, ...]:
    """The messages of :func:`calls` as the reader sees them."""
    return tuple(_bubble(call) for call in calls(outbound))


def sort_of(file: Attachment) -> str:
    """The sort that WeChat shows this file as, "" for what goes along as a link."""
    sort, most = _SORTS.get(file.content_type, ("", 0))
    size = file.size if file.data is None else len(file.data)
    return sort if size and size <= most else ""


def _bubble(call: Call) -> Bubble:
    menu = call.message.get("msgmenu", {})
    words = call.message.get("text", {}).get("content", "") or menu.get("head_content", "")
    chosen = tuple(one["content"] for one in menu.get("list", ()))
    return Bubble(words, call.file.name if call.file else "", chosen)


def _send(account: Account, to: str, call: Call) -> None:
    refused = account.try_post(PATH, {"touser": to, **call.message}, NO_MENU if call.instead else ())
    for message in call.instead if refused else ():
        account.post(PATH, {"touser": to, **message})


def _uploaded(account: Account, call: Call) -> Call:
    if call.file is None:
        return call
    sort = call.message["msgtype"]
    told = {"media_id": account.upload(sort, call.file)}
    if sort == "video":
        told["title"] = call.file.name
    return Call({"msgtype": sort, sort: told})


def _text(words: str) -> Message:
    return {"msgtype": "text", "text": {"content": words}}


def _file(file: Attachment) -> Call:
    return Call({"msgtype": sort_of(file)}, file)


def _menu(pieces: list[str], choices: Sequence[str]) -> Call:
    """The choices below the last of the words, which are taken from `pieces`. What is chosen comes as a text."""
    room = MAX_TEXT - sum(len(one.encode()) for one in choices)
    last = text.split(pieces.pop(), max(room, LEAST_ROOM), "bytes") if pieces else [""]
    pieces += last[:-1]
    listed = [{"id": str(number), "content": one} for number, one in enumerate(choices, 1)]
    numbered = "\n".join(f"{number}. {one}" for number, one in enumerate(choices, 1))
    plain = text.split(f"{last[-1]}\n\n{numbered}", MAX_TEXT, "bytes")
    menu = {"head_content": last[-1], "list": listed, "tail_content": ""}
    return Call({"msgtype": "msgmenu", "msgmenu": menu}, instead=tuple(_text(one) for one in plain))
