"""The HTTP server of one web process."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.config import Settings

HEADER_SECONDS = 15.0  # for the head of a request to be told in full
HEADER_BYTES = 512 * 1024  # of a head not yet complete; twice what one read of the socket brings
STOP_SECONDS = 5


class Patient(HttpToolsProtocol):
    """uvicorn's HTTP protocol, but a connection that does not finish the head of a request is closed.

    uvicorn limits the time between requests only, and httptools no length; without this a slow-loris client
    holds sockets for ever, and one that sends headers without end fills the memory.
    """

    _deadline: asyncio.TimerHandle | None = None
    _told = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._deadline is not None:
            self._told += len(data)
            if self._told > HEADER_BYTES:
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._relax()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._deadline is None:
            self._told = 0
            self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.close)

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
