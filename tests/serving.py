"""The product itself, started as a person would: `madoguchi serve`, on a free port, in its own folder."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psutil

READY_SECONDS = 60


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without any setting of ours."""
    ours = ("MADOGUCHI_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | extra


def until(holds: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Wait until `holds()` is true. Raises AssertionError naming `what`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class Served:
    """A running installation: its address, its lines, and its processes by name."""

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "app.cli", "serve"),
                *("--port", str(self.port), "--data-dir", str(data_dir), *arguments),
            ],
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_until_ready(self) -> None:
        """Until the banner is printed. Raises AssertionError with everything it said."""
        deadline = time.monotonic() + READY_SECONDS
        while "Ctrl-C stops everything" not in self.output:
            assert self.process.poll() is None, f"serve has ended:\n{self.output}"
            assert time.monotonic() < deadline, f"serve is not ready:\n{self.output}"
            time.sleep(0.02)

    def password_of(self, email: str) -> str:
        """What was printed once for this person."""
        found = re.search(rf"{re.escape(email)}\s+(?:Password\s+)?(\S+)", self.output)
        assert found, self.output
        return found.group(1)

    def children(self) -> list[psutil.Process]:
        """Every process that the supervisor started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def pid_of(self, name: str) -> int | None:
        """The process of a program: redis, web, worker or poll."""
        for process in self.children():
            with suppress(psutil.Error):
                words = process.cmdline()
                if name in words or (name == "redis" and words and "redis-server" in words[0]):
                    return process.pid
        return None

    def child(self, name: str) -> psutil.Process:
        """That process; there must be one."""
        pid = self.pid_of(name)
        assert pid is not None, f"there is no {name} among the children"
        return psutil.Process(pid)

    def kill(self, name: str) -> None:
        """kill -9 one of the children."""
        self.child(name).kill()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ctrl-C, or another signal; gives the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join(5)
        return code

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(self.base + path, timeout=10)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip("\n"))


@contextmanager
def serving(data_dir: Path, *arguments: str, **environment: str) -> Iterator[Served]:
    """`madoguchi serve`, ready; whatever is left of it is killed in the end."""
    served = Served(data_dir, *arguments, **environment)
    try:
        served.wait_until_ready()
        yield served
    finally:
        left = served.children() if served.process.poll() is None else []
        with suppress(ProcessLookupError):
            served.process.kill()
        served.process.wait()
        for process in left:
            with suppress(psutil.Error):
                process.kill()
