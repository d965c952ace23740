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


# Each request is held against the routes one after the other, so what is asked most often comes first.
_FIRST = ("hooks", "static", "widget_socket", "inbox_socket", "widget_poll", "inbox", "conversations")


def routes() -> list[BaseRoute]:
    """Every route of every resource."""
    places = {f"{__name__}.{name}": place for place, name in enumerate(_FIRST)}
    ordered = sorted(_modules(), key=lambda module: places.get(module.__name__, len(places)))
    return [route for module in ordered for route in getattr(module, "routes", ())]


def listen(hub: Hub) -> None:
    """Let every resource that shows live changes register with `hub`."""
    for module in _modules():
        register = getattr(module, "listen", None)
        if register is not None:
            register(hub)
