"""The product itself, started as a person would: `madoguchi serve`, on a free port, in its own folder.

Benchmarks and fault tests both stand on this: a running installation, its processes by name, its rows.
"""

from __future__ import annotations

import os
import random
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
from sqlalchemy.orm import Session

from app import db as database

READY_SECONDS = 120
BANNER = "Ctrl-C stops everything"
PROGRAMS = ("redis", "web", "worker", "poll")
SECRET = "the secret of a benchmark's installation, of no other"


class StackError(AssertionError):
    """The installation is not as it must be; the text says what was waited for, and what it said."""


def free_port() -> int:
    """A port nobody listens on at the moment; below those that systems lend to whoever opens a line, so that none is
    lent before it is listened on."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without any setting of ours."""
    ours = ("MADOGUCHI_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | extra


def until(holds: Callable[[], object], what: str, seconds: float = 60, every: float = 0.02) -> None:
    """Wait until `holds()` is true, asked `every` so many seconds. Raises StackError naming `what`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise StackError(f"not within {seconds} s: {what}")
        time.sleep(every)


class Served:
    """A running installation: its address, its lines, and its processes by name."""

    PROGRAM: tuple[str, ...] = (
        "-m",
        "app.cli",
    )  # what `serve` is said to; its children have the word app.cli

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self.data_dir, self.environment = data_dir, environment
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [
                *(sys.executable, *self.PROGRAM, "serve"),
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
        """Everything it has said."""
        return "\n".join(self.lines)

    @property
    def database_url(self) -> str:
        """Where its rows are."""
        return self.environment.get("DATABASE_URL") or f"sqlite:///{self.data_dir / 'madoguchi.db'}"

    def wait_until_ready(self) -> None:
        """Until the banner is printed. Raises StackError with everything it said."""
        deadline = time.monotonic() + READY_SECONDS
        while BANNER not in self.output:
            if self.process.poll() is not None:
                raise StackError(f"serve has ended:\n{self.output}")
            if time.monotonic() > deadline:
                raise StackError(f"serve is not ready:\n{self.output}")
            time.sleep(0.02)

    def wait_until_well(self, seconds: float = 90) -> None:
        """Until every part, the helpers too, says that it works. Raises StackError."""
        until(self._well, "every part is ready", seconds)

    def children(self) -> list[psutil.Process]:
        """Every process that the supervisor started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def programs(self) -> dict[str, psutil.Process]:
        """The processes by name: serve, redis, web (or web.1, web.2 … in the order they started), worker, poll."""
        named: dict[str, list[psutil.Process]] = {}
        for process in self.children():
            if name := _program(process):
                named.setdefault(name, []).append(process)
        found = {"serve": psutil.Process(self.process.pid)}
        for name, processes in named.items():
            several = sorted(processes, key=lambda one: one.pid) if len(processes) > 1 else []
            found |= {f"{name}.{n}": one for n, one in enumerate(several, 1)} or {name: processes[0]}
        return found

    def webs(self) -> list[psutil.Process]:
        """The web processes."""
        return [one for name, one in self.programs().items() if name.partition(".")[0] == "web"]

    def pid_of(self, name: str) -> int | None:
        """The process of a program: redis, web (the first), worker or poll."""
        return next((one.pid for one in self.children() if _program(one) == name), None)

    def child(self, name: str) -> psutil.Process:
        """That process. Raises StackError when there is none."""
        pid = self.pid_of(name)
        if pid is None:
            raise StackError(f"there is no {name} among the children")
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
        """A page of it."""
        return httpx2.get(self.base + path, timeout=10)

    @contextmanager
    def rows(self) -> Iterator[Session]:
        """Its own database, as another process of it would use it; what is changed is committed."""
        engine = database.make_engine(self.database_url)
        with Session(engine.execution_options(writes=True), expire_on_commit=False) as db, db.begin():
            yield db
        engine.dispose()

    @property
    def settings(self) -> dict[str, str]:
        """The environment in which a process is one of this installation."""
        return clean_environment(MADOGUCHI_DATA_DIR=str(self.data_dir), **self.environment)

    def run(self, *command: str, redis: str = "") -> str:
        """What `python -m COMMAND` says with this installation's settings. Raises StackError when it fails."""
        ran = subprocess.run(
            [sys.executable, "-m", *command],
            env=self.settings | ({"REDIS_URL": redis} if redis else {}),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise StackError(ran.stdout + ran.stderr)
        return ran.stdout

    def verify(self) -> str:
        """What `madoguchi verify` says. Raises StackError unless everything adds up."""
        return self.run("app.cli", "verify", redis="redis://127.0.0.1:1/0")  # it needs none

    def _well(self) -> bool:
        try:
            return bool(self.get("/readyz").json()["state"] == "ok")
        except (httpx2.HTTPError, OSError, ValueError):
            return False

    def _read(self) -> None:
        if self.process.stdout is None:
            raise StackError("serve was started without a pipe")
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip("\n"))


def _program(process: psutil.Process) -> str:
    """Which program of ours it is, or ""."""
    with suppress(psutil.Error):
        words = process.cmdline()
        if words and "redis-server" in words[0]:
            return "redis"
        return next((name for name in PROGRAMS if name in words and "app.cli" in words), "")
    return ""


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


@contextmanager
def installed(data_dir: Path, **environment: str) -> Iterator[Served]:
    """`madoguchi serve` without the demo, ready; it may call private addresses, as test servers have."""
    given = {"MADOGUCHI_SECRET_KEY": SECRET, "MADOGUCHI_ALLOW_PRIVATE": "true", **environment}
    with serving(data_dir, "--no-demo", **given) as served:
        yield served
