"""Rows of an Excel workbook (.xlsx), their cells as text; read as a stream, so that a large one takes no memory."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from app.tables.rows import Row, Unreadable

MAGIC = b"PK\x03\x04"
OLD_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of .xls, and of .xlsx with a password
MOST_BYTES = 2_000_000_000  # of what is packed in it
MOST_WORDS = 300_000_000  # of those that its cells share, which are kept in memory
_WORDS = "xl/sharedStrings.xml"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    IndexError,
    TypeError,
)


@contextmanager
def sheets(path: Path) -> Iterator[Iterator[tuple[str, int, Iterator[Row]]]]:
    """The visible sheets: name, how many rows it says to have, its rows. Raises :class:`Unreadable` where the file is
    damaged, also while rows are read."""
    from openpyxl import load_workbook

    _look_into(path)
    with _damage(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that are of no interest here
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        found = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    try:
        yield ((sheet.title, sheet.max_row or 0, _rows(sheet)) for sheet in found)
    finally:
        book.close()


def _look_into(path: Path) -> None:
    with _damage(), zipfile.ZipFile(path) as packed:
        sizes = {one.filename: one.file_size for one in packed.infolist()}
    if "xl/workbook.xml" not in sizes:
        raise Unreadable("The file is packed (ZIP), but is no Excel workbook.")
    if sum(sizes.values()) > MOST_BYTES or sizes.get(_WORDS, 0) > MOST_WORDS:
        raise Unreadable("The workbook is too large when it is unpacked. Please save it as CSV.")


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise Unreadable(
            "The Excel file is damaged or not complete (%(error)s). Please save it again, or as CSV.",
            error=str(error)[:100] or type(error).__name__,
        ) from error


def _rows(sheet: Any) -> Iterator[Row]:
    with _damage():
        sheet.reset_dimensions()  # what it says of its size is often wrong
        for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            told = [_text(cell) for cell in cells]
            while told and not told[-1]:
                told.pop()
            if any(map(str.strip, told)):
                yield Row(line, told)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    for kind, told in _TOLD:
        if isinstance(value, kind):
            return told(value)
    return "" if value is None else str(value)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _moment(value: datetime) -> str:
    """Excel counts in fractions of a day, so that a whole second may be some microseconds off."""
    half = timedelta(microseconds=500_000)
    return (min(value, datetime.max - half) + half).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ901 - no zone in Excel


_TOLD: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, str),
    (float, _number),
    (datetime, _moment),
    (date, date.isoformat),
    (time, lambda value: value.strftime("%H:%M:%S")),
    (timedelta, _duration),
)
