"""An upgrade while it runs: processes of the version before go on working on a database that was migrated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from starlette.testclient import TestClient

import app.db
from app import migrations
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
