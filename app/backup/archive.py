"""The file a backup is: a plain tar, each part with its own SHA-256, closed by a manifest.

    tables/<name>/000001.jsonl.gz   rows, a JSON array a line, in portions of a few megabytes
    files/ab/abcd…                  attachments under the SHA-256 of their bytes, and their scaled pictures
    secret.key                      only if it was asked for
    manifest.json                   last: what the file holds; without it the file is half a file

A part's hash stands in its PAX header (POSIX.1-2001, a comment), so no list of parts is kept in memory; the
manifest closes the chain of all names and hashes. Any `tar` can list and unpack it.
"""

from __future__ import annotations

import errno
import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

FORMAT = 1
MANIFEST, KEY = "manifest.json", "secret.key"
HASH = "comment"  # the one PAX keyword that every tar leaves alone
BLOCK = 1 << 20
LARGEST_MANIFEST = 1 << 24
# What a part may be called, and so where it may be put: nothing here leaves its folder.
TABLE = re.compile(r"tables/([a-z][a-z_0-9]{0,62})/\d{6,9}\.jsonl\.gz", re.ASCII)
FILE = re.compile(r"files/([0-9a-f]{2})/(\1[0-9a-f]{62})(\.thumb\.webp)?", re.ASCII)

Tell = Callable[[int, int], None]  # done, total


class Unusable(Exception):
    """A backup cannot be made, or this one not be put back; the text is a sentence for who runs the command."""


def why(error: OSError) -> str:
    """The end of a sentence about something that could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return "there is not enough room" if full else (error.strerror or str(error)).lower()


class Column(msgspec.Struct, frozen=True):
    """A column and how its values are written: see `tables.KINDS`."""

    name: str
    kind: str
    null: bool


class Table(msgspec.Struct, frozen=True):
    """A table of the backup; they stand in the order in which they can be filled."""

    name: str
    columns: tuple[Column, ...]
    rows: int


class Manifest(msgspec.Struct, frozen=True):
    """What the file holds. `key` is a fingerprint of the secret key, which tells nothing of the key itself."""

    version: str
    revision: str
    engine: str
    made_at: str  # RFC 3339, UTC: the moment of the view
    key: str
    tables: tuple[Table, ...]
    files: int
    file_bytes: int
    missing: tuple[str, ...]  # files that rows named and the storage did not have, or not readably
    damaged: tuple[str, ...]  # files whose bytes are no longer what their name says
    parts: int = 0
    chain: str = ""
    format: int = FORMAT


@dataclass
class Chain:
    """Counts parts and hashes their names and hashes, one after the other."""

    parts: int = 0
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, name: str, digest: str) -> None:
        self.parts += 1
        self._hash.update(f"{digest}  {name}\n".encode())

    @property
    def hex(self) -> str:
        return self._hash.hexdigest()


class Writer:
    """Writes parts to an open file. Memory does not grow with them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._chain = Chain()

    def add(self, name: str, data: bytes) -> None:
        """A part whose bytes are at hand."""
        self._put(name, hashlib.sha256(data).hexdigest(), len(data), io.BytesIO(data))

    def copy(self, name: str, file: IO[bytes], digest: str, size: int) -> None:
        """A part from an open file, whose hash stands before it: it was read once for that."""
        file.seek(0)
        self._put(name, digest, size, file)

    def close(self, manifest: Manifest) -> None:
        """The manifest, and the end of the file."""
        done = msgspec.structs.replace(manifest, parts=self._chain.parts, chain=self._chain.hex)
        self.add(MANIFEST, msgspec.json.format(msgspec.json.encode(done), indent=2))
        self._tar.close()

    def _put(self, name: str, digest: str, size: int, file: IO[bytes]) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.pax_headers = size, 0o600, {HASH: digest}
        self._tar.addfile(info, file)
        self._tar.members.clear()  # type: ignore[attr-defined]  # it keeps every part in memory otherwise
        self._chain.add(name, digest)


@dataclass(frozen=True)
class Part:
    """A part as it is read; `file` is valid until the next one is asked for."""

    name: str
    digest: str
    size: int
    file: IO[bytes]


@contextmanager
def reading_of(path: Path) -> Iterator[None]:
    """Around whatever reads a backup. Raises :class:`Unusable` in place of what `tarfile` says."""
    try:
        yield
    except tarfile.TarError as error:
        raise Unusable(f"{path} is no backup, or it is damaged: {error}.") from error


def parts(path: Path, tell: Tell = lambda done, total: None) -> Iterator[Part]:
    """The parts of a backup in their order; `tell` hears how many bytes of how many. Use in :func:`reading_of`."""
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
        total = path.stat().st_size
        while (info := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]
            yield _part(tar, info)
            tell(tar.offset, total)


def _part(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Part:
    if not (info.name in (MANIFEST, KEY) or TABLE.fullmatch(info.name) or FILE.fullmatch(info.name)):
        raise Unusable(f"The backup holds “{info.name[:80]}”, which does not belong into one.")
    file = tar.extractfile(info) if info.isreg() else None
    if file is None:
        raise Unusable(f"“{info.name}” in the backup is not an ordinary file.")
    return Part(info.name, info.pax_headers.get(HASH, ""), info.size, file)


def check(path: Path, tell: Tell = lambda done, total: None) -> Manifest:
    """Read the whole file and compare every hash. Gives the manifest. Raises :class:`Unusable`."""
    try:
        with reading_of(path):
            return _checked(path, tell)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error


def _checked(path: Path, tell: Tell) -> Manifest:
    chain, manifest = Chain(), None
    for part in parts(path, tell):
        if manifest is not None:
            raise Unusable(f"{path} goes on after its end; it is damaged.")
        if part.name == MANIFEST:
            manifest = _manifest(part)
            continue
        if digest_of(part.file)[0] != part.digest:
            raise Unusable(f"{path} is damaged: “{part.name}” is not what was written.")
        chain.add(part.name, part.digest)
    if manifest is None:
        raise Unusable(f"{path} is not whole: its end is missing.")
    if (chain.parts, chain.hex) != (manifest.parts, manifest.chain):
        raise Unusable(f"{path} is damaged: it does not hold the parts that were written.")
    return manifest


def _manifest(part: Part) -> Manifest:
    data = part.file.read(LARGEST_MANIFEST)
    if hashlib.sha256(data).hexdigest() != part.digest:
        raise Unusable("The backup's manifest is damaged.")
    try:
        if (made := msgspec.json.decode(data, type=_Format).format) > FORMAT:
            raise Unusable(f"The backup has format {made}; this version of Madoguchi reads {FORMAT}.")
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.DecodeError as error:
        raise Unusable(f"The backup's manifest cannot be read: {error}.") from error


class _Format(msgspec.Struct):
    format: int


def digest_of(file: IO[bytes]) -> tuple[str, int]:
    """(SHA-256 in hex, bytes) of what is left of an open file."""
    digest, size = hashlib.sha256(), 0
    while block := file.read(BLOCK):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size
