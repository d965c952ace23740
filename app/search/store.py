"""The two full-text indexes, and the only SQL of search that differs between the engines.

SQLite has FTS5 tables fed with our tokens through the `ascii` tokenizer (which leaves everything but ASCII
punctuation alone); PostgreSQL has a `tsvector` built from the same tokens with a GIN index. Both hold one row
per message (or customer) under its id, and answer "the newest ids below this one that match".
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.text import Phrase

Noun = Literal["message", "customer"]
NOUNS: tuple[Noun, ...] = ("message", "customer")

# What narrows a search by index: a private-use character no text can be searched by, then a word.
_MARK = "\ue000"
# Rows PostgreSQL reads from the end before it asks the GIN index, and at most, see _newest_postgres.
RECENT, RECENT_AT_MOST = 2_000, 8_000
FREQUENT = 50  # a word in one row of so many is frequent
_VECTOR_BYTES = 900_000  # a tsvector holds at most 1 MB (PostgreSQL manual, 12.11)
_POSITIONS = 16_383  # and positions up to this


@dataclass(frozen=True, slots=True)
class Match:
    """What a row must hold: every phrase, and of each group of scopes or phrases one."""

    phrases: tuple[Phrase, ...]
    scopes: tuple[tuple[str, ...], ...] = ()
    either: tuple[tuple[Phrase, ...], ...] = ()


def create(connection: Connection) -> None:
    """Make the indexes (empty) if they are not there; called by a migration."""
    for noun in NOUNS:
        for statement in _ddl(connection, noun):
            connection.execute(text(statement))


def drop(connection: Connection) -> None:
    """Take the indexes away; `create` and `reindex` bring them back."""
    for noun in NOUNS:
        connection.execute(text(f"DROP TABLE IF EXISTS search_{noun}"))


def _ddl(connection: Connection, noun: Noun) -> list[str]:
    if connection.dialect.name == "sqlite":
        # Rows are taken out of a contentless table only since SQLite 3.43; before, the tokens are kept.
        spare = ", content='', contentless_delete=1" if sqlite3.sqlite_version_info >= (3, 43) else ""
        return [
            f"CREATE VIRTUAL TABLE IF NOT EXISTS search_{noun} "
            f"USING fts5(body, scope, tokenize='ascii', prefix='1'{spare})"
        ]
    return [
        f"CREATE TABLE IF NOT EXISTS search_{noun} (id bigint PRIMARY KEY, tokens tsvector NOT NULL)",
        f"CREATE INDEX IF NOT EXISTS ix_search_{noun} ON search_{noun} USING gin (tokens)",
    ]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of an index."""

    id: int
    tokens: Sequence[str]
    scopes: Sequence[str] = ()


def put(db: Session, noun: Noun, entries: Sequence[Entry]) -> None:
    """Index these rows, in place of what was there under their ids.

    *Trap:* on PostgreSQL that is one statement. Of two who index the same row at once the second waits to delete it,
    deletes nothing (the row of the first is not in what its statement sees) and could not insert its own.
    """
    sqlite = _is_sqlite(db)
    take(db, noun, [entry.id for entry in entries if sqlite or not entry.tokens])
    add(db, noun, entries, "" if sqlite else " ON CONFLICT (id) DO UPDATE SET tokens = EXCLUDED.tokens")


def add(db: Session, noun: Noun, entries: Sequence[Entry], known: str = "") -> None:
    """Index rows whose ids are not in the index yet. `known`: what PostgreSQL does with one that is."""
    filled = [entry for entry in entries if entry.tokens]
    if not filled:
        return
    if _is_sqlite(db):
        statement = f"INSERT INTO search_{noun} (rowid, body, scope) VALUES (:id, :body, :scope)"
        db.execute(text(statement), [_fts_row(entry) for entry in filled])
    else:
        statement = f"INSERT INTO search_{noun} (id, tokens) VALUES (:id, CAST(:vector AS tsvector)){known}"
        db.execute(text(statement), [{"id": entry.id, "vector": _vector(entry)} for entry in filled])


def take(db: Session, noun: Noun, ids: Sequence[int]) -> None:
    """Take rows out of the index; unknown ids are fine."""
    key = "rowid" if _is_sqlite(db) else "id"
    if ids:
        db.execute(text(f"DELETE FROM search_{noun} WHERE {key} = :id"), [{"id": each} for each in ids])


def present(db: Session, noun: Noun, ids: Sequence[int]) -> set[int]:
    """Which of these ids have a row in the index."""
    key = "rowid" if _is_sqlite(db) else "id"
    if not ids:
        return set()
    between = text(f"SELECT {key} FROM search_{noun} WHERE {key} BETWEEN :low AND :high")
    return set(db.scalars(between, {"low": min(ids), "high": max(ids)})) & set(ids)


class Found(NamedTuple):
    """A portion of what matches: ids, newest (highest) first; `more` lies under `below`."""

    ids: list[int]
    below: int
    more: bool


def newest(db: Session, noun: Noun, match: Match, below: int, limit: int) -> Found:
    """The rows under `below` that match, from the newest on: at most `limit`, perhaps fewer though there is more.
    Where nothing is asked for (only signs were typed), nothing matches."""
    if not (match.phrases or match.scopes or match.either):
        return Found([], below, False)
    if _is_sqlite(db):
        return _newest_sqlite(db, noun, match, below, limit)
    return _newest_postgres(db, noun, match, below, limit)


def among(db: Session, column: InstrumentedAttribute[int], ids: Sequence[int]) -> ColumnElement[bool]:
    """`column` is one of `ids`, as one parameter: thousands of them cost no time in building the statement."""
    if _is_sqlite(db):
        return column.in_(select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value))
    return column == func.any(bindparam("ids", list(ids), type_=ARRAY(BigInteger), unique=True))


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"


# --- SQLite -------------------------------------------------------------------------------------------


def _fts_row(entry: Entry) -> dict[str, object]:
    scope = " ".join(_MARK + each for each in entry.scopes)
    return {"id": entry.id, "body": " ".join(entry.tokens), "scope": scope}


def _newest_sqlite(db: Session, noun: Noun, match: Match, below: int, limit: int) -> Found:
    statement = (
        f"SELECT rowid FROM search_{noun} WHERE search_{noun} MATCH :wanted AND rowid < :below "
        "ORDER BY rowid DESC LIMIT :limit"
    )
    found = db.execute(text(statement), {"wanted": _fts_query(match), "below": below, "limit": limit})
    return _full(list(found.scalars()), below, limit)


def _full(ids: list[int], below: int, limit: int) -> Found:
    """All there is under `below`, unless `limit` cut it off."""
    return Found(ids, ids[-1] if ids else below, len(ids) == limit)


def _fts_query(match: Match) -> str:
    """The FTS5 expression. Tokens are letters and numbers, so quoting them is enough."""
    words = [_fts_phrase(each) for each in match.phrases]
    words += ["(" + " OR ".join(map(_fts_phrase, group)) + ")" for group in match.either]
    parts = [f"{{body}} : ({' AND '.join(words)})"] if words else []
    for group in match.scopes:
        parts.append("{scope} : (" + " OR ".join(f'"{_MARK}{each}"' for each in group) + ")")
    return " AND ".join(parts)


def _fts_phrase(wanted: Phrase) -> str:
    return f'"{" ".join(wanted.tokens)}"{" *" if wanted.prefix else ""}'


# --- PostgreSQL ---------------------------------------------------------------------------------------


def _vector(entry: Entry) -> str:
    """The text form of a tsvector: 'token':position …, scopes without a position."""
    written = [f"'{_MARK}{each}'" for each in entry.scopes]
    left = _VECTOR_BYTES
    for position, token in enumerate(entry.tokens[:_POSITIONS], start=1):
        left -= len(token.encode()) + 8
        if left < 0:
            break
        written.append(f"'{token}':{position}")
    return " ".join(written)


def _newest_postgres(db: Session, noun: Noun, match: Match, below: int, limit: int) -> Found:
    """First among the last rows; only a word that is rare there is asked of the GIN index.

    In one statement the planner misjudges words outside its statistics: it walks the whole primary key for a rare
    one, or builds a bitmap of half the table for a frequent one. So both plans are ours to choose.
    """
    window = min(RECENT + 4 * limit, RECENT_AT_MOST)
    values = {"wanted": _ts_query(match), "below": below, "limit": limit, "window": window}
    rows, lowest, ids = db.execute(text(_RECENT_SQL.format(noun=noun)), values).one()
    if rows < window or len(ids) == limit:
        return _full(ids, below, limit)
    if len(ids) * FREQUENT >= rows:
        return Found(ids, lowest, True)
    db.execute(text("SET LOCAL enable_seqscan = off"))
    ids = list(db.execute(text(_GIN_SQL.format(noun=noun)), values).scalars())
    db.execute(text("SET LOCAL enable_seqscan = on"))
    return _full(ids, below, limit)


_RECENT_SQL = """
WITH recent AS MATERIALIZED (
  SELECT id, tokens FROM search_{noun} WHERE id < :below ORDER BY id DESC LIMIT :window
)
SELECT count(id), min(id), ARRAY(
  SELECT id FROM recent WHERE tokens @@ CAST(:wanted AS tsquery) ORDER BY id DESC LIMIT :limit
) FROM recent
"""
_GIN_SQL = """
WITH found AS MATERIALIZED (
  SELECT id FROM search_{noun} WHERE tokens @@ CAST(:wanted AS tsquery) AND id < :below
)
SELECT id FROM found ORDER BY id DESC LIMIT :limit
"""


def _ts_query(match: Match) -> str:
    parts = [_ts_phrase(each) for each in match.phrases]
    parts += ["(" + " | ".join(map(_ts_phrase, group)) + ")" for group in match.either]
    for group in match.scopes:
        parts.append("(" + " | ".join(f"'{_MARK}{each}'" for each in group) + ")")
    return " & ".join(parts)


def _ts_phrase(wanted: Phrase) -> str:
    *before, last = (f"'{token}'" for token in wanted.tokens)
    return "(" + " <-> ".join([*before, last + (":*" if wanted.prefix else "")]) + ")"
