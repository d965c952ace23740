"""What a benchmark of the whole stack stands on: an installation for its time, and what its processes use."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import click
import psutil

from app.bench.stack import Served, StackError, installed

MEGA = 1_000_000
LINES = 40  # of what an installation said that are shown when a benchmark fails
Command = TypeVar("Command", bound=Callable[..., Any])


def stack_options(command: Command) -> Command:
    """`--database-url` and `--web`, for benchmarks that start the whole stack."""
    command = click.option("--web", default=1, show_default=True, help="Web processes.")(command)
    return click.option("--database-url", help="A database to use [a new SQLite]. What is sent stays in it.")(
        command
    )


@contextmanager
def ground(database_url: str | None = None, web: int = 1, **environment: str) -> Iterator[Served]:
    """An installation in a folder that is removed afterwards, every part ready."""
    given = {"MADOGUCHI_WEB_WORKERS": str(web), "MADOGUCHI_LOG_LEVEL": "warning", **environment}
    if database_url:
        given["DATABASE_URL"] = database_url
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, installed(Path(folder), **given) as served:
        try:
            served.wait_until_well()
            yield served
        except StackError as error:
            said = "\n".join(served.lines[-LINES:])
            raise StackError(f"{error}\nThe installation's last lines:\n{said}") from error


class Usage:
    """Processor time of each program while the context is open, and what they weigh at its end."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.seconds: dict[str, float] = {}
        self.memory: dict[str, float] = {}
        self.took = 0.0

    def __enter__(self) -> Self:
        self._programs = self.served.programs()
        self._before = {name: _spent(one) for name, one in self._programs.items()}
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.took = time.monotonic() - self._began
        for name, one in self._programs.items():
            self.seconds[name] = max(0.0, _spent(one) - self._before[name])
        self.memory = weights(self.served)

    def milliseconds(self, program: str) -> float:
        """Processor time of a program's processes together ("web": of web.1 and web.2)."""
        return 1000 * sum(spent for name, spent in self.seconds.items() if name.partition(".")[0] == program)

    @property
    def percent(self) -> dict[str, float]:
        """How busy each process was, of one core."""
        return {name: round(100 * spent / self.took, 1) for name, spent in self.seconds.items()}


def weights(served: Served) -> dict[str, float]:
    """Resident memory of each program in MB, what is shared counted in its share (PSS) where the system tells."""
    return {name: weight(one) / MEGA for name, one in served.programs().items()}


def weight(process: psutil.Process) -> float:
    """Bytes: the proportional set size, else the resident one; 0 for a process that has gone."""
    try:
        told = process.memory_full_info()
        return float(getattr(told, "pss", told.rss))
    except psutil.AccessDenied:
        return float(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0.0


def _spent(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
