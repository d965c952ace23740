"""A line to the manager interface of Asterisk (AMI): packets of "Key: Value" lines, each ended by an empty one
(https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/).

The secret itself never goes over the line: Asterisk asks for its MD5 with a challenge.
"""

import hashlib
import select
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from channels import guard
from channels.email.account import tls_context
from channels.outbound import ChannelError
from channels.text import clean

Packet = Mapping[str, str]

MAX_PACKET = 65_536  # bytes
CONNECT, ANSWER = 10.0, 10.0  # seconds
UNREACHABLE = "The telephone system cannot be reached."
INSIDE = (
    "This server is inside a private network, to which no lines are made unless it is allowed. "
    "Set MADOGUCHI_ALLOW_PRIVATE=yes and restart, if it is your own."
)
UNTRUSTED = "The certificate of the telephone system cannot be trusted."
REFUSED = "The telephone system does not accept the user and the secret."
NO_ASTERISK = "What answers there is no manager interface of Asterisk."
SILENT = "The telephone system does not answer any more."
HUNG_UP = "The telephone system hung up."


@dataclass(frozen=True)
class Server:
    """Where it is, and as whom. `verify` is taken away for a certificate that nobody knows."""

    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    tls: bool = False
    verify: bool = True
    allow_private: bool = False

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port}"


@contextmanager
def signed_in(server: Server, events: str) -> Iterator["Line"]:
    """A line on which `events` ("call,cdr,agent", "off") are told. Raises `ChannelError`, also for what goes wrong on
    it later."""
    sock = _dial(server)
    try:
        line = Line(sock)
        line.sign_in(server.user, server.secret, events)
        yield line
    except OSError as error:
        raise ChannelError(HUNG_UP, detail=f"{server.where}: {type(error).__name__}") from error
    finally:
        sock.close()


def _dial(server: Server) -> socket.socket:
    try:
        line = guard.connect(server.host, server.port, CONNECT, allow_private=server.allow_private)
    except guard.Forbidden as error:
        raise ChannelError(INSIDE, detail=server.where, permanent=True) from error
    except OSError as error:
        raise ChannelError(UNREACHABLE, detail=f"{server.where}: {type(error).__name__}") from error
    if not server.tls:
        return line
    try:
        return tls_context(server.verify, "").wrap_socket(line, server_hostname=server.host)
    except (OSError, ssl.SSLError) as error:
        line.close()
        wrong = isinstance(error, ssl.SSLCertVerificationError)
        raise ChannelError(
            UNTRUSTED if wrong else UNREACHABLE, detail=server.where, permanent=wrong
        ) from error


class Line:
    """An open line; a thing at a time is said on it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = bytearray()
        self._waiting: list[Packet] = []  # events that came before the answer to something

    def sign_in(self, user: str, secret: str, events: str) -> None:
        self._banner()
        challenge = self.ask("Challenge", AuthType="MD5")
        word = challenge.get("challenge", "")
        if challenge.get("response") != "Success" or not word:
            raise ChannelError(REFUSED, detail=_said(challenge), permanent=True)
        key = hashlib.md5((word + secret).encode(), usedforsecurity=False).hexdigest()
        answer = self.ask("Login", AuthType="MD5", Username=user, Key=key, Events=events)
        if answer.get("response") != "Success":
            raise ChannelError(REFUSED, detail=_said(answer), permanent=True)

    def ask(self, action: str, **about: str) -> Packet:
        """The answer to an action. Events that come before it are kept for later."""
        fields = {"Action": action, **about}
        said = "".join(f"{name}: {_plain(value)}\r\n" for name, value in fields.items())
        self._sock.settimeout(ANSWER)
        self._sock.sendall(f"{said}\r\n".encode())
        until = monotonic() + ANSWER
        while (packet := self._packet(until)) is not None:
            if "response" in packet:
                return packet
            self._keep(packet)
        raise ChannelError(SILENT)

    def listed(self, action: str, end: str) -> Sequence[Packet] | None:
        """What an action lists, up to the event `end`; None where this user may not ask."""
        if self.ask(action).get("response") != "Success":
            return None
        found: list[Packet] = []
        until = monotonic() + ANSWER
        while (packet := self._next(until)) is not None:
            if packet.get("event") == end:
                return found
            found.append(packet)
        raise ChannelError(SILENT)

    def event(self, wait: float) -> Packet | None:
        """The next event, None where none comes for so many seconds."""
        until = monotonic() + wait
        while (packet := self._next(until)) is not None:
            if "event" in packet:
                return packet
        return None

    @property
    def left(self) -> int:
        """How many events are here already."""
        return len(self._waiting) + bytes(self._read).count(b"\r\n\r\n")

    def _keep(self, packet: Packet) -> None:
        if "event" in packet and len(self._waiting) < 10_000:
            self._waiting.append(packet)

    def _next(self, until: float) -> Packet | None:
        return self._waiting.pop(0) if self._waiting else self._packet(until)

    def _banner(self) -> None:
        until = monotonic() + ANSWER
        while b"\r\n" not in self._read:
            if len(self._read) > 200 or not self._more(until):
                raise ChannelError(NO_ASTERISK, permanent=True)
        first, _, rest = bytes(self._read).partition(b"\r\n")
        if b"Call Manager" not in first:
            raise ChannelError(NO_ASTERISK, permanent=True)
        self._read = bytearray(rest)

    def _packet(self, until: float) -> Packet | None:
        while b"\r\n\r\n" not in self._read:
            if len(self._read) > MAX_PACKET:
                raise ChannelError(NO_ASTERISK, detail="a packet without end")
            if not self._more(until):
                return None
        packet, _, rest = bytes(self._read).partition(b"\r\n\r\n")
        self._read = bytearray(rest)
        return _fields(packet)

    def _more(self, until: float) -> bool:
        """Read on; False where nothing comes in time. Raises `ChannelError` where the other side hung up."""
        wait = max(0.0, until - monotonic())
        held = isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()
        if not held and not select.select([self._sock], [], [], wait)[0]:
            return False
        came = self._sock.recv(16_384)
        if not came:
            raise ChannelError(HUNG_UP)
        self._read += came
        return True


def _fields(packet: bytes) -> Packet:
    """By names in small letters; of several of the same name the last one."""
    pairs = (line.partition(":") for line in packet.decode("utf-8", "replace").split("\r\n"))
    return {clean(name).strip().lower(): clean(value).strip() for name, colon, value in pairs if colon}


def _plain(value: str) -> str:
    """On one line: what else a setting holds would be further actions."""
    return value.replace("\r", " ").replace("\n", " ")


def _said(packet: Packet) -> str:
    return packet.get("message", "")[:200]
