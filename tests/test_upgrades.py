"""An upgrade while it runs: processes of the version before go on working on a database that was migrated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from starlette.testclient import TestClient

import app.db
from app import migrations
from app.bot import answers
from app.knowledge import versions
from app.main import make
from app.web import health
from tests import engines


@pytest.fixture
def fresh(tmp_path: Path, empty_database_url: str) -> Iterator[None]:
    """A database of the engine under test without tables."""
    if engines.WHICH == "sqlite":
        app.db.configure(f"sqlite:///{tmp_path / 'fresh.db'}")
        yield
        app.db.configure(None)
        return
    server = make_url(empty_database_url)
    with engines.postgres_database(server, f"{server.database}_fresh") as url:
        app.db.configure(url)
        yield
        app.db.configure(None)


def columns() -> dict[str, dict[str, Any]]:
    """The columns of every table there is."""
    with app.db.engine().connect() as connection:
        look = sa.inspect(connection)
        return {
            table: {column["name"]: column for column in look.get_columns(table)}
            for table in look.get_table_names()
            if not table.startswith("search_")
        }


@pytest.mark.usefixtures("fresh")
def test_no_version_takes_away_or_asks_for_what_the_one_before_does_not_know() -> None:
    """Expand first, contract a version later: what is added to a table is empty or has a default."""
    before: dict[str, dict[str, Any]] = {}
    for revision in sorted(migrations.known()):
        migrations.upgrade(revision)
        after = columns()
        for table, had in before.items():
            assert had.keys() <= after[table].keys(), f"{revision} takes columns of {table} away"
            for name in after[table].keys() - had.keys():
                new = after[table][name]
                taken = new["nullable"] or new["default"] is not None
                assert taken, f"{revision} asks older processes for {table}.{name}"
        before = after


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("kind", ["phone", "visitor"])
def test_addresses_from_before_they_had_one_form_are_marked_to_be_brought_to_it(kind: str) -> None:
    migrations.upgrade("0013")
    at = "2026-11-01 00:00:00.000000"
    with app.db.engine().begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO customer (id, name, name_kana, locale, note, avatar, attributes, created_at, updated_at)"
                " VALUES (1, '', '', '', '', '', '{}', :at, :at)"
            ),
            {"at": at},
        )
        connection.execute(
            sa.text(
                "INSERT INTO identity (id, customer_id, kind, scope, address, display, proof, unreachable, created_at)"
                " VALUES (1, 1, :kind, '', '03-1234-5678', '', 1, '', :at)"
            ),
            {"kind": kind, "at": at},
        )
    migrations.upgrade()
    with app.db.engine().connect() as connection:
        marked = connection.scalar(sa.text("SELECT count(*) FROM setting WHERE key = 'respelling'"))
    assert marked == (1 if kind == "phone" else 0)


@pytest.mark.usefixtures("fresh")
def test_what_was_kept_of_a_secret_that_came_as_a_header_is_taken_away() -> None:
    migrations.upgrade("0028")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    kept = {"x-madoguchi-key": "of the channel", "content-type": "application/json"}
    with app.db.engine().begin() as connection:
        there = sa.MetaData()
        there.reflect(connection, only=["channel", "raw_receipt"])
        channel, receipt = there.tables["channel"], there.tables["raw_receipt"]
        for id, kind in enumerate(("amazon_connect", "shop"), start=1):
            of_channel = {"id": id, "kind": kind, "key": kind, "settings": {}, "cursor": {}}
            connection.execute(
                channel.insert(),
                of_channel
                | dict.fromkeys(("name", "health", "health_text"), "")
                | {"secrets": b"", "enabled": True, "bot_enabled": True, "created_at": at},
            )
            words = dict.fromkeys(("method", "url", "remote", "state", "error"), "")
            connection.execute(
                receipt.insert(),
                words
                | {
                    "id": id,
                    "channel_id": id,
                    "received_at": at,
                    "headers": kept,
                    "body": b"",
                    "outcome": [],
                },
            )
    migrations.upgrade()
    with app.db.engine().connect() as connection:
        headers = list(connection.scalars(sa.select(receipt.c.headers).order_by(receipt.c.id)))
    assert headers == [{"content-type": "application/json"}, kept]


@pytest.mark.usefixtures("committed")
def test_a_process_whose_database_was_migrated_by_a_newer_version_goes_on_serving() -> None:
    with app.db.engine().begin() as connection:
        before = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'newer'"))
    try:
        with TestClient(make()) as client:
            answer = client.get("/readyz")
            assert (answer.status_code, answer.json()["state"]) == (200, "degraded")
            assert answer.json()["migrations"] == {"state": "newer"}
            assert client.get("/login").status_code == 200
    finally:
        with app.db.engine().begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :was"), {"was": before})


@pytest.mark.usefixtures("committed")
def test_a_process_that_was_told_to_stop_is_not_ready_and_still_answers() -> None:
    with TestClient(make()) as client:
        health.leaving.set()
        try:
            answer = client.get("/readyz")
            assert (answer.status_code, answer.json()) == (503, {"state": "leaving"})
            assert client.get("/login").status_code == 200
        finally:
            health.leaving.clear()


@pytest.mark.usefixtures("fresh")
def test_what_the_bot_knew_before_there_were_versions_is_the_first_version() -> None:
    migrations.upgrade("0017")
    names = ("id", "title", "language", "questions", "answer", "links", "quick_replies", "tags", "enabled")
    lists = {"questions", "links", "quick_replies", "tags"}
    kinds: dict[str, Any] = {"enabled": sa.Boolean(), "updated_at": app.db.Timestamp()}
    kinds |= dict.fromkeys(lists, app.db.Json)
    entry = sa.table("faq_entry", *(sa.column(name, kinds.get(name)) for name in (*names, "updated_at")))
    told = {"title": "送料", "language": "ja", "questions": ["送料は？"], "answer": "550円", "enabled": True}
    row = {"id": 7, "updated_at": app.db.now(), "links": [], "quick_replies": [], "tags": [], **told}
    with app.db.engine().execution_options(writes=True).begin() as connection:
        connection.execute(entry.insert(), [row])
    migrations.upgrade()
    with app.db.reading() as db:
        assert versions.number(db) == 1
        assert versions.unpublished(db) == []
        published = answers.book(db).entry(7)
        assert published
        assert (published.title, published.questions, published.answer) == ("送料", ("送料は？",), "550円")
