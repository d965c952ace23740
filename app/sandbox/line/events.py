"""What customers do, as the webhook events LINE makes of it (reference/messaging-api, "Webhook event objects")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox import acting
from app.sandbox.drawing import STICKERS
from app.sandbox.files import of_act
from app.sandbox.house import BadAct
from app.sandbox.line.account import Account
from app.sandbox.talks import Bubble, Customer

if TYPE_CHECKING:
    from app.sandbox.line.platform import Line

Action = Mapping[str, Any]
Event = dict[str, Any]

QUOTABLE = ("text", "sticker", "image", "video")
FILE_BYTES = 20 * 1024 * 1024
SILENT = {"unsend", "unfollow", "leave", "memberLeft"}  # what nobody can reply to


class Acts:
    """Turns an action, such as {"action": "text", "text": "…"}, into an event and what the phone shows of it."""

    def __init__(self, line: Line) -> None:
        self.line, self.house = line, line.house

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.line.account

    def act(self, talk: Customer, action: Action) -> dict[str, Any]:
        """Do it. `quote`: id of a message that is answered; `user`: who acts, in a group. Raises `BadAct`."""
        alone = talk.id.startswith("U")
        act, name = acting.chosen(ACTS, talk, action, always=("follow",) if alone else ACTS), action["action"]
        event = self._common(talk, "message" if name in SAID else name, action)
        act(self, talk, action, event)
        self.line.hooks.post(talk, event)
        return {"event": event["webhookEventId"], "message": event.get("message", {}).get("id", "")}

    def _common(self, talk: Customer, kind: str, action: Action) -> Event:
        source = {"U": "user", "C": "group", "R": "room"}[talk.id[0]]
        told = {"type": source, f"{source}Id": talk.id}
        if action.get("user") and source != "user":
            told["userId"] = self.line.customer(str(action["user"])).id
        event: Event = {
            "type": kind,
            "mode": self.account.mode,
            "timestamp": self.house.clock.milliseconds(),
            "source": told,
            "webhookEventId": self.house.ids.ulid(),
            "deliveryContext": {"isRedelivery": False},
        }
        if kind not in SILENT and self.account.mode == "active":
            event["replyToken"] = self.account.reply_token(talk.id)
        return event

    def say(self, talk: Customer, action: Action, event: Event) -> None:
        """A message of any kind."""
        kind, id = str(action["action"]), self.house.ids.digits(18)
        message: dict[str, Any] = {"id": id, "type": kind, **CONTENTS[kind](self, talk, action, id)}
        if kind in QUOTABLE:
            message["quoteToken"] = token = self.house.ids.hex(64)
            self.account.quotes[token] = talk.id, id
        if action.get("quote"):
            message["quotedMessageId"] = str(action["quote"])
        message["markAsReadToken"] = token = self.house.ids.hex(64)
        self.account.read_tokens[token] = talk.id, id
        event["message"] = message
        text = str(message.get("text") or message.get("fileName") or message.get("title") or "")
        quoted = str(action.get("quote") or "")
        self._show(talk, Bubble(id, "customer", kind, event["timestamp"], text, message, quoted))

    def postback(self, talk: Customer, action: Action, event: Event) -> None:
        """A button was tapped; `displayText` is what the customer seems to have said."""
        event["postback"] = {"data": str(action.get("data", ""))}
        if isinstance(action.get("params"), Mapping):
            event["postback"]["params"] = dict(action["params"])
        if text := str(action.get("displayText") or ""):
            id = self.house.ids.digits(18)
            self._show(talk, Bubble(id, "customer", "text", event["timestamp"], text))

    def unsend(self, talk: Customer, action: Action, event: Event) -> None:
        """A message is taken back: nothing of it stays."""
        bubble = acting.unsent(self.line.talks, talk, action)
        event["unsend"] = {"messageId": bubble.id}
        self.account.files.drop(bubble.id)

    def follow(self, talk: Customer, _action: Action, event: Event) -> None:
        """The account is added as a friend, or not blocked any more."""
        event["follow"] = {"isUnblocked": talk.ever}
        talk.friend = talk.ever = True
        self.line.talks.show_state(talk)

    def unfollow(self, talk: Customer, _action: Action, _event: Event) -> None:
        """The account is blocked."""
        talk.friend = False
        self.line.talks.show_state(talk)

    def plain(self, _talk: Customer, action: Action, event: Event) -> None:
        """An event with an object of its own, given as it is."""
        kind = str(event["type"])
        inside = {"memberJoined": "joined", "memberLeft": "left"}.get(kind) or kind
        if isinstance(action.get(inside), Mapping):
            event[inside] = dict(action[inside])

    def linked(self, talk: Customer, nonce: str, *, ok: bool) -> None:
        """The customer has signed in at the shop: the accounts are linked; not `ok` if it is somebody else who says
        so, and LINE does not tell who that was."""
        event = self._common(talk, "accountLink", {})
        event["link"] = {"result": "ok" if ok else "failed", "nonce": nonce}
        if not ok:
            del event["source"], event["replyToken"]
        self.line.hooks.post(talk, event)

    def _show(self, talk: Customer, bubble: Bubble) -> None:
        self.line.talks.show(talk, bubble)

    def text(self, _talk: Customer, action: Action, _id: str) -> dict[str, Any]:
        """Words, with LINE's emoji and mentions as they are given."""
        text = action.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > 10_000:
            raise BadAct("text must have 1 to 10,000 characters")
        return {"text": text} | {name: action[name] for name in ("emojis", "mention") if name in action}

    def sticker(self, _talk: Customer, action: Action, _id: str) -> dict[str, Any]:
        """One of the sandbox's own stickers, or any other by its ids."""
        id = str(action.get("stickerId") or next(iter(STICKERS)))
        known = STICKERS.get(id)
        told = {
            "packageId": str(action.get("packageId") or "446"),
            "stickerId": id,
            "stickerResourceType": str(action.get("stickerResourceType") or "STATIC"),
        }
        words = action.get("keywords") or (list(known.words) if known else [])
        return told | ({"keywords": words[:15]} if words else {})

    def picture(self, talk: Customer, action: Action, id: str) -> dict[str, Any]:
        """A photo. `set`: {"id", "index", "total"} of photos sent together; `external`: a URL it is kept at."""
        told = self._provided(talk, action, id, "image/jpeg")
        return told | ({"imageSet": dict(action["set"])} if isinstance(action.get("set"), Mapping) else {})

    def video(self, talk: Customer, action: Action, id: str) -> dict[str, Any]:
        """A video."""
        return {"duration": int(action.get("duration", 5000))} | self._provided(talk, action, id, "video/mp4")

    def audio(self, talk: Customer, action: Action, id: str) -> dict[str, Any]:
        """A voice message."""
        return {"duration": int(action.get("duration", 5000))} | self._provided(
            talk, action, id, "audio/x-m4a"
        )

    def file(self, talk: Customer, action: Action, id: str) -> dict[str, Any]:
        """Any other file."""
        size = self._keep(talk, action, id, "application/octet-stream")
        return {"fileName": str(action.get("name") or "file"), "fileSize": size}

    def location(self, _talk: Customer, action: Action, _id: str) -> dict[str, Any]:
        """A place."""
        told = {name: str(action[name]) for name in ("title", "address") if action.get(name)}
        try:
            point = {name: float(action[name]) for name in ("latitude", "longitude")}
        except (KeyError, TypeError, ValueError) as error:
            raise BadAct("latitude and longitude must be numbers") from error
        return told | point

    def _provided(self, talk: Customer, action: Action, id: str, kind: str) -> dict[str, Any]:
        if url := action.get("external"):
            urls = {"originalContentUrl": str(url), "previewImageUrl": str(action.get("preview") or url)}
            return {"contentProvider": {"type": "external", **urls}}
        self._keep(talk, action, id, kind)
        return {"contentProvider": {"type": "line"}}

    def _keep(self, talk: Customer, action: Action, id: str, kind: str) -> int:
        """Keep the file of an action: `content` in base64, `type` its media type. Its size."""
        file = of_act(talk.id, action, kind, FILE_BYTES)
        self.account.files.keep(id, file)
        return len(file.body)


CONTENTS: dict[str, Callable[[Acts, Customer, Action, str], dict[str, Any]]] = {
    "text": Acts.text,
    "sticker": Acts.sticker,
    "image": Acts.picture,
    "video": Acts.video,
    "audio": Acts.audio,
    "file": Acts.file,
    "location": Acts.location,
}
SAID = tuple(CONTENTS)
PLAIN = ("join", "leave", "memberJoined", "memberLeft", "videoPlayComplete", "beacon", "membership")
ACTS: dict[str, Callable[[Acts, Customer, Action, Event], None]] = {
    **dict.fromkeys(SAID, Acts.say),
    "postback": Acts.postback,
    "unsend": Acts.unsend,
    "follow": Acts.follow,
    "unfollow": Acts.unfollow,
    **dict.fromkeys(PLAIN, Acts.plain),
}
