"""Children and who looks after them: started, watched, restarted, and stopped together."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

CHILD = Path(__file__).with_name("child.py")
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
STEADY = 30.0  # seconds a child must live for its failures to be forgotten
GRACE = 25.0  # seconds a child may take to stop: a worker waits for the provider it is telling

Say = Callable[[str, str], None]


@dataclass(frozen=True)
class Program:
    """One child: the name shown before its lines, its command, and the descriptors it inherits.

    `served`: the others use it while they finish, so it is stopped after them.
    """

    name: str
    command: tuple[str, ...]
    fds: tuple[int, ...] = ()
    served: bool = False


@dataclass
class Running:
    """A program's current process, and how it has been doing."""

    program: Program
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float = 0.0
    restarts: int = 0


@dataclass
class Supervisor:
    """Keeps programs running until told to stop. Every method is for the main thread (see app.child)."""

    say: Say
    environment: dict[str, str]
    children: list[Running] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self, program: Program) -> Running:
        """Start a program now and look after it from now on."""
        running = Running(program)
        self.children.append(running)
        self._launch(running)
        return running

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Restart what died, until told to stop or `until()` holds."""
        while not self.stopping.wait(0.05) and not until():
            for running in self.children:
                self._mend(running)

    def stop(self) -> None:
        """Stop every child; what does not stop in time is killed."""
        for served in (False, True):
            alive = [c.process for c in self.children if c.process and c.program.served is served]
            for process in alive:
                process.terminate()
            end = time.monotonic() + GRACE
            for process in alive:
                _await_end(process, end)

    def _launch(self, running: Running) -> None:
        process = subprocess.Popen(
            [sys.executable, "-S", "-E", str(CHILD), str(os.getpid()), *running.program.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self.environment,
            pass_fds=running.program.fds,
            # Its own group: Ctrl-C in the terminal reaches us alone, and we stop the children in order.
            start_new_session=True,
        )
        try:
            threading.Thread(target=self._copy, args=(running.program.name, process), daemon=True).start()
        except (
            RuntimeError
        ):  # no thread to be had: nobody would read what it says, and it would wait for that
            process.kill()
            process.communicate()
            raise
        running.process, running.started, running.due = process, time.monotonic(), 0.0

    def _copy(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.say(name, line.rstrip("\n"))

    def _mend(self, running: Running) -> None:
        assert running.process is not None
        if (code := running.process.poll()) is None:
            return
        moment = time.monotonic()
        if not running.due:
            if moment - running.started > STEADY:
                running.pause = FIRST_PAUSE
            self._put_off(running, _how_it_ended(code))
        elif moment >= running.due:
            try:
                self._launch(running)
            except (OSError, RuntimeError) as error:  # no memory, no process to be had: the others go on
                self._put_off(running, f"cannot be started ({error})")
            else:
                running.restarts += 1

    def _put_off(self, running: Running, why: str) -> None:
        running.due = time.monotonic() + running.pause
        self.say(running.program.name, f"{why}; starting it again in {running.pause:.1f} s")
        running.pause = min(running.pause * 2, LONGEST_PAUSE)


def _await_end(process: subprocess.Popen[str], end: float) -> None:
    try:
        process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    return f"was stopped by {signal.Signals(-code).name}"


@contextmanager
def stopping_on_signals(supervisor: Supervisor) -> Iterator[None]:
    """SIGINT (Ctrl-C), SIGTERM and SIGHUP ask the supervisor to stop, instead of ending this process. A SIGHUP that is
    ignored stays so: `nohup` asks for that."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        supervisor.stopping.set()

    hangup = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)  # of `nohup`
    numbers = (signal.SIGINT, signal.SIGTERM, *hangup)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def line_printer(names: Sequence[str]) -> Say:
    """Writes `name | line`, names padded to one width, coloured on a terminal. What cannot be written (a full disk, a
    `| tee` that ended) is let go: it must stop nobody."""
    width = max(map(len, names))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a sign that the terminal's encoding lacks ends no line
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    lock = threading.Lock()

    def say(name: str, line: str) -> None:
        colour = 31 + (names.index(name) if name in names else 0) % 6
        label = f"{name:<{width}} |"
        with lock, suppress(OSError):
            sys.stdout.write(f"\x1b[{colour}m{label}\x1b[0m {line}\n" if colours else f"{label} {line}\n")
            sys.stdout.flush()

    return say
