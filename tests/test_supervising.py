"""Who looks after the processes has troubles of its own, and none of them ends the others."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.cli.serve import ME
from app.supervise import Program, Supervisor, line_printer, stopping_on_signals


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(lambda name, line: said.append(line), dict(os.environ))
    yield made
    made.stop()


def test_a_child_that_cannot_be_started_for_a_moment_is_tried_again(
    supervisor: Supervisor, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = supervisor.start(Program("web", ("/bin/true",)))
    launch = subprocess.Popen
    tries: list[OSError] = []

    def refused(*args: object, **options: object) -> object:
        if len(tries) < 2:
            tries.append(BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"))
            raise tries[-1]
        return launch(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", refused)
    supervisor.watch(lambda: running.restarts > 0)
    assert sum("cannot be started" in line for line in said) == 2


def test_a_child_whose_words_nobody_could_read_is_not_kept(
    supervisor: Supervisor, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = supervisor.start(Program("web", ("/bin/true",)))
    first = running.process
    assert first is not None
    first.wait()

    def refused(self: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        supervisor.watch(lambda: any("new thread" in line for line in said))
    assert running.process is first
    supervisor.watch(lambda: running.restarts > 0)
    assert running.process is not first


def test_what_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def full() -> None:
        if len(written) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(
        sys, "stdout", SimpleNamespace(write=written.append, flush=full, isatty=lambda: False)
    )
    say = line_printer(["web"])
    say("web", "one")
    say("web", "two")
    assert written == ["web | one\n", "web | two\n"]


def test_a_sign_that_the_terminal_lacks_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under LANG=ja_JP.eucJP."""
    seen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(seen, encoding="euc_jp"))
    say = line_printer(["web"])
    say("web", "返品 🙏")
    assert seen.getvalue().decode("euc_jp") == "web | 返品 ?\n"


@pytest.mark.parametrize("ignored", [True, False])
def test_the_end_of_the_terminal_stops_it_unless_it_was_started_with_nohup(
    supervisor: Supervisor, ignored: bool
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with stopping_on_signals(supervisor):
            os.kill(os.getpid(), signal.SIGHUP)
            assert supervisor.stopping.is_set() != ignored
        assert signal.getsignal(signal.SIGHUP) is (signal.SIG_IGN if ignored else signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_child_is_this_program_whatever_lies_in_the_folder_it_is_started_in(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit('somebody else')")
    ran = subprocess.run([*ME, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
