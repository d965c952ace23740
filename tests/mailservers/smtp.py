"""aiosmtpd, with a script in front, collecting what arrives."""

import asyncio
import base64
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from channels.email.account import Account, Security
from tests.mailservers.base import PASSWORD, TOKEN, USER, Script, Server, Thread, certificate, obey, running


@dataclass(frozen=True)
class Received:
    """A mail that arrived, with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    options: tuple[str, ...] = ()


@dataclass
class SmtpServer(Server):
    """`received` are the mails that were accepted, also those whose acceptance was never heard of (a drop on ".")."""

    received: list[Received] = field(default_factory=list)
    lines_made: int = 0
    max_size: int = 10_000_000
    smtputf8: bool = True
    password: str = PASSWORD
    token: str = TOKEN

    def account(self, **changes: Any) -> Account:
        told: dict[str, Any] = {
            "host": "localhost" if self.tls else self.host,
            "port": self.port,
            "user": USER if self.tls else "",
            "password": PASSWORD if self.tls else "",
            "security": self.security,
            "ca": self.ca,
            "allow_private": True,
            "connect_timeout": 5,
            "read_timeout": 5,
            "data_timeout": 5,
            "hello": "shop.example.jp",
        }
        return Account(**(told | changes))

    async def _listen(self, sock: socket.socket) -> asyncio.AbstractServer:
        context = self.context() if self.security == "tls" else None
        return await self.thread.loop.create_server(lambda: _Line(self), sock=sock, ssl=context)

    # aiosmtpd finds these hooks by their names.

    async def handle_DATA(self, smtp: "_Line", session: Session, envelope: Envelope) -> str:
        rule = self.script.hear(".")
        if rule is None or rule.drop or not rule.say:
            self._keep(envelope)
        if rule is not None and await obey(rule, smtp.push, smtp.transport):
            return ""  # said already, or nobody hears
        return "250 2.0.0 queued as 1A2B"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        options = tuple(str(option) for option in envelope.mail_options)
        self.received.append(
            Received(
                (envelope.mail_from or "").strip("<>"), tuple(map(str, envelope.rcpt_tos)), content, options
            )
        )

    async def auth_XOAUTH2(self, smtp: "_Line", args: list[str]) -> AuthResult:
        told = base64.b64decode(args[1]).decode()
        if told == f"user={USER}\x01auth=Bearer {self.token}\x01\x01":
            return AuthResult(success=True)
        self.script.hear("AUTH answer " + repr(await smtp.challenge_auth('{"status":"401"}')))
        return AuthResult(success=False, handled=False)


class _Line(SMTP):
    """A line on which the script is asked about every command first."""

    def __init__(self, server: SmtpServer) -> None:
        super().__init__(
            server,
            hostname="mail.example.jp",
            data_size_limit=server.max_size,
            enable_SMTPUTF8=server.smtputf8,
            tls_context=server.context() if server.security == "starttls" else None,
            require_starttls=server.security == "starttls",
            auth_require_tls=server.security == "starttls",
            authenticator=self._may,
            loop=server.thread.loop,
        )
        self._auth_required = server.security != "none"  # as an argument it warns of TLS that it does not see
        self._server = server
        self._smtp_methods = {name: self._scripted(name, do) for name, do in self._smtp_methods.items()}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.thread.lines.add(transport)
        self._server.lines_made += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:
            self._server.thread.lines.discard(self.transport)
        super().connection_lost(error)

    def _may(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        fits = isinstance(data, LoginPassword) and data.password == self._server.password.encode()
        return AuthResult(success=fits, handled=False)

    def _scripted(self, name: str, do: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        async def act(arg: Any) -> None:
            rule = self._server.script.hear(f"{name} {arg or ''}".strip())
            if rule is None or not await obey(rule, self.push, self.transport):
                await do(arg)

        return act

    async def push(self, status: Any) -> None:
        if status:
            said = status.encode("utf-8", "surrogateescape") if isinstance(status, str) else status
            await super().push(said)


@contextmanager
def smtp_server(
    folder: Path | None = None,
    *,
    security: Security = "none",
    smtputf8: bool = True,
    max_size: int = 10_000_000,
) -> Iterator[SmtpServer]:
    """A mail server. With TLS, which wants a `folder` for its certificate (`server.ca`), it asks for `PASSWORD`."""
    thread = Thread()
    tls = certificate(folder) if folder and security != "none" else None
    server = SmtpServer(Script(), thread, security, tls, smtputf8=smtputf8, max_size=max_size)
    with running(server, thread, server.start, server.stop):
        yield server
