"""The files of imports: kept by the SHA-256 of their bytes, for as long as they are needed, in the folder that all
machines share, for any process of any of them may be asked next."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import settings
from app.db import after_commit, now
from app.models import CallImport
from app.models.call_import import WORKING

KEPT = timedelta(days=7)  # after the last that was done with it
PIECE = 1 << 20


def keep(file: BinaryIO) -> tuple[str, int]:
    """Write a file down, whole or not at all; its digest and size."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f"{secrets.token_hex(8)}.part"
    digest, size = hashlib.sha256(), 0
    try:
        with draft.open("wb") as out:
            while piece := file.read(PIECE):
                digest.update(piece)
                size += len(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(folder / digest.hexdigest())
    finally:
        draft.unlink(missing_ok=True)
    return digest.hexdigest(), size


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_of(row: CallImport) -> Path | None:
    """Where its file lies; None where it was not kept here, or is kept no more."""
    path = place_of(row.digest)
    return path if row.kept and path.exists() else None


def drop(db: Session, digest: str) -> None:
    """A file that is no import goes, unless one has the same."""
    mine = select(CallImport.id).where(CallImport.digest == digest, CallImport.kept)
    if db.scalar(mine.limit(1)) is None:
        after_commit(db, _unlink, digest)


def forget(db: Session, row: CallImport) -> None:
    """Its file is needed no more; it goes unless another import has the same."""
    row.kept = False
    db.flush()
    drop(db, row.digest)


def tidy(db: Session) -> int:
    """Forget the files with which nothing was done for a week; returns how many."""
    idle = (CallImport.kept, CallImport.updated_at < now() - KEPT, CallImport.state.not_in(WORKING))
    found = db.scalars(select(CallImport).where(*idle).limit(100)).all()
    for row in found:
        forget(db, row)
    return len(found)


def lapsed(db: Session) -> bool:
    """Whether there is something for :func:`tidy`."""
    idle = CallImport.updated_at < now() - KEPT
    asked = select(CallImport.id).where(CallImport.kept, idle, CallImport.state.not_in(WORKING))
    return db.scalar(asked.limit(1)) is not None


def place_of(digest: str) -> Path:
    """Where a file that was kept lies."""
    path, before = _places(digest)
    return before if before.exists() and not path.exists() else path


def _folder() -> Path:
    return settings().data_dir / "files" / "imports"


def _places(digest: str) -> tuple[Path, Path]:
    """Where it belongs, and where an earlier version put it: in a folder of the machine's own."""
    return _folder() / digest, settings().data_dir / "imports" / digest


def _unlink(digest: str) -> None:
    for path in _places(digest):
        path.unlink(missing_ok=True)
