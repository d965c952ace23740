"""WebSocket and HTTP of a client over bare asyncio protocols: little CPU, and it can be cut anywhere.

A benchmark shares its cores with what it measures, so what its clients cost is taken from the server. These
do what the protocols ask for and no more: no extensions, no redirects, no chunked answers.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from websockets.speedups import apply_mask

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
OPEN_SECONDS = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Hear = Callable[[bytes], None]


class Refused(ConnectionError):
    """The server answered something else than was asked for; the text is the beginning of its answer."""


class Socket(asyncio.Protocol):
    """One client's WebSocket (RFC 6455). Each text goes to `hear`; without one it waits for :meth:`recv`."""

    def __init__(self, hear: Hear | None = None) -> None:
        self.texts: asyncio.Queue[bytes] = asyncio.Queue()
        self.hear = hear or self.texts.put_nowait
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.said = 1006  # the close code the server sent (1006: none, RFC 6455, 7.1.5)
        self._buffer = b""
        self._parts: list[bytes] = []

    def send(self, text: str | bytes, opcode: int = TEXT) -> None:
        """Write one frame. Raises ConnectionError when the line is gone."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionError("the line is closed")
        self.transport.write(framed(text.encode() if isinstance(text, str) else text, opcode))

    def tell(self, **frame: Any) -> None:
        """Send `frame` as JSON. Raises ConnectionError."""
        self.send(json.dumps(frame, ensure_ascii=False))

    async def recv(self, within: float = 20.0) -> bytes:
        """The next text. Raises TimeoutError, or ConnectionError when there is none any more."""
        if self.texts.empty() and not self.closed.done():
            getting = asyncio.ensure_future(self.texts.get())
            await asyncio.wait((getting, self.closed), timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            getting.cancel()
            if not self.closed.done():
                raise TimeoutError(f"nothing was said within {within} s")
        if self.texts.empty():
            raise ConnectionError(f"the line was closed ({self.said})")
        return self.texts.get_nowait()

    def cut(self) -> None:
        """Drop the line without a word, as a lost network does."""
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """Say goodbye and go."""
        if self.transport is not None and not self.transport.is_closing():
            self.send(struct.pack(">H", 1000), CLOSE)
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one without being derived from it

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            data = self._shake_hands(self._buffer + data)
        elif self._buffer:
            data = self._buffer + data
        self._buffer = self._take(data) if self.opened.done() else data

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed before it was open"))
        if not self.closed.done():
            self.closed.set_result(self.said)

    def _shake_hands(self, data: bytes) -> bytes:
        """What follows the answer's head; all of it while the head is not there yet."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            return data
        if b" 101 " not in head[:20]:
            self.opened.set_exception(Refused(head[:200].decode("utf-8", "replace")))
            self.cut()
            return b""
        self.opened.set_result(None)
        return rest

    def _take(self, data: bytes) -> bytes:
        """Hand on every whole frame; what is left of the last."""
        at, end = 0, len(data)
        while end - at >= 2:
            first, size = data[at], data[at + 1] & 0x7F
            start = at + 2
            if size >= 126:
                wide = 2 if size == 126 else 8
                if end - start < wide:
                    break
                size = int.from_bytes(data[start : start + wide], "big")
                start += wide
            if end - start < size:
                break
            at = start + size
            self._frame(first, data[start:at])
        return data[at:]

    def _frame(self, first: int, payload: bytes) -> None:
        opcode, last = first & 0x0F, bool(first & 0x80)
        if opcode == TEXT and last:
            self.hear(payload)
        elif opcode == PING:
            self.send(payload, PONG)
        elif opcode == CLOSE:
            self.said = int.from_bytes(payload[:2], "big") or 1005
            if self.transport is not None:
                self.transport.close()
        elif opcode != PONG:
            self._parts.append(payload)
            if last:
                whole, self._parts = b"".join(self._parts), []
                self.hear(whole)


def framed(payload: bytes, opcode: int = TEXT) -> bytes:
    """One masked frame (RFC 6455, 5.2)."""
    size, mask = len(payload), os.urandom(4)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + mask + apply_mask(payload, mask)


async def open_socket(
    base: str, path: str, headers: Mapping[str, str] | None = None, hear: Hear | None = None
) -> Socket:
    """A WebSocket to `path` of the installation at `base` (http://host:port). Raises OSError, :class:`Refused`."""
    _, socket = await asyncio.get_running_loop().create_connection(lambda: Socket(hear), *_place(base))
    key = base64.b64encode(os.urandom(16)).decode()
    given = {"Host": urlsplit(base).netloc, "Upgrade": "websocket", "Connection": "Upgrade"}
    given |= {"Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", **(headers or {})}
    assert socket.transport is not None
    socket.transport.write(_head("GET", path, given))
    await asyncio.wait_for(asyncio.shield(socket.opened), OPEN_SECONDS)
    return socket


class Http(asyncio.Protocol):
    """One HTTP/1.1 connection that is kept open: one request at a time, answers with a Content-Length."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._buffer = b""

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """(status, body) of the answer. Raises ConnectionError when the line breaks before it is whole."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionError("the line is closed")
        self.answer = asyncio.get_running_loop().create_future()
        given = {"Host": self.host, "Content-Length": str(len(body)), **(headers or {})}
        self.transport.write(_head(method, path, given) + body)
        return await self.answer

    @property
    def open(self) -> bool:
        """Whether the line can be used."""
        return self.transport is not None and not self.transport.is_closing()

    def cut(self) -> None:
        """Drop the line without a word."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one without being derived from it

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        found = _LENGTH.search(head)
        size = int(found[1]) if found else 0
        if len(body) < size or self.answer is None:
            return
        self._buffer = b""
        if b"\r\nconnection: close" in head.lower() and self.transport is not None:
            self.transport.close()
        if not self.answer.done():
            self.answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(exc or ConnectionError("closed before it answered"))


async def open_http(base: str) -> Http:
    """A connection to the installation at `base`. Raises OSError."""
    _, line = await asyncio.get_running_loop().create_connection(
        lambda: Http(urlsplit(base).netloc), *_place(base)
    )
    return line


def _place(base: str) -> tuple[str, int]:
    parts = urlsplit(base)
    return parts.hostname or "127.0.0.1", parts.port or 80


def _head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = (f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
