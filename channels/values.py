"""Reading other people's JSON: whatever a value turns out to be, only `Malformed` is raised."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.events import Attachment
from channels.text import clean

MAX_NAME = 200
MAX_ID = 200
MAX_URL = 2000
MAX_FIELDS, MAX_DEPTH, MAX_FIELD, MAX_TEXT = 40, 4, 64, 500  # of what is kept as it is told
MAX_SHOWN = 40  # characters of theirs that are repeated
_LATEST = 7_258_118_400_000  # ms: the year 2200


class Malformed(ValueError):
    """A part breaks its documented format; the text tells its sender how."""


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """`value` as an object; none at all is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"{name}: an object is expected")
    return value


def words(data: Mapping[str, Any], name: str, limit: int = MAX_NAME, *, required: bool = False) -> str:
    """The cleaned text under `name`, "" if there is none; of at most `limit` characters."""
    value = data.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        value = str(value)  # ids come as numbers, too
    if value is None or value == "":
        if required:
            raise Malformed(f"{name}: this is required")
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{name}: a string is expected")
    if len(value) > limit:
        raise Malformed(f"{name}: longer than {limit} characters")
    value = clean(value)
    if required and not value.strip():
        raise Malformed(f"{name}: this is required")
    return value


def flag(data: Mapping[str, Any], name: str, default: bool = False) -> bool:
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise Malformed(f"{name}: true or false is expected")
    return value


def number(data: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """The whole number under `name`, None if there is none."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Malformed(f"{name}: a whole number from {low} to {high} is expected")
    return value


def when(data: Mapping[str, Any], name: str) -> datetime | None:
    """The time under `name` in UTC: ISO 8601 with an offset, or seconds since 1970; None if there is none."""
    value = data.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                raise Malformed(
                    f"{name}: a time with its offset is expected, such as 2026-01-31T09:00:00+09:00"
                )
            at = at.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            at = datetime.fromtimestamp(value, UTC)
        else:
            raise Malformed(f"{name}: a time is expected")
    except (ValueError, OverflowError, OSError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(f"{name}: a time is expected") from None
    if not 1970 <= at.year < 2200:
        raise Malformed(f"{name}: out of range")
    return at


def milliseconds(value: Any) -> datetime | None:
    """A time since 1970, as a number or in digits; None for whatever is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LATEST
    return datetime.fromtimestamp(value / 1000, UTC) if fits else None


def inner(data: Any, name: str) -> Mapping[str, Any]:
    """The object under `name`; an empty one for whatever else stands there."""
    value = data.get(name) if isinstance(data, Mapping) else None
    return value if isinstance(value, dict) else {}


def word(data: Any, name: str, most: int = MAX_NAME) -> str:
    """The cleaned text under `name`, cut at `most` characters; "" for whatever else stands there."""
    value = data.get(name) if isinstance(data, Mapping) else None
    return clean(value)[:most] if isinstance(value, str) else ""


def shown(value: Any, most: int = MAX_SHOWN) -> str:
    """Some of what they wrote, for a sentence of ours."""
    return clean(str(value)[: most * 2])[:most]


def texts(data: Mapping[str, Any], name: str, most: int = 50) -> dict[str, str]:
    """The flat object of texts under `name` (numbers and booleans as text); anything deeper is left out."""
    found = {}
    for key, value in list(mapping(data.get(name), name).items())[:most]:
        if isinstance(value, str | int | float):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found[clean(key)[:MAX_NAME]] = clean(text)[:MAX_URL]
    return found


def items(data: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{name}: a list is expected")
    if len(value) > most:
        raise Malformed(f"{name}: more than {most}")
    return value


def first(data: Mapping[str, Any], name: str, most: int) -> list[Any]:
    """The first `most` of the list under `name`, none for whatever else stands there: of what only adorns a message."""
    value = data.get(name)
    return value[:most] if isinstance(value, list) else []


def whole(data: Mapping[str, Any], name: str, most: int) -> str:
    """The cleaned text under `name`; "" where it is none or longer than `most`: a part of it is of no use."""
    value = data.get(name)
    return clean(value) if isinstance(value, str) and len(value) <= most else ""


def attachment(value: Any, data: bytes | None = None) -> Attachment:
    """`value` ({"name", "type", "size", "url" or "ref"}) as an attachment with `data`, if it came along."""
    told = mapping(value, "attachments")
    size = number(told, "size", 0, 2**50)
    return Attachment(
        name=words(told, "name") or "file",
        content_type=words(told, "type") or "application/octet-stream",
        url=words(told, "url", MAX_URL),
        data=data,
        size=len(data) if data is not None else size,
        ref=words(told, "ref", MAX_ID),
    )


def bounded(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with at most so many fields, so deep and so long; what is no JSON is left out."""
    kept: dict[str, Any] = _kept(dict(data), 1)
    return kept


def _kept(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean(value)[:MAX_TEXT]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)[:MAX_TEXT]
    if isinstance(value, float):
        return value if value == value and abs(value) < 1e300 else None
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MAX_FIELDS]
        return {clean(str(name))[:MAX_FIELD]: _kept(each, depth + 1) for name, each in pairs}
    if isinstance(value, list | tuple):
        return [_kept(each, depth + 1) for each in value[:MAX_FIELDS]]
    return None
