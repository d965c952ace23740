"""How an entry or rule differs from what it was: field by field, and within a text word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any

_TOKEN = re.compile(r"[A-Za-z0-9À-ɏ]+|\s+|.", re.DOTALL)
_MOST = 4_000_000  # pairs of words compared; beyond it a text is replaced as a whole
MOST_LINES = 4  # of a list, told at once
NOTHING: Mapping[str, Any] = MappingProxyType({})
_SMALL = 2  # characters that stay between two changes are shown as part of them


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed (""), were added ("+") or taken away ("-")."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field that differs. A list is told line by line, each a list of pieces: of what stayed only the number of
    lines, `same`."""

    name: str
    lines: tuple[tuple[Piece, ...], ...]
    same: int = 0

    @property
    def first(self) -> tuple[tuple[Piece, ...], ...]:
        """The lines that are told at once."""
        return self.lines if len(self.lines) <= MOST_LINES + 1 else self.lines[:MOST_LINES]

    @property
    def rest(self) -> tuple[tuple[Piece, ...], ...]:
        """Those that are told when they are asked for."""
        return self.lines[len(self.first) :]


def fields(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, usual: Mapping[str, Any] = NOTHING
) -> list[Field]:
    """The fields that differ, in their order; of something new or gone, all that say anything but the `usual`."""
    old, new = before or _but(usual, after), after or _but(usual, before)
    names = dict.fromkeys((*new, *old) if before is None else (*old, *new))
    return [
        _field(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name) and not _both_empty(old.get(name), new.get(name))
    ]


def _but(usual: Mapping[str, Any], other: Mapping[str, Any] | None) -> dict[str, Any]:
    """What holds where nothing is said, of the fields the other side has."""
    return {name: value for name, value in usual.items() if name in (other or {})}


def _field(name: str, before: Any, after: Any) -> Field:
    if not (isinstance(before, list) or isinstance(after, list)):
        return Field(name, (words(_said(before), _said(after)),))
    lines = tuple(_listed([_said(one) for one in before or []], [_said(one) for one in after or []]))
    changed = tuple(line for line in lines if any(piece.sign for piece in line))
    return Field(name, changed, len(lines) - len(changed))


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
