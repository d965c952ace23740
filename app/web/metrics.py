"""The numbers that /metrics tells, and the layer that takes the time of each request.

Several web processes answer on one port, so what belongs to a process carries its pid; what is counted in
the database is the same whoever is asked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import jobs
from app.db import reading
from app.models import Conversation, Delivery, RawReceipt
from app.models import Message as Entry

REGISTRY = CollectorRegistry()
PID = str(os.getpid())

SECONDS = Histogram(
    "madoguchi_http_seconds",
    "Time from a request's first byte to the last byte of its answer",
    ("method", "place", "status", "pid"),
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 5),
)
SOCKETS = Gauge("madoguchi_sockets", "Open WebSockets", ("place", "pid"), registry=REGISTRY)


class Measured:
    """Takes the time of requests and counts open sockets. `place` is the handler's name: few, and no ids."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500
        began = time.perf_counter()

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watching)
        finally:
            labels = (_method(scope["method"]), place(scope), f"{status // 100}xx", PID)
            SECONDS.labels(*labels).observe(time.perf_counter() - began)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        opened = ""

        async def watching(message: Message) -> None:
            nonlocal opened
            if message["type"] == "websocket.accept" and not opened:
                opened = place(scope)
                SOCKETS.labels(opened, PID).inc()
            await send(message)

        try:
            await self.app(scope, receive, watching)
        finally:
            if opened:
                SOCKETS.labels(opened, PID).dec()


def place(scope: Scope) -> str:
    """The handler that the router found, such as `inbox.show`; `none` when it found none."""
    endpoint = scope.get("endpoint")
    name = getattr(endpoint, "__name__", None)
    if name is None:
        return "none"
    return f"{getattr(endpoint, '__module__', '').rpartition('.')[2]}.{name}"


def _method(method: str) -> str:
    """A client may invent methods without end; each would be a series of its own."""
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"


class FromDatabase(Collector):
    """What the rows say, looked up when asked."""

    def collect(self) -> Iterable[Metric]:
        yield from _guarded(_messages, _open_conversations, _deliveries, _receipts)
        if (alive := jobs.alive()) is not None:
            metric = GaugeMetricFamily("madoguchi_processes", "Living helper processes", labels=("name",))
            for name in ("worker", "poll"):
                metric.add_metric((name,), alive[name])
            yield metric


def _guarded(*looks: Callable[[], Metric]) -> Iterable[Metric]:
    """A database that is away costs its own numbers only."""
    for look in looks:
        try:
            yield look()
        except SQLAlchemyError:
            return


def _messages() -> Metric:
    """The highest number given out, not a count: counting a million rows at each look would cost too much."""
    with reading() as db:
        last = db.scalar(select(func.max(Entry.id))) or 0
    return GaugeMetricFamily("madoguchi_messages", "Messages stored (the highest number given out)", last)


def _open_conversations() -> Metric:
    with reading() as db:
        rows = db.execute(
            select(Conversation.owner, func.count())
            .where(Conversation.status == "open")
            .group_by(Conversation.owner)
        ).all()
    metric = GaugeMetricFamily("madoguchi_open_conversations", "Open conversations", labels=("owner",))
    for owner, count in rows:
        metric.add_metric((owner,), count)
    return metric


def _deliveries() -> Metric:
    """Those that are not finished: the finished ones are most of the table."""
    unfinished = ("queued", "sending", "failed", "unknown")
    query = (
        select(Delivery.state, func.count()).where(Delivery.state.in_(unfinished)).group_by(Delivery.state)
    )
    with reading() as db:
        counts = dict(db.execute(query).all())
    metric = GaugeMetricFamily("madoguchi_deliveries", "Deliveries by state", labels=("state",))
    for state in unfinished:
        metric.add_metric((state,), counts.get(state, 0))
    return metric


def _receipts() -> Metric:
    query = (
        select(RawReceipt.state, func.count())
        .where(RawReceipt.state.in_(("new", "failed")))
        .group_by(RawReceipt.state)
    )
    with reading() as db:
        counts = dict(db.execute(query).all())
    metric = GaugeMetricFamily("madoguchi_receipts", "Stored requests not yet understood", labels=("state",))
    for state in ("new", "failed"):
        metric.add_metric((state,), counts.get(state, 0))
    return metric


REGISTRY.register(FromDatabase())
