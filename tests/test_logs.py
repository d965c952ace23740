"""What is written for the person who runs it."""

from __future__ import annotations

import logging.config
from typing import Any

import pytest

from app import logs


@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_no_address_that_is_called_is_written_down_because_secrets_stand_in_some(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(logging.config, "dictConfig", told.update)
    logs.set_up(level)
    assert {told["loggers"][name]["level"] for name in ("httpx2", "httpcore2")} == {"WARNING"}
    assert told["root"]["level"] == level.upper()
