"""Telegram as the sandbox plays it: python-telegram-bot reads what it answers and tells; our connector talks to it."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
import pytest
from telegram import Bot, Update

from channels.base import Context, Outbound, Person
from channels.events import Inbound
from channels.guard import Client
from channels.telegram.connector import Telegram
from channels.telegram.settings import POLLING, TelegramSettings
from tests.sandbox import Sandbox, playing
from tests.serving import until

GROUP = "-4001234567"
T = TypeVar("T")


@dataclass
class Hearer:
    """A program behind the webhook address: it keeps what python-telegram-bot makes of an update. `answers`: the
    statuses it gives, in turn; then 200 with the body `says`."""

    url: str = ""
    says: bytes = b""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    def hear(self, secret: str, body: bytes) -> tuple[int, bytes]:
        self.heard.append((secret, body))
        return (self.answers.pop(0), b"") if self.answers else (200, self.says)

    def updates(self, count: int) -> list[Update]:
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

    def bot(self, work: Callable[[Bot], Awaitable[T]]) -> T:
        """What python-telegram-bot gets."""

        async def done() -> T:
            at = f"{self.sandbox.base}/api.telegram.org"
            async with Bot(self.token, base_url=f"{at}/bot", base_file_url=f"{at}/file/bot") as bot:
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


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    hearer = Hearer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, said = hearer.hear(self.headers["X-Telegram-Bot-Api-Secret-Token"] or "", body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hearer.url = f"http://127.0.0.1:{server.server_port}/hooks/sandbox-telegram"
    with playing() as sandbox, Client(known=("127.0.0.1", sandbox.options.port)) as http_client:
        yield World(sandbox, hearer, http_client)
    server.shutdown()
    server.server_close()


@pytest.fixture
def world(running: World) -> World:
    """As at the start: no webhook."""
    running.sandbox.post("/reset", {"seed": 1})
    running.hearer.heard.clear()
    running.hearer.answers.clear()
    running.hearer.says = b""
    return running


@pytest.fixture
def who(world: World) -> str:
    """A customer who has written to the bot."""
    id = str(world.sandbox.state("telegram")["customers"][0]["id"])
    world.act(id, "start")
    world.call("getUpdates", offset=-1)
    world.call("getUpdates", offset=2**31)
    return id


def test_text_goes_both_ways(world: World, who: str) -> None:
    told = world.act(who, "text", text="在庫はありますか😀")
    (event,) = world.hears()
    assert isinstance(event, Inbound)
    assert (event.external_id, event.text, event.sender.name) == (
        told["message"],
        "在庫はありますか😀",
        "佐藤 美咲",
    )
    assert event.sender.attributes == {"Telegram": "@misaki_sato"}
    (sent,) = world.sends(who, "ございます")
    assert world.phone(who)[1:] == [
        ("customer", "text", "在庫はありますか😀"),
        ("shop", "text", "ございます"),
    ]
    (accepted,) = world.sandbox.record(what="accepted")
    assert (accepted["call"], accepted["to"], accepted["messages"][0]["id"]) == ("sendMessage", who, sent)
