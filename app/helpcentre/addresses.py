"""Addresses of the help centre: `/help/ja/12-返品`. The number finds the entry, the words are for people."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

import bots

_GAPS = re.compile(r"[^\w]+")
_NAMED = re.compile(r"([1-9]\d{0,17})(?:-.*)?", re.DOTALL)
LONGEST = 60  # characters of the words


def index(language: str) -> str:
    """The first page in a language."""
    return f"/help/{language}"


def topic(language: str, name: str) -> str:
    """The page of a topic; "" is the rest."""
    return f"/help/{language}/topics/{quote(name, safe='')}" if name else f"/help/{language}/others"


def entry(one: bots.Entry) -> str:
    """The page of an entry."""
    slug = slug_of(one.title)
    return f"/help/{one.language}/{one.id}{'-' if slug else ''}{quote(slug, safe='')}"


def number_in(name: str) -> int | None:
    """The entry that the last part of an address names."""
    found = _NAMED.fullmatch(name)
    return int(found[1]) if found else None


def slug_of(title: str) -> str:
    """The title as a part of an address."""
    plain = unicodedata.normalize("NFKC", title).lower()
    return _GAPS.sub("-", plain).strip("-_")[:LONGEST].strip("-_")
