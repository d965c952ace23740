"""The installation under test: on a disk of its own where that may be mounted, with its own database."""

from __future__ import annotations

import os
import resource
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from app.bench.faults.child import Spec
from app.bench.faults.clockwork import Offset
from app.bench.stack import SECRET, Served

DISK = 96 * 1024 * 1024  # bytes of the small disk
A_KILL = (
    256 * 1024
)  # and so many more for each kill: what is said meanwhile, and told of it, needs half of them
PROXIES = "127.0.0.0/8"


class Stage(Served):
    """`madoguchi serve` through app.bench.faults.child, and what can be done to it."""

    clock: Offset
    disk: Disk
    database: Sqlite | Postgres

    def program(self, name: str, which: int = 0) -> psutil.Process | None:
        """A living process of that name (web, worker, clock, redis); None while there is none."""
        wanted = {"clock": "poll"}.get(name, name)
        with suppress(psutil.Error):
            found = [p for n, p in self.programs().items() if n.partition(".")[0] == wanted]
            return found[which % len(found)] if found else None
        return None

    def limit_files(self, bytes: int) -> None:
        """No process of the installation may write behind this place of a file; RLIM_INFINITY: as before."""
        for name, process in self.programs().items():
            if name != "redis":
                with suppress(psutil.Error, OSError):
                    hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)[1]
                    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (bytes, hard))


class Disk:
    """A small file system in memory; where it may not be mounted (`mounted` False), a plain folder."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "madoguchi-faults", str(folder)]
        try:
            self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            self.mounted = False

    def fill(self) -> None:
        """Take the last byte."""
        with suppress(OSError), (self.folder / "filler").open("ab", buffering=0) as file:
            while file.write(b"x" * 65_536):
                pass

    def empty(self) -> None:
        """Give it back."""
        with suppress(FileNotFoundError):
            (self.folder / "filler").unlink()

    def close(self) -> None:
        """Unmount it."""
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)


class Sqlite:
    """The database file in the data directory."""

    name = "SQLite"

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "madoguchi.db"
        self.url = ""

    def refuse(self, seconds: float) -> None:
        """Another process (this one) holds it for longer than anybody waits. Blocks that long."""
        with suppress(sqlite3.OperationalError):
            held = sqlite3.connect(self.path, timeout=10, isolation_level=None)
            try:
                held.execute("BEGIN EXCLUSIVE")
                time.sleep(seconds)
                held.execute("ROLLBACK")
            finally:
                held.close()

    def shrink(self) -> None:
        """Give the log's space back, so that the next write needs new space."""
        with suppress(sqlite3.OperationalError):
            held = sqlite3.connect(self.path, timeout=2, isolation_level=None)
            held.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            held.close()

    def close(self) -> None:
        """Nothing is left."""


class Postgres:
    """A database of our own on a server; where we may, on the small disk."""

    name = "PostgreSQL"

    def __init__(self, server: str, disk: Disk) -> None:
        self.server = make_url(server).set(drivername="postgresql+psycopg")
        self.database = f"madoguchi_faults_{secrets.token_hex(4)}"
        self.on_disk = disk.mounted and self._tablespace(disk.folder)
        where = f" TABLESPACE {self.database}" if self.on_disk else ""
        self._do(f"CREATE DATABASE {self.database} ENCODING 'UTF8' TEMPLATE template0{where}")
        url: URL = self.server.set(database=self.database)
        self.url = url.render_as_string(hide_password=False).replace("+psycopg", "")

    def refuse(self, seconds: float) -> None:
        """It ends every connection and takes no new one. Blocks that long."""
        self._do(f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS false")
        try:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                self._do(ended.format(self.database))
                time.sleep(0.2)
        finally:
            self._do(f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS true")

    def shrink(self) -> None:
        """What is free inside the tables stays free: a page that has room is written without new space."""

    def close(self) -> None:
        """Drop everything we made."""
        self._do(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        if self.on_disk:
            self._do(f"DROP TABLESPACE {self.database}")

    def _tablespace(self, folder: Path) -> bool:
        """On this machine and as its owner only: the server makes its files there itself."""
        inside = folder / "postgres"
        inside.mkdir()
        try:
            files = Path(str(self._ask("SHOW data_directory")))
            owner = files.stat()
            os.chown(inside, owner.st_uid, owner.st_gid)
            inside.chmod(0o700)
            self._do(f"CREATE TABLESPACE {self.database} LOCATION '{inside}'")
        except (OSError, SQLAlchemyError):
            return False
        return True

    def _ask(self, statement: str) -> object:
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            found: object = connection.execute(text(statement)).scalar()
        engine.dispose()
        return found

    def _do(self, statement: str) -> None:
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def room(kills: int) -> int:
    """Bytes of the disk of a run with so many kills: full when it is filled, not by the work itself."""
    return DISK + kills * A_KILL


@contextmanager
def stage(
    database_url: str | None,
    webs: int,
    lease: float,
    also: tuple[str, ...],
    disk_size: int = DISK,
    **environment: str,
) -> Iterator[Stage]:
    """An installation of its own, running; everything of it is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="mado-"))
    home.chmod(0o711)  # a database server of another user has its files inside
    disk = Disk(home / "disk", disk_size)
    data_dir = disk.folder / "data"
    data_dir.mkdir(mode=0o700)
    database = Postgres(database_url, disk) if database_url else Sqlite(data_dir)
    try:
        spec = Spec(str(home / "clock"), lease=lease, also=also)
        given = {"MADOGUCHI_WEB_WORKERS": str(webs), **environment}
        with _running(home, disk, database, spec, given) as made:
            yield made
    finally:
        database.close()
        disk.close()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(
    home: Path, disk: Disk, database: Sqlite | Postgres, spec: Spec, given: dict[str, str]
) -> Iterator[Stage]:
    spec.write(home / "spec.json")
    environment = {
        "MADOGUCHI_SECRET_KEY": SECRET,
        "MADOGUCHI_ALLOW_PRIVATE": "true",
        "MADOGUCHI_TRUSTED_PROXIES": PROXIES,
        **given,
    }
    if database.url:
        environment["DATABASE_URL"] = database.url
    Stage.PROGRAM = ("-m", "app.bench.faults.child", "app.cli", str(home / "spec.json"))
    made = Stage(disk.folder / "data", "--no-demo", **environment)
    made.clock, made.database, made.disk = Offset(home / "clock"), database, disk
    try:
        made.wait_until_ready()
        yield made
    finally:
        _end(made)


def _end(made: Stage) -> None:
    left = made.children() if made.process.poll() is None else []
    with suppress(ProcessLookupError):
        made.process.kill()
    made.process.wait()
    for process in left:
        with suppress(psutil.Error):
            process.kill()
