"""pymap, with its mail in memory and a script in front."""

import asyncio
import socket
from argparse import Namespace
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, DictBackend, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.concurrent import Event
from pymap.context import connection_exit
from pymap.imap import IMAPConnection
from pymap.imap.state import ConnectionState
from pymap.parsing.command.select import IdleCommand
from pymap.parsing.message import AppendMessage
from pymap.parsing.response import Response
from pymap.parsing.response.specials import ListResponse
from pymap.parsing.specials.flag import Flag
from pysasl.hashing import Cleartext

from channels.email.account import Account, Security
from tests.mailservers.base import PASSWORD, USER, Script, Server, Thread, certificate, obey, running


class _Config(Config):
    """Quick: no look-up of the host's name for the greeting, passwords kept as they are."""

    idle = True

    @property
    def greeting(self) -> bytes:
        return b"Server ready"

    @property
    def login_capability(self) -> list[bytes]:
        return [name for name in super().login_capability if self.idle or name != b"IDLE"]


@dataclass
class ImapServer(Server):
    """`special` are folders with a use of their own (RFC 6154): {"送信済みメール": "Sent"}."""

    special: dict[str, str] = field(default_factory=dict)
    config: _Config = field(init=False)
    login: Login = field(init=False)
    boxes: MailboxSet = field(init=False)

    def __post_init__(self) -> None:
        args = Namespace(passlib_cfg=None, proxy_protocol=None)
        self.config = _Config(
            args,
            host=self.host,
            port=0,
            demo_data=False,
            demo_user=USER,
            demo_password=PASSWORD,
            hash_context=Cleartext(),
            ssl_context=self.context(),
            tls_enabled=self.security == "starttls",
            invalid_user_sleep=0,
        )
        self.login = Login(self.config)
        self.thread.run(self._furnish())

    async def _furnish(self) -> None:
        await DictBackend._add_demo_user(self.config, self.login)
        self.boxes = MailboxSet()
        self.config.set_cache[USER] = (self.boxes, FilterSet())

    def account(self, **changes: Any) -> Account:
        """How to get in here; in tests a mailbox polls more often than in life."""
        told: dict[str, Any] = {
            "host": "localhost" if self.tls else self.host,
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "security": self.security,
            "ca": self.ca,
            "allow_private": True,
            "connect_timeout": 5,
            "read_timeout": 5,
            "since_days": 30,
        }
        return Account(**(told | changes))

    def add(
        self, raw: bytes, folder: str = "INBOX", *, at: datetime | None = None, seen: bool = False
    ) -> int:
        """Somebody's mail arrives (or a program of the shop puts it there). The UID it got."""
        flags = frozenset({Flag(b"\\Seen")} if seen else ())
        return self.thread.run(self._add(folder, AppendMessage(raw, at or datetime.now(UTC), flags)))

    async def _add(self, folder: str, message: AppendMessage) -> int:
        return (await (await self._box(folder)).append(message)).uid

    async def _box(self, folder: str) -> MailboxData:
        return await self.boxes.get_mailbox(folder)

    def mails(self, folder: str = "INBOX") -> dict[int, bytes]:
        """What lies in a folder, by UID."""
        return {uid: bytes(message._content) for uid, message in self._messages(folder)}

    def flags(self, folder: str = "INBOX") -> dict[int, set[str]]:
        messages = self._messages(folder)
        return {uid: {bytes(flag).decode() for flag in message.permanent_flags} for uid, message in messages}

    def _messages(self, folder: str) -> list[tuple[int, Any]]:
        return list(self.thread.run(self._box(folder))._messages.items())

    def remove(self, uid: int, folder: str = "INBOX") -> None:
        """Somebody deletes a mail, or moves it away."""
        self.thread.run(self._remove(uid, folder))

    async def _remove(self, uid: int, folder: str) -> None:
        await (await self._box(folder)).delete([uid])

    def make_folder(self, name: str, use: str = "") -> None:
        self.thread.run(self.boxes.add_mailbox(name))
        if use:
            self.special[name] = use

    def drop_folder(self, name: str) -> None:
        self.thread.run(self.boxes.delete_mailbox(name))

    def validity(self, folder: str = "INBOX") -> int:
        return self.thread.run(self._box(folder)).uid_validity

    def renumber(self, folder: str = "INBOX") -> None:
        """The folder is restored from a backup: another UIDVALIDITY, every mail has another UID. Lines drop."""
        self.thread.run(self._renumber(folder))
        self.thread.cut()

    async def _renumber(self, folder: str) -> None:
        old = await self._box(folder)
        new = MailboxData(self.boxes._content_cache, self.boxes._thread_cache)
        new._uid_validity = old.uid_validity + 1
        new._max_uid = 7000
        for message in old._messages.values():
            raw = bytes(message._content or b"")
            await new.append(AppendMessage(raw, message.internal_date, message.permanent_flags))
        if folder == "INBOX":
            self.boxes._inbox = new
        else:
            self.boxes._set[folder] = new

    async def _listen(self, sock: socket.socket) -> asyncio.AbstractServer:
        context = self.context() if self.security == "tls" else None
        return await asyncio.start_server(self._serve, sock=sock, ssl=context)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.thread.lines.add(writer.transport)
        info = SocketInfo.get(writer, None, unique_id=b"test")
        line = _Connection(self, self.config.commands, self.config, reader, writer, info)
        state = ConnectionState(self.login, self.config)
        async with AsyncExitStack() as stack:
            connection_exit.set(stack)
            stack.enter_context(closing(line))
            await line.run(state)
        self.thread.lines.discard(writer.transport)


class _Connection(IMAPConnection):
    """A line on which the script is asked about every command first."""

    __slots__ = ["before", "server"]

    def __init__(self, server: ImapServer, *rest: Any) -> None:
        super().__init__(*rest)
        self.server = server
        self.before = ""

    async def readline(self) -> memoryview:
        while True:
            line = await super().readline()
            tag, _, command = bytes(line).decode("utf-8", "replace").strip().partition(" ")
            rule = self.server.script.hear(command or tag)
            self.before = tag if command else self.before
            if rule is None or not await obey(rule, self._say, self.writer.transport):
                return line
            if rule.drop:
                raise EOFError

    async def _say(self, text: str) -> None:
        self.writer.write((text.replace("{tag}", self.before) + "\r\n").encode("utf-8", "surrogateescape"))
        await self.writer.drain()

    async def handle_updates(self, state: ConnectionState, done: Event, cmd: IdleCommand) -> None:
        """pymap tells of no mail that came between the last command and IDLE; proper servers do."""
        for box in (self.server.boxes._inbox, *self.server.boxes._set.values()):
            self.server.thread.loop.call_later(0.02, box._updated.set)
        await super().handle_updates(state, done, cmd)

    async def write_response(self, resp: Response) -> None:
        for part in getattr(resp, "_untagged", ()):
            if isinstance(part, ListResponse) and part.mailbox in self.server.special:
                part.attrs = [*part.attrs, self.server.special[part.mailbox].encode()]
        await super().write_response(resp)


@contextmanager
def imap_server(
    folder: Path | None = None, *, security: Security = "none", idle: bool = True
) -> Iterator[ImapServer]:
    """A mailbox of `USER` with `PASSWORD`. TLS wants a `folder` for its certificate (`server.ca`)."""
    thread = Thread()
    tls = certificate(folder) if folder and security != "none" else None
    server = ImapServer(Script(), thread, security, tls)
    server.config.idle = idle
    with running(server, thread, server.start, server.stop):
        yield server
