"""The HTTP server of one web process."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.config import Settings

HEADER_SECONDS = 15.0  # for the first request of a connection to be told in full
STOP_SECONDS = 5


class Patient(HttpToolsProtocol):
    """uvicorn's HTTP protocol, but a connection that never finishes its first headers is closed.

    uvicorn limits the time between requests only; without this a slow-loris client holds sockets for ever.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADER_SECONDS, transport.close)

    def on_headers_complete(self) -> None:
        self._relax()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        super().connection_lost(exc)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve on the bound socket until SIGTERM or SIGINT."""
    uvicorn.Server(uvicorn.Config(**_options(settings))).run(sockets=[listener])


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "app": "app.main:app",
        "http": Patient,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "timeout_graceful_shutdown": STOP_SECONDS,
        "ws_max_size": 1024 * 1024,
        # Compression contexts would cost each of thousands of sockets more memory than all the rest.
        "ws_per_message_deflate": False,
    }
