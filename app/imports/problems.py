"""Rows that could not be taken in, each with its line and the reason, as CSV that a spreadsheet opens; corrected there,
it can be imported itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app import tables
from app.imports import sorts
from app.imports.sorts import How, Sort
from app.imports.working import receipts_of
from app.intake.outcome import Outcome
from app.models import CallImport
from app.tables import Row, Unreadable

Say = Callable[[str, dict[str, Any]], str]  # a sentence and what fills it in, in somebody's language
FAILED = "It could not be taken in: %(error)s"


def problems_in_file(
    path: Path, encoding: str, how: How, say: Say, sort: Sort = sorts.OF_CALLS
) -> Iterator[str]:
    """What cannot be read in a file, as lines of CSV."""
    with tables.open_table(path, sort.known, encoding) as table:
        yield _head(table.header, say)
        for row in table.rows:
            found = sort.understood(row, how)
            if isinstance(found, Unreadable):
                yield _line(row, say(found.sentence, found.values))


def problems_of(db: Session, row: CallImport, say: Say) -> Iterator[str]:
    """What of an import was not taken in, from what was kept of its rows."""
    yield _head(row.header, say)
    for receipt in receipts_of(db, row):
        for number, (line, found) in enumerate(sorts.of(row).read(receipt.body)):
            outcome = receipt.outcome[number] if number < len(receipt.outcome) else {}
            if isinstance(found, Unreadable):
                yield _line(line, say(found.sentence, found.values))
            elif why := reason(outcome, say):
                yield _line(line, why)
            elif receipt.error and not receipt.outcome:
                yield _line(line, say(FAILED, {"error": receipt.error}))


def reason(outcome: Outcome, say: Say) -> str:
    """Why nothing became of a row that can be read; "" where something did."""
    if refused := outcome.get("refused"):
        return say(refused["sentence"], refused["values"])
    error = outcome.get("failed") or (outcome["excluded"] if outcome.get("malformed") else "")
    return say(FAILED, {"error": error}) if error else ""


def lines(header: Sequence[str], wrong: Iterable[tuple[Row, str]], say: Say) -> Iterator[str]:
    """Rows and what is wrong with each, as CSV."""
    yield _head(header, say)
    for row, problem in wrong:
        yield _line(row, problem)


def _head(header: Sequence[str], say: Say) -> str:
    return tables.BOM + tables.line_of([say("Line", {}), say("Problem", {}), *header])


def _line(row: Row, problem: str) -> str:
    return tables.line_of([str(row.line), problem, *row.cells])
