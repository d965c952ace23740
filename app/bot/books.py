"""The books a process keeps: what the bot answers from, made anew where something else holds.

Much knowledge takes longer to learn than an edit may take to be live. So a quick book answers at once, and the exact
one follows as soon as it is learned. Each of them is the same in every process; only for those seconds one process may
answer from the one, another from the other.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable

import bots

log = logging.getLogger(__name__)

AGAIN = (10.0, 60.0, 600.0)  # seconds until an exact book that could not be made is tried again

Making = Callable[[bool], bots.Book]
"""Makes a book, a quick one where that is asked for; without the database, since it may be done later."""


class Kept:
    """A book and what it was built of; whoever needs another one meanwhile waits."""

    def __init__(self, *, follows: bool) -> None:
        """`follows`: the exact book is made without being asked for."""
        self._follows = follows
        self._of: object = None
        self._book: bots.Book | None = None
        self._make: Making | None = None
        self._building, self._learning = threading.Lock(), threading.Lock()

    def book(self, of: object, prepare: Callable[[], Making], *, exact: bool = False) -> bots.Book:
        """The book of this state of things, made if it is another one than before; the `exact` one, or the one that is
        ready first."""
        with self._building:
            if self._book is None or self._of != of:
                make = prepare()
                self._book, self._make, self._of = make(not exact), make, of
                if self._follows and self._book.is_quick:
                    threading.Thread(target=self._follow, args=(of,), daemon=True).start()
            book, ready = self._book, self._make
            if not book.is_quick:
                self._make = None  # what it holds is large
        if not (exact and book.is_quick and ready):
            return book
        return self._learn(of) or ready(False)

    @property
    def latest(self) -> bots.Book | None:
        """The book made last, whatever holds now."""
        return self._book

    def forget(self) -> None:
        """Make it anew at its next use."""
        self._of, self._book, self._make = None, None, None

    def _follow(self, of: object) -> None:
        """Make it, and where that fails (there was no memory for it), try again until it is made or something else
        holds."""
        for wait in itertools.chain(AGAIN, itertools.repeat(AGAIN[-1])):
            try:
                self._learn(of)
            except Exception:
                log.exception(
                    "The exact book could not be made; the quick one answers until it is, in %s s.", wait
                )
                time.sleep(wait)
            else:
                return

    def _learn(self, of: object) -> bots.Book | None:
        """The exact book in place of the quick one; None where something else holds meanwhile. One at a time: who edits
        fast leaves most of them behind."""
        with self._learning:
            book, make = self._book, self._make
            if book is None or self._of != of:
                return None
            if make and book.is_quick:
                book = make(False)
                with self._building:
                    if self._of == of:
                        self._book, self._make = book, None
            return book
