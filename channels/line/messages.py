"""What we say, as LINE takes it: message objects, five to a call
(https://developers.line.biz/en/reference/messaging-api/#message-objects)."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from channels import judging, text
from channels.events import Attachment
from channels.line.durations import milliseconds
from channels.outbound import Bubble, ChannelError, Outbound

MAX_TEXT = 5000  # UTF-16 units
PER_CALL = 5
MAX_LABEL = 20  # characters as a reader sees them
MAX_BUTTON_TEXT = 300  # UTF-16 units
MAX_BUTTONS = 13
MAX_URL = 2000
MAX_PICTURE, MAX_PREVIEW = 10_000_000, 1_000_000  # bytes
MAX_MEDIA = 200_000_000  # bytes
_URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%-._~"  # stand as they are (RFC 3986); all else is encoded

Message = dict[str, Any]


def calls(outbound: Outbound, *, plain_http: bool = False) -> list[list[Message]]:
    """The message objects of each call. `plain_http`: the sandbox takes addresses without TLS.

    The same `outbound` always makes the same calls. Raises `ChannelError` where nothing would be said.
    """
    _refuse_unfetchable(outbound.attachments, plain_http)
    shown = {
        number: made for number, one in enumerate(outbound.attachments) if (made := _media(one)) is not None
    }
    linked = [one for number, one in enumerate(outbound.attachments) if number not in shown]
    words = "\n\n".join(
        filter(None, (outbound.text.strip(), *(f"{one.name}\n{_url(one.url)}" for one in linked)))
    )
    messages: list[Message] = [
        {"type": "text", "text": piece} for piece in text.split(words, MAX_TEXT, "utf16")
    ]
    token = outbound.quoted.get("quote_token")
    if messages and isinstance(token, str) and token:
        messages[0]["quoteToken"] = token  # text alone can quote
    messages += list(shown.values())
    if not messages:
        raise ChannelError("There is nothing to send.", permanent=True)
    judged = judging.buttons(outbound)
    if outbound.quick_replies or judged:
        buttons = _buttons(outbound.quick_replies, judged)
        messages[-1] = {**messages[-1], "quickReply": buttons}  # only those of the last are shown
    return [messages[at : at + PER_CALL] for at in range(0, len(messages), PER_CALL)]


def bubbles(outbound: Outbound, *, plain_http: bool = False) -> tuple[Bubble, ...]:
    """The messages of :func:`calls` as the reader sees them."""
    names = {_url(one.url): one.name for one in outbound.attachments}
    return tuple(
        _bubble(message, names) for call in calls(outbound, plain_http=plain_http) for message in call
    )


def retry_key(seal_key: bytes, outbound: Outbound, call: int) -> str:
    """X-Line-Retry-Key: the same for each attempt at this call of this message, another for anything else.

    The words are part of it: an installation that was set up anew counts its messages from one again, and LINE would
    take a key it knows for what was sent before.
    """
    told = json.dumps([outbound.key, call, outbound.to.address, outbound.text]).encode()
    return str(uuid.UUID(bytes=hmac.new(seal_key, told, hashlib.sha256).digest()[:16], version=4))


def _bubble(message: Message, names: Mapping[str, str]) -> Bubble:
    buttons = message.get("quickReply", {}).get("items", ())
    return Bubble(
        message.get("text", ""),
        names.get(message.get("originalContentUrl", ""), ""),
        tuple(one["action"]["label"] for one in buttons),
    )


def _refuse_unfetchable(files: Sequence[Attachment], plain_http: bool) -> None:
    schemes = ("https://", "http://") if plain_http else ("https://",)
    if not all(one.url.startswith(schemes) and len(_url(one.url)) <= MAX_URL for one in files):
        raise ChannelError(
            "LINE fetches files from here: that needs a public address that begins with https://.",
            permanent=True,
        )


def _media(file: Attachment) -> Message | None:
    """A picture, film or sound as LINE shows it; None for what goes along as a link."""
    size = file.size if file.size is not None else len(file.data or b"")
    url, preview = _url(file.url), _url(file.preview)
    if file.content_type in ("image/jpeg", "image/png") and 0 < size <= MAX_PICTURE:
        small = preview or (url if size <= MAX_PREVIEW else "")
        return {"type": "image", "originalContentUrl": url, "previewImageUrl": small} if small else None
    if file.content_type == "video/mp4" and 0 < size <= MAX_MEDIA and preview:
        return {"type": "video", "originalContentUrl": url, "previewImageUrl": preview}
    if file.content_type == "audio/mp4" and 0 < size <= MAX_MEDIA:
        duration = milliseconds(file.data or b"")
        return {"type": "audio", "originalContentUrl": url, "duration": duration} if duration else None
    return None


def _buttons(labels: Sequence[str], judged: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    """What can be said, and whether it helped: the latter is told to us, and not said in the chat."""
    said = [_button(label) for label in labels[: MAX_BUTTONS - len(judged)]]
    asked = [{"type": "postback", "label": label[:MAX_LABEL], "data": data} for label, data in judged]
    return {"items": [{"type": "action", "action": action} for action in (*said, *asked)]}


def _button(label: str) -> Mapping[str, str]:
    """What is pressed is said: the whole of it, though only so much stands on the button."""
    seen = list(text.graphemes(label))
    short = label if len(seen) <= MAX_LABEL else "".join(seen[: MAX_LABEL - 1]) + "…"
    return {"type": "message", "label": short, "text": text.split(label, MAX_BUTTON_TEXT, "utf16")[0]}


def _url(url: str) -> str:
    """LINE wants addresses percent-encoded in UTF-8."""
    return quote(url, safe=_URL_CHARACTERS)
