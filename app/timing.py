"""Calling something in a few seconds. One thread of this process waits for all of it; what dies with the process is the
clock's to find, so a row must say that it is due."""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from functools import cache

log = logging.getLogger(__name__)


class Alarm:
    """Calls at its time what it was given, one after the other."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[..., object], tuple[object, ...]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def set(self, seconds: float, call: Callable[..., object], *args: object) -> None:
        """Have ``call(*args)`` called then."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), call, args))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="alarm", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            call, args = self._next()
            try:
                call(*args)
            except Exception:
                log.exception("%s was not brought to its end; the clock makes up for it", call)

    def _next(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        with self._changed:
            while True:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    _, _, call, args = heapq.heappop(self._due)
                    return call, args
                self._changed.wait(wait)


@cache
def _alarm(_process: int) -> Alarm:
    return Alarm()


def call_in(seconds: float, call: Callable[..., object], *args: object) -> None:
    """Have ``call(*args)`` called in so many seconds by a thread of this process."""
    _alarm(os.getpid()).set(seconds, call, *args)
