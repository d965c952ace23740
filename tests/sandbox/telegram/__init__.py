"""Telegram as the sandbox plays it: python-telegram-bot reads what it answers and tells; our connector talks to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeVar

import httpx2
from PIL import Image
from telegram import Bot, Update
from telegram.request import HTTPXRequest

from channels.base import Context, Outbound, Person, Request
from channels.guard import Client
from channels.telegram.connector import Telegram
from channels.telegram.settings import POLLING, TelegramSettings
from tests.hooked import Said
from tests.sandbox import Sandbox
from tests.serving import until

GROUP = "-4001234567"


LONG_BUTTON = {"inline_keyboard": [[{"text": "a", "callback_data": "b" * 65}]]}


T = TypeVar("T")


@dataclass
class Hearer:
    """A program behind the webhook address: it keeps what python-telegram-bot makes of an update. `answers`: the
    statuses it gives, in turn; then 200 with the body `says`."""

    url: str = ""
    says: bytes = b""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    def hear(self, request: Request) -> Said:
        self.heard.append((request.headers.get("x-telegram-bot-api-secret-token", ""), request.body))
        status, said = (self.answers.pop(0), b"") if self.answers else (200, self.says)
        return status, "application/json", said

    def updates(self, count: int) -> list[Any]:
        until(lambda: len(self.heard) >= count, f"{count} updates")
        return [Update.de_json(json.loads(body), None) for _, body in self.heard]


@dataclass
class World:
    """The sandbox, what hears it, and Telegram's side of our product."""

    sandbox: Sandbox
    hearer: Hearer
    http: Client

    @property
    def token(self) -> str:
        return str(self.sandbox.state("telegram")["settings"]["token"])

    def bot(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """What python-telegram-bot gets."""

        async def done() -> T:
            at = f"{self.sandbox.base}/api.telegram.org"
            plain = [HTTPXRequest(httpx_kwargs={"verify": False}) for _ in range(2)]
            where: Any = {"base_url": f"{at}/bot", "base_file_url": f"{at}/file/bot"}
            async with Bot(self.token, request=plain[0], get_updates_request=plain[1], **where) as bot:
                return await work(bot)

        return asyncio.run(done())

    def connector(self, **settings: str) -> Telegram:
        context = Context("sandbox-telegram", "http://127.0.0.1:1", sandbox=self.sandbox.base)
        return Telegram(TelegramSettings(self.token, **settings), self.http, context)

    def call(self, method: str, **told: Any) -> httpx2.Response:
        return self.sandbox.http.post(f"/api.telegram.org/bot{self.token}/{method}", json=told)

    def act(self, user: str, action: str, **about: Any) -> dict[str, str]:
        return self.sandbox.act(user, action, on="telegram", **about)

    def sends(self, user: str, text: str, **more: Any) -> tuple[str, ...]:
        """Our connector's message; its ids. Raises `ChannelError`."""
        return self.connector().send(Outbound("1", Person(user), text, **more)).external_ids

    def hears(self) -> list[Any]:
        """What our connector makes of the updates that it fetches."""
        found, connector = list[Any](), self.connector(delivery=POLLING, groups="accept")
        for collected in connector.collect({}, lambda: False):
            if collected.request is None:
                return found
            found += connector.parse(collected.request)
        return found

    def phone(self, user: str) -> list[tuple[str, str, str]]:
        return [(one["by"], one["kind"], one["text"]) for one in self.sandbox.phone(user, "telegram")]


def picture(width: int = 40, height: int = 30) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "#28518f").save(file, "PNG")
    return file.getvalue()


WANTED = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
