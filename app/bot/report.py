"""What came of what the bot said on some days: answered, helped, handed over and why, wrong, by entry and by channel.

Read from one index of the decisions (see :class:`app.models.Decision`) and from the few that were rated or corrected,
in a fixed number of statements however many conversations there are.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Subquery, and_, case, func, literal, or_, select, union, union_all
from sqlalchemy.orm import Session

from app.db import Timestamp, seconds_between
from app.models import AnswerCorrection, AnswerRating, Channel, Decision, FaqEntry
from app.models.decision import ANSWERED, ASKED, HANDED_OVER, UNKNOWN

LONGEST = 92  # days a report is about
MOST_GAPS = 20
COUNTED = (ANSWERED, ASKED, UNKNOWN, HANDED_OVER)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The days from `since` to `until` (both included, by the clock of `zone`), one channel or all (None), and how many
    hours nothing more may have been needed for an answer to have helped."""

    since: date
    until: date
    zone: ZoneInfo
    hours: int
    channel_id: int | None = None

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(days=each) for each in range((self.until - self.since).days + 1)]

    def begins(self, day: date) -> datetime:
        """The moment a day begins there, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


@dataclass(slots=True)
class Figures:
    """Questions, and what came of them. `said_yes`, `said_no`: as customers rated."""

    answered: int = 0
    helped: int = 0
    asked_back: int = 0
    unknown: int = 0
    handed_over: int = 0
    wrong: int = 0
    said_yes: int = 0
    said_no: int = 0

    @property
    def questions(self) -> int:
        return self.answered + self.asked_back + self.unknown + self.handed_over

    def share(self, name: Literal["answered", "helped", "handed_over", "unknown", "wrong"]) -> float | None:
        """Helped and wrong of the answers, the others of the questions, 0 to 1; None of nothing."""
        whole = self.answered if name in ("helped", "wrong") else self.questions
        return getattr(self, name) / whole if whole else None


@dataclass(frozen=True, slots=True)
class Gap:
    """A question the bot had no answer to."""

    message_id: int
    conversation_id: int
    text: str
    at: datetime


@dataclass(slots=True)
class Report:
    """`entries` and `channels` are (name, id, figures), those with the most questions first."""

    wanted: Wanted
    total: Figures = field(default_factory=Figures)
    days: dict[date, Figures] = field(default_factory=dict)
    entries: list[tuple[str, int, Figures]] = field(default_factory=list)
    channels: list[tuple[str, int, Figures]] = field(default_factory=list)
    reasons: list[tuple[str, int]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def report(db: Session, wanted: Wanted) -> Report:
    """The figures of these days. Raises ValueError for no days, or too many."""
    if not 0 < len(wanted.days) <= LONGEST:
        raise ValueError("days")
    made = Report(wanted, days={day: Figures() for day in wanted.days})
    by_day = list(made.days.values())
    days = _days(wanted)
    in_day = and_(Decision.made_at >= days.c.since, Decision.made_at < days.c.until)
    for n, outcome, helped, count in db.execute(
        select(days.c.n, Decision.outcome, func.sum(_helped(wanted)), func.count())
        .join_from(days, Decision, in_day)
        .where(*_which(wanted))
        .group_by(days.c.n, Decision.outcome)
    ):
        _count(by_day[n], outcome, helped, count)
    entries, channels, reasons = dict[int, Figures](), dict[int, Figures](), Counter[str]()
    parts = (Decision.channel_id, Decision.entry_id, Decision.outcome, Decision.reason)
    for channel, entry, outcome, reason, helped, count in db.execute(
        select(*parts, func.sum(_helped(wanted)), func.count())
        .where(*_within(wanted), *_which(wanted))
        .group_by(*parts)
    ):
        sides = [made.total, channels.setdefault(channel or 0, Figures())]
        if entry and outcome == ANSWERED:
            sides.append(entries.setdefault(entry, Figures()))
        for each in sides:
            _count(each, outcome, helped, count)
        if outcome == HANDED_OVER:
            reasons[reason] += count
    for at, channel, entry, helped, rated, wrong in db.execute(_judged(wanted)):
        sides = [made.total, channels.setdefault(channel or 0, Figures())]
        sides.append(made.days[at.astimezone(wanted.zone).date()])
        if entry:
            sides.append(entries.setdefault(entry, Figures()))
        for each in sides:
            each.said_yes += rated is True
            each.said_no += rated is False
            each.wrong += bool(wrong)
            each.helped -= bool(wrong and helped)
    made.entries = _named(db, FaqEntry.title, FaqEntry.id, entries)
    made.channels = _named(db, Channel.name, Channel.id, channels)
    made.reasons = reasons.most_common()
    made.gaps = list(_gaps(db, wanted))
    return made


def _days(wanted: Wanted) -> Subquery:
    """The days as rows: their number, and when each begins and ends."""
    rows = [
        select(
            literal(n).label("n"),
            literal(wanted.begins(day), Timestamp).label("since"),
            literal(wanted.begins(day + timedelta(days=1)), Timestamp).label("until"),
        )
        for n, day in enumerate(wanted.days)
    ]
    return union_all(*rows).subquery("days")


def _within(wanted: Wanted) -> tuple[ColumnElement[bool], ...]:
    ends = wanted.begins(wanted.until + timedelta(days=1))
    return Decision.made_at >= wanted.begins(wanted.since), Decision.made_at < ends


def _which(wanted: Wanted) -> list[ColumnElement[bool]]:
    mine: list[ColumnElement[bool]] = [Decision.outcome.in_(COUNTED)]
    return [*mine, Decision.channel_id == wanted.channel_id] if wanted.channel_id else mine


def _helped(wanted: Wanted) -> ColumnElement[int]:
    """1 where an answer was the end of it, for as long as is wanted."""
    later = seconds_between(Decision.made_at, Decision.again_at) > wanted.hours * 3600
    end = and_(Decision.outcome == ANSWERED, or_(Decision.again_at.is_(None), later))
    return case((end, 1), else_=0)


def _count(into: Figures, outcome: str, helped: int, count: int) -> None:
    if outcome == ANSWERED:
        into.answered += count
        into.helped += helped
    elif outcome == ASKED:
        into.asked_back += count
    elif outcome == UNKNOWN:
        into.unknown += count
    else:
        into.handed_over += count


def _judged(wanted: Wanted) -> Any:
    """Answers that somebody said something of: when, where, by which entry, whether nothing more was needed, what the
    customer said, and whether it was wrong."""
    which = union(select(AnswerRating.decision_id), select(AnswerCorrection.decision_id)).subquery()
    wrong = or_(AnswerRating.helped.is_(False), AnswerCorrection.decision_id.is_not(None))
    return (
        select(
            Decision.made_at,
            Decision.channel_id,
            Decision.entry_id,
            _helped(wanted),
            AnswerRating.helped,
            case((wrong, 1), else_=0),
        )
        .join_from(which, Decision, Decision.id == which.c.decision_id)
        .outerjoin(AnswerRating, AnswerRating.decision_id == Decision.id)
        .outerjoin(AnswerCorrection, AnswerCorrection.decision_id == Decision.id)
        .where(*_within(wanted), *_which(wanted), Decision.outcome == ANSWERED)
    )


def _named(db: Session, name: Any, id: Any, figures: dict[int, Figures]) -> list[tuple[str, int, Figures]]:
    names = {row[0]: row[1] for row in db.execute(select(id, name).where(id.in_(sorted(figures))))}
    found = [(names.get(key, ""), key, each) for key, each in figures.items()]
    return sorted(found, key=lambda one: (-one[2].questions, one[1]))


def _gaps(db: Session, wanted: Wanted) -> Iterator[Gap]:
    """The last questions there was no answer to."""
    rows = db.execute(
        select(Decision.message_id, Decision.conversation_id, Decision.detail, Decision.made_at)
        .where(*_within(wanted), *_which(wanted), Decision.outcome == UNKNOWN)
        .order_by(Decision.made_at.desc())
        .limit(MOST_GAPS)
    )
    for message_id, conversation_id, detail, at in rows:
        if words := " ".join(str(detail.get("question", "")).split())[:300]:
            yield Gap(message_id, conversation_id, words, at)


COLUMNS = (
    "questions",
    "answered",
    "helped",
    "asked_back",
    "unknown",
    "handed_over",
    "wrong",
    "said_yes",
    "said_no",
)


def as_csv(made: Report, by: str) -> str:
    """The figures by day, entry or channel, for a spreadsheet."""
    sides: Sequence[tuple[str, Figures]]
    if by == "day":
        sides = [(day.isoformat(), each) for day, each in made.days.items()]
    else:
        sides = [(name, each) for name, _, each in (made.entries if by == "entry" else made.channels)]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((by, *COLUMNS))
    writer.writerows(
        [(_guarded(name), *(getattr(each, column) for column in COLUMNS)) for name, each in sides]
    )
    return "\ufeff" + out.getvalue()


def _guarded(cell: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


# --- drawn ----------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 220, 40, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: its parts from below, as (name, y, height), and where it stands."""

    day: date
    x: float
    width: float
    parts: tuple[tuple[str, float, float], ...]
    figures: Figures
    marked: bool


def bars(made: Report) -> tuple[list[Bar], list[tuple[float, int]]]:
    """The days as bars of what came of their questions, and the marks of the axis as (y, number)."""
    most = max([each.questions for each in made.days.values()], default=0)
    step = _step(most)
    top = max(step * -(-most // step), 1)
    room, high = WIDTH - LEFT - 12, HEIGHT - BOTTOM - 10
    width = room / max(len(made.days), 1)
    every = -(-len(made.days) // 10)
    drawn = []
    for n, (day, each) in enumerate(made.days.items()):
        parts, y = [], float(HEIGHT - BOTTOM)
        rest = each.answered - each.helped
        for name, count in (
            ("helped", each.helped),
            ("answered", rest),
            ("unknown", each.unknown + each.asked_back),
            ("handed", each.handed_over),
        ):
            height = high * count / top
            y -= height
            if count > 0:
                parts.append((name, round(y, 2), round(height, 2)))
        x = LEFT + n * width + width * 0.12
        drawn.append(Bar(day, round(x, 2), round(width * 0.76, 2), tuple(parts), each, n % every == 0))
    marks = [(round(HEIGHT - BOTTOM - high * mark / top, 2), mark) for mark in range(0, top + 1, step)]
    return drawn, marks


def _step(most: int) -> int:
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000):
        if most <= step * 5:
            return step
    return max(1, most // 5)
