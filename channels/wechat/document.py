"""The XML of WeChat's webhooks, read without any of what makes XML dangerous: a document type, entities, depth.

A field that is not as documented is as if it were not there: nothing is raised, and the rest of the message counts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from channels.text import clean

MAX_TEXT = 20_000  # characters; WeChat's own limit is far below
MAX_NAME = 200
MAX_FIELDS, MAX_DEPTH = 2000, 8
_LATEST = 7_258_118_400  # the year 2200

Object = Mapping[str, Any]


class Unreadable(ValueError):
    """The body is no XML of WeChat's; the text says why."""


def read(body: bytes) -> Object:
    """The fields of a document: name → its text, or an object of the fields below it, which are not looked into
    deeper. Raises `Unreadable`."""
    fields = _Fields()
    parser = DefusedXMLParser(target=fields, forbid_dtd=True)
    try:
        parser.feed(body)
        parser.close()
    except DefusedXmlException:
        raise Unreadable("the XML declares a document type or entities, which WeChat's never does") from None
    except Unreadable:
        raise
    except (ParseError, ValueError, LookupError):
        raise Unreadable("the body is not XML") from None
    return fields.found


class _Fields:
    """Takes the elements as they come (see :class:`xml.etree.ElementTree.TreeBuilder`); too many, or too deep, end it
    at once. Raises `Unreadable`."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self._path: list[str] = []
        self._words: list[str] = []
        self._count = 0

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        if not self._path and tag != "xml":
            raise Unreadable("the body is not WeChat's: its root is not <xml>")
        self._path.append(tag)
        self._words.clear()
        self._count += 1
        if self._count > MAX_FIELDS or len(self._path) > MAX_DEPTH:
            raise Unreadable("the XML has more fields, or lies deeper, than WeChat's ever does")

    def data(self, words: str) -> None:
        self._words.append(words)

    def end(self, tag: str) -> None:
        words = "".join(self._words)
        self._words.clear()
        if len(self._path) == 2 and not isinstance(self.found.get(tag), dict):
            self.found[tag] = words
        elif len(self._path) == 3:
            self._below(self._path[1])[tag] = words
        self._path.pop()

    def close(self) -> None:
        """The end of the document."""

    def _below(self, name: str) -> dict[str, Any]:
        held = self.found.get(name)
        if not isinstance(held, dict):
            held = self.found[name] = {}
        return held


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
