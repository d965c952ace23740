"""A sandbox for a whole file, in which each test begins as at the start, and who listens to its webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from linebot.v3.webhook import WebhookParser

from channels.base import Request
from channels.guard import Client
from tests.hooked import Said, listening
from tests.sandbox import Sandbox, playing
from tests.sandbox.meta import PLATFORMS, Hearer, Meta
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
def _running() -> Iterator[Sandbox]:
    with playing() as sandbox:
        yield sandbox


@pytest.fixture
def begun(_running: Sandbox) -> Sandbox:
    """As at the start. Whoever hears webhooks listens at an address of one test: what an earlier one is still told
    reaches nobody."""
    _running.post("/reset", {"seed": 1})
    return _running


@pytest.fixture
def http(begun: Sandbox) -> Iterator[Client]:
    """The client that the product's connectors have, with a door to the sandbox."""
    with Client(known=("127.0.0.1", begun.options.port)) as client:
        yield client


@pytest.fixture
def bot() -> Iterator[Bot]:
    """What hears LINE's webhooks."""
    bot = Bot("sandbox-line-secret")
    with listening(bot.hear) as base:
        bot.url = f"{base}/hooks/sandbox-line"
        yield bot


@pytest.fixture
def sandbox(begun: Sandbox, bot: Bot) -> Sandbox:
    """As at the start, LINE's webhooks going to the bot."""
    begun.set(webhook=bot.url)
    return begun


@pytest.fixture
def meta(begun: Sandbox, http: Client) -> Iterator[Meta]:
    """As at the start, all of Meta's webhooks going to one hearer."""
    hearer = Hearer()
    with listening(hearer.hear) as hearer.url:
        for platform in PLATFORMS:
            begun.set(platform, webhook=f"{hearer.url}/hooks/sandbox-{platform}")
        yield Meta(begun, hearer, http)
