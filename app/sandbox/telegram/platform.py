"""Telegram as the sandbox plays it: one bot and those who write to it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import drawing
from app.sandbox.house import BadAct, House, Picture, Platform
from app.sandbox.talks import Customer
from app.sandbox.telegram.acts import Acts
from app.sandbox.telegram.bot import Bot, kind_of_group
from app.sandbox.telegram.door import Call, Refused
from app.sandbox.telegram.methods import Methods
from app.sandbox.telegram.updates import Updates

ID = re.compile(r"-?[1-9]\d{4,15}")
FOREVER = {"Cache-Control": "public, max-age=86400"}
PEOPLE = (("佐藤 美咲", "ja", "misaki_sato"), ("鈴木 一郎", "ja", ""), ("Emily Carter", "en", "emilycarter"))
WITHIN = 10.0  # seconds the product has to answer a webhook
SECRET = "X-Telegram-Bot-Api-Secret-Token"
SETTABLE = {"name", "secret", "revoked"}


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

    def __init__(self, house: House, hooks_url: str, token: str, secret: str = "") -> None:
        super().__init__(house, hooks_url if secret else "")
        self._token, self._secret, self._first_url = token, secret, self.hooks.url
        self.hooks.within = WITHIN
        self.updates = Updates(self)
        self._open()
        self.acts, self.methods = Acts(self), Methods(self)

    def _open(self) -> None:
        self.bot = Bot(self.house.ids, self._token, self._secret)
        self.faceless: set[str] = set()
        for name, language, username in PEOPLE:
            id = str(5_000_000_000 + int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10**9)
            self.talks.customers[id] = Customer(id, name, language, ever=False)
            self.bot.usernames[id] = username

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return {
            "api.telegram.org": self.methods.routes(),
            "t.me": [
                Route("/face/{id}.png", _face, methods=["GET"]),
                Route("/stickers/{id:int}.png", _sticker, methods=["GET"]),
            ],
        }

    @property
    def shop(self) -> tuple[str, str]:
        return self.bot.name, self.face("shop")

    def face(self, id: str) -> str:
        return f"/t.me/face/{id}.png"

    def customer(self, id: str) -> Customer:
        if not ID.fullmatch(id):
            raise BadAct("An id of Telegram is 5 to 16 digits; of a group it begins with a minus.")
        if id not in self.talks.customers:
            name = "グループ" if kind_of_group(id) else f"Telegram {id[-4:]}"
            self.talks.customers[id] = Customer(id, name, ever=False)
        return self.talks.customers[id]

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

    def again(self, event: dict[str, Any]) -> dict[str, Any]:
        return event

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

    def told(self, customer: Customer, event: dict[str, Any]) -> None:
        """What was written shows that it arrived; Telegram tells a bot nothing more."""

    def seen(self, customer: Customer) -> None:
        """Telegram tells a bot nothing of it."""

    async def media(self, message: str, part: str) -> Response:
        file = self.bot.files.find(self.bot.shown.get(message, ""))
        if file is None or file.gone:
            return PlainTextResponse("Gone", 410)
        return Response(file.body, media_type=file.media_type)

    def settings(self) -> dict[str, Any]:
        bot, hooks = self.bot, self.hooks
        told = {"token": bot.token, "username": bot.username, "bot_id": bot.id}
        own = {name: getattr(bot, name) for name in sorted(SETTABLE)}
        waiting = {"allowed_updates": bot.allowed, "to_be_fetched": len(self.updates.waiting)}
        return {
            **told,
            **own,
            **waiting,
            "faceless": sorted(self.faceless),
            "webhook": hooks.url,
            "redeliver": hooks.redeliver,
            "within": hooks.within,
        }

    def set(self, told: Mapping[str, Any]) -> None:
        for name, value in told.items():
            if name in SETTABLE:
                setattr(self.bot, name, value)
            elif name in ("redeliver", "within"):
                setattr(self.hooks, name, value)
            elif name == "faceless":
                self.faceless = {str(one) for one in value}
            elif name == "webhook":
                self.updates.call_at(str(value))
            else:
                raise BadAct(f"{name} cannot be set")

    def reset(self) -> None:
        self.hooks.forget()
        self.hooks.url, self.hooks.redeliver = self._first_url, True
        self.talks.customers.clear()
        self.updates.waiting.clear()
        self._open()
        self.talks.reload()


async def _face(request: Request) -> Response:
    id = request.path_params["id"][:40]
    picture = drawing.mark() if id == "shop" else drawing.face(id)
    return Response(picture, media_type="image/png", headers=FOREVER)


async def _sticker(request: Request) -> Response:
    return Response(drawing.sticker(str(request.path_params["id"])), media_type="image/png", headers=FOREVER)
