"""Instagram as the sandbox plays it: one professional account and those who write to it."""

from __future__ import annotations

from typing import Any

from app.sandbox.files import File
from app.sandbox.meta import sends, trouble
from app.sandbox.meta.account import Account
from app.sandbox.meta.calls import Call
from app.sandbox.meta.conversing import Conversing
from app.sandbox.meta.graph import FILES
from app.sandbox.talks import Bubble, Customer

TYPES = (
    *("image/png", "image/jpeg", "image/gif"),
    *("audio/aac", "audio/mp4", "audio/wav", "audio/x-wav", "audio/x-m4a"),
    *("video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"),
    "application/pdf",
)
NAMES = {"佐藤 美咲": "misaki.sato", "鈴木 一郎": "ichiro_suzuki", "Emily Carter": "emily.carter"}
MONTHS = 60 * 86_400  # seconds a token lives


def _rate() -> trouble.Refused:
    return trouble.Refused(4, "(#4) Application request limit reached", status=403, transient=True)


class Instagram(Conversing):
    """Its account is by Instagram login, and by a page as well: the same token opens both hosts here."""

    name = "instagram"
    label = "Instagram"
    object = "instagram"
    id = "17841400000000000"
    scopes = ("instagram_business_basic", "instagram_business_manage_messages")
    limits = sends.Limits(1000, in_bytes=True, types=TYPES, plain=("like_heart",))
    late = (2534022, 403)
    fields = {
        "messages": "message",
        "messaging_postbacks": "postback",
        "messaging_seen": "read",
        "message_reactions": "reaction",
        "messaging_referral": "referral",
    }
    reactions = ("❤️",)
    places = False
    tells_unsent = True
    cannot = ("sticker", "location", "edit", "file")
    refusals = {**Account.refusals, "rate_limit": _rate}

    def new_mid(self) -> str:
        return "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx" + self.house.ids.hex(64)

    def address(self, mid: str, file: File) -> str:
        return f"{self.house.base}/{FILES}/ig_messaging_cdn/?asset_id={mid}&signature=Ab{mid[-16:]}"

    def _read(self, last: Bubble) -> dict[str, Any]:
        return {"mid": last.id}

    async def call(self, call: Call) -> dict[str, Any]:
        if call.node == "refresh_access_token" and call.words("grant_type") == "ig_refresh_token":
            return {"access_token": self.token, "token_type": "bearer", "expires_in": MONTHS}
        customer = self.talks.customers.get(call.node)
        if customer and call.method == "GET" and customer.id not in self.last:
            raise trouble.Refused(230, "(#230) User consent is required to access user profile", status=403)
        return await super().call(call)

    def _myself(self, call: Call) -> dict[str, Any]:
        known = {
            "user_id": self.id,
            "username": "kitakaze_kobe",
            "name": self.shop[0],
            "account_type": "BUSINESS",
        }
        page = {"id": self.id, "username": known["username"]}
        return self._fields(call, {**known, "instagram_business_account": page}, "user_id,username", self.id)

    def _about(self, customer: Customer) -> dict[str, Any]:
        return {
            "name": customer.name,
            "username": NAMES.get(customer.name, f"user{customer.id[-6:]}"),
            "profile_pic": self.house.base + self.face(customer.id),
            "follower_count": 120,
            "is_verified_user": False,
            "is_user_follow_business": True,
            "is_business_follow_user": False,
        }
