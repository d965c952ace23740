"""What both servers are made of: a loop in a thread, a script, a certificate."""

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

T = TypeVar("T")
USER, PASSWORD, TOKEN = "shop@example.jp", "open sesame", "an access token"


@dataclass
class Rule:
    """What to do when a command fits `pattern` (without its tag; case does not matter), `times` times or for ever (0).

    After `wait` seconds `say` is answered (lines parted by CRLF; "{tag}" stands for the tag of the IMAP command), then
    the line is dropped if `drop` says so. With nothing to say and no drop the command is merely late.
    """

    pattern: str
    say: str = ""
    drop: bool = False
    wait: float = 0
    times: int = 1


@dataclass
class Script:
    """`rules` are used up from the first; `heard` are the commands as they came, secrets and all."""

    rules: list[Rule] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def on(self, pattern: str, say: str = "", *, drop: bool = False, wait: float = 0, times: int = 1) -> None:
        self.rules.append(Rule(pattern, say, drop, wait, times))

    def hear(self, command: str) -> Rule | None:
        self.heard.append(command)
        for rule in self.rules:
            if re.match(rule.pattern, command, re.IGNORECASE):
                rule.times -= 1
                if rule.times == 0:
                    self.rules.remove(rule)
                return rule
        return None

    def times(self, pattern: str) -> int:
        """How many commands that fit came so far."""
        return sum(1 for line in self.heard if re.match(pattern, line, re.IGNORECASE))


class Thread:
    """An event loop in a thread of its own, and the listeners and lines that live there."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.trouble: list[dict[str, Any]] = []  # dropped lines are what tests are about: kept, never shouted
        self.loop.set_exception_handler(lambda loop, context: self.trouble.append(context))
        self.lines: set[asyncio.BaseTransport] = set()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def cut(self) -> None:
        """Every line is dropped at once."""
        self.run(self._cut())

    async def _cut(self) -> None:
        for line in list(self.lines):
            if isinstance(line, asyncio.WriteTransport):
                line.abort()
        self.lines.clear()
        for _ in range(5):  # turns of the loop in which what was aborted gets closed
            await asyncio.sleep(0)

    def close(self) -> None:
        self.run(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(30)
        self.loop.close()

    async def _end(self) -> None:
        await self._cut()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.loop.shutdown_default_executor()


@dataclass
class Server:
    """What both servers have in common: where they are, and how to stop and start them on the same port."""

    script: Script
    thread: Thread
    security: str = "none"
    tls: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    _listener: asyncio.AbstractServer | None = None

    def on(self, pattern: str, say: str = "", *, drop: bool = False, wait: float = 0, times: int = 1) -> None:
        self.script.on(pattern, say, drop=drop, wait=wait, times=times)

    def start(self) -> None:
        """Listen, on the port of the last time if there was one."""
        sock = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )  # so told, it waits for no ACK
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.host, self.port))
        sock.listen(64)
        self.port = sock.getsockname()[1]
        self._listener = self.thread.run(self._listen(sock))

    def stop(self) -> None:
        """Nobody is there any more: lines drop, the port is closed."""
        if self._listener is not None:
            self.thread.loop.call_soon_threadsafe(self._listener.close)
            self._listener = None
        self.thread.cut()

    async def _listen(self, sock: socket.socket) -> asyncio.AbstractServer:
        raise NotImplementedError

    @property
    def ca(self) -> str:
        """The certificate to trust, in PEM, if this server has one."""
        text = self.tls.read_text() if self.tls else ""
        return text[text.find("-----BEGIN CERTIFICATE") :] if text else ""

    def context(self) -> ssl.SSLContext | None:
        if self.tls is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.tls)
        return context


@contextmanager
def running(server: T, thread: Thread, start: Callable[[], None], stop: Callable[[], None]) -> Iterator[T]:
    """`server`, started; stopped at the end together with its thread."""
    try:
        start()
        yield server
    finally:
        with suppress(OSError):
            stop()
        thread.close()


async def obey(rule: Rule, say: Callable[[str], Awaitable[None]], line: asyncio.BaseTransport | None) -> bool:
    """Do what the rule says. Whether the command is done with."""
    await asyncio.sleep(rule.wait)
    if rule.say:
        await say(rule.say)
    if rule.drop and isinstance(line, asyncio.WriteTransport):
        line.close() if rule.say else line.abort()
    return bool(rule.say or rule.drop)


def certificate(folder: Path, *names: str) -> Path:
    """A file with a fresh key and a certificate for `names` (localhost) that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.jp")])
    now = datetime.now(UTC)
    others = x509.SubjectAlternativeName([x509.DNSName(name) for name in names or ("localhost",)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(others, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "mail.pem"
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path
