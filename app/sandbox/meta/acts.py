"""What customers do on Messenger and Instagram, as the events Meta makes of it
(developers.facebook.com/docs/messenger-platform/reference/webhook-events,
developers.facebook.com/docs/instagram-platform/webhooks)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox import acting
from app.sandbox.drawing import STICKERS as DRAWN
from app.sandbox.files import File
from app.sandbox.house import BadAct
from app.sandbox.talks import Bubble, Customer

if TYPE_CHECKING:
    from app.sandbox.meta.conversing import Conversing

Action = Mapping[str, Any]
USUAL = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/octet-stream",
    "story_mention": "image/jpeg",
}
NAMES = {"❤": "love", "❤️": "love", "😆": "smile", "😮": "wow", "😢": "sad", "😡": "angry", "👍": "like"}


def act(account: Conversing, customer: Customer, action: Action) -> dict[str, Any]:
    """Do it: {"event", "message"}. `quote`: id of a message that is answered. Raises `BadAct`."""
    known = {name: act for name, act in ACTS.items() if name not in account.cannot}
    return acting.chosen(known, customer, action)(account, customer, action)


def say(account: Conversing, customer: Customer, action: Action) -> dict[str, Any]:
    """A message of any kind."""
    kind, mid = str(action["action"]), account.new_mid()
    message: dict[str, Any] = {"mid": mid, **CONTENTS[kind](account, customer, action, mid)}
    quoted = str(action.get("quote") or "")
    if quoted:
        message["reply_to"] = {"mid": quoted}
    if payload := action.get("payload"):
        message["quick_reply"] = {"payload": str(payload)}
    if isinstance(action.get("referral"), Mapping):
        message["referral"] = dict(action["referral"])
    text, data = str(message.get("text") or ""), {"stickerId": _drawn(action)} if kind == "sticker" else {}
    if kind == "file":
        text = str(action.get("name") or "file")
    drawn = {"story_mention": "image", "story_reply": "text"}.get(kind, kind)
    at = account.house.clock.milliseconds()
    account.wrote(customer)
    account.talks.show(customer, Bubble(mid, "customer", drawn, at, text, data, quoted))
    return _told(account, customer, {"message": message}, mid)


def postback(account: Conversing, customer: Customer, action: Action) -> dict[str, Any]:
    """A button was tapped."""
    mid, title = account.new_mid(), str(action.get("title", ""))
    account.wrote(customer)
    account.talks.show(customer, Bubble(mid, "customer", "text", account.house.clock.milliseconds(), title))
    told = {"mid": mid, "title": title, "payload": str(action.get("payload", ""))}
    return _told(account, customer, {"postback": told}, mid)


def unsend(account: Conversing, customer: Customer, action: Action) -> dict[str, Any]:
    """A message is taken back: nothing of it stays on the phone. Messenger tells nobody."""
    bubble = acting.unsent(account.talks, customer, action)
    account.files.drop(bubble.id)
    if not account.tells_unsent:
        return {"event": "", "message": bubble.id}
    return _told(account, customer, {"message": {"mid": bubble.id, "is_deleted": True}}, bubble.id)


def edit(account: Conversing, customer: Customer, action: Action) -> dict[str, Any]:
    """The words of a message are changed."""
    bubble = acting.bubble_of(customer, action)
    bubble.text = str(action.get("text", ""))
    account.talks.show(customer, bubble)
    told = {"mid": bubble.id, "text": bubble.text, "num_edit": int(action.get("times", 1))}
    return _told(account, customer, {"message_edit": told}, bubble.id)


def react(account: Conversing, customer: Customer, action: Action) -> dict[str, Any]:
    """`emoji`, or "" to take it off again."""
    bubble, emoji = acting.bubble_of(customer, action), str(action.get("emoji", ""))
    bubble.data["reacted"] = emoji
    account.talks.show(customer, bubble)
    put = {"reaction": NAMES.get(emoji, "other"), "emoji": emoji} if emoji else {}
    told = {"mid": bubble.id, "action": "react" if emoji else "unreact", **put}
    return _told(account, customer, {"reaction": told}, bubble.id)


def read(account: Conversing, customer: Customer, _action: Action) -> dict[str, Any]:
    """They look at what the account wrote."""
    account.seen(customer)
    return {"event": "", "message": ""}


def follow(account: Conversing, customer: Customer, action: Action) -> dict[str, Any]:
    """The account is blocked ("unfollow"), or not any more. Nobody is told."""
    customer.friend = action["action"] == "follow"
    account.talks.show_state(customer)
    return {"event": "", "message": ""}


def _text(account: Conversing, _customer: Customer, action: Action, _mid: str) -> dict[str, Any]:
    text = action.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > 20_000:
        raise BadAct("text must have 1 to 20,000 characters")
    return {"text": text}


def _file(account: Conversing, customer: Customer, action: Action, mid: str) -> dict[str, Any]:
    kind = str(action["action"])
    file = account.keep(customer, mid, action, USUAL[kind])
    return {"attachments": [{"type": kind, "payload": {"url": account.address(mid, file)}}]}


def _sticker(account: Conversing, customer: Customer, action: Action, mid: str) -> dict[str, Any]:
    id = _drawn(action)
    url = account.house.base + account.sticker_src.replace("{id}", id)
    return {"attachments": [{"type": "image", "payload": {"url": url, "sticker_id": int(id)}}]}


def _place(_account: Conversing, _customer: Customer, action: Action, _mid: str) -> dict[str, Any]:
    try:
        at = {"lat": float(action["latitude"]), "long": float(action["longitude"])}
    except (KeyError, TypeError, ValueError) as error:
        raise BadAct("latitude and longitude must be numbers") from error
    title = str(action.get("title", ""))
    return {"attachments": [{"type": "location", "title": title, "payload": {"coordinates": at}}]}


def _share(_account: Conversing, _customer: Customer, action: Action, _mid: str) -> dict[str, Any]:
    return {"attachments": [{"type": "share", "payload": {"url": str(action.get("url", ""))}}]}


def _story_reply(account: Conversing, customer: Customer, action: Action, mid: str) -> dict[str, Any]:
    """To a story of the account, whose picture comes along."""
    file = File(customer.id, "story.png", "image/png", b"")
    story = {"id": account.house.ids.digits(17), "url": account.address(f"story-{mid}", file)}
    return {**_text(account, customer, action, mid), "reply_to": {"story": story}}


def _drawn(action: Action) -> str:
    id = str(action.get("stickerId") or next(iter(DRAWN)))
    if not id.isdecimal():
        raise BadAct("stickerId must be digits")
    return id


def _told(account: Conversing, customer: Customer, event: dict[str, Any], mid: str) -> dict[str, Any]:
    return {"event": account.event_id(account.post(customer, event)), "message": mid}


CONTENTS: dict[str, Callable[[Conversing, Customer, Action, str], dict[str, Any]]] = {
    "text": _text,
    **dict.fromkeys(USUAL, _file),
    "sticker": _sticker,
    "location": _place,
    "share": _share,
    "story_reply": _story_reply,
}
ACTS: dict[str, Callable[[Conversing, Customer, Action], dict[str, Any]]] = {
    **dict.fromkeys(CONTENTS, say),
    "postback": postback,
    "unsend": unsend,
    "edit": edit,
    "reaction": react,
    "read": read,
    "follow": follow,
    "unfollow": follow,
}
