"""Who sends: one thread of the worker process, which hears the bell, makes the rows that are due and has a few
threads make the calls. An endpoint that is slow or fails holds up nobody else's deliveries."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from sqlalchemy import or_, select

from app.db import now, reading
from app.models import Webhook
from app.realtime import Ear
from app.webhooks import calling, leftovers, sending
from app.webhooks.fanout import fan_out

log = logging.getLogger(__name__)

THREADS = 16  # calls at once; they are started when they are needed
SHARE = 4  # of which one subscription has so many, and one that is failing a single one
LOOK_EVERY = 1.0  # seconds between looks without a ring: for what is due again, and for rings that were lost
IDLE = 2.0  # the same while nobody subscribes
BREATH = 0.05  # seconds between two rounds: a hundred rings a second are twenty rounds
LAST_WORDS = 8.0  # seconds for the calls under way when we are told to stop


class Pump:
    """The state of the thread: which lines of which subscriptions are being sent just now."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(THREADS, "webhook")
        self.busy: dict[tuple[int, int], Future[int]] = {}
        self.ear = Ear()

    def run(self, stop: threading.Event) -> None:
        """Go round until `stop` is set. A round that fails is logged and tried again."""
        swept = False
        while not stop.wait(BREATH):
            try:
                swept = swept or leftovers.sweep_own() >= 0
                self._pause(self.round(), stop)
            except Exception:  # a database that is away for a moment
                log.exception("Webhooks could not be looked after; trying again.")
                stop.wait(IDLE)
        self.pool.shutdown(wait=False, cancel_futures=True)
        wait(self.busy.values(), LAST_WORDS)
        self.ear.close()
        calling.close()

    def round(self) -> str:
        """Make rows, start what is due. Returns what to wait for: a "subscription", a "ring", a "call" to be over,
        or nothing ("")."""
        self.busy = {key: future for key, future in self.busy.items() if not future.done()}
        hooks = _callable()
        if not hooks:
            return "subscription"
        made = fan_out()
        left = False
        for hook_id, failing in hooks:
            left = self._start(hook_id, 1 if failing else SHARE) or left
        return "call" if left and self.busy else "" if made or left else "ring"

    def _start(self, hook_id: int, share: int) -> bool:
        """Have the due lines of a subscription sent; True if some have to wait for others of it."""
        lines = [line for hook, line in self.busy if hook == hook_id]
        free = min(share - len(lines), THREADS - len(self.busy))
        if free <= 0:
            return True  # for all we know: looking costs more than waiting for a call to be over
        due = sending.ready_lines(hook_id, lines, free + 1)
        for line in due[:free]:
            self.busy[hook_id, line] = self.pool.submit(_guarded, hook_id, line)
        return len(due) > free

    def _pause(self, until: str, stop: threading.Event) -> None:
        if until == "subscription":
            stop.wait(IDLE)
        elif until == "ring":
            self.ear.wait(LOOK_EVERY)
        elif until == "call":
            wait(self.busy.values(), LOOK_EVERY / 5, FIRST_COMPLETED)


@contextmanager
def pumping() -> Iterator[None]:
    """Deliveries are sent while the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=Pump().run, args=(stop,), name="webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(LAST_WORDS + 1)


def _callable() -> list[tuple[int, bool]]:
    """The subscriptions that may be called now, and whether they are failing."""
    rested = or_(Webhook.resume_at.is_(None), Webhook.resume_at <= now())
    with reading() as db:
        wanted = select(Webhook.id, Webhook.failing_since).where(Webhook.enabled, rested)
        return [(row.id, row.failing_since is not None) for row in db.execute(wanted)]


def _guarded(hook_id: int, line: int) -> int:
    try:
        return sending.send_line(hook_id, line)
    except Exception:
        log.exception("A delivery of webhook %s was not brought to its end; it will be sent again.", hook_id)
        time.sleep(1)  # the database is away, or something is wrong with us: no hurry
        return 0
