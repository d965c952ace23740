"""`/healthz`, `/readyz` and `/metrics`: for load balancers, supervisors and Prometheus."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import jobs, migrations
from app.db import reading
from app.web import metrics

State = dict[str, object]

leaving = threading.Event()  # this process was told to stop, and answers what still comes


async def healthz(_request: Request) -> Response:
    """Liveness: this process answers. Looks at nothing else, so that a sick database restarts no one, not even where
    every thread waits for it: it takes none."""
    return _json({"state": "ok", "pid": os.getpid()})


def readyz(_request: Request) -> Response:
    """What this installation stands on, each part with its state.

    200 `ok`: all well. 200 `degraded`: pages and messages work, but Redis, a worker or the clock is missing, so
    deliveries wait; or a newer version has migrated the database, and this process is to be replaced. 503 `down`: the
    database does not answer or is older than this version. 503 `leaving`: this process stops in a moment (`madoguchi
    web --drain`), and whoever shares out the work should look elsewhere.
    """
    if leaving.is_set():
        return _json({"state": "leaving"}, 503)
    parts = {"database": _database(), "migrations": _migrations(), **_helpers()}
    wrong = {name for name, part in parts.items() if part["state"] not in ("ok", "current")}
    down = "database" in wrong or parts["migrations"]["state"] not in ("current", "newer")
    state = "down" if down else "degraded" if wrong else "ok"
    return _json({"state": state, **parts}, 503 if state == "down" else 200)


def prometheus(_request: Request) -> Response:
    """The numbers of this process (labelled by its pid) and of the database, in Prometheus' text form."""
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _database() -> State:
    return _looked(lambda: {"state": "ok", "engine": _select_one()})


def _select_one() -> str:
    with reading() as db:
        db.execute(text("SELECT 1"))
        return db.get_bind().dialect.name


def _migrations() -> State:
    return _looked(lambda: {"state": migrations.state()})


def _looked(look: Callable[[], State]) -> State:
    """The error's kind only: its text may hold addresses, and anybody may ask."""
    try:
        return look()
    except (SQLAlchemyError, OSError) as error:
        return {"state": "down", "error": type(error).__name__}


def _helpers() -> dict[str, State]:
    alive = jobs.alive()
    if alive is None:
        return {"redis": {"state": "down"}, "workers": {"state": "unknown"}, "clock": {"state": "unknown"}}
    return {"redis": {"state": "ok"}, "workers": _count(alive["worker"]), "clock": _count(alive["poll"])}


def _count(count: int) -> State:
    return {"state": "ok" if count else "missing", "count": count}


def _json(body: State, status: int = 200) -> Response:
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})


routes = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", prometheus),
]
