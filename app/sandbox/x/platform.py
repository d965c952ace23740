"""X as the sandbox plays it: one account and those who write to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute

from app.sandbox.files import File
from app.sandbox.house import BadAct, House, Platform
from app.sandbox.talks import Bubble, Customer
from app.sandbox.x import telling
from app.sandbox.x.account import EVENTS, ID, NAME, Account, App
from app.sandbox.x.acts import Acts
from app.sandbox.x.calls import Calls
from app.sandbox.x.doors import FACES, Doors

PEOPLE = (
    ("佐藤 美咲", "ja", "misaki_sato"),
    ("鈴木 一郎", "ja", "ichiro_s"),
    ("Emily Carter", "en", "emilycarter"),
)
XAA, AAA = "activity", "account activity"
KEPT = 2000  # messages that a look-up still finds
HOOK = "1860000000000000001"


class X(Platform):
    """The direct messages of the account. `product`: which of X's two tells of them, by envelope or without."""

    name = "x"
    label = "X"
    batches = False
    within = 10.0

    def __init__(self, house: House, hooks_url: str, app: App) -> None:
        super().__init__(house, hooks_url)
        self._app = app
        self.begin()
        self.acts = Acts(self)
        self.doors = Doors(self, Calls(self).doors())

    def begin(self) -> None:
        self.product = XAA
        self.account = Account(self._app, self.house.ids)
        self._registered(self.hooks.url)
        for name, language, username in PEOPLE:
            id = str(10**9 + int(hashlib.sha256(f"x {name}".encode()).hexdigest(), 16) % 10**9)
            self.talks.customers[id] = Customer(id, name, language, ever=False)
            self.account.usernames[id] = username

    def _registered(self, url: str) -> None:
        """As somebody left it in the developer console: the webhook, and a subscription to each kind of event."""
        about = {"id": HOOK, "url": url, "valid": True, "created_at": "2026-01-01T00:00:00.000Z"}
        self.account.webhooks = {HOOK: about} if url else {}
        self.account.subscriptions = dict.fromkeys(EVENTS, HOOK) if url else {}

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return self.doors.hosts()

    @property
    def shop(self) -> tuple[str, str]:
        return NAME, self.face("shop")

    def face(self, id: str) -> str:
        return f"/{FACES}/profile_images/{id}.png"

    def username(self, customer: Customer) -> str:
        """The name behind the @."""
        return self.account.usernames.get(customer.id) or f"user{customer.id[-6:]}"

    def stranger(self, id: str) -> Customer:
        if not (id.isascii() and id.isdecimal() and 1 < len(id) < 20):
            raise BadAct("An id of X is 2 to 19 digits.")
        return Customer(id, f"X {id[-4:]}", ever=False)

    def new_id(self) -> str:
        return self.house.ids.digits(10)

    def new_message(self) -> str:
        """An id of a message or of a medium."""
        return self.house.ids.digits(19)

    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        return self.acts.act(customer, action)

    def tell(self, customer: Customer, kind: str, payload: dict[str, Any]) -> str:
        """Tell the webhook, if the app hears of such things; the id of the event."""
        event = {"uuid": self.house.ids.uuid(), "kind": kind, "user": customer.id, "payload": payload}
        self._keep(customer, payload)
        if kind in self.account.subscriptions:
            self.hooks.post(customer, event)
        return str(event["uuid"])

    def ours(self, customer: Customer, id: str, text: str, file: File | None) -> None:
        """A message of the shop's stands on the phone, and its echo is told."""
        media, shown = None, {}
        if file is not None:
            medium = self.new_message()
            self.account.files.keep(medium, file)
            media, shown = telling.media(self.account, id, medium, file), {"media": medium}
        kind = "text" if file is None else "video" if file.media_type.startswith("video/") else "image"
        customer.typing_until = 0.0
        self.talks.show(customer, Bubble(id, "shop", kind, self.house.clock.milliseconds(), text, shown))
        data = telling.data(self.account, text, media)
        event = telling.message(self, customer, id, data, from_shop=True)
        self.tell(customer, "dm.sent", {"direct_message_events": [event]})
        if self.talks.watched(customer.id):
            self.seen(customer)

    def _keep(self, customer: Customer, payload: Mapping[str, Any]) -> None:
        """For the look-up, in the form of the newer API."""
        for one in payload.get("direct_message_events", ()):
            create = one["message_create"]
            data = create["message_data"]
            told = {
                "id": one["id"],
                "event_type": "MessageCreate",
                "text": data["text"],
                "sender_id": create["sender_id"],
                "created_at": self.house.clock.iso(),
                "dm_conversation_id": f"{customer.id}-{ID}",
                "participant_ids": [customer.id, ID],
                "entities": {"urls": data["entities"]["urls"]},
            }
            if media := data.get("attachment", {}).get("media"):
                told["attachments"] = {"media_keys": [f"3_{media['id_str']}"]}
            self.account.events.append(told)
        del self.account.events[:-KEPT]

    def request(self, events: list[dict[str, Any]]) -> tuple[dict[str, str], bytes]:
        (event,) = events
        body = json.dumps(self._document(event), ensure_ascii=False, separators=(",", ":")).encode()
        digest = hmac.new(self.account.app.client_secret.encode(), body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "TwitterBot/1.0",
            "X-Twitter-Webhooks-Signature-OAuth2": f"sha256={base64.b64encode(digest).decode()}",
        }, body

    def _document(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """X Chat is told by the newer product alone."""
        customer, older = self.talks.customers[event["user"]], self.product == AAA
        if event["kind"].startswith("chat."):
            return self._enveloped(event, event["payload"])
        told = {**event["payload"], "users": telling.users(self, customer, older=older)}
        return {"for_user_id": ID, **told} if older else self._enveloped(event, told)

    def _enveloped(self, event: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
        about = {"event_uuid": event["uuid"], "filter": {"user_id": ID}, "event_type": event["kind"]}
        return {"data": {**about, "tag": "sandbox", "payload": payload}}

    def event_id(self, event: dict[str, Any]) -> str:
        return str(event["uuid"])

    def seen(self, customer: Customer) -> None:
        """They have read everything up to a message."""
        unread = customer.reads()
        if unread and customer.friend:
            mark = telling.mark(self, customer, last_read_event_id=unread[-1].id)
            self.tell(customer, "dm.read", {"direct_message_mark_read_events": [mark]})

    def file_of(self, message: str) -> File | None:
        bubble = next(
            (one.bubbles[message] for one in self.talks.customers.values() if message in one.bubbles), None
        )
        return self.account.files.find(str(bubble.data.get("media", ""))) if bubble else None

    @property
    def holder(self) -> Any:
        return self.account

    def about(self) -> dict[str, Any]:
        app, account = self.account.app, self.account
        return {
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "bearer_token": app.bearer,
            "user_id": ID,
            "access_token": next(reversed(account.access), ""),
            "refresh_token": account.refresh,
            "product": self.product,
            "per_quarter": account.per_quarter,
            "per_day": account.per_day,
        }

    def call_at(self, url: str) -> None:
        super().call_at(url)
        self._registered(url)

    def change(self, name: str, value: Any) -> bool:
        match name:
            case "per_quarter" | "per_day":
                setattr(self.account, name, int(value))
            case "product" if value in (XAA, AAA):
                self.product = str(value)
            case "webhook_valid" if HOOK in self.account.webhooks:
                self.account.webhooks[HOOK]["valid"] = bool(value)
            case "expire_tokens":
                self.account.access = dict.fromkeys(self.account.access, 0.0)
            case "revoke_tokens":
                self.account.revoke()
            case _:
                return False
        return True
