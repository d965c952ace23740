"""Rows of a text whose cells are parted by commas, tabs or semicolons (RFC 4180)."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from app.tables.rows import Row, Unreadable

LONGEST = 500  # lines a row may have: beyond that a quotation mark was never closed
SNIFFED = 20  # lines looked at to find what parts the cells


def delimiter_of(lines: Iterable[str]) -> str:
    """What parts the cells: of comma, tab and semicolon the one that the fullest line has most of."""
    counts = [(line.count(sign), sign) for line in lines for sign in ",\t;"]
    return max(counts, key=lambda one: one[0], default=(0, ","))[1]


def rows_of(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Each row that is not empty, with the line it begins in. After one that is no CSV it goes on with the next line:
    a quotation mark that is not closed would swallow the rest."""
    source = _Source(iter(lines))
    while True:
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield Row(source.at + 1, cells)
                source.settle()
            return
        except csv.Error as error:
            yield Row(
                source.at + 1,
                [source.taken[0].rstrip("\r\n")] if source.taken else [],
                Unreadable("this is no CSV (%(error)s); left out", error=str(error)),
            )
            source.give_back()


class _Source:
    """Lines, of which those of the row that is being read can be given back but for the first."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.at = 0  # lines before the row that is being read

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= LONGEST:
            raise csv.Error("a quotation mark is not closed")
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self.taken.append(line)
        return line

    def settle(self) -> None:
        self.at += len(self.taken)
        self.taken.clear()

    def give_back(self) -> None:
        self._waiting.extendleft(reversed(self.taken[1:]))
        self.at += 1
        self.taken.clear()
