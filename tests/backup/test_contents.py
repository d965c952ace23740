"""The key, the files and the disk of a backup, and its commands."""

from __future__ import annotations

import errno
import io
import os
import resource
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

import app.db
from app import backup, config
from app.backup import archive, making
from app.backup.archive import Unusable
from app.cli import cli
from app.config import configure
from app.db import reading
from app.models import (
    Attachment,
    Channel,
    Webhook,
)
from tests.backup.installations import KEY, Load, Place, kept, talk
from tests.backup.written import put


def test_a_restore_under_another_key_or_none_says_so(small: bytes, tmp_path: Path) -> None:
    Place(tmp_path / "other", key="another secret for the tests, 45").enter()
    (remark,) = backup.restore(put(tmp_path, small)).remarks
    assert "another than that of the backup" in remark
    app.db.configure(None)
    configure(data_dir=tmp_path / "none", redis_url=config.settings().redis_url)
    (remark,) = backup.restore(put(tmp_path, small)).remarks
    assert "no secret key here" in remark
    assert not (tmp_path / "none" / "secret.key").exists()


def test_the_key_goes_along_only_where_it_was_asked_for(small: bytes, tmp_path: Path) -> None:
    assert KEY.encode() not in small
    Place(tmp_path / "small").enter()
    made = backup.make(tmp_path / "with.tar", with_key=True)
    app.db.configure(None)
    configure(data_dir=tmp_path / "new", redis_url=config.settings().redis_url)
    assert backup.restore(made.path).remarks == ()
    key = tmp_path / "new" / "secret.key"
    assert key.read_bytes() == KEY.encode()
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_copy_to_look_at_sends_nothing(small: bytes, tmp_path: Path) -> None:
    backup.restore(put(tmp_path, small), silent=True)
    with reading() as db:
        senders = [*db.scalars(select(Channel.enabled)), *db.scalars(select(Webhook.enabled))]
        assert senders == [False] * 2


def test_a_file_that_is_gone_or_changed_is_reported_and_stops_nothing(here: Place, tmp_path: Path) -> None:
    load = Load(0)
    for number in range(3):
        talk(*load.ids, "客", number)
    with reading() as db:
        gone, changed, _ = db.scalars(select(Attachment).order_by(Attachment.id))
    kept(here, gone).unlink()
    kept(here, changed).write_bytes(b"rot")
    made = backup.make(tmp_path / "desk.tar").manifest
    assert made.missing == (f"files/{gone.sha256[:2]}/{gone.sha256}",)
    assert made.damaged == (f"files/{changed.sha256[:2]}/{changed.sha256}",)
    assert made.files == 5  # of three pictures and their scaled copies
    assert backup.check(tmp_path / "desk.tar").files == 5


def test_a_file_that_cannot_be_read_is_reported_and_a_storage_that_cannot_stops_it(
    here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Load(0)
    for number in range(2):
        talk(*load.ids, "客", number)
    with reading() as db:
        first, _ = db.scalars(select(Attachment).order_by(Attachment.id))
    sector = kept(here, first)
    whole, trouble = archive.digest_of, [errno.EIO]

    def read(file: Any) -> tuple[str, int]:
        if Path(file.name) == sector:
            raise OSError(trouble[0], os.strerror(trouble[0]))
        return whole(file)

    monkeypatch.setattr(making, "digest_of", read)
    made = backup.make(tmp_path / "desk.tar").manifest
    assert made.missing == (f"files/{first.sha256[:2]}/{first.sha256}",)
    assert backup.check(tmp_path / "desk.tar").files == made.files == 3
    trouble[:] = [errno.ESTALE]
    with pytest.raises(Unusable, match=f"^files/.*{first.sha256} cannot be read: stale"):
        backup.make(tmp_path / "again.tar")
    trouble[:] = [errno.EACCES]
    monkeypatch.setattr(making, "A_FEW", 0)
    with pytest.raises(Unusable, match="cannot be read: permission denied"):
        backup.make(tmp_path / "again.tar")
    assert not (tmp_path / "again.tar").exists()


def test_what_a_killed_backup_left_goes_with_the_next(here: Place, tmp_path: Path) -> None:
    Load(0)
    folder = tmp_path / "out"
    folder.mkdir()
    old, fresh, other = (
        folder / f".{name}.part" for name in ("madoguchi-1.tar.0a", "madoguchi-2.tar.0b", "x.tar.0c")
    )
    for draft in (old, fresh, other):
        draft.write_bytes(b"half")
    for draft in (old, other):
        os.utime(draft, (1_700_000_000, 1_700_000_000))
    made = backup.make(folder)
    assert set(folder.iterdir()) == {fresh, other, made.path}


def test_a_full_disk_leaves_no_half_backup(here: Place, tmp_path: Path) -> None:
    load = Load(0)
    talk(*load.ids, "客", 1)
    folder = tmp_path / "out"
    folder.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, hard))
    try:
        with pytest.raises(Unusable, match="not enough room"):
            backup.make(folder / "desk.tar")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.iterdir()) == []


def run(place: Place, *arguments: str) -> Any:
    place.enter()
    redis = config.settings().redis_url
    app.db.configure(None)
    environment = {
        "MADOGUCHI_SECRET_KEY": place.key,
        "DATABASE_URL": place.url,
        "REDIS_URL": redis,
        "MADOGUCHI_DATA_DIR": str(place.folder),
    }
    return CliRunner(env=environment).invoke(
        cli, ["--data-dir", str(place.folder), *arguments], prog_name="madoguchi"
    )


def test_the_commands_say_what_they_did(here: Place, there: Place, tmp_path: Path) -> None:
    load = Load(0)
    talk(*load.ids, "客", 1)
    made = run(here, "backup", str(tmp_path))
    assert made.exit_code == 0, made.output
    assert "2 files" in made.output
    assert "The secret key is not in it" in made.output
    (path,) = tmp_path.glob("madoguchi-*Z.tar")
    assert run(here, "backup", str(path)).exit_code == 1
    assert "is whole" in run(there, "restore", "--check", str(path)).output
    restored = run(there, "restore", str(path))
    assert restored.exit_code == 0, restored.output
    assert "Everything adds up." in restored.output
    again = run(there, "restore", str(path))
    assert again.exit_code == 1
    assert "not empty" in again.output


def test_a_storage_in_which_nothing_is_any_more_is_no_success(here: Place, tmp_path: Path) -> None:
    """The shared folder is not mounted: the timer takes older backups away only after one that worked."""
    load = Load(0)
    for number in range(2):
        talk(*load.ids, "客", number)
    with reading() as db:
        first, second = (kept(here, one) for one in db.scalars(select(Attachment).order_by(Attachment.id)))
    first.rename(tmp_path / "elsewhere")
    assert run(here, "backup", str(tmp_path / "some.tar")).exit_code == 0
    for file in second.parent.parent.rglob("*"):
        if file.is_file():
            file.unlink()
    made = run(here, "backup", str(tmp_path / "none.tar"))
    assert made.exit_code == 1
    assert "None of the files is there" in made.output
    assert (tmp_path / "none.tar").exists()


def test_an_ordinary_tar_can_list_it_and_the_rows_are_lines_of_json(small: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(small)) as tar:
        names = tar.getnames()
    assert names[-1] == "manifest.json"
    assert "tables/message/000001.jsonl.gz" in names
    assert not any("signin" in name for name in names)
    assert sqlite3.sqlite_version  # nothing of the engine is in the file
