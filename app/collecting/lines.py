"""The lines that this process holds: taken up, renewed, hung up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.collecting.keeping import hold, leave
from app.collecting.lease import LEASE, Line, Lost, broke, claim, is_free, mark_of, renew
from app.db import reading
from app.models import Channel, Collector
from channels import registry
from channels.base import ChannelError, Collecting

log = logging.getLogger(__name__)

ROUND = 1.0  # seconds between two looks at which lines there should be
PATIENCE = 1.5  # seconds the lines may take to end when we stop; then they are taken from them
SILENT = 300.0  # seconds after which a connector that gives no sign of life counts as stuck


@contextmanager
def running(stop: threading.Event | None = None) -> Iterator[None]:
    """Hold every line that nobody else holds, in threads, while the block runs, or until `stop` is set in it."""
    stop = stop or threading.Event()
    thread = threading.Thread(target=Lines().run, args=(stop,), name="collecting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE + ROUND)


class Lines:
    """The lines of this process. Its methods are called from one thread."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Line, threading.Thread]] = {}
        self._ended: dict[int, str] = {}  # channel → word of the line that ended last
        self._idle: dict[int, str] = {}  # channel → mark of settings that want no line

    def run(self, stop: threading.Event) -> None:
        """Take up and hang up lines until `stop` is set; then hang up all."""
        while not stop.is_set():
            try:
                self.look()
            except Exception:
                log.exception("mailboxes could not be looked after; the next round tries again")
            stop.wait(ROUND)
        self.hang_up()

    def look(self) -> int:
        """Hang up what is not wanted any more, and take up what nobody holds; returns how many are held."""
        with reading() as db:
            wanted = {channel.id: (channel, row) for channel, row in _wanted(db)}
        for channel_id, (line, thread) in list(self._held.items()):
            self._look_after(line, thread, wanted[channel_id][0] if channel_id in wanted else None)
        for channel_id, (channel, row) in wanted.items():
            if channel_id not in self._held and self._idle.get(channel_id) != mark_of(channel):
                self._take_up(channel, row)
        return len(self._held)

    def hang_up(self) -> None:
        """End every line, within `PATIENCE`. One that waits for its server for longer is let go of all the same: what
        it brings then is not stored any more, and the next holder goes on from where it was."""
        for line, _ in self._held.values():
            line.stop.set()
        until = time.monotonic() + PATIENCE
        for line, thread in self._held.values():
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                leave(line)

    def _look_after(self, line: Line, thread: threading.Thread, channel: Channel | None) -> None:
        if not thread.is_alive():
            self._forget(line)
        elif channel is None or mark_of(channel) != line.mark:
            line.stop.set()
        elif time.monotonic() - line.heard > SILENT:
            self._forget(line)
            with suppress(Lost):
                broke(line, ChannelError("The server has not answered for a while."))
        elif time.monotonic() - line.renewed > LEASE.total_seconds() / 2:  # a mail may take long to come
            with suppress(Lost):  # its thread will find that out
                renew(line)

    def _forget(self, line: Line) -> None:
        line.stop.set()
        self._ended[line.channel_id] = line.word
        del self._held[line.channel_id]

    def _take_up(self, channel: Channel, row: Collector | None) -> None:
        if not is_free(row, channel.health, self._ended.get(channel.id)):
            return
        if (line := claim(channel.id, row)) is not None:
            name = f"collecting {channel.id}"
            thread = threading.Thread(target=self._hold, args=(line,), name=name, daemon=True)
            self._held[channel.id] = line, thread
            thread.start()

    def _hold(self, line: Line) -> None:
        if not hold(line):
            self._idle[line.channel_id] = line.mark


def _wanted(db: Session) -> Sequence[Any]:
    """(channel, its row or None) of each that is on and of a kind to be collected."""
    kinds = [kind for kind, made in registry.kinds().items() if issubclass(made, Collecting)]
    if not kinds:
        return []
    both = select(Channel, Collector).join(Collector, Collector.channel_id == Channel.id, isouter=True)
    return db.execute(both.where(Channel.enabled, Channel.kind.in_(kinds)).order_by(Channel.id)).all()
