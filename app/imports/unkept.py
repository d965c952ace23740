"""A list of touchpoints of a system that has no channel here: read, checked and counted as any, but there is nothing to
keep its rows with, nor to note how far it is. Cut off, it is run again, and what is there already changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from app import tables
from app.db import breathe, insist, transaction
from app.imports.counting import Counts, portions
from app.imports.problems import Say, reason
from app.imports.sorts import OF_TOUCHES, How
from app.imports.working import AT_ONCE, BREATH, Tell
from app.intake import touched
from app.intake.outcome import Outcome
from app.tables import Row, Unreadable
from channels.events import Touch

Wrong = Callable[[Row, str], None]  # a row, and why it was not taken in


def take_in(path: Path, encoding: str, source: str, how: How, say: Say, wrong: Wrong, tell: Tell) -> Counts:
    """Take the rows of a file in as what `source` tells. Raises :class:`app.tables.Unreadable`."""
    counts = Counts()
    with tables.open_table(path, OF_TOUCHES.known, encoding) as table:
        for some in portions(table, AT_ONCE):
            found = [(row, OF_TOUCHES.understood(row, how)) for row in some]
            told = [one for _, one in found if isinstance(one, Touch)]
            outcomes = insist(partial(_store, source, told))
            counts.rows += len(some)
            counts.wrong += len(some) - len(told)
            counts.add(outcomes)
            became = iter(outcomes)
            for row, one in found:
                if isinstance(one, Unreadable):
                    wrong(row, say(one.sentence, one.values))
                elif why := reason(next(became), say):
                    wrong(row, why)
            tell(counts, table.share(some[-1]))
            breathe(BREATH)
    return counts


def _store(source: str, told: Sequence[Touch]) -> list[Outcome]:
    with transaction() as db:
        return touched.take_of(db, source, None, told)
