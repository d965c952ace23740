"""A table in a file, opened: its encoding, its header, its rows one after the other."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path

from app.tables import workbook
from app.tables.delimited import SNIFFED, delimiter_of, rows_of
from app.tables.encodings import encoding_of
from app.tables.rows import Row, Unreadable

XLSX = "xlsx"  # stands for the encoding of a workbook
PREAMBLE = 15  # rows above the header, at the most: a title, when it was made, an empty line
PIECE = 1 << 20

Knows = Callable[[list[str]], int]  # how many of these names of columns are known


@dataclass
class Table:
    """`rows` are those below the header; `share` tells which part of it (0 to 1) is read at a row."""

    encoding: str
    header: list[str]
    rows: Iterator[Row] = field(repr=False)
    share: Callable[[Row], float] = field(repr=False)
    sheet: str = ""


@contextmanager
def open_table(path: Path, knows: Knows, encoding: str = "") -> Iterator[Table]:
    """Open a file whose columns have names that `knows` counts; `encoding` as found out, unless it is told.

    Raises :class:`Unreadable` with a sentence where there is no table, also while rows are read.
    """
    with path.open("rb") as file:
        beginning = file.read(8)
    if not beginning.strip(b"\xef\xbb\xbf \r\n\t\x00"):
        raise Unreadable("The file is empty.")
    if beginning.startswith(workbook.OLD_MAGIC):
        raise Unreadable(
            "This is an Excel file of the old kind (.xls), or one with a password. "
            "Please save it as .xlsx without one, or as CSV."
        )
    if beginning.startswith(workbook.MAGIC):
        with _workbook(path, knows) as table:
            yield table
    else:
        with _text(path, knows, encoding) as table:
            yield table


@contextmanager
def _workbook(path: Path, knows: Knows) -> Iterator[Table]:
    """Of several sheets the one whose columns are known best, the first of these."""
    best, known = "", -1
    with workbook.sheets(path) as sheets:
        for name, _, rows in sheets:
            header, _ = _header(rows, knows)
            if (count := knows(header)) > known and header:
                best, known = name, count
    if known < 0:
        raise Unreadable("The file is empty.")
    with workbook.sheets(path) as sheets:
        for name, lines, rows in sheets:
            if name == best:
                header, rest = _header(rows, knows)
                yield Table(XLSX, header, rest, partial(_share, lines), name)
                return


def _share(lines: int, row: Row) -> float:
    return min(1.0, row.line / max(lines, row.line, 1))


@contextmanager
def _text(path: Path, knows: Knows, encoding: str) -> Iterator[Table]:
    faulty = True
    if not encoding or encoding == XLSX:
        with path.open("rb") as file:
            encoding, faulty = encoding_of(iter(lambda: file.read(PIECE), b""))
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise Unreadable("There is no encoding “%(name)s”.", name=encoding) from error
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, "replace", newline="") as file:
        lines = _lines(file)
        first = list(islice(lines, SNIFFED))
        rows = rows_of(chain(first, lines), delimiter_of(first))
        header, rest = _header(rows, knows)
        if not header:
            raise Unreadable("The file is empty.")
        checked = map(_checked, rest) if faulty else rest
        size = path.stat().st_size
        yield Table(encoding, header, checked, lambda row: min(1.0, raw.tell() / size))


def _lines(file: io.TextIOWrapper) -> Iterator[str]:
    try:
        for line in file:
            yield line.replace("\0", "")
    except UnicodeError as error:  # in spite of "replace": UTF-16 is refused without its mark
        raise Unreadable("The file cannot be read in this encoding. Choose another one.") from error


def _checked(row: Row) -> Row:
    if row.problem is None and any("\ufffd" in cell for cell in row.cells):
        row.problem = Unreadable("there are characters in it that cannot be read in this encoding; left out")
    return row


def _header(rows: Iterator[Row], knows: Knows) -> tuple[list[str], Iterator[Row]]:
    """The row that names the columns, and those below it: the first with two names that are known, else the first."""
    seen = list(islice(rows, PREAMBLE))
    at = next((n for n, row in enumerate(seen) if knows(row.cells) > 1), 0)
    if not seen:
        return [], iter(())
    return [cell.strip().lstrip("\ufeff") for cell in seen[at].cells], chain(seen[at + 1 :], rows)
