"""A Telegram bot, played by a scripted server where it is called."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from channels import guard, registry
from channels.base import Connector, Context, Request
from channels.telegram.connector import Telegram
from tests.channels.servers import Answer, Scripted, serving

TOKEN = "7204518631:AAHk3vXw9qLz0RtYp5mNc2bD8fG6jS1eUoQ"


def good(result: Any = True) -> Answer:
    return Answer(body=json.dumps({"ok": True, "result": result}).encode())


def bad(code: int, description: str, **parameters: Any) -> Answer:
    told = {"ok": False, "error_code": code, "description": description}
    return Answer(code, body=json.dumps({**told, "parameters": parameters} if parameters else told).encode())


def sent(id: int = 7, chat: int = 5123456789) -> Answer:
    return good({"message_id": id, "date": 1795255200, "chat": {"id": chat, "type": "private"}})


@contextmanager
def bot(*answers: Answer, **settings: Any) -> Iterator[tuple[Telegram, Scripted]]:
    """A bot at Telegram that answers as told."""
    with serving(*answers) as server:
        host, _, port = server.base.removeprefix("http://").partition(":")
        http = guard.Client(known=(host, int(port)), timeout=httpx2.Timeout(1.0))
        context = Context("k1", "https://desk.example.jp", sandbox=server.base)
        made: Connector[Any] = registry.build("telegram", {"token": TOKEN, **settings}, http, context)
        assert isinstance(made, Telegram)
        yield made, server


def method(request: Request) -> str:
    """Which one was called, at Telegram's own address."""
    place, _, name = request.url.rpartition("/")
    assert place == f"/api.telegram.org/bot{TOKEN}"
    return name


def called(server: Scripted) -> list[tuple[str, Any]]:
    """(method, parameters) of each call."""
    return [(method(one), json.loads(one.body)) for one in server.seen]
