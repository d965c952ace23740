"""What customers do on WhatsApp, as the webhooks make of it
(developers.facebook.com/docs/whatsapp/cloud-api/webhooks/reference/messages)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from app.sandbox import acting, drawing
from app.sandbox.files import File
from app.sandbox.house import BadAct
from app.sandbox.talks import Bubble, Customer

if TYPE_CHECKING:
    from app.sandbox.meta.whatsapp import WhatsApp

Action = Mapping[str, Any]
TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "file": "application/octet-stream",
}


def act(account: WhatsApp, customer: Customer, action: Action) -> dict[str, Any]:
    """Do it: {"event", "message"}. `quote`: id of a message that is answered. Raises `BadAct`."""
    return acting.chosen(ACTS, customer, action)(account, customer, action)


def say(account: WhatsApp, customer: Customer, action: Action) -> dict[str, Any]:
    """A message of any kind."""
    kind, mid = str(action["action"]), account.new_mid()
    told, text, data = CONTENTS[kind](account, customer, action, mid)
    quoted = str(action.get("quote") or "")
    if quoted:
        told["context"] = {"from": account.shown_number, "id": quoted}
    if isinstance(action.get("referral"), Mapping):
        told["referral"] = dict(action["referral"])
    account.wrote(customer)
    drawn = "text" if kind == "choice" else kind
    account.talks.show(
        customer, Bubble(mid, "customer", drawn, account.house.clock.milliseconds(), text, data, quoted)
    )
    return _told(account, customer, told, mid)


def unsend(account: WhatsApp, customer: Customer, action: Action) -> dict[str, Any]:
    """A message is deleted for everybody."""
    bubble = acting.unsent(account.talks, customer, action)
    account.files.drop(bubble.id)
    revoked = {"type": "revoke", "revoke": {"original_message_id": bubble.id}}
    return _told(account, customer, revoked, account.new_mid())


def edit(account: WhatsApp, customer: Customer, action: Action) -> dict[str, Any]:
    """The words of a message are changed."""
    bubble = acting.bubble_of(customer, action)
    bubble.text = str(action.get("text", ""))
    account.talks.show(customer, bubble)
    message = {"type": "text", "text": {"body": bubble.text}}
    changed = {"type": "edit", "edit": {"original_message_id": bubble.id, "message": message}}
    return _told(account, customer, changed, account.new_mid())


def react(account: WhatsApp, customer: Customer, action: Action) -> dict[str, Any]:
    """`emoji`, or "" to take it off again."""
    bubble, emoji = acting.bubble_of(customer, action), str(action.get("emoji", ""))
    bubble.data["reacted"] = emoji
    account.talks.show(customer, bubble)
    account.wrote(customer)
    reaction = {"message_id": bubble.id, **({"emoji": emoji} if emoji else {})}
    return _told(account, customer, {"type": "reaction", "reaction": reaction}, account.new_mid())


def read(account: WhatsApp, customer: Customer, _action: Action) -> dict[str, Any]:
    """They look at what the account wrote."""
    account.seen(customer)
    return {"event": "", "message": ""}


def follow(account: WhatsApp, customer: Customer, action: Action) -> dict[str, Any]:
    """The number is blocked ("unfollow"), or not any more. Nobody is told."""
    customer.friend = action["action"] == "follow"
    account.talks.show_state(customer)
    return {"event": "", "message": ""}


Content = tuple[dict[str, Any], str, dict[str, Any]]  # the message, its words and what the phone needs


def _text(_account: WhatsApp, _customer: Customer, action: Action, _mid: str) -> Content:
    text = action.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > 65_536:
        raise BadAct("text must have 1 to 65,536 characters")
    return {"type": "text", "text": {"body": text}}, text, {}


def _file(account: WhatsApp, customer: Customer, action: Action, mid: str) -> Content:
    """The message names the file's own id; the phone finds it by the message's."""
    kind = str(action["action"])
    file = account.keep(customer, mid, action, TYPES[kind])
    there = "document" if kind == "file" else kind
    name = {"filename": file.name} if kind == "file" else {}
    caption = {"caption": str(action["text"])} if action.get("text") else {}
    part = {**_media(account, file), **name, **caption}
    return {"type": there, there: part}, file.name if kind == "file" else str(action.get("text") or ""), {}


def _sticker(account: WhatsApp, customer: Customer, action: Action, _mid: str) -> Content:
    id = str(action.get("stickerId") or next(iter(drawing.STICKERS)))
    if not id.isdecimal():
        raise BadAct("stickerId must be digits")
    webp = BytesIO()
    Image.open(BytesIO(drawing.sticker(id))).save(webp, "WEBP")
    file = File(customer.id, f"{id}.webp", "image/webp", webp.getvalue())
    return {"type": "sticker", "sticker": {**_media(account, file), "animated": False}}, "", {"stickerId": id}


def _media(account: WhatsApp, file: File) -> dict[str, Any]:
    """Kept under an id of its own, and what a webhook says of it."""
    id = account.house.ids.digits(16)
    account.files.keep(id, file)
    digest = base64.b64encode(hashlib.sha256(file.body).digest()).decode()
    return {"id": id, "mime_type": file.media_type, "sha256": digest}


def _place(_account: WhatsApp, _customer: Customer, action: Action, _mid: str) -> Content:
    try:
        at: dict[str, Any] = {name: float(action[name]) for name in ("latitude", "longitude")}
    except (KeyError, TypeError, ValueError) as error:
        raise BadAct("latitude and longitude must be numbers") from error
    title, address = str(action.get("title", "")), str(action.get("address", ""))
    part = {**at, "name": title, "address": address}
    return {"type": "location", "location": part}, title, {**at, "title": title, "address": address}


def _choice(_account: WhatsApp, _customer: Customer, action: Action, _mid: str) -> Content:
    """Of buttons ("button_reply") or of a list ("list_reply")."""
    kind = str(action.get("kind") or "button_reply")
    chosen = {"id": str(action.get("id", "")), "title": str(action.get("title", ""))}
    return {"type": "interactive", "interactive": {"type": kind, kind: chosen}}, chosen["title"], {}


def _told(account: WhatsApp, customer: Customer, message: dict[str, Any], mid: str) -> dict[str, Any]:
    """Who hides their number is named by the business's own id for them alone."""
    user, shown = account.user_id(customer), customer.id.isdecimal()
    sender = {"from": customer.id} if shown else {}
    contact = {
        "profile": {"name": customer.name},
        "user_id": user,
        **({"wa_id": customer.id} if shown else {}),
    }
    whole = {**sender, "from_user_id": user, "id": mid, "timestamp": account.seconds(), **message}
    event = {"contacts": [contact], "messages": [whole]}
    account.hooks.post(customer, event)
    return {"event": account.event_id(event), "message": mid}


CONTENTS: dict[str, Callable[[WhatsApp, Customer, Action, str], Content]] = {
    "text": _text,
    **dict.fromkeys(TYPES, _file),
    "sticker": _sticker,
    "location": _place,
    "choice": _choice,
}
ACTS: dict[str, Callable[[WhatsApp, Customer, Action], dict[str, Any]]] = {
    **dict.fromkeys(CONTENTS, say),
    "unsend": unsend,
    "edit": edit,
    "reaction": react,
    "read": read,
    "follow": follow,
    "unfollow": follow,
}
