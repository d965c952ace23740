"""Who sets webhooks up, and a receiver on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.db import transaction
from app.models import Agent
from tests import factories
from tests.webhooks.receiver import Receiver, allow_private, receiving


@pytest.fixture
def admin(committed: None) -> Agent:
    """An admin, in an installation that may call this machine."""
    allow_private()
    with transaction() as db:
        return factories.agent(db, role="admin", locale="en")


@pytest.fixture
def other(admin: Agent) -> Iterator[Receiver]:
    """A receiver."""
    with receiving() as made:
        yield made
