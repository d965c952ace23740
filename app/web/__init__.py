"""The pages and doors, one file per resource. A module's ``routes`` are served; its ``listen(hub)`` is told of
the process's hub before it starts."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from starlette.routing import BaseRoute

from app.realtime import Hub


@cache
def _modules() -> tuple[ModuleType, ...]:
    return tuple(import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))


def routes() -> list[BaseRoute]:
    """Every route of every resource."""
    return [route for module in _modules() for route in getattr(module, "routes", ())]


def listen(hub: Hub) -> None:
    """Let every resource that shows live changes register with `hub`."""
    for module in _modules():
        register = getattr(module, "listen", None)
        if register is not None:
            register(hub)
