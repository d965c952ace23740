"""Calling the application as its server does, byte for byte: a client would tidy up what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from app import main, web
from app.realtime import Hub

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Reply:
    """What came back. A socket's `status` is its close code (0: it stayed open), its `body` what it said."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str:
        return next((value.decode("latin-1") for key, value in self.headers if key == name.encode()), "")


class Caller:
    """One application and one event loop. The live feed is there, but nobody brings it news."""

    def __init__(self) -> None:
        self.last: tuple[object, ...] = ()  # what was sent last
        self.loop = asyncio.new_event_loop()
        self.app = main.make()
        self.hub = self.app.state.hub = Hub()
        self.loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        web.listen(self.hub)

    def __enter__(self) -> Caller:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def call(
        self,
        method: str,
        path: str,
        query: bytes = b"",
        headers: Headers = (),
        body: bytes = b"",
        patience: float = 20.0,
    ) -> Reply:
        """One request. A client that has waited for `patience` seconds goes away."""
        self.last = (method, path, query, list(headers), body)
        scope = {**_scope("http", path, query, headers), "method": method, "http_version": "1.1"}
        return self.loop.run_until_complete(self._http(scope, body, patience))

    def talk(
        self, path: str, said: Iterable[str | bytes], headers: Headers = (), query: bytes = b""
    ) -> Reply:
        """A socket: say everything, then leave."""
        self.last = ("socket", path, list(headers), list(said))
        scope = {**_scope("websocket", path, query, headers), "subprotocols": []}
        return self.loop.run_until_complete(self._socket(scope, list(said)))

    async def _http(self, scope: dict[str, Any], body: bytes, patience: float) -> Reply:
        told: list[Mapping[str, Any]] = []
        given = asyncio.Event()
        over = asyncio.get_running_loop().time() + patience

        async def receive() -> dict[str, Any]:
            if not given.is_set():
                given.set()
                return {"type": "http.request", "body": body, "more_body": False}
            await asyncio.sleep(over - asyncio.get_running_loop().time())
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            told.append(message)

        await self.app(scope, receive, send)
        start = next(one for one in told if one["type"] == "http.response.start")
        heard = b"".join(one.get("body", b"") for one in told if one["type"] == "http.response.body")
        return Reply(start["status"], tuple(start.get("headers", ())), heard)

    async def _socket(self, scope: dict[str, Any], said: list[str | bytes]) -> Reply:
        told: list[Mapping[str, Any]] = []
        waiting: list[dict[str, Any]] = [{"type": "websocket.connect"}]
        waiting += [{"type": "websocket.receive", **_framed(one)} for one in said]
        waiting.reverse()

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "websocket.disconnect", "code": 1001}

        async def send(message: Mapping[str, Any]) -> None:
            told.append(message)

        await self.app(scope, receive, send)
        closed = next((one.get("code", 1000) for one in told if one["type"] == "websocket.close"), 0)
        texts = [one.get("text") or "" for one in told if one["type"] == "websocket.send"]
        binary = [one.get("bytes") or b"" for one in told if one["type"] == "websocket.send"]
        return Reply(closed, (), "\n".join(texts).encode("utf-8", "replace") + b"".join(binary))


def _framed(one: str | bytes) -> dict[str, Any]:
    return {"text": one} if isinstance(one, str) else {"bytes": one}


def _scope(kind: str, path: str, query: bytes, headers: Headers) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode("utf-8"),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"testserver"), *headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("testserver", 80),
        "state": {},
        "extensions": {},
    }
