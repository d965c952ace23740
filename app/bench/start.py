"""How long from the start command to the first page, and what the whole stack weighs when nobody is there."""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from app.bench import Result, at_most, benchmark, measured, value
from app.bench.ground import stack_options, weights
from app.bench.stack import READY_SECONDS, SECRET, Served, StackError

PAGE = "/login"


@benchmark("start", alone=True)
@click.option("--times", default=3, show_default=True, help="How often.")
@click.option("--settle", default=5.0, show_default=True, help="Seconds of rest before memory is looked at.")
@stack_options
def command(times: int, settle: float, database_url: str | None, web: int) -> Iterator[Result]:
    """From the start command to the first page served; memory of the idle stack."""
    environment = {"MADOGUCHI_SECRET_KEY": SECRET, "MADOGUCHI_WEB_WORKERS": str(web)}
    if database_url:
        environment["DATABASE_URL"] = database_url
    first, again = [], []
    memory: dict[str, float] = {}
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            first.append(_time_of(Path(folder), environment)[0])
            took, memory = _time_of(Path(folder), environment, settle)
            again.append(took)
    settings = {"web": web, "page": PAGE}
    if not database_url:
        yield _told("start.first", "first start, with an empty folder → page", first, settings)
    yield _told("start.again", "start command → page", again, settings)
    yield value(
        "start.memory",
        "whole stack, idle",
        sum(memory.values()),
        "MB",
        budgets=[at_most("value", 250)],
        settings=settings,
        memory=memory,
        note="what processes share is counted once (PSS)",
    )


def _told(name: str, what: str, seconds: list[float], settings: dict[str, Any]) -> Result:
    return measured(name, what, seconds, unit="s", budgets=[at_most("max", 3)], settings=settings)


def _time_of(
    folder: Path, environment: dict[str, str], settle: float | None = None
) -> tuple[float, dict[str, float]]:
    """Seconds to the first page; and, after `settle` seconds of rest, what each process weighs."""
    memory: dict[str, float] = {}
    with _begun(folder, environment) as served:
        took = first_page(served)
        served.wait_until_ready()
        if settle is not None:
            served.wait_until_well()
            time.sleep(settle)
            memory = weights(served)
        served.stop()
    return took, memory


@contextmanager
def _begun(folder: Path, environment: dict[str, str]) -> Iterator[Served]:
    served = Served(folder, "--no-demo", **environment)
    try:
        yield served
    finally:
        with suppress(ProcessLookupError):
            served.process.kill()  # its children go with it
        served.process.wait()


def first_page(served: Served) -> float:
    """Seconds from the command until a page has come. Raises StackError."""
    while time.monotonic() - served.began < READY_SECONDS:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=READY_SECONDS)
        try:
            connection.request("GET", PAGE)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                return time.monotonic() - served.began
        except OSError:
            time.sleep(0.005)  # the port is not open yet
        finally:
            connection.close()
    raise StackError(f"no page was served:\n{served.output}")
