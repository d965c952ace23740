"""Reading Telegram's objects. A field that is not as documented is as if it were not there: nothing is raised, and
the rest of the message counts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.text import clean

MAX_TEXT = 20_000  # characters; Telegram's own limit is far below
MAX_NAME = 200
_LATEST = 7_258_118_400  # the year 2200

Object = Mapping[str, Any]


def obj(data: Object, name: str) -> Object:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def objects(data: Object, name: str, most: int = 100) -> list[Object]:
    value = data.get(name)
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []


def text(data: Object, name: str, limit: int = MAX_NAME) -> str:
    value = data.get(name)
    return clean(value)[:limit] if isinstance(value, str) else ""


def number(data: Object, name: str) -> int | None:
    """A whole number; ids go beyond 32 bits."""
    value = data.get(name)
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return value if fits else None


def degrees(data: Object, name: str) -> float | None:
    value = data.get(name)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 180
    return float(value) if fits and value is not None else None


def at(data: Object, name: str) -> datetime | None:
    """Seconds since 1970."""
    value = number(data, name)
    return datetime.fromtimestamp(value, UTC) if value is not None and 0 < value < _LATEST else None
