"""Whatever comes to a door: no failure of ours, nothing of our inside shown, no standstill, and memory stays bounded.

Inputs are made by a seeded random. A failing one is printed, and made again, alone, by its number:
MADOGUCHI_TEST_HOSTILE_SEED=… MADOGUCHI_TEST_HOSTILE_ONLY=n. The long run: MADOGUCHI_TEST_HOSTILE_INPUTS=100000.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import psutil
import pytest

from app import rates, verify
from app.db import reading
from app.rates import Spent
from tests import engines
from tests.attack.scene import TRACES, build
from tests.hostile.asgi import Caller, Reply
from tests.hostile.doors import DOORS, Stage, renew, stage

INPUTS = int(os.environ.get("MADOGUCHI_TEST_HOSTILE_INPUTS", "2000" if engines.WHICH == "sqlite" else "420"))
SEED = os.environ.get("MADOGUCHI_TEST_HOSTILE_SEED", "1")
ONLY = os.environ.get("MADOGUCHI_TEST_HOSTILE_ONLY")
STANDSTILL = 60  # seconds for one input: what takes longer hangs
GROWTH = 200 * 1024 * 1024  # bytes the process may grow by, however many inputs come
RENEWED = 60  # inputs after which the attacker takes fresh keys


class Hangs(BaseException):
    """An input took longer than any may."""


class Failures(logging.Handler):
    """Every failure of ours that was logged rather than answered."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(logging.Formatter().format(record)[-3000:])


@pytest.fixture
def failures() -> Iterator[Failures]:
    handler = Failures()
    logging.getLogger("app").addHandler(handler)
    yield handler
    logging.getLogger("app").removeHandler(handler)


@pytest.fixture
def attacked(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """No throttle turns an input away before it has reached anything; those have tests of their own."""
    monkeypatch.setattr(rates, "hit", lambda *_: 0.0)
    monkeypatch.setattr(rates, "spend", lambda *_: Spent(1000, 0.0, 0.0))
    with Caller() as caller:
        yield stage(build(), caller)


# Starlette forgets the file of a part that the body ends in the middle of; it goes with the parser.
@pytest.mark.filterwarnings("ignore:Unclosed file <tempfile:ResourceWarning")
@pytest.mark.parametrize("door", DOORS)
def test_no_input_breaks_a_door(door: str, attacked: Stage, failures: Failures) -> None:
    count = INPUTS // len(DOORS)
    numbers = range(count) if ONLY is None else [int(ONLY)]
    grown_from = 0
    for n in numbers:
        if n % RENEWED == 0 or ONLY is not None:
            renew(attacked)
        attack(door, n, attacked, failures)
        if n == count // 5:  # by then everything that is made once is made
            grown_from = resident()
    if ONLY is None:
        growth = resident() - grown_from
        sys.stdout.write(f"{door}: {count} inputs, {growth / 2**20:.0f} MB more than after the first fifth\n")
        assert growth < GROWTH, f"{count} inputs left {growth / 2**20:.0f} MB behind"
    the_books_are_right()
    gc.collect()  # now, not in the next test


def attack(door: str, n: int, at: Stage, failures: Failures) -> None:
    """One input. Raises AssertionError, which names it."""
    try:
        with watched():
            reply = DOORS[door](at, random.Random(f"{SEED}/{door}/{n}"))
        harmless(door, reply)
        assert not failures.found, failures.found[0]
    except (Exception, Hangs) as error:
        what = f"seed {SEED}, door {door}, input {n}: {at.caller.last!r:.3000}"
        raise AssertionError(f"{what}\n{type(error).__name__}: {error}") from error


def harmless(door: str, reply: Reply) -> None:
    if door == "socket":
        assert reply.status not in (1002, 1011), f"the socket was closed with {reply.status}"
    else:
        assert reply.status < 500, (reply.status, reply.text[:2000])
    kind = reply.header("content-type")
    if "text" in kind or "json" in kind or door == "socket":
        shown = [trace for trace in TRACES if trace in reply.text]
        assert not shown, shown


@contextmanager
def watched() -> Iterator[None]:
    """Raises :class:`Hangs` inside when it takes too long."""

    def ring(number: int, frame: FrameType | None) -> Any:
        raise Hangs(f"nothing came back within {STANDSTILL} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, STANDSTILL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def resident() -> int:
    """Bytes of memory this process holds."""
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def the_books_are_right() -> None:
    """But for what waits to be sent: no worker is here."""
    with reading() as db:
        report = verify.report(db)
    wrong = [check for check in report.checks if not check.ok and "stuck" not in check.name]
    assert not wrong, "\n".join(map(str, wrong))
