"""What the API does: tokens, sending, pictures, the account, where webhooks go (portal/docs?id=1832184403754242)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.sandbox.files import File
from app.sandbox.hooks import LOCAL
from app.sandbox.talks import Bubble, Customer
from app.sandbox.tiktok import trouble
from app.sandbox.tiktok.account import NAME, USERNAME, Account
from app.sandbox.tiktok.doors import FILES, Call, Work

if TYPE_CHECKING:
    from app.sandbox.tiktok.platform import TikTok

MAX_TEXT = 6000  # characters
PICTURE_BYTES = 3 * 1024 * 1024
PICTURES = ("image/jpeg", "image/png", "image/webp")
TYPING = 5.0  # seconds
KINDS = ("TEXT", "IMAGE", "SENDER_ACTION")
BY_THE_APP = frozenset(
    {
        "tt_user/oauth2/token/",
        "tt_user/oauth2/refresh_token/",
        "business/webhook/update/",
        "business/webhook/list/",
    }
)


class Calls:
    """All of them, by method and path."""

    def __init__(self, tiktok: TikTok) -> None:
        self.tiktok, self.house = tiktok, tiktok.house

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.tiktok.account

    def works(self) -> Mapping[tuple[str, str], Work]:
        return {
            ("POST", "tt_user/oauth2/token/"): self.sign_in,
            ("POST", "tt_user/oauth2/refresh_token/"): self.refresh,
            ("POST", "business/webhook/update/"): self.set_webhook,
            ("GET", "business/webhook/list/"): self.webhook,
            ("GET", "business/get/"): self.about,
            ("POST", "business/message/send/"): self.send,
            ("POST", "business/message/media/upload/"): self.upload,
            ("POST", "business/message/media/download/"): self.download,
        }

    async def sign_in(self, call: Call) -> dict[str, Any]:
        """Tokens for a code, which anybody may make up here: there is no page to agree on."""
        if call.words("grant_type") != "authorization_code" or not call.words("auth_code"):
            raise trouble.parameter("auth_code: Missing data for required field.")
        return self.account.renew()

    async def refresh(self, call: Call) -> dict[str, Any]:
        """New tokens for the one that is good now."""
        account = self.account
        over = account.refresh_until <= self.house.clock.seconds()
        if not account.refresh or call.words("refresh_token") != account.refresh or over:
            raise trouble.no_refresh()
        return account.renew()

    async def set_webhook(self, call: Call) -> dict[str, Any]:
        """Where all events of the app go from now on."""
        url = call.words("callback_url")
        if call.words("event_type") != "DIRECT_MESSAGE":
            raise trouble.parameter("event_type: Not a valid choice.")
        if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in LOCAL:
            raise trouble.parameter("callback_url: It must begin with https.")
        self.tiktok.hooks.url = url
        return await self.webhook(call)

    async def webhook(self, _call: Call) -> dict[str, Any]:
        return {
            "app_id": self.account.app.id,
            "event_type": "DIRECT_MESSAGE",
            "callback_url": self.tiktok.hooks.url,
        }

    async def about(self, call: Call) -> dict[str, Any]:
        """Of the account, what is asked for."""
        known = {
            "username": USERNAME,
            "display_name": NAME,
            "profile_image": f"https://{FILES}/faces/shop.png",
        }
        asked = json.loads(call.words("fields") or "[]")
        if not set(asked) <= set(known):
            raise trouble.parameter("fields: Not a valid choice.")
        return {name: known[name] for name in asked}

    async def send(self, call: Call) -> dict[str, Any]:
        """A message, or what the account does beside it."""
        customer, kind = self._customer(call), call.words("message_type")
        if kind not in KINDS:
            raise trouble.parameter(f"message_type: Must be one of {', '.join(KINDS)}.")
        if kind == "SENDER_ACTION":
            return self._acts(customer, call.words("sender_action"))
        text, file = (_text(call), None) if kind == "TEXT" else ("", self._picture(call))
        quoted = self._quoted(call, customer)
        if not self.account.takes(customer):
            raise trouble.rules()
        return {"message": {"message_id": self._accept(customer, call, text, file, quoted)}}

    async def upload(self, call: Call) -> dict[str, Any]:
        """A picture that is sent afterwards by its id."""
        if call.words("media_type") != "IMAGE" or call.file is None:
            raise trouble.parameter("file: Missing data for required field.")
        if call.file.media_type not in PICTURES or not 0 < len(call.file.body) <= PICTURE_BYTES:
            raise trouble.file()
        id = f"v0{self.house.ids.hex(20)}"
        self.account.uploads.keep(id, call.file)
        return {"media_id": id}

    async def download(self, call: Call) -> dict[str, Any]:
        """Where a file of a customer's lies for a while."""
        customer, message = self._of(call.words("conversation_id")), call.words("message_id")
        bubble = customer.bubbles.get(message)
        if bubble is None or bubble.data.get("media_id") != call.words("media_id"):
            raise trouble.unknown("media")
        if call.words("media_type") != bubble.kind.upper():
            raise trouble.parameter("media_type: Not a valid choice.")
        return {"download_url": f"https://{FILES}/media/{message}"}

    def _customer(self, call: Call) -> Customer:
        if call.words("recipient_type") != "CONVERSATION":
            raise trouble.parameter("recipient_type: Must be one of CONVERSATION.")
        return self._of(call.words("recipient"))

    def _of(self, conversation: str) -> Customer:
        """Whose conversation it is; of those who wrote. Raises `Refused`."""
        customer = self.tiktok.talks.customers.get(self.account.talks.get(conversation, ""))
        if customer is None:
            raise trouble.unknown("conversation")
        return customer

    def _acts(self, customer: Customer, action: str) -> dict[str, Any]:
        if action == "TYPING":
            customer.typing_until = self.house.clock.seconds() + TYPING
            self.tiktok.talks.show_state(customer)
        elif action == "MARK_READ":
            for bubble in [one for one in customer.bubbles.values() if one.by == "customer" and not one.read]:
                bubble.read = True
                self.tiktok.talks.show(customer, bubble)
        else:
            raise trouble.parameter("sender_action: Must be one of TYPING, MARK_READ.")
        return {"message": {"message_id": ""}}

    def _picture(self, call: Call) -> File:
        if "text" in call.told:
            raise trouble.parameter("A message cannot consist of both text and image.")
        file = self.account.uploads.find(str(call.part("image").get("media_id", "")))
        if file is None:
            raise trouble.unknown("media")
        return file

    def _quoted(self, call: Call, customer: Customer) -> str:
        """Only a text answers a message by its id. Raises `Refused`."""
        quoted = str(call.part("referenced_message_info").get("referenced_message_id", ""))
        if quoted and (call.words("message_type") != "TEXT" or quoted not in customer.bubbles):
            raise trouble.parameter("referenced_message_id: Not a valid message.")
        return quoted

    def _accept(self, customer: Customer, call: Call, text: str, file: File | None, quoted: str) -> str:
        """On the record and on the phone; its echo is told."""
        id, kind = self.tiktok.new_message(), "image" if file else "text"
        self.account.sent[customer.id] = self.account.sent.get(customer.id, 0) + 1
        about = {"call": call.name, "to": customer.id}
        messages = [{"id": id, "type": kind, **({"text": text} if text else {})}]
        self.house.record.add("tiktok", "accepted", **about, messages=messages)
        customer.typing_until = 0.0
        self.tiktok.ours(customer, Bubble(id, "shop", kind, 0, text, {}, quoted), file, "API")
        return id


def _text(call: Call) -> str:
    body = call.part("text").get("body")
    if not isinstance(body, str) or not body.strip():
        raise trouble.parameter("text.body: Missing data for required field.")
    if len(body) > MAX_TEXT:
        raise trouble.parameter(f"text.body: Longer than maximum length {MAX_TEXT}.")
    return body
