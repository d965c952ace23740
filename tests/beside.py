"""Another transaction that comes in the middle of one, for tests of what the database must serialise."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import pytest

Told = TypeVar("Told")


def beside(another: Callable[[], Told]) -> Future[Told]:
    """Begin `another` now, in a thread, and go on when it is done or waits for us: on SQLite it waits for our turn to
    end, on PostgreSQL for a row we have locked."""
    pool = ThreadPoolExecutor(1)
    done = pool.submit(another)
    pool.shutdown(wait=False)  # the thread ends with it
    wait([done], timeout=1)
    return done


def before(
    monkeypatch: pytest.MonkeyPatch, where: object, name: str, another: Callable[[], Told]
) -> list[Future[Told]]:
    """Let `another` run :func:`beside` the next call of `where.name`, just before it. In the list: what came of it."""
    real, began = getattr(where, name), list[Future[Told]]()

    def called(*told: object, **named: object) -> object:
        monkeypatch.setattr(where, name, real)
        began.append(beside(another))
        return real(*told, **named)

    monkeypatch.setattr(where, name, called)
    return began


def result(began: list[Future[Told]]) -> Told:
    """What came of the one that ran :func:`before`; what it raised is raised."""
    (one,) = began
    return one.result(timeout=30)
