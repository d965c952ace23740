"""Messenger as the sandbox plays it: one Facebook page and those who write to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from app.sandbox.drawing import STICKERS as DRAWN
from app.sandbox.files import File
from app.sandbox.house import Picture
from app.sandbox.meta import sends, trouble
from app.sandbox.meta.account import Account, Event
from app.sandbox.meta.conversing import Conversing
from app.sandbox.meta.graph import FILES
from app.sandbox.talks import Customer


def _rate() -> trouble.Refused:
    return trouble.Refused(613, "(#613) Calls to this api have exceeded the rate limit.")


class Messenger(Conversing):
    """The page, and its app with every feature approved."""

    name = "messenger"
    label = "Messenger"
    object = "page"
    id = "102030405060708"
    scopes = ("pages_messaging", "pages_manage_metadata")
    limits = sends.Limits(2000)
    late = (2018278, 400)
    fields = {
        "messages": "message",
        "messaging_postbacks": "postback",
        "message_deliveries": "delivery",
        "message_reads": "read",
        "message_echoes": "echo",
        "message_reactions": "reaction",
        "message_edits": "message_edit",
        "messaging_referrals": "referral",
        "messaging_optins": "optin",
        "messaging_handovers": "pass_thread_control",
    }
    stickers = tuple(Picture(one.id, *one.words[:2]) for one in DRAWN.values())
    reactions = ("❤️", "👍")
    edits = True
    tells_unsent = False
    cannot = ("story_mention", "story_reply")
    refusals = {**Account.refusals, "rate_limit": _rate}

    def sort_of(self, event: Event) -> str:
        sort = super().sort_of(event)
        return "echo" if event[sort].get("is_echo") else sort

    def address(self, mid: str, file: File) -> str:
        return f"{self.house.base}/{FILES}/v/t59.2708-21/{quote(file.name)}?mid={mid}&_nc_cat=1&oe=6A0B"

    def _tell_delivered(self, customer: Customer, mid: str, at: int) -> None:
        if customer.friend:
            self.post(customer, {"delivery": {"mids": [mid], "watermark": at}})

    def _about(self, customer: Customer) -> dict[str, Any]:
        first, _, last = customer.name.partition(" ")
        if customer.language == "ja":
            first, last = last or first, first if last else ""
        return {
            "first_name": first,
            "last_name": last,
            "name": customer.name,
            "profile_pic": self.house.base + self.face(customer.id),
            "locale": {"ja": "ja_JP"}.get(customer.language, "en_US"),
            "timezone": 9,
        }
