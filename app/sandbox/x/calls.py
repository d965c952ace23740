"""What the API does: messages, files, who somebody is, webhooks and subscriptions, tokens (docs.x.com/x-api)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.sandbox.files import File
from app.sandbox.hooks import LOCAL
from app.sandbox.talks import Customer
from app.sandbox.x import trouble
from app.sandbox.x.account import EVENTS, ID, NAME, USERNAME, Account
from app.sandbox.x.doors import Call, Door, Told

if TYPE_CHECKING:
    from app.sandbox.x.platform import X

MAX_TEXT = 10_000
CATEGORIES = {
    "dm_image": (("image/jpeg", "image/png", "image/webp"), 5 * 1024 * 1024),
    "dm_gif": (("image/gif",), 15 * 1024 * 1024),
    "dm_video": (("video/mp4",), 512 * 1024 * 1024),
}
MEDIA_LASTS = 86_400


class Calls:
    """All of them."""

    def __init__(self, x: X) -> None:
        self.x, self.house = x, x.house

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.x.account

    def doors(self) -> Sequence[Door]:
        talk = "/2/dm_conversations/with/{user}"
        upload = "/2/media/upload"
        return (
            Door("POST", f"{talk}/messages", "messages", "account", self.send),
            Door("GET", f"{talk}/dm_events", "dm_events", "account", self.talk),
            Door("GET", "/2/dm_events", "dm_events", "account", self.talk),
            Door("GET", "/2/users/me", "me", "account", self.me),
            Door("GET", "/2/users/{user}", "users", "account", self.user),
            Door("POST", f"{upload}/initialize", "initialize", "account", self.begin),
            Door("POST", f"{upload}/{{id}}/append", "append", "account", self.append),
            Door("POST", f"{upload}/{{id}}/finalize", "finalize", "account", self.finish),
            Door("GET", upload, "upload", "account", self.ready),
            Door("GET", "/2/webhooks", "webhooks", "app", self.webhooks),
            Door("POST", "/2/webhooks", "webhooks", "app", self.register),
            Door("PUT", "/2/webhooks/{id}", "webhooks", "app", self.validate),
            Door("DELETE", "/2/webhooks/{id}", "webhooks", "app", self.unregister),
            Door("GET", "/2/activity/subscriptions", "subscriptions", "app", self.subscriptions),
            Door("POST", "/2/activity/subscriptions", "subscriptions", "account", self.subscribe),
            Door("DELETE", "/2/activity/subscriptions/{id}", "subscriptions", "app", self.unsubscribe),
            Door("POST", "/2/oauth2/token", "token", "client", self.token),
        )

    async def send(self, call: Call) -> Told:
        """A message to one person."""
        text, file = call.words("text"), self._attached(call)
        if not text.strip() and file is None:
            raise trouble.invalid("At least one of text, attachments is required")
        if len(text) > MAX_TEXT:
            raise trouble.invalid("text is too long")
        customer = self._customer(call)
        left = self.account.spend("messages")
        if not customer.ever or not customer.friend:
            raise trouble.not_allowed()
        id = self.x.new_message()
        messages = [{"id": id, "type": "image" if file else "text", "text": text}]
        self.house.record.add("x", "accepted", call=call.name, to=customer.id, messages=messages)
        self.x.ours(customer, id, text, file)
        data = {"dm_conversation_id": f"{customer.id}-{ID}", "dm_event_id": id}
        return Told({"data": data}, 201, left)

    async def talk(self, call: Call) -> Told:
        """The newest messages, of one conversation or of all."""
        left = self.account.spend("dm_events")
        user, most = call.parts.get("user", ""), int(call.words("max_results") or 100)
        found = [one for one in reversed(self.account.events) if not user or user in one["participant_ids"]]
        fields = {"id", "text", "event_type", *call.words("dm_event.fields").split(",")}
        shown = [{name: one[name] for name in one if name in fields} for one in found[:most]]
        told = {"data": shown} if shown else {}
        return Told({**told, "meta": {"result_count": len(shown)}}, 200, left)

    async def me(self, _call: Call) -> Told:
        return Told({"data": {"id": ID, "name": NAME, "username": USERNAME}})

    async def user(self, call: Call) -> Told:
        """Who somebody is, as far as they are anybody."""
        customer = self.x.talks.customers.get(call.parts["user"])
        if customer is None:
            detail = f"Could not find user with id: [{call.parts['user']}]."
            return Told({"errors": [{"title": "Not Found Error", "detail": detail, "resource_type": "user"}]})
        face = self.house.base + self.x.face(customer.id)
        told = {"id": customer.id, "name": customer.name, "username": self.x.username(customer)}
        return Told({"data": {**told, "profile_image_url": face}})

    async def begin(self, call: Call) -> Told:
        """A file will come: of which type, and how large."""
        category, media_type = call.words("media_category"), call.words("media_type")
        types, most = CATEGORIES.get(category, ((), 0))
        size = call.told["total_bytes"]
        if media_type not in types or not isinstance(size, int) or not 0 < size <= most:
            raise trouble.invalid("The media is not valid: its category, type or size")
        id = self.x.new_message()
        self.account.kinds[id], self.account.parts[id] = (media_type, size), {}
        return Told({"data": {"id": id, "media_key": f"3_{id}", "expires_after_secs": MEDIA_LASTS}})

    async def append(self, call: Call) -> Told:
        """A part of it."""
        self._parts(call)[int(call.told["segment_index"])] = call.file or base64.b64decode(
            call.words("media")
        )
        return Told({"data": {"expires_at": int(self.house.clock.seconds()) + MEDIA_LASTS}})

    async def finish(self, call: Call) -> Told:
        """All of it is there. A film is not ready before it was asked after."""
        id, parts = call.parts["id"], self._parts(call)
        body = b"".join(parts[number] for number in sorted(parts))
        media_type, size = self.account.kinds[id]
        if sorted(parts) != list(range(len(parts))) or len(body) != size:
            raise trouble.invalid("The media is not complete")
        del self.account.parts[id]
        self.account.uploads.keep(id, File(ID, "file", media_type, body))
        if media_type.startswith("video/"):
            self.account.unready[id] = 1
        return Told({"data": {"id": id, "media_key": f"3_{id}", "size": size, **self._state(id)}})

    async def ready(self, call: Call) -> Told:
        """Whether a film can be sent."""
        id = call.words("media_id")
        if call.words("command") != "STATUS" or self.account.uploads.find(id) is None:
            raise trouble.unknown()
        if self.account.unready.get(id):
            self.account.unready[id] -= 1
        return Told({"data": {"id": id, **self._state(id)}})

    async def webhooks(self, _call: Call) -> Told:
        known = list(self.account.webhooks.values())
        return Told({"data": known, "meta": {"result_count": len(known)}})

    async def register(self, call: Call) -> Told:
        """An address that proves to be ours is called from now on."""
        url = call.words("url")
        parts = urlsplit(url)
        if parts.hostname not in LOCAL and (parts.scheme != "https" or parts.port is not None):
            raise _failed("UrlValidationFailed")
        if any(one["url"] == url for one in self.account.webhooks.values()):
            raise _failed("DuplicateUrlFailed")
        if not await self._is_ours(url):
            raise _failed("CrcValidationFailed")
        id = self.x.new_message()
        told = {"id": id, "url": url, "valid": True, "created_at": self.house.clock.iso()}
        self.account.webhooks[id] = told
        self.x.hooks.url = url
        return Told({"data": told})

    async def validate(self, call: Call) -> Told:
        """Asked about anew."""
        told = self._webhook(call)
        told["valid"] = await self._is_ours(told["url"])
        if not told["valid"]:
            raise _failed("CrcValidationFailed")
        return Told({"data": {"valid": True}})

    async def unregister(self, call: Call) -> Told:
        del self.account.webhooks[self._webhook(call)["id"]]
        return Told({"data": {"deleted": True}})

    async def subscriptions(self, _call: Call) -> Told:
        return Told({"data": [self._subscription(kind) for kind in self.account.subscriptions]})

    async def subscribe(self, call: Call) -> Told:
        """The account lets the app hear of something."""
        kind, webhook = call.words("event_type"), call.words("webhook_id")
        if (
            kind not in EVENTS
            or call.told["filter"] != {"user_id": ID}
            or webhook not in self.account.webhooks
        ):
            raise trouble.invalid("The subscription is not valid")
        if self.account.subscriptions.get(kind) == webhook:
            raise trouble.invalid("DuplicateSubscriptionFailed: Subscription already exists")
        self.account.subscriptions[kind] = webhook
        return Told({"data": {"subscription": self._subscription(kind)}})

    async def unsubscribe(self, call: Call) -> Told:
        if self.account.subscriptions.pop(call.parts["id"], None) is None:
            raise trouble.unknown()
        return Told({"data": {"deleted": True}})

    async def token(self, call: Call) -> Told:
        """The next tokens for the refresh token that is good now, which is good for nothing afterwards."""
        if call.words("grant_type") != "refresh_token":
            raise trouble.no_grant("Value passed for the grant_type was invalid.", "unsupported_grant_type")
        given = call.words("refresh_token").encode()
        if not self.account.refresh or not hmac.compare_digest(given, self.account.refresh.encode()):
            raise trouble.no_grant("Value passed for the token was invalid.")
        return Told(self.account.renew())

    async def _is_ours(self, url: str) -> bool:
        """Whether the challenge (CRC) is answered with the app's secret."""
        token = self.house.ids.hex(40)
        status, body = await self.x.hooks.ask(url, {"crc_token": token})
        made = hmac.new(self.account.app.client_secret.encode(), token.encode(), hashlib.sha256).digest()
        try:
            told = json.loads(body)["response_token"]
        except (ValueError, KeyError, TypeError):
            return False
        return status == 200 and told == f"sha256={base64.b64encode(made).decode()}"

    def _customer(self, call: Call) -> Customer:
        id = call.parts["user"]
        if not id.isdecimal():
            raise trouble.invalid(f"The `participant_id` query parameter value [{id}] is not valid")
        return self.x.talks.customers.get(id) or Customer(id, "", ever=False)

    def _attached(self, call: Call) -> File | None:
        """Raises `Refused`."""
        given = call.told.get("attachments") or []
        if not given:
            return None
        if len(given) != 1:
            raise trouble.invalid("attachments must have 1 item")
        id = str(given[0]["media_id"])
        file = self.account.uploads.find(id)
        if file is None or self.account.unready.get(id):
            raise trouble.invalid("Your media IDs are invalid.")
        return file

    def _parts(self, call: Call) -> dict[int, bytes]:
        if (found := self.account.parts.get(call.parts["id"])) is None:
            raise trouble.unknown()
        return found

    def _state(self, id: str) -> dict[str, Any]:
        if id not in self.account.unready:
            return {}
        state = (
            {"state": "in_progress", "check_after_secs": 1}
            if self.account.unready[id]
            else {"state": "succeeded"}
        )
        return {"processing_info": state}

    def _webhook(self, call: Call) -> dict[str, Any]:
        if (found := self.account.webhooks.get(call.parts["id"])) is None:
            raise _failed("WebhookIdInvalid")
        return found

    def _subscription(self, kind: str) -> dict[str, Any]:
        about = {"subscription_id": kind, "event_type": kind, "filter": {"user_id": ID}}
        return {**about, "webhook_id": self.account.subscriptions[kind], "tag": "sandbox"}


def _failed(reason: str) -> trouble.Refused:
    """Of webhooks: the reason stands in the errors."""
    return trouble.invalid(reason)
