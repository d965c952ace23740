"""The HTTP server of one web process."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import OPEN

from app import garbage
from app.config import Settings
from app.lines import OUTLET
from app.web import widget_poll
from app.web.api import stream
from app.web.health import leaving

HEADER_SECONDS = 15.0  # for the head of a request to be told in full
HEADER_BYTES = 512 * 1024  # of a head not yet complete; twice what one read of the socket brings
STOP_SECONDS = 5
# So long a connection may be quiet between two requests: longer than nginx (60 s) and Caddy (120 s) keep theirs to us.
# Else they put a request on one that we close at that moment, and one that is not a GET is not sent twice.
QUIET_SECONDS = 130
# So long the event loop waits for a thread that computes. Python's own five milliseconds add up to what people who
# type feel: each message needs the loop several times.
SWITCH_SECONDS = 0.001
BEHIND_BYTES = 1024 * 1024  # that may wait to be taken by one WebSocket client
GOODBYE_SECONDS = 10.0  # for a client to answer our close
PING = b"\x89\x00"  # a whole frame (RFC 6455, 5.5.2)


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

    def __init__(
        self, config: uvicorn.Config, drain: float, once_up: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__(config)
        self._drain, self._until = drain, 0.0
        self._once_up = once_up

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self._drain and not leaving.is_set():
            leaving.set()
            self._until = time.monotonic() + self._drain
            self._captured_signals.append(sig)
            return
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._once_up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stream.end_all()  # a stream of events is a request that would never be finished
        widget_poll.end_all()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        over = bool(self._until) and time.monotonic() > self._until
        return await super().on_tick(counter) or over


class Open(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket with a way out that neither waits nor goes through the layers (an app.lines.Outlet).

    Thousands are open in a process, so what only the handshake needs is let go after it.
    """

    heard = 0.0  # when anything came in, by the loop's clock

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # Else it writes down each header and frame at that level: cookies, and what is said.
        self.conn.debug = False

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # the handshake was not refused
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[OUTLET] = self

    def data_received(self, data: bytes) -> None:
        self.heard = self.loop.time()
        super().data_received(data)

    def start_keepalive(self) -> None:
        """Called when the handshake is over. The application pings (see app.web.outgoing), not a timer a socket."""
        del self.request, self.response

    def write(self, wire: bytes) -> bool:
        if self._gone():
            return True  # the application is about to hear of it
        if self.transport.get_write_buffer_size() > BEHIND_BYTES:
            return False
        self.transport.write(wire)
        return True

    def ping(self, patience: float) -> None:
        """Ask for a sign of life; without any for `patience` seconds the line is dropped."""
        if self._gone():
            return
        if self.loop.time() - self.heard > patience:
            self.transport.abort()
        else:
            self.transport.write(PING)

    def close(self, code: int) -> None:
        if self._gone():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # Not `close`: that would wait for a client that takes nothing any more to take the rest.
        self.close_timer = self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    def _gone(self) -> bool:
        return (
            self.close_sent or self.disconnected or self.transport.is_closing() or self.conn.state is not OPEN
        )


def run(settings: Settings, listener: socket.socket, drain: float = 0.0) -> None:
    """Serve on the bound socket until SIGTERM (and then for `drain` seconds more) or SIGINT."""
    sys.setswitchinterval(SWITCH_SECONDS)
    Leaving(uvicorn.Config(**_options(settings)), drain, garbage.spare).run(sockets=[listener])


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "app": "app.main:app",
        "http": Patient,
        "ws": Open,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": [*settings.trusted_proxies, *_mapped(settings.trusted_proxies)],
        "timeout_keep_alive": QUIET_SECONDS,
        "timeout_graceful_shutdown": STOP_SECONDS,
        "ws_max_size": 1024 * 1024,
        "ws_ping_interval": None,  # see Open.ping
        # Compression contexts would cost each of thousands of sockets more memory than all the rest.
        "ws_per_message_deflate": False,
    }


def _mapped(proxies: Iterable[str]) -> list[str]:
    """Those of IPv4 as a socket names them that listens on `::` (RFC 4291, 2.5.5.2)."""
    told = (ip_network(name) for name in proxies)
    return [f"::ffff:{one.network_address}/{96 + one.prefixlen}" for one in told if one.version == 4]
