"""Writing rows by the engine's own bulk path: executemany on SQLite, COPY on PostgreSQL.

Indexes and foreign keys of the tables are taken away for as long, and made again at the end, from what the
database's own catalogue says of them. Nothing is kept back in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Engine

from app.bench.seeding.rows import COLUMNS, COUNTED, INDEXES, Batch, Row
from app.search import bulk

Told = Callable[[str, int, int], None]  # what, done, total


class Filler(Protocol):
    """One engine's way."""

    def begin(self) -> None:
        """Take away what slows it down."""

    def write(self, batch: Batch) -> None:
        """Write and commit."""

    def end(self, told: Told) -> None:
        """Make again what was taken away; statistics, sequences."""

    def close(self) -> None:
        """Give the connection back."""


def filler(engine: Engine) -> Filler:
    """The way of this engine."""
    return Sqlite(engine) if engine.dialect.name == "sqlite" else Postgres(engine)


class Sqlite:
    """A connection of our own. It does not wait for the disk: a power cut costs a seeding, not a customer's words."""

    def __init__(self, engine: Engine) -> None:
        self._held = engine.raw_connection()
        self._connection: Any = self._held.driver_connection
        self._indexes: list[tuple[str, str]] = []

    def begin(self) -> None:
        run = self._connection.execute
        for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-128000", "temp_store=FILE"):
            run(f"PRAGMA {pragma}")
        wanted = (
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?"
        )
        for table in COLUMNS:
            self._indexes += run(wanted, (table,)).fetchall()
        for name, _ in self._indexes:
            run(f'DROP INDEX "{name}"')
        for noun in INDEXES:  # larger portions before they are merged; the default is set again at the end
            run(f"INSERT INTO {noun} ({noun}, rank) VALUES ('hashsize', 67108864)")

    def write(self, batch: Batch) -> None:
        run = self._connection
        run.execute("BEGIN IMMEDIATE")
        for table, columns in COLUMNS.items():
            if rows := batch[table]:
                names = columns.split()
                rows = [(*row[:-1], None) for row in rows] if table == "event" else rows  # see app.feed
                run.executemany(_insert(table, names), rows)
        for noun in INDEXES:
            run.executemany(_insert(noun, bulk.columns(sqlite=True)), bulk.rows(batch[noun], sqlite=True))
        run.execute("COMMIT")

    def end(self, told: Told) -> None:
        for noun in INDEXES:
            self._connection.execute(f"INSERT INTO {noun} ({noun}, rank) VALUES ('hashsize', 1048576)")
        for done, (_, statement) in enumerate(self._indexes):
            told("indexes", done, len(self._indexes))
            self._connection.execute(statement)
        told("indexes", len(self._indexes), len(self._indexes))
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._held.invalidate()  # its pragmas are not for others


def _insert(table: str, columns: Sequence[str]) -> str:
    return f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES ({", ".join("?" * len(columns))})'


class Postgres:
    """COPY in text form; constraints and indexes as the catalogue spells them."""

    def __init__(self, engine: Engine) -> None:
        self._held = engine.raw_connection()
        driver: Any = self._held.driver_connection
        driver.autocommit = True
        self._connection = driver
        self._again: list[str] = []

    def begin(self) -> None:
        run = self._connection.execute
        for setting in ("synchronous_commit = off", "maintenance_work_mem = '512MB'", "timezone = 'UTC'"):
            run(f"SET {setting}")
        for table in (*COLUMNS, *INDEXES):
            foreign, unique = (run(_CONSTRAINTS, (table, kind)).fetchall() for kind in ("f", "u"))
            loose = run(_LOOSE, (table,)).fetchall()
            for name, definition in (*foreign, *unique):
                run(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
                again = f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}'
                self._again.insert(len(self._again) if (name, definition) in foreign else 0, again)
            for name, definition in loose:
                run(f'DROP INDEX "{name}"')
                self._again.insert(0, definition)

    def write(self, batch: Batch) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for table, columns in COLUMNS.items():
                _copy(cursor, table, columns.split(), batch[table])
            for noun in INDEXES:
                _copy(cursor, noun, bulk.columns(sqlite=False), bulk.rows(batch[noun], sqlite=False))

    def end(self, told: Told) -> None:
        run = self._connection.execute
        for done, statement in enumerate(self._again):
            told("indexes", done, len(self._again))
            run(statement)
        for table in ("customer", "conversation", *COUNTED):
            run(_SEQUENCE.format(table=table))
        run("UPDATE feed_end SET position = (SELECT coalesce(max(position), 0) FROM event)")
        for table in (*COLUMNS, *INDEXES):
            run(f'VACUUM (ANALYZE) "{table}"')  # as autovacuum would have done by and by
        told("indexes", len(self._again), len(self._again))

    def close(self) -> None:
        self._held.invalidate()


_CONSTRAINTS = (
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE conrelid = to_regclass(quote_ident(%s)) AND contype = %s"
)
_LOOSE = (  # indexes that no constraint keeps
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s AND "
    "indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'))"
)
_SEQUENCE = (
    "SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) "
    'FROM "{table}"'
)


def _copy(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    if not rows:
        return
    into: AbstractContextManager[Any] = cursor.copy(f'COPY "{table}" ({", ".join(columns)}) FROM STDIN')
    with into as copy:
        copy.write("".join("\t".join(map(_text, row)) + "\n" for row in rows))


_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def _text(value: Any) -> str:
    """A value in the text format of COPY (PostgreSQL manual, COPY, File Formats)."""
    if value is None:
        return "\\N"
    if type(value) is str:
        return value.translate(_ESCAPES)
    return f"\\\\x{value.hex()}" if type(value) is bytes else str(value)
