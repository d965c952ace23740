"""What is written for the person who runs it."""

from __future__ import annotations

import asyncio
import logging.config
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from app import logs
from app.server import Open


@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_no_address_that_is_called_is_written_down_because_secrets_stand_in_some(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(logging.config, "dictConfig", told.update)
    logs.set_up(level)
    assert {told["loggers"][name]["level"] for name in ("httpx2", "httpcore2")} == {"WARNING"}
    assert told["root"]["level"] == level.upper()


def test_what_a_socket_brings_is_not_written_down_because_cookies_stand_in_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "uvicorn.error")
    config = uvicorn.Config(lambda: None, ws=Open, lifespan="off", log_config=None)
    loop = asyncio.new_event_loop()
    socket = Open(config, ServerState(), {}, loop)
    loop.close()
    socket.conn.receive_data(b"GET /live HTTP/1.1\r\nHost: desk\r\nCookie: session=SECRET\r\n\r\n")
    assert socket.conn.handshake_exc or socket.conn.events_received()
    assert "SECRET" not in caplog.text
