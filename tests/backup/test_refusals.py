"""What is broken, of elsewhere or of another version is refused, and nothing of it is left."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import select

import app.db
from app import backup, migrations
from app.backup import tables
from app.backup.archive import Column, Table, Unusable
from app.db import reading, transaction
from app.models import (
    Agent,
)
from tests import factories
from tests.backup.installations import Place
from tests.backup.written import put, untouched, written


def test_a_backup_that_was_cut_off_is_refused(small: bytes, tmp_path: Path) -> None:
    end = small.index(b"manifest.json")
    for length in (0, 700, len(small) // 2, end - 1024, end + 600):
        with pytest.raises(Unusable, match=r"not whole|damaged|no backup"):
            backup.restore(put(tmp_path, small[:length]))
    assert untouched(tmp_path)


def test_a_backup_in_which_a_bit_turned_is_refused(small: bytes, tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(small)) as tar:
        spots = [info.offset_data + info.size // 2 for info in tar]
    for spot in spots[:: max(1, len(spots) // 8)] + spots[-1:]:
        changed = bytearray(small)
        changed[spot] ^= 4
        with pytest.raises(Unusable, match="damaged"):
            backup.restore(put(tmp_path, bytes(changed)))
    assert untouched(tmp_path)


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"hello" * 1000, b"\x00" * 4096):
        with pytest.raises(Unusable):
            backup.check(put(tmp_path, data))
    with pytest.raises(Unusable, match="cannot be read"):
        backup.check(tmp_path / "nowhere.tar")


def test_a_part_that_would_be_put_elsewhere_is_refused(small: bytes, tmp_path: Path) -> None:
    sha = "ab" * 32
    for name in (
        "../evil",
        "/tmp/evil",
        f"files/ab/../../{sha}",
        f"files/cd/{sha}",
        "tables/../x/000001.jsonl.gz",
    ):
        refused_with(small, tmp_path, tarfile.TarInfo(name), "does not belong")
    link = tarfile.TarInfo(f"files/ab/{sha}")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    refused_with(small, tmp_path, link, "not an ordinary file")
    assert untouched(tmp_path)


def refused_with(good: bytes, tmp_path: Path, extra: tarfile.TarInfo, sentence: str) -> None:
    """A good backup with one more part in front is refused with this sentence."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(extra)
    with pytest.raises(Unusable, match=sentence):
        backup.restore(put(tmp_path, out.getvalue()[:1024].rstrip(b"\0").ljust(512, b"\0") + good))


def test_rows_that_the_manifest_does_not_name_or_count_are_refused(tmp_path: Path) -> None:
    Place(tmp_path / "target").enter()
    line = tables._packed(bytearray(b'["k",1]\n'))
    columns = (Column("key", "text", null=False), Column("value", "json", null=False))
    for name, rows, sentence in (
        ("setting", 1, "cannot be read"),
        ("setting", 2, "cannot be read"),
        ("label", 1, "does not name"),
        ("", 1, "holds no rows of setting"),
    ):
        path = written(
            tmp_path,
            {f"tables/{name}/000001.jsonl.gz": line} if name else {},
            Table("setting", columns, rows),
        )
        with pytest.raises(Unusable, match=sentence):
            backup.restore(path)
        path.unlink()
    good = tables._packed(bytearray(b'["k","{}"]\n'))
    path = written(tmp_path, {"tables/setting/000001.jsonl.gz": good}, Table("setting", columns, 2))
    with pytest.raises(Unusable, match="manifest says 2"):
        backup.restore(path)
    assert untouched(tmp_path)


def test_a_backup_of_an_older_version_is_brought_to_this_one(there: Place, tmp_path: Path) -> None:
    there.enter()
    columns = [
        ("id", "int"),
        ("email", "text"),
        ("name", "text"),
        ("password_hash", "text"),
        ("role", "text"),
    ]
    columns += [(name, "text") for name in ("locale", "timezone", "theme", "send_key")]
    columns += [("active", "bool"), ("created_at", "time")]
    line = b'[7,"a@b.jp","\xe6\x81\xb5","x","admin","ja","Asia/Tokyo","","",true,"2026-01-02T03:04:05.000006Z"]\n'
    told = Table("agent", tuple(Column(name, kind, null=False) for name, kind in columns), 1)
    path = written(tmp_path, {"tables/agent/000001.jsonl.gz": tables._packed(bytearray(line))}, told)
    assert backup.restore(path).report.clean
    assert migrations.state() == "current"
    with transaction() as db:
        (one,) = db.scalars(select(Agent))
        assert (one.id, one.name, one.created_at.microsecond) == (7, "恵", 6)
        assert factories.agent(db).id == 8


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="newer version"):
        backup.check(written(tmp_path, {}, revision="9999"))
    (tmp_path / "made.tar").unlink()
    with pytest.raises(Unusable, match="format 2"):
        backup.check(written(tmp_path, {}, format=2))


def test_an_installation_with_anything_in_it_is_not_covered_up(small: bytes, tmp_path: Path) -> None:
    migrations.upgrade()
    with transaction() as db:
        factories.agent(db, "もういる人")
    with pytest.raises(Unusable, match="not empty"):
        backup.restore(put(tmp_path, small))
    with reading() as db:
        assert [one.name for one in db.scalars(select(Agent))] == ["もういる人"]


def test_a_failed_restore_leaves_a_database_that_can_be_tried_again(
    small: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Unusable, match="room"):
            backup.restore(put(tmp_path, small))
    with app.db.engine().connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    assert backup.restore(put(tmp_path, small)).report.clean
