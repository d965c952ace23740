"""What the columns of a call log are: guessed by their names, which every vendor gives in its own way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from app.calllog.words import WORDS
from app.text import clean, fold

_NAMES = WORDS["columns"]
FIELDS = tuple(_NAMES)
_ELSE = {"result": "disposition"}  # what a column tells where another one has the better name
NUMBERS = frozenset({"from", "to", "customer"})
_UNIT = re.compile(r"[(（\[［【]\s*(?P<unit>[^)）\]］】]*)\s*[)）\]］】]\s*$")
_MARKS = re.compile(r"[^\W_]+")


def _bare(name: str) -> str:
    return "".join(_MARKS.findall(fold(name)))


_KNOWN = {_bare(name): field for field, names in _NAMES.items() for name in names.split()}
_RANK = {_bare(name): rank for names in _NAMES.values() for rank, name in enumerate(names.split())}


def field_of(column: str) -> str | None:
    """The field that a column of this name tells, None if the name says nothing to us."""
    bare = _bare(column)
    return _KNOWN.get(bare) or _KNOWN.get(_bare(_UNIT.sub("", column)))


def known(names: Sequence[str]) -> int:
    """How many of these are names of columns that a call log has."""
    return sum(field_of(name) is not None for name in names)


def guess(header: Sequence[str]) -> dict[str, int]:
    """Field → place of its column. Of several that tell the same, the one with the better name: a call has one id
    and several of its legs."""
    ranked = sorted((_rank(name), at, field) for at, name in enumerate(header) if (field := field_of(name)))
    found: dict[str, int] = {}
    for _, at, field in ranked:
        if field not in found:
            found[field] = at
        elif field in _ELSE:
            found.setdefault(_ELSE[field], at)
    return {field: found[field] for field in FIELDS if field in found}


def _rank(name: str) -> int:
    bare = _bare(name)
    return _RANK[bare if bare in _RANK else _bare(_UNIT.sub("", name))]


def unit_of(column: str) -> str:
    """What the name says in brackets: 通話時間（秒） → 秒."""
    found = _UNIT.search(column)
    return fold(found["unit"]).strip() if found else ""


def fingerprint(header: Sequence[str]) -> str:
    """Stands for a header: the same for the next file of the same export."""
    return hashlib.sha256("\n".join(clean(name).strip() for name in header).encode()).hexdigest()


def problem_of(columns: Mapping[str, int]) -> str:
    """What is missing (an English msgid), "" if calls can be read with these columns."""
    if "start" not in columns and "date" not in columns:
        return "Please say which column tells when a call began."
    if not NUMBERS & columns.keys():
        return "Please say which column has the customer's telephone number."
    return ""
