"""JSON in our own words: one thing told, a list of them, or an object that names the list."""

from collections.abc import Callable, Mapping
from typing import Any

from channels import values
from channels.events import Event, Ignored, Request
from channels.values import Malformed

MOST = 500  # in one request


def read(
    request: Request, one: Callable[[Mapping[str, Any], str], Event], name: str = "events"
) -> list[Event]:
    """Every event of the body, {`name`: […]}, a list, or one of them, by `one` (the object, its place in words).

    What cannot be read becomes an `Ignored` that says where and why, and holds up none of the others.
    """
    document = request.json()
    if document is None:
        return [Ignored("the body is not JSON", malformed=True)]
    if isinstance(document, dict) and name in document:
        document = document[name]
    if isinstance(document, dict):
        document = [document]
    if not isinstance(document, list):
        return [Ignored("the body is not a JSON object or list", malformed=True)]
    if len(document) > MOST:
        return [Ignored(f"too many in one request: more than {MOST} {name}", malformed=True)]
    return [_one(value, f"{name}[{index}]", one) for index, value in enumerate(document)]


def _one(value: Any, place: str, one: Callable[[Mapping[str, Any], str], Event]) -> Event:
    try:
        return one(values.mapping(value, place.partition("s[")[0]), place)
    except Malformed as wrong:
        return Ignored(f"{place}.{wrong}", malformed=True)
