"""Rows as lines of JSON and back, the same for both engines.

A value is written as what it means (a time with its zone, bytes in base64), JSON columns as the text the engine
keeps, so that nothing in them has to be understood. Rows are filled in by COPY on PostgreSQL, five times as fast as
INSERT there.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from app.backup.archive import TABLE, Column, Part, Table, Unusable
from app.db import Timestamp
from app.models import Base

# Who is signed in, or about to be, ends with the installation: what was ended since must not come back to life.
LEFT_OUT = frozenset({"signin", "resume_code", "resume_claim", "resume_invitation", "account_link"})
PORTION = 4 << 20  # bytes of JSON in a part
BATCH = 1_000
FEW = 20  # rows that are in memory at once where each may be a mail of 50 MB
LEVEL = 3  # of gzip: half the time of the usual 6, a tenth more bytes

KINDS: dict[
    str, tuple[Any, sa.types.TypeEngine[Any]]
] = {  # kind: as read from JSON, as given to the database
    "bool": (bool, sa.Boolean()),
    "int": (int, sa.BigInteger()),
    "float": (float, sa.Float()),
    "text": (str, sa.Text()),
    "bytes": (bytes, sa.LargeBinary()),
    "time": (datetime, Timestamp()),
    "json": (str, sa.Text()),
}
_TYPES: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.Boolean, "bool"),
    (sa.Integer, "int"),
    (sa.Float, "float"),
    (sa.String, "text"),
    (sa.LargeBinary, "bytes"),
    (Timestamp, "time"),
    (sa.JSON, "json"),
)

_FOREIGN = re.compile(r"[^\x00-\x7f]+")  # in JSON it stands within strings
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

Step = Callable[[str, int, int], None]  # what, done, total


# --- out ---------------------------------------------------------------------------------------------


def told() -> list[sa.Table]:
    """The tables a backup holds, those that others refer to first."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


def described(table: sa.Table, rows: int) -> Table:
    """The table as the manifest names it."""
    columns = tuple(Column(str(one.name), kind_of(one), bool(one.nullable)) for one in table.columns)
    return Table(str(table.name), columns, rows)


def kind_of(column: sa.Column[Any]) -> str:
    """How the column's values are written. Raises :class:`Unusable` for a type nobody thought of."""
    for type_, kind in _TYPES:
        if isinstance(column.type, type_):
            return kind
    raise Unusable(f"{column} is of a type that a backup cannot hold.")


def portions(connection: Connection, table: sa.Table, step: Step) -> Iterator[tuple[bytes, int]]:
    """The rows of a table in the order of their key: (compressed lines, how many rows) at a time."""
    total = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    wanted = sa.select(*(_out(one) for one in table.columns)).order_by(*table.primary_key.columns)
    encoder, lines, rows, done = msgspec.json.Encoder(), bytearray(), 0, 0
    heavy = any(kind_of(one) == "bytes" for one in table.columns)
    for row in connection.execute(wanted, execution_options={"yield_per": FEW if heavy else BATCH}):
        lines += encoder.encode(tuple(row)) + b"\n"
        rows += 1
        if len(lines) >= PORTION:
            yield _packed(lines), rows
            done, rows = done + rows, 0
            lines.clear()
            step(table.name, done, total)
    if rows:
        yield _packed(lines), rows
        step(table.name, done + rows, total)


def _out(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column


def _packed(lines: bytearray) -> bytes:
    return gzip.compress(bytes(lines), LEVEL, mtime=0)


# --- in ----------------------------------------------------------------------------------------------


def fill(connection: Connection, table: Table, parts: Iterable[Part], step: Step) -> None:
    """Put the rows of these parts into their table. Raises :class:`Unusable` with the database's own words."""
    rows = _Counted(table, parts, step)
    put = _copy if connection.dialect.name == "postgresql" else _insert
    try:
        put(connection, table, rows)
    except (DBAPIError, psycopg.Error) as error:
        said = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise Unusable(f"The table {table.name} could not be filled: {said}") from error
    if rows.done != table.rows:
        raise Unusable(f"The backup has {rows.done} rows of {table.name}, its manifest says {table.rows}.")


class _Counted:
    """The rows of a table's parts, each checked against the columns of the manifest."""

    def __init__(self, table: Table, parts: Iterable[Part], step: Step) -> None:
        self._table, self._parts, self._step = table, parts, step
        self.done = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        decode = msgspec.json.Decoder(_row_type(self._table)).decode
        for part in self._parts:
            try:
                with gzip.open(part.file) as lines:
                    for line in lines:
                        self.done += 1
                        yield decode(line)
            except (msgspec.MsgspecError, EOFError, gzip.BadGzipFile) as error:
                raise Unusable(f"Row {self.done} of {self._table.name} cannot be read: {error}") from error
            self._step(self._table.name, self.done, self._table.rows)


def _row_type(table: Table) -> Any:
    try:
        kinds = [(KINDS[one.kind][0], one.null) for one in table.columns]
    except KeyError as error:
        raise Unusable(f"The backup has columns of a kind unknown here: {error}.") from error
    return tuple[tuple(kind | None if null else kind for kind, null in kinds)]  # type: ignore[misc]


def _insert(connection: Connection, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """JSON as the product writes it there (:func:`app.db.told_at`); PostgreSQL's texts have 会 itself."""
    columns = [(one.name, _ascii if one.kind == "json" else _same) for one in table.columns]
    into = sa.table(table.name, *(sa.column(one.name, KINDS[one.kind][1]) for one in table.columns)).insert()
    for batch in _batches(rows):
        connection.execute(into, [_named(columns, row) for row in batch])


def _batches(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """As many rows together as are quick, and not more than memory is meant for."""
    batch: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if len(batch) == BATCH or size >= PORTION:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _named(columns: Iterable[tuple[str, Callable[[Any], Any]]], row: tuple[Any, ...]) -> dict[str, Any]:
    return {name: fit(value) for (name, fit), value in zip(columns, row, strict=True)}


def _same(value: Any) -> Any:
    return value


def _ascii(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        return _FOREIGN.sub(lambda found: json.dumps(found[0])[1:-1], value)
    return value


def _copy(connection: Connection, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """PostgreSQL's texts cannot hold U+0000; where SQLite's did, it becomes U+FFFD."""
    fitted = [_FITTED.get(one.kind, _same) for one in table.columns]
    quote = connection.dialect.identifier_preparer.quote_identifier
    names = ", ".join(quote(one.name) for one in table.columns)
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {quote(table.name)} ({names}) FROM STDIN".encode()) as copy,
    ):
        for row in rows:
            copy.write_row([fit(value) for value, fit in zip(row, fitted, strict=True)])


def _fit_text(value: Any) -> Any:
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


def _fit_json(value: Any) -> Any:
    """There it is escaped; the same six characters that somebody typed have their backslash escaped."""
    if isinstance(value, str) and "\\u0000" in value:
        return _ESCAPED_NUL.sub(r"\1\\ufffd", value)
    return value


_FITTED: dict[str, Callable[[Any], Any]] = {"text": _fit_text, "json": _fit_json}


def by_table(parts: Iterable[Part]) -> Iterator[tuple[str, Iterator[Part]]]:
    """Neighbouring parts of one table together; parts that are none stand under an empty name."""
    return itertools.groupby(
        parts, key=lambda part: found[1] if (found := TABLE.fullmatch(part.name)) else ""
    )


def go_on_counting(connection: Connection) -> None:
    """The next row of each table gets an id of its own. SQLite counts from the highest id by itself."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote_identifier
    for table, column in connection.execute(sa.text(_COUNTED)).all():
        highest = f"SELECT max({quote(column)}) AS top FROM {quote(table)}"
        values = {"table": quote(table), "column": column}
        counter = "pg_get_serial_sequence(:table, :column)"
        connection.execute(
            sa.text(f"SELECT setval({counter}, coalesce(top, 1), top IS NOT NULL) FROM ({highest}) h"), values
        )


_COUNTED = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND (column_default LIKE 'nextval(%' OR is_identity = 'YES')
"""
