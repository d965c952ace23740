"""Making a backup: one view of the rows first, then the files those rows name."""

from __future__ import annotations

import errno
import os
import secrets
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app import __version__
from app.backup import tables
from app.backup.archive import KEY, Manifest, Table, Unusable, Writer, digest_of, why
from app.backup.tables import Step
from app.config import Settings, settings
from app.db import now, reading
from app.models import Attachment

MISSING_NAMED = 1_000  # missing files a manifest names; more are a broken storage, not an accident
# A bad sector, or what somebody wrote as root: of a few files it is no reason to have no backup at all.
UNREADABLE = (errno.EIO, errno.EACCES, errno.EPERM)
A_FEW = 20
LEFT_BEHIND = 24 * 3600.0  # seconds


@dataclass(frozen=True)
class Made:
    """The finished file, its size in bytes and what it holds."""

    path: Path
    size: int
    manifest: Manifest


def make(target: Path, *, with_key: bool = False, step: Step = lambda what, done, total: None) -> Made:
    """Write a backup to `target`, a new file or a folder to put one in; readable by its owner only.

    The file has its name only when it is whole and on the disk. Raises :class:`Unusable`; then nothing is left.
    """
    path = _path(target)
    _sweep(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        manifest = _write(draft, with_key, step)
        _move(draft, path)
    except OSError as error:
        raise Unusable(f"The backup could not be written to {path.parent}: {why(error)}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return Made(path, path.stat().st_size, manifest)


def fingerprint(current: Settings) -> str:
    """By which a restore knows the secret key again; 64 bits that tell nothing of it."""
    return current.key("backup fingerprint")[:8].hex()


def _path(target: Path) -> Path:
    path = target / f"madoguchi-{now():%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    if path.exists():
        raise Unusable(f"{path} is there already; choose another name, or take it away.")
    return path


def _sweep(folder: Path) -> None:
    """Drafts of backups that were killed, as large as a backup each. One that is being written is never a day old."""
    for draft in folder.glob(".madoguchi-*.tar.*.part"):
        with suppress(OSError):
            if time.time() - draft.stat().st_mtime > LEFT_BEHIND:
                draft.unlink()


def _write(draft: Path, with_key: bool, step: Step) -> Manifest:
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        writer = Writer(file)
        manifest = _fill(writer, with_key, step)
        writer.close(manifest)
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _fill(writer: Writer, with_key: bool, step: Step) -> Manifest:
    current = settings()
    with reading() as db:
        connection = db.connection()
        revision = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        made_at = now().isoformat()  # the view begins with the first thing that is read
        kept = tuple(_table(writer, connection, table, step) for table in tables.told())
        files = _files(writer, connection, current, step)
        engine = connection.dialect.name
    if with_key:
        writer.add(KEY, current.secret_key)
    return Manifest(
        version=__version__,
        revision=str(revision),
        engine=engine,
        made_at=made_at,
        key=fingerprint(current),
        tables=kept,
        files=files.count,
        file_bytes=files.size,
        missing=tuple(files.missing),
        damaged=tuple(files.damaged),
    )


def _table(writer: Writer, connection: Connection, table: sa.Table, step: Step) -> Table:
    rows = 0
    for number, (data, count) in enumerate(tables.portions(connection, table, step), start=1):
        writer.add(f"tables/{table.name}/{number:06}.jsonl.gz", data)
        rows += count
    return tables.described(table, rows)


class _Files:
    """The files that went in, and those that could not."""

    def __init__(self) -> None:
        self.count, self.size, self.unreadable = 0, 0, 0
        self.missing: list[str] = []
        self.damaged: list[str] = []

    def miss(self, name: str, error: OSError) -> None:
        """It is not there, or cannot be read. Raises :class:`Unusable` where that looks like more than this file."""
        if not isinstance(error, FileNotFoundError):
            self.unreadable += 1
            if error.errno not in UNREADABLE or self.unreadable > A_FEW:
                raise Unusable(f"{name} cannot be read: {why(error)}.") from error
        if len(self.missing) < MISSING_NAMED:
            self.missing.append(name)


def _files(writer: Writer, connection: Connection, current: Settings, step: Step) -> _Files:
    """Every file a row of the view names. One that is taken away meanwhile is said to be missing, no more."""
    seen = _Files()
    digest, thumb = Attachment.sha256, sa.func.max(sa.cast(Attachment.thumb, sa.Integer))
    total = connection.scalar(sa.select(sa.func.count(digest.distinct()))) or 0
    wanted = sa.select(digest, thumb).group_by(digest).order_by(digest)
    with connection.execute(wanted, execution_options={"yield_per": tables.BATCH}) as rows:
        for done, (name, scaled) in enumerate(rows, start=1):
            for ending in ("", ".thumb.webp") if scaled else ("",):
                _file(writer, seen, current.data_dir, f"files/{name[:2]}/{name}{ending}")
            step("files", done, total)
    return seen


def _file(writer: Writer, seen: _Files, folder: Path, name: str) -> None:
    with ExitStack() as held:
        try:
            file = held.enter_context((folder / name).open("rb"))
            digest, size = digest_of(file)
        except OSError as error:
            seen.miss(name, error)
            return
        writer.copy(name, file, digest, size)
    seen.count, seen.size = seen.count + 1, seen.size + size
    if not name.endswith((digest, ".thumb.webp")) and len(seen.damaged) < MISSING_NAMED:
        seen.damaged.append(name)


def _move(draft: Path, path: Path) -> None:
    """Into its place, and for good. Not by a hard link: memory sticks have none."""
    if path.exists():
        raise Unusable(f"{path} came into being meanwhile; choose another name.")
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
