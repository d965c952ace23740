"""A backup made while people write holds what was acknowledged before it, and comes back on either engine."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

import app.db
from app import backup, feed, files, intake, migrations
from app.backup import tables
from app.backup.archive import Part
from app.db import Base, Json, now, reading, told_at, transaction
from app.models import (
    Attachment,
    Customer,
    Event,
    Message,
    Revision,
    Signin,
    Visitor,
    Webhook,
)
from channels.base import Request
from tests import factories
from tests.backup.installations import Load, Place, kept, talk, wait_for


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


def test_attributes_with_japanese_names_are_found_whatever_engine_wrote_them(db: Session) -> None:
    """PostgreSQL gives its JSON with 会 itself, where SQLite has what the product wrote."""
    told = {"会員": {"value": 'ゴール"ド\\ 🏅'}, "vip": {"value": "é"}}
    customer: Any = Customer.__table__
    values = {
        "attributes": json.dumps(told, ensure_ascii=False),
        "id": 7,
        "name": "会員",
        "name_kana": "",
        "note": "",
    }
    values |= {"locale": "", "avatar": "", "created_at": now(), "updated_at": now()}
    line = msgspec.json.encode([values[column.name] for column in customer.columns])
    part = Part("tables/customer/000001.jsonl.gz", "", 0, io.BytesIO(gzip.compress(line)))
    tables.fill(db.connection(), tables.described(customer, 1), [part], lambda what, done, total: None)
    found = db.get_one(Customer, 7)
    assert (found.name, found.attributes) == ("会員", told)
    for name in told:
        assert db.scalar(select(told_at(Customer.attributes, name, "value"))) == told[name]["value"]


def test_only_a_nul_becomes_another_character_and_not_what_is_written_like_one(db: Session) -> None:
    typed, nul = "C:\\u0000x", "\x00a\x00\x00"
    said = {"typed": typed, "both": f"\\{nul}"}
    table = sa.Table(
        "kept_texts",
        sa.MetaData(),
        sa.Column("id", sa.Integer),
        sa.Column("text", sa.Text),
        sa.Column("data", Json),
    )
    db.execute(CreateTable(table))
    line = msgspec.json.encode([1, typed, json.dumps(said)]) + b"\n"
    line += msgspec.json.encode([2, typed + nul, json.dumps(said)]) + b"\n"
    part = Part("tables/kept_texts/000001.jsonl.gz", "", 0, io.BytesIO(gzip.compress(line)))
    tables.fill(db.connection(), tables.described(table, 2), [part], lambda *_: None)
    fitted = nul if db.get_bind().dialect.name == "sqlite" else nul.replace("\x00", "\ufffd")
    rows = db.execute(sa.select(table.c.text, table.c.data).order_by(table.c.id)).all()
    told = {"typed": typed, "both": f"\\{fitted}"}
    assert [tuple(row) for row in rows] == [(typed, told), (typed + fitted, told)]


def test_large_rows_are_in_memory_a_few_at_a_time(db: Session) -> None:
    """Of a mail house: each receipt holds a mail with its files."""
    asked: dict[str, int] = {}

    def told(
        _connection: object, _cursor: object, words: str, _given: object, context: Any, _many: bool
    ) -> None:
        if size := context.execution_options.get("yield_per"):
            asked[words.split("FROM ")[1].split()[0]] = size

    connection = db.connection()
    sa.event.listen(connection, "before_cursor_execute", told)
    for table in tables.told():
        list(tables.portions(connection, table, lambda what, done, total: None))
    sa.event.remove(connection, "before_cursor_execute", told)
    assert asked["raw_receipt"] == asked["avatar"] == tables.FEW
    assert asked["message"] == tables.BATCH
    mails = [(number, b"m" * 3_000_000) for number in range(5)]
    assert [len(some) for some in tables._batches(mails)] == [2, 2, 1]
    assert [len(some) for some in tables._batches([(number, "短い") for number in range(2_001)])] == [
        1_000,
        1_000,
        1,
    ]


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


def test_every_table_there_is_is_in_it_but_those_named_here(here: Place) -> None:
    """Whoever leaves a table out writes it here, too: what ends with an installation, and what is made anew."""
    there = set(sa.inspect(app.db.engine()).get_table_names())
    made_anew = {name for name in there if name.startswith("search_")} | {"alembic_version"}
    ended = {"signin", "resume_code", "resume_claim", "resume_invitation", "account_link"}
    assert there - made_anew - ended == {str(table.name) for table in tables.told()}


def test_every_column_of_every_table_can_be_written() -> None:
    for table in Base.metadata.sorted_tables:
        assert all(tables.kind_of(column) in tables.KINDS for column in table.columns)
