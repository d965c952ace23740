"""What breaks things: the faults of a schedule, one after the other, each after so much work was done."""

from __future__ import annotations

import math
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import psutil

from app import jobs
from app.bench.faults.proxy import Proxy
from app.bench.faults.schedule import Fault
from app.bench.faults.stage import Stage

STALL = 60.0  # seconds without one acknowledgement after which the work counts as stopped
FILLED_AT_MOST = 10.0  # seconds the disk stays full until a write has found it so
FULL = ("database or disk is full", "No space left", "disk I/O error", "File too large")
REFUSED = (
    "database is locked",
    "not currently accepting connections",
    "terminating connection",
    "server closed the connection",
    "the connection is closed",
)

Say = Callable[[str], None]


class Work(Protocol):
    """What goes on meanwhile."""

    @property
    def acknowledged(self) -> int:
        """How much of it is done."""
        ...


class Stalled(Exception):
    """No work is done any more; the text says since which fault."""


class Driver:
    """Does the faults; `done` counts them. `proxy`: the line that can be cut, if there is one. `most`: so much work is
    waited for at most, where there is an end of it."""

    def __init__(
        self, stage: Stage, proxy: Proxy | None, work: Work, say: Say, most: float = math.inf
    ) -> None:
        self.stage, self.proxy, self.work, self.say, self.most = stage, proxy, work, say, most
        self.done: Counter[str] = Counter()
        self._lasting: list[threading.Thread] = []
        self._frozen: set[int] = set()

    def run(self, faults: Sequence[Fault]) -> None:
        """Every fault in its turn. Raises :class:`Stalled`."""
        last = "the start"
        for number, fault in enumerate(faults, 1):
            self._await_work(fault.gap, last)
            time.sleep(fault.delay)
            last = f"{fault.kind} (fault {number})"
            self.say(f"{number}/{len(faults)} {fault.kind}, {self.work.acknowledged} acknowledged")
            self._do(fault)
        self._await_work(10, last)

    def heal(self) -> None:
        """Everything is well again."""
        for thread in self._lasting:
            thread.join(30)
        for pid in list(self._frozen):
            self._thaw(pid)
        self.stage.disk.empty()
        self.stage.clock.seconds = 0.0
        if self.proxy is not None:
            self.proxy.calm = True

    def evidence(self) -> Counter[str]:
        """What the product's own lines say of writes that failed and of a database that was away."""
        lines = [*self.stage.lines]
        return Counter(
            {
                "writes that found the disk full": self._found_full(),
                "database refusals": sum(any(one in line for one in REFUSED) for line in lines),
            }
        )

    def _found_full(self) -> int:
        return sum(any(one in line for one in FULL) for line in [*self.stage.lines])

    def _await_work(self, more: int, since: str) -> None:
        moved, before = time.monotonic(), self.work.acknowledged
        wanted = min(before + more, self.most)
        while (now := self.work.acknowledged) < wanted:
            if now != before:
                before, moved = now, time.monotonic()
            if time.monotonic() - moved > STALL:
                raise Stalled(f"no work was done for {STALL:.0f} s after {since}")
            time.sleep(0.02)

    def _do(self, fault: Fault) -> None:
        verb, _, name = fault.kind.partition(" ")
        how: dict[str, Callable[[], bool]] = {
            "kill": lambda: self._kill(name, fault.which),
            "freeze": lambda: self._freeze(name, fault),
            "wipe": self._wipe,
            "cut": lambda: self.proxy is not None and self.proxy.cut_all() >= 0,
            "fill": lambda: self._lasts(self._fill, fault),
            "refuse": lambda: self._lasts(self._refuse, fault),
            "clock": lambda: self._jump(fault.jump),
        }
        self.done[fault.kind] += how[verb]()

    def _kill(self, name: str, which: int) -> bool:
        if name == "everything":
            return self._kill_all()
        process = self._wait_for(name, which)
        if process is None:
            return False
        with suppress(psutil.Error):
            process.kill()
            return True
        return False

    def _kill_all(self) -> bool:
        """As when the power fails, but for the supervisor, who starts them again."""
        found = [one for name, one in self.stage.programs().items() if name != "serve"]
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        return bool(found)

    def _freeze(self, name: str, fault: Fault) -> bool:
        process = self._wait_for(name, fault.which)
        if process is None:
            return False
        with suppress(psutil.Error):
            process.send_signal(signal.SIGSTOP)
            self._frozen.add(process.pid)

            def thaw() -> None:
                time.sleep(fault.seconds)
                self._thaw(process.pid)

            self._lasting.append(_started(thaw))
            return True
        return False

    def _thaw(self, pid: int) -> None:
        self._frozen.discard(pid)
        with suppress(psutil.Error):
            psutil.Process(pid).send_signal(signal.SIGCONT)

    def _wipe(self) -> bool:
        """Everything Redis holds is gone, its dump too, if there were one."""
        for dump in self.stage.data_dir.glob("*.rdb"):
            dump.unlink()
        with suppress(jobs.Away):
            return bool(jobs.connection().flushall())
        return False

    def _fill(self, fault: Fault) -> None:
        """The last byte of the disk is taken; where it could not be mounted, no file may grow or be written."""
        if self.stage.disk.mounted:
            began, before = time.monotonic(), self._found_full()
            while (past := time.monotonic() - began) < fault.seconds or (
                past < FILLED_AT_MOST and self._found_full() == before
            ):  # again and again: what is given free is taken too
                self.stage.database.shrink()
                self.stage.disk.fill()
                time.sleep(0.1)
            self.stage.disk.empty()
            return
        until = time.monotonic() + fault.seconds
        while time.monotonic() < until:  # again and again: processes come back after a kill
            self.stage.limit_files(0)
            time.sleep(0.1)
        self.stage.limit_files(resource.RLIM_INFINITY)

    def _refuse(self, fault: Fault) -> None:
        self.stage.database.refuse(fault.seconds)

    def _jump(self, seconds: float) -> bool:
        self.stage.clock.seconds = seconds
        return True

    def _lasts(self, what: Callable[[Fault], None], fault: Fault) -> bool:
        """It goes on while the next faults come."""
        self._lasting.append(_started(lambda: what(fault)))
        return True

    def _wait_for(self, name: str, which: int) -> psutil.Process | None:
        """A process of that name; one killed a moment ago is on its way back."""
        until = time.monotonic() + 15
        while time.monotonic() < until:
            if found := self.stage.program(name, which):
                return found
            time.sleep(0.02)
        return None


def _started(run: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
