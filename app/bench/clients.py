"""Clients that speak the product's protocols: a customer's chat, an agent's inbox, a system behind an API channel.

Each tells a :class:`Ledger` what it sent, what it was promised and what it received, so that the books can be
compared with the database afterwards. Addresses are told by `X-Forwarded-For`, as a proxy would: limits count by
address, and a thousand customers have a thousand (run the installation with MADOGUCHI_TRUSTED_PROXIES=127.0.0.1).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from app.bench.scene import Person
from app.bench.wire import Hear, Http, Refused, Socket, open_http, open_socket

Frame = dict[str, Any]
PATIENCE = 20.0  # seconds for an answer before the line is given up
PROXIED = {"MADOGUCHI_TRUSTED_PROXIES": "127.0.0.1"}


class Ledger:
    """What the clients were promised. Override what you need; `who` is the client's name."""

    def sent(self, who: str, id: str) -> None:
        """About to be written to the line, perhaps once more."""

    def acknowledged(self, who: str, id: str, message: int) -> None:
        """The server has it: it must never be lost. `message` is its number there (0: not told)."""

    def received(self, who: str, frame: Frame) -> None:
        """A frame that came without being asked for: a message, an event."""


class Troubled(Exception):
    """The server refused a frame: its code, and the seconds after which to try again (0: never)."""

    def __init__(self, code: str, retry_after: float) -> None:
        super().__init__(code)
        self.code, self.retry_after = code, retry_after


def address(number: int) -> str:
    """One of sixteen million addresses for a customer."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


async def gently(work: Sequence[Awaitable[Any]], at_once: int = 20) -> None:
    """Do all of it, not everything at once. Raises what the first that failed raised."""
    free = asyncio.Semaphore(at_once)

    async def one(each: Awaitable[Any]) -> None:
        async with free:
            await each

    await asyncio.gather(*map(one, work))


async def fetch_ticket(base: str, key: str) -> str:
    """What proves a page may show the chat, good for many hellos within fifteen minutes."""
    line = await open_http(base)
    status, body = await line.ask("GET", f"/widget/{key}/config")
    line.cut()
    if status != 200:
        raise Refused(f"{status} {body[:200]!r}")
    return str(json.loads(body)["ticket"])


class Widget:
    """A customer's browser: keeps its token and its newest message, and comes back with them."""

    def __init__(
        self,
        base: str,
        key: str,
        name: str,
        *,
        ledger: Ledger | None = None,
        number: int = 0,
        ticket: str = "",
    ) -> None:
        self.base, self.key, self.name, self.ledger = base, key, name, ledger or Ledger()
        self.headers = {"X-Forwarded-For": address(number)}
        self.token, self.newest, self.ticket = "", 0, ticket
        self.socket: Socket | None = None
        self.opening: asyncio.Future[Frame] | None = None
        self.waiting: dict[str, asyncio.Future[Frame]] = {}

    async def open(self) -> Frame:
        """Connect and say hello; the welcome. Raises OSError, TimeoutError, :class:`Troubled`."""
        self.ticket = self.ticket or await fetch_ticket(self.base, self.key)
        self.opening = asyncio.get_running_loop().create_future()
        self.socket = await open_socket(self.base, f"/widget/{self.key}/socket", self.headers, self._hear)
        self.socket.closed.add_done_callback(self._gone)
        hello: Frame = {"t": "hello", "v": 1, "ticket": self.ticket, "locale": "ja"}
        known = {"token": self.token, "after": self.newest} if self.token else {}
        self.socket.tell(**hello, **known)
        welcome = await asyncio.wait_for(self.opening, PATIENCE)
        self.token = welcome.get("token", self.token)
        return welcome

    async def say(self, id: str, text: str, **more: Any) -> int:
        """Send a message once and wait for its acknowledgement; its number. Raises as :meth:`open` does."""
        if self.socket is None:
            raise ConnectionError("the widget is not connected")
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.waiting[id] = answer
        self.ledger.sent(self.name, id)
        self.socket.tell(t="send", id=id, text=text, **more)
        try:
            ack = await asyncio.wait_for(answer, PATIENCE)
        finally:
            self.waiting.pop(id, None)
        self.ledger.acknowledged(self.name, id, ack["message"])
        return int(ack["message"])

    async def deliver(self, id: str, text: str, tries: int = 300) -> int:
        """Like :meth:`say`, on new lines if need be, until it is acknowledged. Raises the last failure."""
        for left in reversed(range(tries)):
            try:
                if self.socket is None or self.socket.closed.done():
                    await self.open()
                return await self.say(id, text)
            except Troubled as trouble:
                if not left or not trouble.retry_after:
                    raise
                await asyncio.sleep(trouble.retry_after)
            except (OSError, TimeoutError):
                self.cut()
                if not left:
                    raise
                await asyncio.sleep(0.1)
        raise AssertionError("not reached")

    def cut(self) -> None:
        """Lose the line."""
        if self.socket is not None:
            self.socket.cut()
            self.socket = None

    def _hear(self, text: bytes) -> None:
        frame: Frame = json.loads(text)
        kind = frame["t"]
        if kind == "ping":
            with suppress(ConnectionError):
                assert self.socket is not None
                self.socket.tell(t="pong")
        elif kind == "welcome":
            self._welcomed(frame)
        elif kind == "ack":
            self._answer(frame["id"], frame)
        elif kind == "error":
            self._error(frame)
        else:
            self._note(frame)

    def _welcomed(self, frame: Frame) -> None:
        for message in frame["messages"]:
            self._note(message)
        if self.opening is not None and not self.opening.done():
            self.opening.set_result(frame)

    def _note(self, frame: Frame) -> None:
        for message in frame.get("messages", (frame,) if frame["t"] == "message" else ()):
            self.newest = max(self.newest, message["id"])
        self.ledger.received(self.name, frame)

    def _answer(self, id: str, frame: Frame) -> None:
        waiting = self.waiting.get(id)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def _error(self, frame: Frame) -> None:
        trouble = Troubled(frame["code"], frame.get("retry_after", 0.0))
        told = [self.waiting[frame["id"]]] if frame.get("id") in self.waiting else [self.opening]
        for one in told:
            if one is not None and not one.done():
                one.set_exception(trouble)

    def _gone(self, closed: asyncio.Future[int]) -> None:
        lost = ConnectionError(f"the line was lost ({closed.result()})")
        for one in (*self.waiting.values(), self.opening):
            if one is not None and not one.done():
                one.set_exception(lost)
                one.exception()  # whoever waited has it; nobody may be waiting


class Desk:
    """An agent's browser: the live line of the inbox, and what they do by HTTP."""

    def __init__(
        self, base: str, person: Person, *, ledger: Ledger | None = None, hear: Hear | None = None
    ) -> None:
        self.base, self.person, self.ledger = base, person, ledger or Ledger()
        self.hear = hear or self._hear
        self.cookie = {"Cookie": f"madoguchi={person.token}"}
        self.socket: Socket | None = None
        self.http: Http | None = None

    async def open(self) -> None:
        """Open the live line. Raises OSError."""
        self.socket = await open_socket(self.base, "/inbox/socket", self.cookie, self.hear)

    def look(self, conversation: int) -> None:
        """Open a conversation (0: none). Raises ConnectionError."""
        if self.socket is None:
            raise ConnectionError("the inbox is not connected")
        self.socket.tell(t="looking", conversation=conversation)

    async def do(self, path: str, method: str = "POST", **form: str) -> tuple[int, bytes]:
        """What a click does; (status, body). Raises OSError, TimeoutError."""
        if self.http is None or not self.http.open:
            self.http = await open_http(self.base)
        headers = {**self.cookie, "X-CSRF-Token": self.person.csrf}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            return await asyncio.wait_for(
                self.http.ask(method, path, urlencode(form).encode(), headers), PATIENCE
            )
        except (OSError, TimeoutError):
            self.http.cut()
            raise

    async def reply(self, conversation: int, id: str, text: str) -> None:
        """Answer the customer. `id` (8 to 64 characters) again changes nothing. Raises OSError, TimeoutError."""
        self.ledger.sent(self.person.name, id)
        status, body = await self.do(f"/conversations/{conversation}/replies", text=text, client_id=id)
        if status != 200:
            raise Refused(f"{status} {body[:200]!r}")
        self.ledger.acknowledged(self.person.name, id, 0)

    def cut(self) -> None:
        """Lose every line."""
        for line in (self.socket, self.http):
            if line is not None:
                line.cut()
        self.socket = self.http = None

    def _hear(self, text: bytes) -> None:
        self.ledger.received(self.person.name, json.loads(text))
