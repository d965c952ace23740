"""Wake-ups through RQ. A job says "look at this channel"; the rows say what there is to do.

A lost job is found by the clock (:mod:`app.clock`), so losing Redis loses nothing.
"""

from __future__ import annotations

from functools import cache

import redis
from rq import Queue, SimpleWorker, Worker

from app.config import settings

QUEUE = "madoguchi"
COALESCE = 10  # seconds a wake-up stands for the others that follow it, if its job is never run


@cache
def connection() -> redis.Redis:
    """The Redis of the queue."""
    return redis.Redis.from_url(settings().redis_url, socket_connect_timeout=1)


def wake_channel(channel_id: int) -> None:
    """Have the deliveries of a channel looked at; many wake-ups before that are one. Raises RedisError.

    The mark is taken away by the job before it looks, so a wake-up during the work starts another.
    """
    if connection().set(_mark(channel_id), 1, nx=True, ex=COALESCE):
        enqueue("app.deliver.drain", channel_id)


def woken(channel_id: int) -> None:
    """Called by the job first of all: from here on a wake-up counts anew."""
    connection().delete(_mark(channel_id))


def enqueue(function: str, *args: int | str) -> None:
    """Run `function` (a dotted name) in a worker. Arguments are ids, never text or secrets."""
    Queue(QUEUE, connection=connection()).enqueue(
        function, *args, result_ttl=0, failure_ttl=86_400, job_timeout=300
    )


def work() -> None:
    """Run jobs until told to stop. One process, no fork per job (a job takes 4 ms, a fork 30)."""
    SimpleWorker([QUEUE], connection=connection()).work(with_scheduler=False, logging_level="WARNING")


def workers() -> int:
    """How many workers are alive. Raises RedisError."""
    return len(Worker.all(connection=connection()))


def waiting() -> int:
    """How many wake-ups wait to be run. Raises RedisError."""
    return int(Queue(QUEUE, connection=connection()).count)


def _mark(channel_id: int) -> str:
    return f"madoguchi:wake:{channel_id}"
