"""Mails out of files: single ones, folders of them (Maildir, .eml, .emlx), and mbox files, one by one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE = 256 * 1024  # bytes
LONGEST_FROM = 1000  # bytes of a line that stands between two mails of an mbox
# RFC 4155 and what programs make of it: an address, then a date. Some write no date; then any will do.
_DATED_FROM = re.compile(rb"\n\r?\nFrom \S[^\n]{0,900}?\d\d:\d\d[^\n]{0,50}\n")
_ANY_FROM = re.compile(rb"\n\r?\nFrom [^\n]{0,950}\n")
_EMPTY_END = re.compile(rb"(?<=\n)\r?\n\Z")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
# What mail programs, and who collects mails, keep beside them.
_NO_MAIL = {".msf", ".dat", ".sbd", ".ini", ".db", ".plist", ".json", ".jsonl", ".md", ".py"}


@dataclass(frozen=True)
class Found:
    """A mail: `name` is where it stood, `raw` its bytes, None where it could not be taken, which `problem` tells.

    `read` is how many bytes of all the files had been read by then.
    """

    name: str
    raw: bytes | None
    read: int = 0
    problem: str = ""


def size_of(paths: list[Path]) -> int:
    """Bytes of all files that :func:`mails` will read."""
    return sum(_size(file) for path in paths for file in walk(path))


def mails(paths: list[Path], most: int) -> Iterator[Found]:
    """Every mail in these files and folders, in the order of their names, without keeping more than one of them.

    One larger than `most` bytes is told as a problem, and so is a file that cannot be read.
    """
    before = 0
    for path in paths:
        for file in walk(path):
            yield from _of_file(file, most, before)
            before += _size(file)


def walk(path: Path) -> Iterator[Path]:
    """The files at `path`, which is one or a folder, without what mail programs keep beside their mails."""
    if not path.is_dir():
        yield path
        return
    try:
        names = sorted(name for name in os.listdir(path) if not name.startswith("."))
    except OSError:
        yield path  # who opens it is told why
        return
    for name in names:
        one = path / name
        if one.is_dir() or (one.is_file() and one.suffix.lower() not in _NO_MAIL):
            yield from walk(one)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _of_file(path: Path, most: int, before: int) -> Iterator[Found]:
    try:
        with path.open("rb") as file:
            if file.peek(5)[:5] == b"From ":
                yield from _mbox(file, path.name, most, before)
                return
            length = _told_length(file) if path.suffix.lower() == ".emlx" else most + 1
            yield _checked(path.name, file.read(min(length, most + 1)), most, before + file.tell())
    except OSError as error:
        yield Found(path.name, None, before, error.strerror or type(error).__name__)


def _told_length(file: BinaryIO) -> int:
    """Apple Mail writes the length before the mail, and a list of properties behind it."""
    told = file.readline(32).strip()
    return int(told) if told.isdigit() else 0


def _checked(name: str, raw: bytes, most: int, read: int) -> Found:
    if len(raw) > most:
        return _too_large(name, most, read)
    return Found(name, raw, read) if raw.strip() else Found(name, None, read, "There is nothing in it.")


def _too_large(name: str, most: int, read: int) -> Found:
    return Found(name, None, read, f"It is larger than {most // 1_000_000} MB.")


def _mbox(file: BinaryIO, name: str, most: int, before: int) -> Iterator[Found]:
    """The mails of an mbox: each begins with a line "From …" after an empty one; ">From " in it was "From ".

    Searched piece by piece; of a mail that is too large no more is kept than shows it.
    """
    first = file.readline(LONGEST_FROM)
    separator = _DATED_FROM if _DATED_FROM.match(b"\n\n" + first) else _ANY_FROM
    kept, cut, number = bytearray(b"\n"), False, 1  # the end of that line
    while piece := file.read(PIECE):
        looked = max(0, len(kept) - LONGEST_FROM)
        kept += piece
        while found := separator.search(kept, looked):
            read = before + file.tell() - len(kept) + found.end()
            yield _of_mbox(f"{name}#{number}", kept[1 : found.start() + 1], most, read, cut)
            del kept[: found.end() - 1]
            number, looked, cut = number + 1, 0, False
        if len(kept) > most + LONGEST_FROM:
            cut = True
            del kept[:-LONGEST_FROM]
    last = _EMPTY_END.sub(b"", bytes(kept[1:]))
    called = f"{name}#{number}" if number > 1 else name  # a single mail with such a line is that file
    yield _of_mbox(called, last, most, before + file.tell(), cut)


def _of_mbox(name: str, kept: bytes | bytearray, most: int, read: int, cut: bool) -> Found:
    if cut:
        return _too_large(name, most, read)
    raw = bytes(kept)
    return _checked(name, _QUOTED_FROM.sub(rb"\1", raw) if b"\n>" in raw else raw, most, read)
