"""Telegram in the sandbox as each test finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels.guard import Client
from channels.telegram import polling
from tests.hooked import listening
from tests.sandbox import Sandbox
from tests.sandbox.telegram import Hearer, World


@pytest.fixture
def world(begun: Sandbox, http: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """As at the start: no webhook. Questions of our connector wait for nothing."""
    monkeypatch.setattr(polling, "WAIT", 0)
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    hearer = Hearer()
    with listening(hearer.hear) as base:
        hearer.url = f"{base}/hooks/sandbox-telegram"
        yield World(begun, hearer, http)


@pytest.fixture
def who(world: World) -> str:
    """A customer who has written to the bot."""
    id = str(world.sandbox.state("telegram")["customers"][0]["id"])
    world.act(id, "start")
    world.call("getUpdates", offset=-1)
    world.call("getUpdates", offset=2**31)
    return id
