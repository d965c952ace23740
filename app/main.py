"""The ASGI application: routes, guards in front of them, and the live feed of this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware

from app import web
from app.auth import BodyLimit, Guard, SecurityHeaders
from app.config import settings
from app.realtime import Hub
from app.web import errors
from app.web.metrics import Measured

THREADS = 40  # handlers that wait for the database at once


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    """Start the hub; at the end close every socket, so that clients come back to the next process."""
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    hub = Hub()
    web.listen(hub)
    app.state.hub = hub
    await hub.start()
    yield {"hub": hub}
    await hub.stop()


def make() -> Starlette:
    """A fresh application (tests make their own)."""
    return Starlette(
        routes=web.routes(),
        lifespan=lifespan,
        exception_handlers=errors.handlers,
        middleware=[
            Middleware(Measured),
            Middleware(SecurityHeaders),
            Middleware(BodyLimit, refuse=errors.refusal, uploads=lambda: settings().max_upload_bytes),
            Middleware(Guard, refuse=errors.refusal),
        ],
    )


app = make()
