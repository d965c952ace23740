"""Mails out of files: single ones, folders of them (Maildir, .eml, .emlx), and mbox files, one by one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE = 64 * 1024  # bytes: a line may be as long as the whole file
_FROM = re.compile(rb"From \S.*\d\d:\d\d")  # RFC 4155 and what programs make of it: an address, then a date
_QUOTED_FROM = re.compile(rb">+From ")
_NO_MAIL = {".msf", ".dat", ".sbd", ".ini", ".db", ".plist"}  # what mail programs keep beside their mails


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
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
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
        return Found(name, None, read, f"It is larger than {most // 1_000_000} MB.")
    return Found(name, raw, read) if raw.strip() else Found(name, None, read, "There is nothing in it.")


def _mbox(file: BinaryIO, name: str, most: int, before: int) -> Iterator[Found]:
    """The mails of an mbox: each begins with a line "From …" after an empty one; ">From " in it was "From "."""
    pieces: list[bytes] = []
    size = number = 0
    strict = bool(_FROM.match(file.readline(PIECE)))
    fresh, blank = True, False  # at the beginning of a line; the line before was empty
    while piece := file.readline(PIECE):
        if fresh and blank and piece.startswith(b"From ") and (not strict or _FROM.match(piece)):
            number += 1
            yield _checked(f"{name}#{number}", _joined(pieces), most, before + file.tell())
            pieces, size, blank = [], 0, False
            continue
        blank = fresh and piece in (b"\n", b"\r\n")
        if size <= most:  # of one that is too large, no more is kept than shows it
            pieces.append(piece[1:] if fresh and _QUOTED_FROM.match(piece) else piece)
            size += len(piece)
        fresh = piece.endswith(b"\n")
    yield _checked(f"{name}#{number + 1}", _joined(pieces), most, before + file.tell())


def _joined(pieces: list[bytes]) -> bytes:
    """Without the empty line that stands before the next one."""
    if pieces and pieces[-1] in (b"\n", b"\r\n"):
        pieces.pop()
    return b"".join(pieces)
