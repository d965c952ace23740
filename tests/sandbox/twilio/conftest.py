"""SMS in the sandbox as each test finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels.guard import Client
from tests.hooked import listening
from tests.sandbox import Sandbox
from tests.sandbox.twilio import Hearer, World


@pytest.fixture
def world(begun: Sandbox, http: Client) -> Iterator[World]:
    """As at the start, its webhooks going to the hearer."""
    hearer = Hearer()
    with listening(hearer.hear) as hearer.base:
        begun.set("twilio", webhook=f"{hearer.base}/hooks/sandbox-twilio")
        yield World(begun, hearer, http)
