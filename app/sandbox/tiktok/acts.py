"""What customers do, and what somebody of the shop writes in TikTok's own app, as the webhooks it makes
(portal/docs?id=1832190670631937)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox import acting, drawing
from app.sandbox.files import of_act
from app.sandbox.house import BadAct
from app.sandbox.talks import Bubble, Customer
from app.sandbox.tiktok.doors import FILES

if TYPE_CHECKING:
    from app.sandbox.tiktok.platform import TikTok

Action = Mapping[str, Any]
Done = dict[str, Any]
Event = dict[str, Any]

FILE_BYTES = 60 * 1024 * 1024
USUAL = {"image": "image/jpeg", "video": "video/mp4"}
POST = "https://www.tiktok.com/player/v1/7490000000000000000"


class Acts:
    """Turns an action, such as {"action": "text", "text": "…"}, into a webhook and what the phone shows of it."""

    def __init__(self, tiktok: TikTok) -> None:
        self.tiktok, self.house = tiktok, tiktok.house

    def act(self, customer: Customer, action: Action) -> Done:
        """Do it. `quote`: the message that is answered. Raises `BadAct`."""
        return acting.chosen(ACTS, customer, action)(self, customer, action)

    def text(self, customer: Customer, action: Action) -> Done:
        """Words."""
        said = _words(action)
        return self._say(customer, action, "text", {"body": said}, said)

    def file(self, customer: Customer, action: Action) -> Done:
        """A picture or a film: `content` in base64."""
        kind = str(action["action"])
        file = of_act(customer.id, action, USUAL[kind], FILE_BYTES)
        if not file.media_type.startswith(f"{kind}/"):
            raise BadAct(f"type must be one of {kind}/…")
        media = f"v0{self.house.ids.hex(20)}"
        done = self._say(customer, action, kind, {"media_id": media}, data={"media_id": media})
        self.tiktok.account.files.keep(done["message"], file)
        return done

    def no_file(self, _customer: Customer, _action: Action) -> Done:
        """TikTok's app lets nobody send any other."""
        raise BadAct("On TikTok one can send pictures and films only.")

    def sticker(self, customer: Customer, action: Action) -> Done:
        """One of the sandbox's own."""
        id = str(action.get("stickerId") or next(iter(drawing.STICKERS)))
        if not id.isdecimal():
            raise BadAct("stickerId must be digits")
        url = f"https://{FILES}/stickers/{id}.png"
        return self._say(customer, action, "sticker", {"url": url}, data={"stickerId": id})

    def share(self, customer: Customer, action: Action) -> Done:
        """A post of somebody's."""
        url = str(action.get("url") or POST)
        return self._say(customer, action, "share_post", {"embed_url": url}, url)

    def other(self, customer: Customer, action: Action) -> Done:
        """A message of a type that nobody has heard of: `type`, and `part`, an object."""
        kind = str(action.get("type") or "hologram")
        part = action.get("part")
        return self._say(customer, action, kind, part if isinstance(part, dict) else {}, kind)

    def react(self, customer: Customer, action: Action) -> Done:
        """`emoji`, or "" to take off what was put there."""
        bubble = acting.bubble_of(customer, action)
        if bubble.unsent:
            raise BadAct("There is no such message.")
        before, now = str(bubble.data.get("reacted") or ""), str(action.get("emoji", ""))
        bubble.data["reacted"] = now
        self.tiktok.talks.show(customer, bubble)
        told = [
            {"operation": operation, "type": "EMOJI", "emoji": emoji, "original_msg_id": bubble.id}
            for operation, emoji in (("REMOVE", before), ("ADD", now))
            if emoji
        ]
        return self._tell(customer, "im_receive_msg", {"type": "reaction", "reaction": told}, bubble.id)

    def unsend(self, customer: Customer, action: Action) -> Done:
        """A message is deleted: the business is told nothing."""
        bubble = acting.unsent(self.tiktok.talks, customer, action)
        self.tiktok.account.files.drop(bubble.id)
        return {"event": "", "message": bubble.id}

    def follow(self, customer: Customer, action: Action) -> Done:
        """The account is blocked ("unfollow"), or not any more: it is told nothing."""
        customer.friend = action["action"] == "follow"
        self.tiktok.talks.show_state(customer)
        return {"event": "", "message": ""}

    def read(self, customer: Customer, _action: Action) -> Done:
        """They look at what they got."""
        self.tiktok.seen(customer)
        return {"event": "", "message": ""}

    def referral(self, customer: Customer, action: Action) -> Done:
        """They came by an advertisement."""
        return self._tell(customer, "im_referral_msg", {"referral": {"ad": {"ad_id": "1"}}}, "")

    def from_europe(self, customer: Customer, _action: Action) -> Done:
        """Somebody in Europe wrote: neither who nor what is told."""
        to = {"id": self.tiktok.account.id, "role": "BUSINESS_ACCOUNT"}
        content = {"to_user": to, "timestamp": self.house.clock.milliseconds()}
        event = {"event": "im_receive_msg_eu", "content": content}
        self.tiktok.hooks.post(customer, event)
        return {"event": self.tiktok.event_id(event), "message": ""}

    def staff(self, customer: Customer, action: Action) -> Done:
        """Somebody of the shop answers in TikTok's own app."""
        bubble = Bubble(self.tiktok.new_message(), "shop", "text", 0, _words(action))
        event = self.tiktok.ours(customer, bubble, None, "APP")
        return {"event": self.tiktok.event_id(event), "message": bubble.id}

    def _say(
        self,
        customer: Customer,
        action: Action,
        kind: str,
        part: Mapping[str, Any],
        text: str = "",
        data: dict[str, Any] | None = None,
    ) -> Done:
        id, quoted = self.tiktok.new_message(), str(action.get("quote") or "")
        customer.ever = True
        self.tiktok.account.hears(customer)
        at = self.house.clock.milliseconds()
        shown = kind if kind in ("image", "video", "sticker") else "text"
        self.tiktok.talks.show(customer, Bubble(id, "customer", shown, at, text, data or {}, quoted))
        about = {"referenced_message_info": {"referenced_message_id": quoted}} if quoted else {}
        return self._tell(customer, "im_receive_msg", {"type": kind, kind: part, **about}, id, at)

    def _tell(self, customer: Customer, event: str, about: Event, message: str, at: int = 0) -> Done:
        told = self.tiktok.content(customer, about, at, from_shop=False)
        id = self.tiktok.new_message() if about.get("type") == "reaction" else message
        whole = {"event": event, "content": {**told, **({"message_id": id} if id else {})}}
        self.tiktok.hooks.post(customer, whole)
        return {"event": self.tiktok.event_id(whole), "message": message}


def _words(action: Action) -> str:
    text = action.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > 6000:
        raise BadAct("text must have 1 to 6,000 characters")
    return text


ACTS: dict[str, Callable[[Acts, Customer, Action], Done]] = {
    "text": Acts.text,
    **dict.fromkeys(("image", "video"), Acts.file),
    **dict.fromkeys(("audio", "file"), Acts.no_file),
    "sticker": Acts.sticker,
    "share_post": Acts.share,
    "other": Acts.other,
    "reaction": Acts.react,
    "unsend": Acts.unsend,
    **dict.fromkeys(("follow", "unfollow"), Acts.follow),
    "read": Acts.read,
    "referral": Acts.referral,
    "from_europe": Acts.from_europe,
    "staff": Acts.staff,
}
