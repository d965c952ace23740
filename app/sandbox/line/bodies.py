"""Whether message objects are what the Messaging API takes; what is wrong is told in the API's own form.

Limits and sentences: developers.line.biz/en/reference/messaging-api, "Message objects" and "Error details".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import regex

Details = list[dict[str, str]]
Body = Mapping[str, Any]

LOCAL = {"127.0.0.1", "::1", "localhost"}  # the one liberty taken: http is fine on this machine
SENDABLE = {  # package → first and last sticker (developers.line.biz/en/docs/messaging-api/sticker-list)
    "446": (1988, 2027),
    "789": (10855, 10894),
    "1070": (17839, 17878),
    "6136": (10551376, 10551399),
    "6325": (10979904, 10979927),
    "6359": (11069848, 11069871),
    "6362": (11087920, 11087943),
    "6370": (11088016, 11088039),
    "6632": (11825374, 11825397),
    "8515": (16581242, 16581265),
    "8522": (16581266, 16581289),
    "8525": (16581290, 16581313),
    "11537": (52002734, 52002773),
    "11538": (51626494, 51626533),
    "11539": (52114110, 52114149),
}
ACTIONS = ["postback", "message", "uri", "datetimepicker", "camera", "cameraRoll", "location", "clipboard"]


def utf16(text: str) -> int:
    """The length of a message's text as LINE counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """The length of a label as LINE counts it."""
    return len(regex.findall(r"\X", text))


def wrong(messages: Any) -> Details:
    """What is wrong with `messages`, nothing if they can be sent."""
    check = Check()
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not 1 <= len(messages) <= 5:
        check.say("messages", "Size must be between 1 and 5")
        return check.details
    for place, message in enumerate(messages):
        at = f"messages[{place}]"
        kind = message.get("type") if isinstance(message, Mapping) else None
        if kind not in MESSAGES:
            check.say(f"{at}.type", f"Must be one of the following values: [{', '.join(MESSAGES)}]")
            continue
        MESSAGES[kind](check, at, message)
        check.common(at, message)
    return check.details


class Check:
    """Collects what is wrong."""

    def __init__(self) -> None:
        self.details: Details = []

    def say(self, where: str, what: str) -> None:
        """One thing more."""
        self.details.append({"message": what, "property": where})

    def text(
        self,
        at: str,
        body: Body,
        name: str,
        most: int,
        count: Callable[[str], int] = utf16,
        must: bool = True,
    ) -> None:
        """A string of 1 to `most` units."""
        value = body.get(name)
        if value is None or value == "":
            if must or value == "":
                self.say(f"{at}.{name}", "May not be empty")
        elif not isinstance(value, str) or count(value) > most:
            self.say(f"{at}.{name}", f"Length must be between 0 and {most}")

    def link(
        self, at: str, body: Body, name: str, must: bool = True, schemes: tuple[str, ...] = ("https",)
    ) -> None:
        """A URL of at most 2000 characters, percent-encoded."""
        value = body.get(name)
        if value is None and not must:
            return
        self.text(at, body, name, 2000)
        if not isinstance(value, str) or not value:
            return
        parts = urlsplit(value)
        local = parts.scheme == "http" and parts.hostname in LOCAL
        if parts.scheme not in schemes and not local:
            self.say(f"{at}.{name}", "invalid uri scheme")
        elif not value.isascii() or " " in value:
            self.say(f"{at}.{name}", "invalid uri")

    def number(self, at: str, body: Body, name: str, low: float, high: float) -> None:
        """A number within its bounds."""
        value = body.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.say(f"{at}.{name}", f"Must be between {low} and {high}")

    def size(self, at: str, value: Any, low: int, high: int) -> list[Any]:
        """A list of so many; what is in it."""
        if not isinstance(value, list) or not low <= len(value) <= high:
            self.say(at, f"Size must be between {low} and {high}")
            return []
        return value

    def action(self, at: str, action: Any, label: bool = True) -> None:
        """What happens when something is tapped."""
        kind = action.get("type") if isinstance(action, Mapping) else None
        if kind not in ACTIONS:
            self.say(f"{at}.type", f"Must be one of the following values: [{', '.join(ACTIONS)}]")
            return
        self.text(at, action, "label", 20, graphemes, must=label)
        if kind == "message":
            self.text(at, action, "text", 300)
        elif kind == "uri":
            self.text(at, action, "uri", 1000)
            self.link(at, action, "uri", schemes=("http", "https", "line", "tel"))
        elif kind in ("postback", "datetimepicker"):
            self.text(at, action, "data", 300)
            self.text(at, action, "displayText", 300, must=False)
        elif kind == "clipboard":
            self.text(at, action, "clipboardText", 1000)

    def common(self, at: str, message: Body) -> None:
        """Quick replies and the sender's name."""
        if (quick := message.get("quickReply")) is not None:
            items = quick.get("items") if isinstance(quick, Mapping) else None
            for place, item in enumerate(self.size(f"{at}.quickReply.items", items, 1, 13)):
                inside = f"{at}.quickReply.items[{place}]"
                self.action(f"{inside}.action", item.get("action") if isinstance(item, Mapping) else None)
        if isinstance(sender := message.get("sender"), Mapping):
            self.text(f"{at}.sender", sender, "name", 20, must=False)
            self.link(f"{at}.sender", sender, "iconUrl", must=False)


def _text(check: Check, at: str, message: Body) -> None:
    check.text(at, message, "text", 5000)
    text = message.get("text")
    if isinstance(text, str) and text and not text.strip():
        check.say(f"{at}.text", "May not be empty")
    if isinstance(emojis := message.get("emojis"), list) and len(emojis) > 20:
        check.say(f"{at}.emojis", "Size must be between 0 and 20")


def _picture(check: Check, at: str, message: Body) -> None:
    check.link(at, message, "originalContentUrl")
    check.link(at, message, "previewImageUrl")


def _audio(check: Check, at: str, message: Body) -> None:
    check.link(at, message, "originalContentUrl")
    check.number(at, message, "duration", 1, 86_400_000)


def _location(check: Check, at: str, message: Body) -> None:
    check.text(at, message, "title", 100, graphemes)
    check.text(at, message, "address", 100, graphemes)
    check.number(at, message, "latitude", -90, 90)
    check.number(at, message, "longitude", -180, 180)


def _sticker(check: Check, at: str, message: Body) -> None:
    package, sticker = str(message.get("packageId")), str(message.get("stickerId"))
    first, last = SENDABLE.get(package, (1, 0))
    if not sticker.isdecimal() or not first <= int(sticker) <= last:
        check.say(f"{at}.stickerId", "invalid sticker")


def _template(check: Check, at: str, message: Body) -> None:
    check.text(at, message, "altText", 1500)
    template = message.get("template")
    kind = template.get("type") if isinstance(template, Mapping) else None
    inside = f"{at}.template"
    if not isinstance(template, Mapping) or kind not in TEMPLATES:
        check.say(f"{inside}.type", f"Must be one of the following values: [{', '.join(TEMPLATES)}]")
    elif kind == "confirm":
        check.text(inside, template, "text", 240, graphemes)
        _actions(check, inside, template, 2, 2)
    elif kind == "buttons":
        _column(check, inside, template, 160, 60, 4)
    else:
        for place, column in enumerate(check.size(f"{inside}.columns", template.get("columns"), 1, 10)):
            if kind == "carousel":
                _column(check, f"{inside}.columns[{place}]", column, 120, 60, 3)
            else:
                check.link(f"{inside}.columns[{place}]", column, "imageUrl")
                check.action(f"{inside}.columns[{place}].action", column.get("action"), label=False)


def _column(check: Check, at: str, column: Body, plain: int, beside: int, actions: int) -> None:
    rich = column.get("title") or column.get("thumbnailImageUrl")
    check.text(at, column, "text", beside if rich else plain, graphemes)
    check.text(at, column, "title", 40, graphemes, must=False)
    check.link(at, column, "thumbnailImageUrl", must=False)
    _actions(check, at, column, 1, actions)


def _actions(check: Check, at: str, body: Body, low: int, high: int) -> None:
    for place, action in enumerate(check.size(f"{at}.actions", body.get("actions"), low, high)):
        check.action(f"{at}.actions[{place}]", action)


def _flex(check: Check, at: str, message: Body) -> None:
    check.text(at, message, "altText", 1500)
    contents = message.get("contents")
    if not isinstance(contents, Mapping) or contents.get("type") not in ("bubble", "carousel"):
        check.say(f"{at}.contents.type", "Must be one of the following values: [bubble, carousel]")
    elif contents["type"] == "carousel":
        check.size(f"{at}.contents.contents", contents.get("contents"), 1, 12)


def _imagemap(check: Check, at: str, message: Body) -> None:
    check.link(at, message, "baseUrl")
    check.text(at, message, "altText", 1500)


TEMPLATES = ("buttons", "confirm", "carousel", "image_carousel")
MESSAGES: dict[str, Callable[[Check, str, Body], None]] = {
    "text": _text,
    "textV2": _text,
    "image": _picture,
    "video": _picture,
    "audio": _audio,
    "location": _location,
    "sticker": _sticker,
    "template": _template,
    "imagemap": _imagemap,
    "flex": _flex,
}
