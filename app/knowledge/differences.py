"""How an entry or rule differs from what it was: field by field, and within a text word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

_TOKEN = re.compile(r"[A-Za-z0-9À-ɏ]+|\s+|.", re.DOTALL)
_MOST = 4_000_000  # pairs of words compared; beyond it a text is replaced as a whole
_SMALL = 2  # characters that stay between two changes are shown as part of them


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed (""), were added ("+") or taken away ("-")."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field that differs. A list is told line by line, each a list of pieces."""

    name: str
    lines: tuple[tuple[Piece, ...], ...]


def fields(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Field]:
    """The fields that differ, in their order; of something new or gone, all that say anything."""
    old, new = before or {}, after or {}
    names = dict.fromkeys((*old, *new))
    return [
        Field(name, _lines(old.get(name), new.get(name)))
        for name in names
        if old.get(name) != new.get(name) and not _both_empty(old.get(name), new.get(name))
    ]


def words(before: str, after: str) -> tuple[Piece, ...]:
    """Two texts as one, with what was taken away and added."""
    if not before or not after:
        return tuple(
            piece for sign, text in (("-", before), ("+", after)) if text for piece in [Piece(sign, text)]
        )
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(old) * len(new) > _MOST:
        return Piece("-", before), Piece("+", after)
    return tuple(_joined(_steps(old, new)))


def _lines(before: Any, after: Any) -> tuple[tuple[Piece, ...], ...]:
    if isinstance(before, list) or isinstance(after, list):
        return tuple(_listed([_said(one) for one in before or []], [_said(one) for one in after or []]))
    return (words(_said(before), _said(after)),)


def _listed(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[Piece, ...]]:
    """Line by line: a line that only changed is told by its words."""
    for step, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if step == "equal":
            yield from ((Piece("", line),) for line in before[i:j])
            continue
        old, new = before[i:j], after[k:m]
        paired = min(len(old), len(new))
        for one, other in zip(old[:paired], new[:paired], strict=True):
            close = SequenceMatcher(None, one, other).ratio() > 0.5
            yield words(one, other) if close else (Piece("-", one), Piece("+", other))
        yield from ((Piece("-", line),) for line in old[paired:])
        yield from ((Piece("+", line),) for line in new[paired:])


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for step, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if step == "equal":
            yield Piece("", "".join(old[i:j]))
            continue
        if i < j:
            yield Piece("-", "".join(old[i:j]))
        if k < m:
            yield Piece("+", "".join(new[k:m]))


def _joined(steps: Iterator[Piece]) -> list[Piece]:
    """Changes with next to nothing between them as one change: islands of a letter are hard to read."""
    found = list(steps)
    joined: list[Piece] = []
    gone, came = "", ""
    for place, piece in enumerate(found):
        between = 0 < place < len(found) - 1 and (gone or came)
        if piece.sign == "-":
            gone += piece.text
        elif piece.sign == "+":
            came += piece.text
        elif between and len(piece.text) <= _SMALL and not piece.text.isspace():
            gone, came = gone + piece.text, came + piece.text
        else:
            joined += _change(gone, came)
            gone, came = "", ""
            joined.append(piece)
    return joined + _change(gone, came)


def _change(gone: str, came: str) -> list[Piece]:
    return [Piece(sign, text) for sign, text in (("-", gone), ("+", came)) if text]


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        if set(value) == {"label", "url"}:
            return f"{value['label']} | {value['url']}"
        return "\n".join(f"{name}: {one}" for name, one in value.items())
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _both_empty(before: Any, after: Any) -> bool:
    return before in (None, "", [], {}) and after in (None, "", [], {})
