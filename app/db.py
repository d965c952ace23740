"""The database: engine, transactions at the edge, and the few types both engines share.

SQLite and PostgreSQL are spoken with the same code. What differs between them stands in this file and in
``app.search`` alone.
"""

from __future__ import annotations

import json
import logging
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Engine,
    Float,
    Integer,
    MetaData,
    Select,
    String,
    any_,
    cast,
    create_engine,
    event,
    extract,
    func,
)
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, Connection, Dialect, make_url
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.pool import Pool
from sqlalchemy.sql.compiler import InsertmanyvaluesSentinelOpts
from sqlalchemy.types import TypeDecorator

from app.config import settings

log = logging.getLogger(__name__)

BUSY_MS = 15_000
# The connection used last is used next: its statements are prepared and its pages in memory.
POOLED: dict[str, Any] = {"pool_size": 20, "pool_use_lifo": True, "hide_parameters": True}
# Of libpq, in (milli)seconds: a PostgreSQL that vanishes without a word (its power, a cable) is missed within half a
# minute; by itself TCP waits for up to two hours, and every thread with it. The URL may say others.
WATCHED: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 20_000}
WATCHED |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
BigInt = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")


class Timestamp(TypeDecorator[datetime]):
    """An aware UTC time. SQLite has no zones, so there the zone is dropped on the way in and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are stored with their zone: got a naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every table. Constraint names are spelled out so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


_told: ContextVar[datetime | None] = ContextVar("told", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC; inside :func:`as_of` the moment that is told of."""
    return _told.get() or datetime.now(UTC)


@contextmanager
def as_of(moment: datetime) -> Iterator[None]:
    """Inside it is `moment` (aware), for whoever tells of the past with the verbs of the present: the demo."""
    token = _told.set(moment)
    try:
        yield
    finally:
        _told.reset(token)


_engine: Engine | None = None
_making = threading.Lock()
_retired: list[Pool] = []


def engine() -> Engine:
    """The process's engine, made at the first call from the settings' ``database_url``."""
    global _engine
    with _making:  # two threads that come first at once must not make one each
        if _engine is None:
            _engine = make_engine(settings().database_url)
        return _engine


def configure(url: str | URL | Engine | None) -> None:
    """Bind the process to another database (tests); None: back to the settings at the next use."""
    global _engine
    with _making:
        # Asked first: a connection that comes back while we dispose is closed the next time.
        held = [pool for pool in _retired if pool.checkedout()]  # type: ignore[attr-defined]
        for pool in _retired:
            pool.dispose()
        _retired[:] = held
        if _engine is not None:
            _retired.append(_engine.pool)  # a thread may still hold a connection; it is closed the next time
            _engine.dispose()
        _engine = None if url is None else url if isinstance(url, Engine) else make_engine(url)


def make_engine(url: str | URL) -> Engine:
    """An engine with our settings: WAL, fsync and foreign keys on SQLite; psycopg on PostgreSQL.

    Its errors do not tell the values of a statement: they are logged, and what customers write is not for the log.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    told = {name: value for name, value in WATCHED.items() if name not in parsed.query}
    return create_engine(parsed, max_overflow=30, pool_pre_ping=True, connect_args=told, **POOLED)


def _sqlite(url: URL) -> Engine:
    made = create_engine(url, max_overflow=60, connect_args={"timeout": BUSY_MS / 1000}, **POOLED)

    @event.listens_for(made, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, see _begin
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",  # fsync on commit: what was acknowledged survives a power cut
            "foreign_keys=ON",
            "cache_size=-16000",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # Many rows in one statement, and their ids with them: SQLite gives ids in the order the rows stand in, growing
    # (there is one writer, and no table has come to its last id). Without this each row is a statement.
    made.dialect.insertmanyvalues_implicit_sentinel = InsertmanyvaluesSentinelOpts.AUTOINCREMENT

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that begins DEFERRED and upgrades later fails with "database is locked" at once, whatever
        # the busy timeout; IMMEDIATE waits in line.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: commits at the end, then runs what was registered with :func:`after_commit`.

    Raises whatever the block raises, after rolling back; nothing registered runs then.
    """
    bound = engine()
    with Session(bound.execution_options(writes=True), expire_on_commit=False) as db:
        with _turns.turn() if bound.dialect.name == "sqlite" else nullcontext(), db.begin():
            yield db
        _leave(db)


class _Turns:
    """Who writes next, in the order they came.

    SQLite has one writer at a time, and lets those who wait ask again after sleeps that grow: among many threads
    of a process some would starve until they time out. So they queue here, and only the first asks SQLite.
    """

    def __init__(self) -> None:
        self._queue: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for our turn, which lasts as long as the block. Raises OperationalError when it does not come."""
        mine = threading.Event()
        with self._lock:
            self._queue.append(mine)
            self._queue[0].set()
        if not mine.wait(BUSY_MS / 1000):
            self._give_up(mine)
        try:
            yield
        finally:
            self._next()

    def _give_up(self, mine: threading.Event) -> None:
        with self._lock:
            if mine.is_set():  # just now
                return
            self._queue.remove(mine)
        raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError("database is locked"))

    def _next(self) -> None:
        with self._lock:
            self._queue.popleft()
            if self._queue:
                self._queue[0].set()


_turns = _Turns()


@contextmanager
def reading() -> Iterator[Session]:
    """A session for looking things up: one consistent view, no write lock."""
    with Session(_reader(engine()), expire_on_commit=False, info={_REMEMBERED: {}}) as db, db.begin():
        yield db


_REMEMBERED = "remembered"
Found = TypeVar("Found")


def remembered(db: Session, key: Hashable, look: Callable[[], Found]) -> Found:
    """What `look` finds; in a session of :func:`reading`, to which nothing changes, it looks once for a `key`."""
    known: dict[Hashable, Any] | None = db.info.get(_REMEMBERED)
    if known is None:
        return look()
    if key not in known:
        known[key] = look()
    found: Found = known[key]
    return found


def remember(db: Session, found: Mapping[Hashable, Any]) -> None:
    """What was looked up for several keys in one statement, for :func:`remembered` to find."""
    known: dict[Hashable, Any] | None = db.info.get(_REMEMBERED)
    if known is not None:
        known.update(found)


def one_writer() -> bool:
    """Whether transactions that write run one after the other, so that ids commit in their order (SQLite)."""
    return engine().dialect.name == "sqlite"


def _reader(bound: Engine) -> Engine:
    if bound.dialect.name == "sqlite":
        return bound  # a deferred transaction there is one view already
    return bound.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


Callback = tuple[Callable[..., object], tuple[object, ...]]


def after_commit(db: Session, call: Callable[..., object], *args: object) -> None:
    """Run ``call(*args)`` once the surrounding transaction has committed; the same call twice runs once.

    SQLAlchemy's own ``after_commit`` event also fires when a SAVEPOINT is released, which is too early.
    """
    waiting: list[Callback] = db.info.setdefault("after_commit", [])
    if (call, args) not in waiting:
        waiting.append((call, args))


def _leave(db: Session) -> None:
    """What leaves the process does so now. A failure is logged: the rows are saved, the sweeper finds them."""
    waiting: list[Callback] = db.info.pop("after_commit", [])
    for call, args in waiting:
        try:
            call(*args)
        except Exception as error:  # noqa: BLE001  # whatever it is, the row is saved
            name = getattr(call, "__name__", call)
            log.warning("After a commit %s failed (%s); the clock will make up for it.", name, error)


def insert_if_new(db: Session, row: Base) -> bool:
    """Insert in a savepoint; False when a unique key says it has been seen before.

    Two transactions that insert the same key at once are serialised by the database: the second waits for
    the first to commit and then sees the violation.
    """
    db.flush()  # so that a violation is this row's, not that of another one that waited to be written
    try:
        with db.begin_nested():
            db.add(row)
            db.flush()
    except IntegrityError:
        return False
    return True


def insert_missing(db: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert, in one statement, those of these rows that no unique key knows yet."""
    if not rows:
        return
    db.flush()  # what they refer to
    make = sqlite_dialect.insert if one_writer() else postgresql_dialect.insert
    db.connection().execute(make(table).on_conflict_do_nothing(), list(rows))


def is_one_of(column: InstrumentedAttribute[Any], ids: Select[Any]) -> ColumnElement[bool]:
    """`column` is one of what a query finds, which is looked up once.

    *Trap:* left to itself PostgreSQL, which takes `head_id = id` for rare, asks that query anew for each row.
    """
    return column.in_(ids) if one_writer() else column == any_(func.array(ids.scalar_subquery()))


def seconds_between(
    earlier: InstrumentedAttribute[Any], later: InstrumentedAttribute[Any]
) -> ColumnElement[float]:
    """The seconds from one time column to another; NULL where either has none."""
    if one_writer():
        return (func.julianday(later) - func.julianday(earlier)) * 86400.0
    return cast(extract("epoch", later) - extract("epoch", earlier), Float)


def told_at(column: InstrumentedAttribute[Any], *path: str) -> ColumnElement[str | None]:
    """The text that stands at a path of names in a JSON column; NULL where there is none. No name has a `"` in it.

    *Trap:* SQLite keeps a name as it was written, and what we write is ASCII: 会 is \\u4f1a there.
    """
    if not one_writer():
        return func.jsonb_extract_path_text(column, *path)
    written = ".".join(json.dumps(name) for name in path)
    return cast(func.json_extract(column, f"$.{written}"), String)


def insist(work: Callable[[], Found], tries: int = 5) -> Found:
    """What `work`, a whole transaction, returns, as often as a busy database asks for; then its error is raised."""
    for attempt in range(tries - 1):
        try:
            return work()
        except OperationalError as error:
            log.warning("a transaction is run again: %s", error.orig)
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
    return work()


def breathe(seconds: float = 0.05) -> None:
    """Let others write, between two transactions of a long work. Who waits for SQLite asks every 100 ms at most, and
    would hardly ever find it free."""
    if one_writer():
        time.sleep(seconds)


def passing(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it is run again: a deadlock, a busy or restarted database."""
    return isinstance(error, OperationalError)
