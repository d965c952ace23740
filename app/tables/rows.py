"""A row, and what makes one unreadable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Unreadable(Exception):
    """A file, a row or a cell says nothing that could be understood, and `sentence` says why (an English msgid;
    `values` fill it in)."""

    def __init__(self, sentence: str, **values: Any) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.values = values


@dataclass(slots=True)
class Row:
    """A row and the line it begins in (of a workbook: its number). `problem`: why it is none; `cells` then hold what
    stands there."""

    line: int
    cells: list[str] = field(default_factory=list)
    problem: Unreadable | None = None
