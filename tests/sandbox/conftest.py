"""A sandbox and a listener for its webhooks, one of each for a whole file; each test begins as at the start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from linebot.v3.webhook import WebhookParser

from channels.base import Request
from tests.hooked import Said, listening
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

    def hear(self, request: Request) -> Said:
        """One webhook. Raises InvalidSignatureError."""
        body, signature = request.body.decode(), request.headers["x-line-signature"]
        payload = WebhookParser(self.secret).parse(body, signature, as_payload=True)
        self.destinations.add(payload.destination)
        self.requests.append(payload.events)
        return self.answers.pop(0) if self.answers else 200, "text/plain", b""

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
    with listening(bot.hear) as base:
        bot.url = f"{base}/hooks/sandbox-line"
        with playing(bot.url) as sandbox:
            yield sandbox, bot


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
