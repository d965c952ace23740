"""Fixtures that every test may use. `MADOGUCHI_TEST_DB=postgresql` runs the suite on PostgreSQL."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest
import redis
from argon2 import PasswordHasher
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

import app.db
from app import connect, migrations, passwords
from app.bench.seeding.rows import INDEXES
from app.bot import answers
from app.config import Settings, configure, settings
from app.models import Base
from tests import engines
from tests.examples import some
from tests.run import find_chromium

CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


# Ten thousand tests are made before the first one runs: looking through them for garbage costs a third of that.
gc.disable()

# What is awaited on a page has as long as on a busy machine it may need; a test that passes waits no longer for it.
expect.set_options(timeout=30_000)

hypothesis.settings.register_profile(
    "madoguchi", deadline=None, max_examples=some(100)
)  # no test asserts how fast it is
hypothesis.settings.load_profile("madoguchi")


MARKS = ("browser", "faults")
# What takes longest: it begins first, so that no process waits for it alone at the end.
LONG = (
    *("tests/faults/", "tests/web/test_statements.py", "tests/steps/", "tests/attack/test_fuzz.py"),
    *(
        "tests/attack/test_access.py",
        "tests/bench/",
        "tests/properties/",
        "tests/hostile/",
        "tests/test_demo.py",
    ),
)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A run that is only about tests with a mark reads the files alone that name it."""
    wanted = [mark for mark in MARKS if re.search(rf"(?<!not )\b{mark}\b", config.option.markexpr)]
    if not wanted or not collection_path.match("test_*.py"):
        return None
    return None if any(_names(collection_path, mark) for mark in wanted) else True


def _names(file: Path, mark: str) -> bool:
    return f"mark.{mark}" in file.read_text(encoding="utf-8")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first. Raises pytest.UsageError for a test with a mark that its file does not name: a
    run of that mark alone would not find it."""
    for item in items:
        for mark in MARKS:
            if item.get_closest_marker(mark) and not _names(item.path, mark):
                raise pytest.UsageError(f"{item.path} does not name the mark “{mark}” of {item.name}.")
    items.sort(
        key=lambda item: next((n for n, path in enumerate(LONG) if item.nodeid.startswith(path)), len(LONG))
    )


def pytest_collection_finish() -> None:
    """What stands until the end is never looked through again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> tuple[str, str]:
    """(test run, process in it), for names that must not collide."""
    given = getattr(request.config, "workerinput", None)
    return (given["testrunuid"][:12], given["workerid"]) if given else (str(os.getpid()), "main")


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """The data directory of this test process."""
    with engines.short_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def redis_url(home: Path) -> Iterator[str]:
    """A real Redis."""
    with engines.redis_in(home) as url:
        yield url


@pytest.fixture(scope="session")
def empty_database_url(home: Path, worker: tuple[str, str]) -> Iterator[str]:
    """A database of the engine under test, without tables yet."""
    if engines.WHICH == "sqlite":
        yield f"sqlite:///{home / 'test.db'}"
        return
    with (
        engines.postgres_server(worker[0]) as server,
        engines.postgres_database(server, "madoguchi_test_" + "_".join(worker)) as url,
    ):
        yield url


@pytest.fixture(scope="session", autouse=True)
def installation(home: Path, redis_url: str, empty_database_url: str) -> Iterator[Settings]:
    """The settings of this test process, over a migrated database."""
    for name in [
        name
        for name in os.environ
        if name.startswith("MADOGUCHI_") and not name.startswith("MADOGUCHI_TEST_")
    ]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    made = _configure(home, redis_url, empty_database_url)
    # Whoever signs in here signs in fast.
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    _make_tables()
    yield made
    app.db.configure(None)


def _make_tables() -> None:
    migrations.upgrade()
    app.db.engine().dispose()  # so that the file is whole when it is copied


def _configure(home: Path, redis_url: str, database_url: str) -> Settings:
    app.db.configure(None)
    return configure(
        data_dir=home,
        redis_url=redis_url,
        database_url=database_url,
        secret="a secret for the tests only, 0123",
    )


@pytest.fixture(scope="session")
def _line(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(autouse=True)
def _fresh(installation: Settings, _line: redis.Redis) -> Iterator[None]:
    """Each test begins with the session's settings, an empty Redis and a bot that has read nothing."""
    yield
    answers.forget_book()
    if settings() != installation:
        _configure(installation.data_dir, installation.redis_url, installation.database_url)
    _line.flushall()


@pytest.fixture
def db(installation: Settings) -> Iterator[Session]:
    """A session whose commits are savepoints: all is rolled back afterwards. For verbs, which never commit.

    What opens transactions of its own (web, jobs) does not see it: such tests use `committed`.
    """
    engine = app.db.engine().execution_options(writes=True)
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        if outer.is_active:
            outer.rollback()


@pytest.fixture
def private_allowed(installation: Settings) -> Iterator[None]:
    """This installation may make lines to private addresses, where the servers of the tests are."""
    one = settings()
    configure(
        data_dir=one.data_dir, redis_url=one.redis_url, database_url=one.database_url, secret=one.secret,
        allow_private=True,
    )  # fmt: skip
    connect.http.cache_clear()
    yield
    connect.http.cache_clear()


@pytest.fixture
def committed(installation: Settings) -> Iterator[None]:
    """Real transactions on a database that is empty now, and emptied afterwards."""
    yield
    if app.db.engine().url.render_as_string(hide_password=False) != installation.database_url:
        app.db.configure(installation.database_url)  # the test has gone elsewhere
    with app.db.engine().execution_options(writes=True).connect() as connection:
        empty(connection)


def empty(connection: Connection) -> None:
    """Take every row of every table of ours, and begin every number anew. Few tables have rows after a test."""
    names = [*INDEXES, *(table.name for table in reversed(Base.metadata.sorted_tables))]
    (_empty_sqlite if connection.dialect.name == "sqlite" else _empty_postgresql)(connection, names)
    connection.commit()


def _empty_sqlite(connection: Connection, names: Sequence[str]) -> None:
    for name in names:
        connection.exec_driver_sql(f'DELETE FROM "{name}"')


def _empty_postgresql(connection: Connection, names: Sequence[str]) -> None:
    """Looking is twenty times as fast as TRUNCATE, which makes each file anew."""
    look = 'IF EXISTS (SELECT 1 FROM "{0}") THEN DELETE FROM "{0}"; END IF; '
    taken = "".join(look.format(name) for name in names)
    anew = "EXECUTE 'ALTER SEQUENCE ' || used || ' RESTART'"
    used = "SELECT quote_ident(sequencename) FROM pg_sequences WHERE last_value IS NOT NULL"
    connection.execute(text("SET lock_timeout = '10s'"))  # a transaction left open is told, not waited for
    connection.exec_driver_sql(
        f"DO $$ DECLARE used text; BEGIN {taken} FOR used IN {used} LOOP {anew}; END LOOP; END $$"
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium, one for all: Playwright runs once in a process. Without one the test fails."""
    path = find_chromium()
    assert path, "No Chromium was found; install it or set MADOGUCHI_TEST_CHROMIUM."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
