"""An installation to save, an empty one to fill, and a small saved one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

import app.db
from app import backup, migrations
from app.db import transaction
from app.models import (
    Webhook,
)
from tests import engines
from tests.backup.installations import Load, Place, talk


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
