"""The phones of the demo: a sandbox of `serve`'s own, on this machine only, started when somebody first calls it."""

from __future__ import annotations

import select
import socket
import sys
from dataclasses import dataclass

from app import listener
from app.config import LOOPBACK, ConfigError, Settings
from app.played import CONNECTED
from app.supervise import Program

PORT = 8100  # if it is free
KEEP = 2_000  # entries of its record


@dataclass(frozen=True)
class Phones:
    """The socket the sandbox will listen on, bound before anything is started, so that all know its address."""

    listening: socket.socket

    @property
    def address(self) -> str:
        """Where it is reached."""
        return f"http://{LOOPBACK[0]}:{self._port}"

    @property
    def pages(self) -> dict[str, str]:
        """Somebody's phone on each platform that the demo is connected to, by its name for people."""
        return {label: f"{self.address}/phone/{name}" for name, label in CONNECTED.items()}

    def called(self) -> bool:
        """Whether somebody waits for an answer. Nothing runs before: a demo that nobody looks at costs no memory."""
        return bool(select.select([self.listening], [], [], 0)[0])

    def program(self, settings: Settings) -> Program:
        """The sandbox, with the secrets of the demo's channel; it tells this installation."""
        here = f"[{settings.host}]" if ":" in settings.host else settings.host
        where = ("--fd", str(self.listening.fileno()), "--port", str(self._port))
        told = ("--own", "--webhook", f"http://{here}:{settings.port}", "--keep", str(KEEP))
        command = (sys.executable, "-P", "-m", "app.cli", "sandbox", *where, *told)
        return Program("sandbox", command, (self.listening.fileno(),))

    @property
    def _port(self) -> int:
        return int(self.listening.getsockname()[1])


def reserve(settings: Settings) -> Phones | None:
    """A place for the phones; None where others could reach the demo, or somebody runs a sandbox of their own."""
    if settings.sandbox or not settings.only_here:
        return None
    try:
        return Phones(listener.bind(LOOPBACK[0], PORT))
    except ConfigError:  # another program is there, perhaps a second installation
        return Phones(listener.bind(LOOPBACK[0], 0))
