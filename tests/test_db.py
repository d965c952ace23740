"""Transactions at the edge, times with their zone, rows inserted once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session

import app.db
from app.db import insert_if_new, passing, reading, transaction
from app.models import Label, Setting
from tests import engines
from tests import factories as make


def test_a_time_comes_back_as_it_was_in_utc(db: Session) -> None:
    tokyo = datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=9)))
    head = make.conversation(db)
    head.snoozed_until = tokyo
    db.flush()
    db.expire(head)
    assert head.snoozed_until == tokyo
    assert head.snoozed_until.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(db: Session) -> None:
    make.conversation(db).snoozed_until = datetime(2026, 1, 1)  # noqa: DTZ001  # what must not happen
    with pytest.raises(StatementError, match="zone"):
        db.flush()


def test_a_row_is_inserted_once_and_the_rest_of_the_work_goes_on(db: Session) -> None:
    assert insert_if_new(db, Label(name="返品"))
    assert not insert_if_new(db, Label(name="返品"))
    assert insert_if_new(db, Label(name="交換"))
    assert sorted(db.scalars(select(Label.name))) == sorted(["返品", "交換"])


def test_many_rows_are_written_in_one_statement_and_each_has_its_own_id(db: Session) -> None:
    """Their ids follow the order they were given in, also where the row ids have gaps and the last ones are gone."""
    for round in range(3):
        gone = Label(name=f"gone {round}")
        db.add(gone)
        db.flush()
        db.delete(gone)
        db.flush()
        rows = [Label(name=f"{round} {number * 7919 % 1000}") for number in range(1000)]
        with watched(db) as asked:
            db.add_all(rows)
            db.flush()
        stored = {row.name: row.id for row in db.execute(select(Label.name, Label.id))}
        assert [stored[row.name] for row in rows] == [row.id for row in rows]
        assert sorted(row.id for row in rows) == [row.id for row in rows]
        assert sum(one.startswith("INSERT") for one in asked) < 10


@contextmanager
def watched(db: Session) -> Iterator[list[str]]:
    """The statements that are asked meanwhile."""
    asked: list[str] = []

    def heard(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(db.get_bind(), "before_cursor_execute", heard)
    yield asked
    event.remove(db.get_bind(), "before_cursor_execute", heard)


def test_a_violation_of_another_row_is_not_taken_for_this_one(db: Session) -> None:
    db.add(Label(name="返品"))
    db.flush()
    db.add(Label(name="返品"))  # waits to be written
    with pytest.raises(IntegrityError):
        insert_if_new(db, Label(name="交換"))
    db.rollback()


@pytest.mark.usefixtures("committed")
def test_what_a_transaction_raises_takes_everything_back() -> None:
    def work() -> None:
        with transaction() as db:
            db.add(Setting(key="a", value={"x": 1}))
            db.flush()
            raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed"):
        work()
    with reading() as db:
        assert db.get(Setting, "a") is None


@pytest.mark.usefixtures("committed")
def test_a_reader_sees_one_view_while_others_write() -> None:
    with reading() as db:
        before = db.scalars(select(Setting.key)).all()
        with transaction() as other:
            other.add(Setting(key="new", value={}))
        assert db.scalars(select(Setting.key)).all() == before == []
    with reading() as db:
        assert db.scalars(select(Setting.key)).all() == ["new"]


if engines.WHICH == "sqlite":

    def test_what_was_acknowledged_survives_a_power_cut() -> None:
        with app.db.engine().connect() as connection:
            told = {
                name: connection.scalar(text(f"PRAGMA {name}")) for name in ("synchronous", "foreign_keys")
            }
            assert told == {"synchronous": 2, "foreign_keys": 1}
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"

else:

    @pytest.mark.usefixtures("committed")
    def test_a_reader_cannot_write() -> None:
        with pytest.raises(DBAPIError), reading() as db:
            db.add(Setting(key="a", value={}))


def test_only_a_database_that_may_recover_is_worth_another_try() -> None:
    assert passing(OperationalError("select", {}, Exception("deadlock detected")))
    assert not passing(IntegrityError("insert", {}, Exception("duplicate")))
    assert not passing(ValueError("a bug"))


def test_writers_of_one_process_have_their_turns_in_the_order_they_came() -> None:
    turns = app.db._Turns()
    order: list[int] = []

    def write(name: int) -> None:
        with turns.turn():
            order.append(name)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    with turns.turn():
        for waiting, thread in enumerate(threads, start=2):
            thread.start()
            while len(turns._queue) < waiting:
                time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4]


def test_a_writer_whose_turn_does_not_come_is_told_that_the_database_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app.db, "BUSY_MS", 20)
    turns = app.db._Turns()
    told: list[object] = []

    def write() -> None:
        try:
            with turns.turn():
                told.append("its turn")
        except OperationalError as error:
            told.append(passing(error))

    with turns.turn():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
    with turns.turn():  # and those after it are not held up
        told.append("ours")
    assert told == [True, "ours"]


def test_a_postgresql_that_vanishes_is_missed_soon_unless_the_address_says_otherwise() -> None:
    told: list[dict[str, Any]] = []

    def asked(_dialect: object, _record: object, _told: object, options: dict[str, Any]) -> None:
        told.append(dict(options))
        raise ConnectionRefusedError

    for address in ("postgresql://desk@db/desk", "postgresql://desk@db/desk?connect_timeout=9&keepalives=0"):
        engine = app.db.make_engine(address)
        event.listen(engine, "do_connect", asked)
        with pytest.raises(ConnectionRefusedError):
            engine.connect()
    usual, wanted = told
    assert usual["connect_timeout"] <= 10
    assert usual["keepalives_idle"] + usual["keepalives_interval"] * usual["keepalives_count"] <= 30
    assert usual["tcp_user_timeout"] <= 30_000
    assert (wanted["connect_timeout"], wanted["keepalives"]) == ("9", "0")
