"""A process that dies at its n-th step: a statement of the database, a commit, a call over the network.

Steps are found by being there: whoever writes one more statement has it covered without naming it.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NoReturn

import httpx2
import pytest
import redis.connection
from sqlalchemy import event

import app.db
from channels import guard

HANGS = 60  # seconds after which a child counts as hanging: a detector, no measure of speed
KILLED, FINISHED, BROKE = 9, 0, 3
Tell = Callable[[str, str], None]
Doing = Callable[[Tell], None]


@dataclass
class End:
    """How a process ended: what it had told its clients until then, and the step it died before (or after)."""

    code: int
    step: str = ""
    told: dict[str, str] = field(default_factory=dict)

    @property
    def died(self) -> bool:
        return self.code == KILLED


class Watched(Enum):
    """Which statements are steps; commits and calls always are."""

    ALL = "before and after each"
    BEFORE = "before each: after one is before the next, or before the commit"
    CHANGES = "before each that changes something: before a SELECT all is as it is after it"


def run(journey: Doing, at: int | None, watched: Watched = Watched.BEFORE) -> End:
    """Run `journey` in a process of its own that dies at its `at`-th step (None: it lives to the end)."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.name == "together":
            thread.join(HANGS)  # one that is about to end would look to the child as if it still ran
    app.db.engine().dispose()  # a connection must not be shared with the child
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _live_and_die(journey, at, theirs, watched)
    os.close(theirs)
    with os.fdopen(ours, "rb") as heard:
        end = _understand(heard.read())
    _, status = os.waitpid(child, 0)
    end.code = os.waitstatus_to_exitcode(status)
    assert end.code in (KILLED, FINISHED), f"The process ended with {end.code}:\n{end.told.get('broke', '')}"
    return end


def _understand(heard: bytes) -> End:
    end = End(FINISHED)
    for line in heard.splitlines():
        name, value = json.loads(line)
        if name == "step":
            end.step = value
        else:
            end.told[name] = value
    return end


def _live_and_die(journey: Doing, at: int | None, pipe: int, watched: Watched) -> NoReturn:
    signal.alarm(HANGS)  # not faulthandler: its lock is held for ever in a child

    def tell(name: str, value: str) -> None:
        os.write(pipe, json.dumps([name, value]).encode() + b"\n")

    try:
        with counting(tell, at, watched):
            journey(tell)
    except BaseException:  # noqa: BLE001  # told to the parent, whatever it is
        tell("broke", traceback.format_exc())
        os._exit(BROKE)
    os._exit(FINISHED)


@contextmanager
def counting(tell: Tell, at: int | None, watched: Watched) -> Iterator[None]:
    """Count every step of this process, and die at the `at`-th, as if the power had gone."""
    passed = 0

    def step(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            tell("step", name)
            os._exit(KILLED)

    with pytest.MonkeyPatch.context() as patch:
        _watch_the_database(patch, step, watched)
        _watch_redis(patch, step)
        _watch_http(patch, step)
        yield
    tell("steps", str(passed))


Step = Callable[[str], None]
_HARMLESS = ("SELECT", "SAVEPOINT", "RELEASE", "BEGIN")


def _watch_the_database(patch: pytest.MonkeyPatch, step: Step, watched: Watched) -> None:
    engine = app.db.engine()

    @event.listens_for(engine, "before_cursor_execute")
    def _before(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if watched is not Watched.CHANGES or not statement.lstrip().startswith(_HARMLESS):
            step(f"before {_short(statement)}")

    @event.listens_for(engine, "after_cursor_execute")
    def _after(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if watched is Watched.ALL:
            step(f"after {_short(statement)}")

    commit = engine.dialect.do_commit

    def committing(connection: Any) -> None:
        step("before COMMIT")
        commit(connection)
        step("after COMMIT")

    patch.setattr(engine.dialect, "do_commit", committing)


def _short(statement: str) -> str:
    return " ".join(statement.split())[:90]


def _watch_redis(patch: pytest.MonkeyPatch, step: Step) -> None:
    line = redis.connection.AbstractConnection
    send: Any = line.send_packed_command
    read: Any = line.read_response

    def sending(self: Any, command: Any, *args: Any, **more: Any) -> Any:
        step("before a command to Redis is sent")
        return send(self, command, *args, **more)

    def hearing(self: Any, *args: Any, **more: Any) -> Any:
        step("before an answer of Redis is read")
        return read(self, *args, **more)

    patch.setattr(line, "send_packed_command", sending)
    patch.setattr(line, "read_response", hearing)


class _Answer(httpx2.SyncByteStream):
    """The other side's answer, with a step before it is read and one after."""

    def __init__(self, inner: Any, step: Step) -> None:
        self.inner, self.step = inner, step

    def __iter__(self) -> Iterator[bytes]:
        self.step("after the request was sent, before the answer is read")
        yield from self.inner
        self.step("after the answer was read")

    def close(self) -> None:
        self.inner.close()


def _watch_http(patch: pytest.MonkeyPatch, step: Step) -> None:
    call = guard._Transport.handle_request

    def calling(self: Any, request: httpx2.Request) -> httpx2.Response:
        step("before the request is sent")
        answer = call(self, request)
        answer.stream = _Answer(answer.stream, step)
        return answer

    patch.setattr(guard._Transport, "handle_request", calling)
