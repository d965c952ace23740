"""What readers say of an entry: counted by the day, once a reader, and no reader is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import rates
from app.config import settings
from app.db import insert_if_new
from app.models import HelpVotes

ONCE = 30 * 86400  # seconds in which a reader's word on an entry counts once
FLOOD, FLOOD_PER = 30, 3600.0  # votes of one network, on whatever


@dataclass(frozen=True, slots=True)
class Votes:
    """How many it helped, and how many not."""

    helped: int = 0
    not_helped: int = 0

    @property
    def share(self) -> int:
        """Of a hundred, how many it helped."""
        return round(100 * self.helped / max(1, self.helped + self.not_helped))


def counts(entry_id: int, address: str, browser: str) -> bool:
    """Whether this reader's word counts: it is the first on this entry, and no flood. Who they are is told apart by a
    mark that nobody can turn back, and that is forgotten after a month."""
    network = rates.network(address)
    if rates.hit(f"help:from:{network}", FLOOD, FLOOD_PER):
        return False
    reader = settings().mark("readers of the help centre", f"{entry_id} {network} {browser[:300]}")
    return not rates.hit(f"help:vote:{reader}", 1, ONCE)


def count(db: Session, entry_id: int, day: date, *, helped: bool) -> None:
    """One more."""
    if not _more(db, entry_id, day, helped):
        insert_if_new(db, HelpVotes(entry_id=entry_id, day=day.isoformat(), helped=0, not_helped=0))
        _more(db, entry_id, day, helped)


def of(db: Session, entry_id: int) -> Votes:
    """All that was said of an entry."""
    row = db.execute(
        select(func.sum(HelpVotes.helped), func.sum(HelpVotes.not_helped)).where(
            HelpVotes.entry_id == entry_id
        )
    ).one()
    return Votes(row[0] or 0, row[1] or 0)


def _more(db: Session, entry_id: int, day: date, helped: bool) -> bool:
    """Whether there was a row to count in."""
    column = HelpVotes.helped if helped else HelpVotes.not_helped
    mine = update(HelpVotes).where(HelpVotes.entry_id == entry_id, HelpVotes.day == day.isoformat())
    counted = db.execute(mine.values({column: column + 1}), execution_options={"synchronize_session": False})
    return bool(counted.rowcount)  # type: ignore[attr-defined]
