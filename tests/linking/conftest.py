"""A shop whose customers can prove who they are."""

from __future__ import annotations

import pytest

from tests.linking import (
    Shop,
)
from tests.test_line_channel import text


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(monkeypatch)
    made.post(text("1", "注文を確認したいです"))
    return made
