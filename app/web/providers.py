"""The providers to choose from when a channel is set up: what each fills in, and what to do there."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from channels.base import Connector, Preset


def filled_in(request: Request, made: type[Connector[Any]]) -> dict[str, Any]:
    """What is filled in for the provider that was chosen just now."""
    wanted = request.query_params.get("preset", "")
    return next((dict(one.values) for one in made.presets if one.name == wanted), {})


def chosen(request: Request, made: type[Connector[Any]] | None, answers: Mapping[str, Any]) -> Preset | None:
    """The provider chosen, or the one whose server is filled in already."""
    wanted = request.query_params.get("preset", "")
    for one in made.presets if made else ():
        hosts = {name: value for name, value in one.values.items() if name.endswith("_host") and value}
        same = bool(hosts) and hosts.items() <= dict(answers).items()
        if one.name == wanted or (same and not wanted):
            return one
    return None
