"""Backups that are broken or made by hand, and whether anything came of them."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

import app.db
from app.backup import archive
from app.backup.archive import Manifest, Table
from app.db import now


def put(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "broken.tar"
    path.write_bytes(data)
    return path


def untouched(tmp_path: Path) -> bool:
    """The installation that was to be filled has no tables and no files."""
    names = {path.name for path in (tmp_path / "target").rglob("*") if path.is_file()}
    with app.db.engine().connect() as connection:
        return not sa.inspect(connection).get_table_names() and not names - {
            *("madoguchi.db", "madoguchi.db-wal", "madoguchi.db-shm", "serve.lock")
        }


def written(
    tmp_path: Path, parts: dict[str, bytes], *told: Table, revision: str = "0001", format: int = 1
) -> Path:
    """A backup made by hand."""
    path = tmp_path / "made.tar"
    with path.open("wb") as file:
        writer = archive.Writer(file)
        for name, data in parts.items():
            writer.add(name, data)
        writer.close(
            Manifest("0", revision, "sqlite", now().isoformat(), "", told, 0, 0, (), (), format=format)
        )
    return path
