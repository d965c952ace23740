"""Telegram as the sandbox plays it: one bot and those who write to it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute, Route

from app.sandbox import drawing, pictures
from app.sandbox.files import File
from app.sandbox.house import BadAct, House, Picture, Platform
from app.sandbox.talks import Customer
from app.sandbox.telegram.acts import Acts
from app.sandbox.telegram.bot import Bot, kind_of_group
from app.sandbox.telegram.door import Call, Refused
from app.sandbox.telegram.methods import Methods
from app.sandbox.telegram.updates import Updates

ID = re.compile(r"-?[1-9]\d{4,15}")
PEOPLE = (("佐藤 美咲", "ja", "misaki_sato"), ("鈴木 一郎", "ja", ""), ("Emily Carter", "en", "emilycarter"))
SECRET = "X-Telegram-Bot-Api-Secret-Token"


class Telegram(Platform):
    """The Bot API and the chats of a bot. `token`: as @BotFather gives it. `secret`: what webhooks to `hooks_url`
    carry; without one there is no webhook until setWebhook, and updates wait to be fetched."""

    name = "telegram"
    label = "Telegram"
    stickers = tuple(Picture(one.id, *one.words[:2]) for one in drawing.STICKERS.values())
    sticker_src = "/t.me/stickers/{id}.png"
    reactions = ("👍", "❤", "🙏")
    edits = True
    batches = False
    within = 10.0
    settable = frozenset({"name", "secret", "revoked"})

    def __init__(self, house: House, hooks_url: str, token: str, secret: str = "") -> None:
        super().__init__(house, hooks_url if secret else "")
        self._token, self._secret = token, secret
        self.updates = Updates(self)
        self.begin()
        self.acts, self.methods = Acts(self), Methods(self)

    def begin(self) -> None:
        self.bot = Bot(self.house.ids, self._token, self._secret)
        self.faceless: set[str] = set()
        self.updates.waiting.clear()
        for name, language, username in PEOPLE:
            id = str(5_000_000_000 + int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10**9)
            self.talks.customers[id] = Customer(id, name, language, ever=False)
            self.bot.usernames[id] = username

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return {
            "api.telegram.org": self.methods.routes(),
            "t.me": [
                Route("/face/{id}.png", pictures.face, methods=["GET"]),
                Route("/stickers/{id:int}.png", pictures.sticker, methods=["GET"]),
            ],
        }

    @property
    def shop(self) -> tuple[str, str]:
        return self.bot.name, self.face("shop")

    def face(self, id: str) -> str:
        return f"/t.me/face/{id}.png"

    def stranger(self, id: str) -> Customer:
        if not ID.fullmatch(id):
            raise BadAct("An id of Telegram is 5 to 16 digits; of a group it begins with a minus.")
        return Customer(id, "グループ" if kind_of_group(id) else f"Telegram {id[-4:]}", ever=False)

    def new_id(self) -> str:
        return self.house.ids.digits(10)

    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        return self.acts.act(customer, action)

    def request(self, events: list[dict[str, Any]]) -> tuple[dict[str, str], bytes]:
        (update,) = events
        headers = {"Content-Type": "application/json"} | (
            {SECRET: self.bot.secret} if self.bot.secret else {}
        )
        return headers, json.dumps(update, separators=(",", ":")).encode()

    def event_id(self, event: dict[str, Any]) -> str:
        return str(event["update_id"])

    async def heard(self, answer: bytes) -> None:
        """It may name a method; what comes of it nobody is told."""
        try:
            told = json.loads(answer)
        except ValueError:
            return
        if not isinstance(told, dict) or not isinstance(told.get("method"), str):
            return
        method = str(told.pop("method"))
        try:
            await self.methods.done(Call(method, told))
        except Refused as refused:
            about = {"call": method, "status": refused.status, "message": refused.description}
            self.house.record.add(self.name, "refused", **about)

    def file_of(self, message: str) -> File | None:
        return self.bot.files.find(self.bot.shown.get(message, ""))

    @property
    def holder(self) -> Any:
        return self.bot

    def about(self) -> dict[str, Any]:
        bot = self.bot
        told = {"token": bot.token, "username": bot.username, "bot_id": bot.id}
        waiting = {"allowed_updates": bot.allowed, "to_be_fetched": len(self.updates.waiting)}
        return {**told, **waiting, "faceless": sorted(self.faceless)}

    def call_at(self, url: str) -> None:
        self.updates.call_at(url)

    def change(self, name: str, value: Any) -> bool:
        if name == "faceless":
            self.faceless = {str(one) for one in value}
        return name == "faceless"
