"""Wake-ups through RQ. A job says "look at this channel"; the rows say what there is to do.

A lost job is found by the clock (:mod:`app.clock`), so losing Redis loses nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import cast

import redis
from rq import Queue, SimpleWorker

from app.config import settings

log = logging.getLogger(__name__)

QUEUE, LATER = "madoguchi", "madoguchi-later"  # what is in LATER waits until QUEUE is empty
PULSE_LASTS = 10  # seconds after which a silent process counts as dead
_PULSES = "madoguchi:alive"  # who gave a sign of life, by the seconds of Redis' own clock
COALESCE = 10  # seconds a wake-up stands for the others that follow it, if its job is never run


Away = redis.RedisError  # what a call here raises while Redis cannot be reached


@cache
def connection() -> redis.Redis:
    """The Redis of the queue, for whoever rings: a silent one costs a request two seconds at most."""
    return redis.Redis.from_url(settings().redis_url, socket_connect_timeout=1, socket_timeout=2)


def wake_channel(channel_id: int) -> None:
    """Have the deliveries of a channel looked at; many wake-ups before that are one. Raises RedisError.

    The mark is taken away by the job before it looks, so a wake-up during the work starts another.
    """
    if connection().set(_mark(channel_id), 1, nx=True, ex=COALESCE):
        _enqueue(QUEUE, "app.deliver.drain", channel_id)


def woken(channel_id: int) -> None:
    """Called by the job first of all: from here on a wake-up counts anew."""
    connection().delete(_mark(channel_id))


def enqueue(function: str, *args: int | str) -> None:
    """Run `function` (a dotted name) in a worker, once nothing is left to be sent. Arguments are ids, never text or
    secrets."""
    _enqueue(LATER, function, *args)


def _enqueue(queue: str, function: str, *args: int | str) -> None:
    Queue(queue, connection=connection()).enqueue(
        function, *args, result_ttl=0, failure_ttl=86_400, job_timeout=300
    )


def work() -> None:
    """Run jobs until told to stop. One process, no fork per job (a job takes 4 ms, a fork 30).

    Trap: RQ waits long in one command, so its connections must be its own: those that others have used
    keep the client's read time-out of 5 seconds.
    """
    own = redis.Redis.from_url(settings().redis_url, socket_connect_timeout=1)
    with pulse("worker"):
        _Worker([QUEUE, LATER], connection=own, worker_ttl=60).work(
            with_scheduler=False, logging_level="WARNING"
        )


stopping = threading.Event()  # this worker was told to stop: a long job ends at the next good moment


class _Worker(SimpleWorker):
    """RQ's worker; it finishes its job when it is told to stop, and the job is told as well."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        stopping.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


@contextmanager
def pulse(name: str) -> Iterator[None]:
    """Tell Redis every few seconds that this process (`worker`, `poll`) is alive, while the block runs.

    Under its machine's name as well: in containers every process has the number 1. RQ's own register of workers
    is gone with a killed Redis and is not written again.
    """
    stop = threading.Event()
    own = f"{name}:{socket.gethostname()}:{os.getpid()}"
    thread = threading.Thread(target=_beat, args=(own, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(2)


def alive() -> Counter[str] | None:
    """How many processes of each name gave a sign of life lately; None when Redis does not answer. Anybody may have
    this asked, so it costs the same whatever else Redis holds."""
    try:
        at = _moment()
        found = connection().zrangebyscore(_PULSES, at - PULSE_LASTS, at + PULSE_LASTS)
    except redis.RedisError:
        return None
    return Counter(one.decode().partition(":")[0] for one in cast("list[bytes]", found))


def _moment() -> int:
    return int(connection().time()[0])


def _beat(own: str, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            at = _moment()
            connection().zadd(_PULSES, {own: at})
            connection().zremrangebyscore(_PULSES, "-inf", at - PULSE_LASTS - 1)
        except redis.RedisError as error:
            log.debug("no pulse: %s", error)
        stop.wait(PULSE_LASTS / 5)
    with contextlib.suppress(redis.RedisError):
        connection().zrem(_PULSES, own)


def others_wait() -> bool:
    """Whether a channel's deliveries wait for a worker; not, where Redis cannot say so."""
    try:
        return bool(Queue(QUEUE, connection=connection()).count)
    except redis.RedisError:
        return False


def waiting() -> int:
    """How many wake-ups wait to be run. Raises RedisError."""
    return sum(int(Queue(name, connection=connection()).count) for name in (QUEUE, LATER))


def _mark(channel_id: int) -> str:
    return f"madoguchi:wake:{channel_id}"
