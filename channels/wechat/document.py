"""The XML of WeChat's webhooks, read without any of what makes XML dangerous: a document type, entities, depth.

A field that is not as documented is as if it were not there: nothing is raised, and the rest of the message counts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.text import clean

MAX_TEXT = 20_000  # characters; WeChat's own limit is far below
MAX_NAME = 200
MAX_FIELDS = 200
_LATEST = 7_258_118_400  # the year 2200

Object = Mapping[str, Any]


class Unreadable(ValueError):
    """The body is no XML of WeChat's; the text says why."""


def read(body: bytes) -> Object:
    """The fields of a document: name → its text, or an object of the fields below it, which are not looked into
    deeper. Raises `Unreadable`."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise Unreadable("the XML declares a document type or entities, which WeChat's never does") from None
    except (ParseError, ValueError, LookupError):
        raise Unreadable("the body is not XML") from None
    if root.tag != "xml":
        raise Unreadable("the body is not WeChat's: its root is not <xml>")
    return {one.tag: _value(one) for one in root[:MAX_FIELDS]}


def _value(one: Element) -> Any:
    return {inner.tag: inner.text or "" for inner in one[:MAX_FIELDS]} if len(one) else one.text or ""


def text(data: Object, name: str, limit: int = MAX_NAME) -> str:
    value = data.get(name)
    return clean(value)[:limit] if isinstance(value, str) else ""


def obj(data: Object, name: str) -> Object:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def degrees(data: Object, name: str) -> float | None:
    try:
        value = float(text(data, name, 40))
    except ValueError:
        return None
    return value if abs(value) <= 180 else None


def at(data: Object, name: str) -> datetime | None:
    """Seconds since 1970."""
    told = text(data, name, 12)
    value = int(told) if told.isascii() and told.isdecimal() else 0
    return datetime.fromtimestamp(value, UTC) if 0 < value < _LATEST else None


def sealed_in(data: Object) -> str:
    """What is sealed in it, "" if nothing is."""
    value = data.get("Encrypt")
    return value.strip() if isinstance(value, str) else ""
