"""What we say, as Messenger and Instagram take it: one call for each piece of text and each file
(https://developers.facebook.com/docs/messenger-platform/reference/send-api)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels import judging, text
from channels.events import Attachment
from channels.meta import choices
from channels.outbound import Bubble, ChannelError, Outbound

WINDOW = timedelta(hours=24)
PERSON_WINDOW = timedelta(days=7)  # with the tag HUMAN_AGENT
MAX_BUTTONS = 13
MAX_LABEL = 20  # characters
MAX_PAYLOAD = 1000
HUMAN_AGENT = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
_NO_ADDRESS = "Meta fetches files from here: that needs a public address that begins with https://."

Body = dict[str, Any]


@dataclass(frozen=True)
class Style:
    """What differs: the longest text in its unit, what stands beside a message within the 24 hours, and the types of
    files that are fetched by their address (None: files go along)."""

    max_text: int
    unit: text.Unit
    within: Body
    fetched: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Call:
    """`message` is the message object; `file` goes along as a form."""

    message: Body
    file: Attachment | None = None


def calls(outbound: Outbound, style: Style) -> list[Call]:
    """The messages it takes, in their order. Raises `ChannelError` where nothing would be said."""
    made = [Call({"text": piece}) for piece in text.split(outbound.text, style.max_text, style.unit)]
    made += [_carrying(one, style) for one in outbound.attachments]
    if not made:
        raise ChannelError("There is nothing to send.", permanent=True)
    judged = judging.buttons(outbound)
    if outbound.quick_replies or judged:
        made[-1].message["quick_replies"] = _buttons(outbound.quick_replies, judged)
    return made


def bubbles(outbound: Outbound, style: Style) -> tuple[Bubble, ...]:
    """The messages of :func:`calls` as the reader sees them."""
    names = {one.url: one.name for one in outbound.attachments}
    return tuple(_bubble(call, names) for call in calls(outbound, style))


def beside(outbound: Outbound, style: Style, now: datetime) -> Body:
    """Who it is for, and by which right: within 24 hours as an answer; later, until the seventh day is over, only what
    a person wrote. Where the time is over Meta refuses it: it may know of something they did that we do not."""
    since = now - outbound.last_inbound_at if outbound.last_inbound_at else timedelta(0)
    late = WINDOW < since <= PERSON_WINDOW and not outbound.automatic
    return {"recipient": {"id": outbound.to.address}, **(HUMAN_AGENT if late else style.within)}


def _bubble(call: Call, names: Mapping[str, str]) -> Bubble:
    message = call.message
    url = message.get("attachment", {}).get("payload", {}).get("url", "")
    choices = tuple(one["title"] for one in message.get("quick_replies", ()))
    return Bubble(message.get("text", ""), call.file.name if call.file else names.get(url, ""), choices)


def _carrying(file: Attachment, style: Style) -> Call:
    kind = file.content_type.partition("/")[0]
    shown = kind if kind in ("image", "video", "audio") else "file"
    if style.fetched is None and file.data is not None:
        return Call({"attachment": {"type": shown, "payload": {}}}, file)
    if style.fetched is not None and file.content_type not in style.fetched:
        raise ChannelError(
            "Files of this type cannot be sent here.", detail=file.content_type, permanent=True
        )
    if not file.url.startswith(("https://", "http://")):
        raise ChannelError(_NO_ADDRESS, permanent=True)
    return Call({"attachment": {"type": shown, "payload": {"url": file.url}}})


def _buttons(labels: Sequence[str], judged: Sequence[tuple[str, str]]) -> list[Body]:
    said = [(one, one[:MAX_PAYLOAD]) for one in labels[: MAX_BUTTONS - len(judged)]]
    return [
        {"content_type": "text", "title": choices.label(one, MAX_LABEL), "payload": payload}
        for one, payload in (*said, *judged)
    ]
