"""The REST API under `/api/v1`: one module a noun, each of whose functions is an endpoint.

`framework.py` says what an endpoint is, `serving.py` makes routes of them, `document.py` the OpenAPI document.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from starlette.routing import BaseRoute

for _found in sorted(iter_modules(__path__), key=lambda found: found.name):
    import_module(f"{__name__}.{_found.name}")

from app.web.api import document, reference, serving  # noqa: E402  # when every endpoint is known
from app.web.api.framework import ENDPOINTS  # noqa: E402
from app.web.api.stream import listen  # noqa: E402

__all__ = ["listen", "routes"]

routes: list[BaseRoute] = [*document.routes, *reference.routes, *serving.routes(ENDPOINTS)]
