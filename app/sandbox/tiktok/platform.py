"""TikTok as the sandbox plays it: one business account and those who write to it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute

from app.sandbox import drawing
from app.sandbox.files import File
from app.sandbox.house import BadAct, House, Picture, Platform
from app.sandbox.talks import Bubble, Customer
from app.sandbox.tiktok.account import NAME, USERNAME, Account, App
from app.sandbox.tiktok.acts import Acts
from app.sandbox.tiktok.calls import BY_THE_APP, Calls
from app.sandbox.tiktok.doors import FILES, Doors

ID = re.compile(r"_000[A-Za-z0-9]{8,40}")
PEOPLE = (
    ("佐藤 美咲", "ja", "misaki.sato"),
    ("鈴木 一郎", "ja", "ichiro_s"),
    ("Emily Carter", "en", "emilycarter"),
)


class TikTok(Platform):
    """The Business Messaging API and the phones of who writes to the account."""

    name = "tiktok"
    label = "TikTok"
    stickers = tuple(Picture(one.id, *one.words[:2]) for one in drawing.STICKERS.values())
    sticker_src = f"/{FILES}/stickers/{{id}}.png"
    reactions = ("❤️", "😂", "👍")
    places = False
    batches = False
    within = 10.0

    def __init__(self, house: House, hooks_url: str, app: App) -> None:
        super().__init__(house, hooks_url)
        self._app = app
        self.begin()
        self.acts = Acts(self)
        self.doors = Doors(self, Calls(self).works(), BY_THE_APP)

    def begin(self) -> None:
        self.account = Account(self._app, self.house.ids)
        for name, language, username in PEOPLE:
            id = f"_000{hashlib.sha256(name.encode()).hexdigest()[:28]}"
            self.talks.customers[id] = Customer(id, name, language, ever=False)
            self.account.names[id] = username

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return self.doors.hosts()

    @property
    def shop(self) -> tuple[str, str]:
        return NAME, self.face("shop")

    def face(self, id: str) -> str:
        return f"/{FILES}/faces/{id}.png"

    def stranger(self, id: str) -> Customer:
        if not ID.fullmatch(id):
            raise BadAct("An id of TikTok is _000 and 8 to 40 letters and digits.")
        return Customer(id, f"TikTok {id[-4:]}", ever=False)

    def new_id(self) -> str:
        return f"_000{self.house.ids.hex(28)}"

    def new_message(self) -> str:
        """An id of a message."""
        return self.house.ids.digits(19)

    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        return self.acts.act(customer, action)

    def content(
        self, customer: Customer, about: Mapping[str, Any], at: int = 0, *, from_shop: bool
    ) -> dict[str, Any]:
        """What stands in the content of every event beside what it is `about`."""
        theirs = {"id": customer.id, "role": "PERSONAL_ACCOUNT"}, self.account.username(customer)
        ours = {"id": self.account.id, "role": "BUSINESS_ACCOUNT"}, USERNAME
        (sender, sender_name), (to, to_name) = (ours, theirs) if from_shop else (theirs, ours)
        return {
            "conversation_id": self.account.conversation(customer),
            "timestamp": at or self.house.clock.milliseconds(),
            "from": sender_name,
            "to": to_name,
            "from_user": sender,
            "to_user": to,
            "is_follower": False,
            **about,
        }

    def ours(self, customer: Customer, bubble: Bubble, file: File | None, source: str) -> dict[str, Any]:
        """A message of the shop's stands on the phone and is told; `source`: by which way it was sent. The event."""
        bubble.at = self.house.clock.milliseconds()
        part = {"media_id": f"v0{self.house.ids.hex(20)}"} if file else {"body": bubble.text}
        if file:
            self.account.files.keep(bubble.id, file)
        about = {"type": bubble.kind, bubble.kind: part, "message_tag": {"source": source}}
        content = self.content(customer, about, bubble.at, from_shop=True)
        event = {"event": "im_send_msg", "content": {**content, "message_id": bubble.id}}
        self.talks.show(customer, bubble)
        self.talks.show_state(customer)
        self.hooks.post(customer, event)
        if self.talks.watched(customer.id):
            self.seen(customer)
        return event

    def request(self, events: list[dict[str, Any]]) -> tuple[dict[str, str], bytes]:
        """The content is JSON in a string. Signed at the real time, also where the clock was put forward."""
        (event,) = events
        at = int(self.house.clock.seconds() - self.house.clock.ahead)
        told = {
            "client_key": self.account.app.id,
            "event": event["event"],
            "create_time": at,
            "user_openid": self.account.id,
            "content": json.dumps(event["content"], separators=(",", ":")),
        }
        body = json.dumps(told, separators=(",", ":")).encode()
        signature = hmac.new(self.account.app.secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
        return {
            "Content-Type": "application/json",
            "Tiktok-Signature": f"t={at},s={signature.hexdigest()}",
        }, body

    def event_id(self, event: dict[str, Any]) -> str:
        content = event["content"]
        return f"{event['event']} {content.get('message_id') or content['timestamp']}"

    def seen(self, customer: Customer) -> None:
        """They have read everything up to a moment."""
        unread = customer.reads()
        if unread and customer.friend:
            about = {"read": {"last_read_timestamp": unread[-1].at}}
            self.hooks.post(
                customer,
                {"event": "im_mark_read_msg", "content": self.content(customer, about, from_shop=False)},
            )

    def file_of(self, message: str) -> File | None:
        return self.account.files.find(message)

    @property
    def holder(self) -> Any:
        return self.account

    def about(self) -> dict[str, Any]:
        return self.account.told()

    def change(self, name: str, value: Any) -> bool:
        match name:
            case "expire_tokens":
                self.account.access = dict.fromkeys(self.account.access, 0.0)
            case "revoke_tokens":
                self.account.revoke()
            case _:
                return False
        return True
