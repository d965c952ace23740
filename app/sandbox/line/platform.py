"""LINE as the sandbox plays it: one official account and its friends."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.played import line_id
from app.sandbox import drawing, pictures
from app.sandbox.files import File
from app.sandbox.house import BadAct, House, Picture, Platform
from app.sandbox.line.account import Account
from app.sandbox.line.calls import Calls
from app.sandbox.line.content import Content
from app.sandbox.line.dialog import Dialog
from app.sandbox.line.events import Acts
from app.sandbox.line.tokens import Doors, Tokens
from app.sandbox.talks import Customer

ID = re.compile(r"[UCR][0-9a-f]{32}")
PEOPLE = (("佐藤 美咲", "ja"), ("鈴木 一郎", "ja"), ("Emily Carter", "en"), ("佐々木 真理", "ja"))


class Line(Platform):
    """The Messaging API, and the friends of the account. `channel_id`, `secret`, `token`: as in LINE's console."""

    name = "line"
    label = "LINE"
    stickers = tuple(Picture(one.id, *one.words[:2]) for one in drawing.STICKERS.values())
    sticker_src = "/stickershop.line-scdn.net/stickershop/v1/sticker/{id}/android/sticker.png"
    settable = frozenset({"name", "quota", "used", "chat_mode", "mark_as_read_mode", "mode"})

    def __init__(self, house: House, hooks_url: str, channel_id: str, secret: str, token: str) -> None:
        super().__init__(house, hooks_url)
        self._given = channel_id, secret, token
        self.acts = Acts(self)
        self.begin()

    def begin(self) -> None:
        self.account = Account(self.house.ids, Tokens(self.house.ids, *self._given))
        for name, language in PEOPLE:
            customer = Customer(line_id(name), name, language)
            self.talks.customers[customer.id] = customer

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return {
            "api.line.me": [*Doors(self).routes(), *Calls(self).routes()],
            "api-data.line.me": Content(self).routes(),
            "access.line.me": Dialog(self).routes(),
            "profile.line-scdn.net": [Route("/{id}", self._face, methods=["GET"])],
            "stickershop.line-scdn.net": [
                Route(
                    "/stickershop/v1/sticker/{id:int}/android/sticker.png", pictures.sticker, methods=["GET"]
                )
            ],
        }

    @property
    def shop(self) -> tuple[str, str]:
        return self.account.name, self.face(self.account.user_id)

    def face(self, id: str) -> str:
        return f"/profile.line-scdn.net/{id}"

    def stranger(self, id: str) -> Customer:
        if not ID.fullmatch(id):
            raise BadAct("A LINE id is U, C or R and 32 hexadecimal digits.")
        name = {"U": "LINE", "C": "Group", "R": "Room"}[id[0]]
        return Customer(id, f"{name} {id[1:5]}", ever=False)

    def new_id(self) -> str:
        return "U" + self.house.ids.hex(32)

    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        return self.acts.act(customer, action)

    def request(self, events: list[dict[str, Any]]) -> tuple[dict[str, str], bytes]:
        told = {"destination": self.account.user_id, "events": events}
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        signature = hmac.digest(self.account.tokens.secret.encode(), body, "sha256")
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "LineBotWebhook/2.0",
            "X-Line-Signature": base64.b64encode(signature).decode(),
        }, body

    def again(self, event: dict[str, Any]) -> dict[str, Any]:
        self.account.renew(event.get("replyToken", ""))
        return {**event, "deliveryContext": {"isRedelivery": True}}

    def event_id(self, event: dict[str, Any]) -> str:
        return str(event["webhookEventId"])

    def told(self, customer: Customer, event: dict[str, Any]) -> None:
        if self.account.mark_as_read_mode == "auto" and (id := event.get("message", {}).get("id")):
            self.mark_read(customer.id, id)

    def mark_read(self, user: str, message: str) -> None:
        """The customer sees that this message, and those before it, were read."""
        talk = self.talks.customers[user]
        last = talk.bubbles.get(message)
        for bubble in list(talk.bubbles.values()) if last else ():
            if bubble.by == "customer" and not bubble.read:
                bubble.read = True
                self.talks.show(talk, bubble)
            if bubble.id == message:
                return

    def file_of(self, message: str) -> File | None:
        return self.account.files.find(message)

    def picture(self, id: str) -> str:
        """The address of a face, on a host that a bot is told of."""
        return self.house.base + self.face(id)

    @property
    def holder(self) -> Any:
        return self.account

    def about(self) -> dict[str, Any]:
        return self.account.told()

    def change(self, name: str, value: Any) -> bool:
        match name:
            case "access_token":
                self.account.tokens.long_lived, self.account.tokens.revoked = str(value), False
            case "revoke_tokens":
                self.account.tokens.revoke_all()
            case _:
                return False
        return True

    async def _face(self, request: Request) -> Response:
        return pictures.face_of(request.path_params["id"], self.account.user_id)
