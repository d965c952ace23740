"""A sandbox and a listener for its webhooks, one of each for a whole file; each test begins as at the start."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from linebot.v3.webhook import WebhookParser

from tests.sandbox import Sandbox, playing
from tests.serving import until


@dataclass
class Bot:
    """A program on the other side of the webhooks: it keeps what LINE's own library makes of them.

    `answers`: the statuses it gives, in turn; then 200.
    """

    secret: str
    answers: list[int] = field(default_factory=list)
    requests: list[list[Any]] = field(default_factory=list)
    destinations: set[str] = field(default_factory=set)
    url: str = ""

    def hear(self, body: str, signature: str) -> int:
        """One webhook. Raises InvalidSignatureError."""
        payload = WebhookParser(self.secret).parse(body, signature, as_payload=True)
        self.destinations.add(payload.destination)
        self.requests.append(payload.events)
        return self.answers.pop(0) if self.answers else 200

    def events(self, count: int) -> list[Any]:
        """All events heard, once there are `count`."""
        until(lambda: len(self._all()) >= count, f"{count} events")
        return self._all()

    def texts(self, count: int) -> list[str]:
        """What was written, in the order it came."""
        return [event.message.text for event in self.events(count)]

    def _all(self) -> list[Any]:
        return [event for events in self.requests for event in events]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Sandbox, Bot]]:
    """Both, for the tests of a file."""
    bot = Bot("sandbox-line-secret")
    heard = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            with heard:
                status = bot.hear(body, self.headers["X-Line-Signature"])
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bot.url = f"http://127.0.0.1:{server.server_port}/hooks/sandbox-line"
    with playing(bot.url) as sandbox:
        yield sandbox, bot
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(running: tuple[Sandbox, Bot]) -> Sandbox:
    """As at the start, its webhooks going to the bot."""
    sandbox, bot = running
    sandbox.post("/reset", {"seed": 1})
    sandbox.set(webhook=bot.url)
    bot.answers.clear()
    bot.requests.clear()
    return sandbox


@pytest.fixture
def bot(running: tuple[Sandbox, Bot], sandbox: Sandbox) -> Bot:
    """What hears the webhooks; nothing yet."""
    return running[1]
