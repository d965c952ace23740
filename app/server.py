"""The HTTP server of one web process."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.config import Settings
from app.web.health import leaving

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
        if leaving.is_set() and self.cycle is not None:
            self.cycle.keep_alive = False  # the next request on this connection would meet a closed door

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


class Leaving(uvicorn.Server):
    """uvicorn's server, but told to stop it says so at `/readyz` and goes on answering for a while.

    In that time a proxy that asks there sends new clients elsewhere. Then come uvicorn's own steps: no new
    connections, sockets closed with 1012, requests finished. A second signal skips the while.
    """

    def __init__(self, config: uvicorn.Config, drain: float) -> None:
        super().__init__(config)
        self._drain, self._until = drain, 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self._drain and not leaving.is_set():
            leaving.set()
            self._until = time.monotonic() + self._drain
            self._captured_signals.append(sig)
            return
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        over = bool(self._until) and time.monotonic() > self._until
        return await super().on_tick(counter) or over


def run(settings: Settings, listener: socket.socket, drain: float = 0.0) -> None:
    """Serve on the bound socket until SIGTERM (and then for `drain` seconds more) or SIGINT."""
    Leaving(uvicorn.Config(**_options(settings)), drain).run(sockets=[listener])


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
