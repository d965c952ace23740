"""A backup made while people write holds what was acknowledged before it, and comes back on either engine."""

from __future__ import annotations

import contextlib
import io
import os
import resource
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from PIL import Image
from sqlalchemy import select
from sqlalchemy.engine import make_url

import app.db
from app import backup, config, feed, files, intake, migrations
from app.backup import archive, tables
from app.backup.archive import Column, Manifest, Table, Unusable
from app.cli import cli
from app.config import configure
from app.db import Base, now, reading, transaction
from app.models import (
    Agent,
    Attachment,
    Channel,
    Customer,
    Event,
    Message,
    Revision,
    Signin,
    Visitor,
    Webhook,
)
from channels.base import Request
from tests import engines, factories

KEY = "a secret for the tests only, 0123"


class Place:
    """An installation of the test's own: a folder and a database. `enter()` makes it this process's."""

    def __init__(self, folder: Path, url: str = "", key: str = KEY) -> None:
        self.folder, self.key = folder, key
        self.url = url or f"sqlite:///{folder / 'madoguchi.db'}"

    def enter(self) -> None:
        redis = config.settings().redis_url
        app.db.configure(None)
        self.folder.mkdir(exist_ok=True)
        configure(data_dir=self.folder, database_url=self.url, redis_url=redis, secret=self.key)


@pytest.fixture
def here(tmp_path: Path, committed: None) -> Place:
    """The installation a backup is made of, on the engine under test, with its tables."""
    url = app.db.engine().url.render_as_string(hide_password=False)
    place = Place(tmp_path / "here", url)
    place.enter()
    return place


@pytest.fixture
def there(tmp_path: Path, empty_database_url: str) -> Iterator[Place]:
    """An empty installation on the engine under test."""
    if engines.WHICH == "sqlite":
        yield Place(tmp_path / "there")
        return
    name = f"{make_url(empty_database_url).database}_again"
    with engines.postgres_database(make_url(empty_database_url), name) as url:
        yield Place(tmp_path / "there", url)
        app.db.configure(None)


def picture(hue: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (hue % 256, 20, 30)).save(out, "PNG")
    return out.getvalue()


def talk(channel_id: int, agent_id: int, name: str, number: int) -> str:
    """A customer sends words with a picture, an agent answers; gives the words once they are committed."""
    words = f"{name} の {number} 通目"
    with transaction() as db:
        channel, agent = db.get_one(Channel, channel_id), db.get_one(Agent, agent_id)
        said = factories.customer_says(db, channel, words, name)
        data = picture(number) + name.encode()
        files.store(db, data, "p.png", limit=10**6, channel=channel).message_id = said.id
        factories.reply(db, agent, factories.thread_of(db, said))
    return words


class Load:
    """People who write until they are told to stop; `acknowledged` is what was committed."""

    def __init__(self, writers: int = 3) -> None:
        with transaction() as db:
            self.ids = (factories.channel(db).id, factories.agent(db).id)
        self.acknowledged: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(f"客{n}",)) for n in range(writers)]

    def _run(self, name: str) -> None:
        number = 0
        while not self._stop.is_set():
            self.acknowledged.append(talk(*self.ids, name, number := number + 1))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()


def wait_for(holds: Callable[[], bool]) -> None:
    tick = threading.Event()
    while not holds():
        tick.wait(0.01)


def test_a_backup_made_under_load_holds_what_was_acknowledged_before_it(
    here: Place, there: Place, tmp_path: Path
) -> None:
    load = Load()
    with load.running():
        wait_for(lambda: len(load.acknowledged) >= 8)
        before = list(load.acknowledged)
        made = backup.make(tmp_path / "desk.tar")
        wait_for(lambda: len(load.acknowledged) >= len(before) + 3)
    assert made.path.stat().st_mode & 0o777 == 0o600

    there.enter()
    done = backup.restore(made.path)
    assert done.report.clean, str(done.report)
    assert done.remarks == ()
    with reading() as db:
        said = set(db.scalars(select(Message.text).where(Message.author == "customer")))
        assert said >= set(before)
        assert said <= set(load.acknowledged)
        for one in db.scalars(select(Attachment)):
            assert files.path_of(one).read_bytes() == kept(here, one).read_bytes()
            assert files.path_of(one, scaled=True).name.endswith(".thumb.webp")
    assert talk(*load.ids, "客0", 1_000) not in said  # the next rows have ids of their own
    with reading() as db:
        assert migrations.state() == "current"


def kept(place: Place, one: Attachment) -> Path:
    return place.folder / "files" / one.sha256[:2] / one.sha256


def everything(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Every row a backup holds, as Python sees it."""
    place.enter()
    with reading() as db:
        return {
            table.name: sorted(
                (tuple(row) for row in db.execute(select(table))), key=lambda row: repr(row[:2])
            )
            for table in tables.told()
        }


def odd_rows() -> None:
    """What is easily lost on the way."""
    with transaction() as db:
        channel = factories.channel(db)
        receipt = intake.store(db, channel, Request("POST", "/ü?", body=bytes(range(256))))
        receipt.state, receipt.parsed_at = "parsed", datetime(2026, 2, 28, 23, 59, 59, 123457, tzinfo=UTC)
        db.add(Customer(name="髙橋\t\\N 🧑‍🎨\n", attributes={"a": [1, 2.5, None, {"b": "\\."}], "ア": True}))
        db.add(Revision(noun="faq_entry", noun_id=2**40, data={"x": "“quoted” \\u00e9"}))
        db.add(
            Signin(
                token_hash="h" * 64,
                agent_id=factories.agent(db).id,
                csrf="c",
                last_seen_at=now(),
                expires_at=now(),
            )
        )
        db.add(
            Visitor(channel_id=channel.id, token_hash="v" * 64, last_seen_at=now(), expires_at=now(), page={})
        )


def test_an_installation_moves_to_the_other_engine_and_back_row_by_row(there: Place, tmp_path: Path) -> None:
    first, last = Place(tmp_path / "first"), Place(tmp_path / "last")
    first.enter()
    migrations.upgrade()
    load = Load(0)
    for number in range(3):
        talk(*load.ids, f"客{number}", number)
    odd_rows()
    for number, (source, target) in enumerate([(first, there), (there, last)]):
        source.enter()
        made = backup.make(tmp_path / f"{number}.tar")
        target.enter()
        backup.restore(made.path)
    before, after = everything(first), everything(last)
    assert before == after
    assert sum(map(len, before.values())) > 50
    with reading() as db:
        assert db.scalars(select(Signin)).all() == []  # nobody stays signed in
        assert len(db.scalars(select(Visitor)).all()) == 1  # a customer keeps their thread


def test_who_follows_the_events_goes_on_where_they_were(here: Place, tmp_path: Path) -> None:
    """On PostgreSQL ids have gaps and positions have none; on SQLite the id is the position."""
    load = Load(0)
    talk(*load.ids, "客", 1)
    with contextlib.suppress(RuntimeError), transaction() as db:
        factories.conversation(db)
        raise RuntimeError("ids are drawn, and never used")
    talk(*load.ids, "客", 2)
    feed.settle_all()
    with transaction() as db:
        db.add(Webhook(name="w", url="https://example.jp", cursor=feed.newest(db)))
        told = db.scalar(select(sa.func.max(Event.id))) or 0
    talk(*load.ids, "客", 3)
    made = backup.make(tmp_path / "desk.tar")
    Place(tmp_path / "lite").enter()
    backup.restore(made.path)
    with reading() as db:
        (hook,) = db.scalars(select(Webhook))
        untold = db.scalars(select(Event.id).where(Event.id > told).order_by(Event.id)).all()
        assert len(untold) >= 2
        assert feed.heads(db, hook.cursor, 100) == feed.heads(db, told, 100)
        assert [one.id for one in feed.heads(db, hook.cursor, 100)] == untold


# --- what is refused ---------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> bytes:
    """A backup of a small installation; this process is in an empty one afterwards."""
    place = Place(tmp_path / "small")
    place.enter()
    migrations.upgrade()
    load = Load(0)
    talk(*load.ids, "客", 1)
    with transaction() as db:
        db.add(Webhook(name="w", url="https://example.jp"))
    made = backup.make(tmp_path / "small.tar")
    Place(tmp_path / "target").enter()
    return made.path.read_bytes()


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


# --- the key, the files, the disk --------------------------------------------------------------------


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


def test_every_table_there_is_is_in_it_but_those_named_here(here: Place) -> None:
    """Whoever leaves a table out writes it here, too: what ends with an installation, and what is made anew."""
    there = set(sa.inspect(app.db.engine()).get_table_names())
    made_anew = {name for name in there if name.startswith("search_")} | {"alembic_version"}
    ended = {"signin", "resume_code", "resume_claim", "resume_invitation", "account_link"}
    assert there - made_anew - ended == {str(table.name) for table in tables.told()}


def test_every_column_of_every_table_can_be_written() -> None:
    for table in Base.metadata.sorted_tables:
        assert all(tables.kind_of(column) in tables.KINDS for column in table.columns)


# --- the commands ------------------------------------------------------------------------------------


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


def test_an_ordinary_tar_can_list_it_and_the_rows_are_lines_of_json(small: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(small)) as tar:
        names = tar.getnames()
    assert names[-1] == "manifest.json"
    assert "tables/message/000001.jsonl.gz" in names
    assert not any("signin" in name for name in names)
    assert sqlite3.sqlite_version  # nothing of the engine is in the file
