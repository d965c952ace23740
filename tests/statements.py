"""What is asked of the database, statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

import app.db

# A list is never cut by counting rows from its beginning, and nothing is counted but so many of it at most; how often
# each thing came about between two days is what a report is for.
FORBIDDEN = re.compile(
    r"\bOFFSET\b|\bCOUNT\s*\((?!.*\bFROM \(SELECT\b.*\bLIMIT\b)", re.IGNORECASE | re.DOTALL
)
_WINDOW = re.compile(  # a count of the newest few
    r"\s*WITH (\w+) AS MATERIALIZED \(.*?\bLIMIT\b.*?\n\)\s*SELECT count\(.*\bFROM \1\s*", re.DOTALL
)
REPORT = re.compile(r"made_at < .*\bGROUP BY\b", re.IGNORECASE | re.DOTALL)

_OFFSET = re.compile(r" OFFSET \?")
_LISTED = re.compile(r"\((?:(?:\?|%\(\w+\)s(?:::\w+)?)(?:, )?)+\)")  # of IN, however many there are


@contextmanager
def recorded() -> Iterator[list[str]]:
    """The statements this process makes inside, in order; transactions' own words are not among them."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            said.append(_LISTED.sub("(…)", _meant(statement, values)))

    engine = app.db.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _meant(statement: str, values: Any) -> str:
    """On SQLite SQLAlchemy writes `OFFSET ?` with every LIMIT and gives it 0: that skips nothing."""

    def without(match: re.Match[str]) -> str:
        place = statement[: match.end()].count("?") - 1
        return "" if isinstance(values, tuple) and values[place] == 0 else match[0]

    return _OFFSET.sub(without, statement)


def forbidden(statements: list[str]) -> list[str]:
    """Those that skip rows or count a table."""
    return [
        one
        for one in statements
        if FORBIDDEN.search(one) and not REPORT.search(one) and not _WINDOW.fullmatch(one)
    ]


def more_often(few: list[str], many: list[str]) -> list[str]:
    """Which statements were made more often among `many` than among `few`, to tell what to look at.

    Known by what stands before their conditions: an IN without anything in it is written in another way.
    """
    few, many = ([one.partition("WHERE")[0] for one in said] for said in (few, many))
    return sorted(
        {
            f"{many.count(one)} instead of {few.count(one)}: {one}"
            for one in many
            if many.count(one) > few.count(one)
        }
    )
