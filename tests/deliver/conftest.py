"""A channel whose provider does what it is told to, and an agent who answers there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors import Post, installed
from tests.deliver.counter import Counter


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with installed(monkeypatch) as kind:
        yield kind


@pytest.fixture
def at(post: type[Post]) -> Counter:
    return Counter()
