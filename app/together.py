"""Doing together what comes in by ones: the first does not wait, those that come meanwhile make the next batch."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Runs `work` on what was submitted, `most` at a time, in a thread of its own while there is any.

    `work` gives one result for each item, in their order; an exception it raises is every item's of the batch.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int) -> None:
        self._work, self._most = work, most
        self._waiting: deque[tuple[T, Future[R]]] = deque()
        self._lock = threading.Lock()
        self._running = False

    def submit(self, item: T) -> Future[R]:
        """The future result of `item`."""
        future: Future[R] = Future()
        with self._lock:
            self._waiting.append((item, future))
            start, self._running = not self._running, True
        if start:
            threading.Thread(target=self._run, name="together", daemon=True).start()
        return future

    def _run(self) -> None:
        while batch := self._next():
            live = [(item, future) for item, future in batch if future.set_running_or_notify_cancel()]
            try:
                results = self._work([item for item, _ in live]) if live else []
                for (_, future), result in zip(live, results, strict=True):
                    future.set_result(result)
            except Exception as error:  # noqa: BLE001 - it is told to everybody who waits
                for _, future in live:
                    if not future.done():
                        future.set_exception(error)

    def _next(self) -> list[tuple[T, Future[R]]]:
        with self._lock:
            size = min(self._most, len(self._waiting))
            self._running = size > 0
            return [self._waiting.popleft() for _ in range(size)]
