"""Business hours as people type and read them: ``9:00–12:00, 13時〜18時``, ``休み``, ``12/29〜1/3 closed``.

Pure. Both languages are read whatever the reader's own; what is written back is read as the same hours.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app import hours
from app.hours import Hours, Ranges
from channels import daytimes

MOST_DAYS = 366  # a span of days longer than that is a slip of the pen
MOST_LINES = 500

_DAY = r"(?:(\d{4})\s*[-/.年]\s*)?(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:日)?(?:\s*\([^()]{1,4}\))?"
_LINE = re.compile(
    rf"{_DAY}(?:\s*(?:~|〜|–|—|\.\.|から|\bto\b|\s-\s)\s*{_DAY})?(?:\s*まで)?(?:[\s:,、]+(.*))?"
)
_LEAP = 2024  # stands for every year, so that 02-29 may be named
_FIRST, _LAST = date(_LEAP, 1, 1), date(_LEAP, 12, 31)

Yearly = tuple[int, int]


class Unclear(Exception):
    """What was typed cannot be read; `sentence` is an English msgid, `line` the line it is about (from 1) or 0."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.sentence, self.line = sentence, line


@dataclass(frozen=True, slots=True)
class OwnDays:
    """Days that are not as the week says: those of one date, and those of every year."""

    once: dict[date, Ranges]
    yearly: dict[Yearly, Ranges]


def read_ranges(typed: str) -> Ranges:
    """When a day is open, as typed in a field. Raises :class:`Unclear`."""
    try:
        return tuple(hours.Range(*span) for span in daytimes.read(typed))
    except daytimes.Unreadable as error:
        raise Unclear(str(error)) from error


def read_days(typed: str) -> OwnDays:
    """Own closed and special days, one (or a span) a line: ``2026-12-31 休み``, ``12/29〜1/3 10:00-15:00``.

    Without a year a line is for every year; without hours the day is closed. Raises :class:`Unclear`.
    """
    once: dict[date, Ranges] = {}
    yearly: dict[Yearly, Ranges] = {}
    for number, line in enumerate(typed.splitlines(), start=1):
        if number > MOST_LINES:
            raise Unclear("These are too many lines.", number)
        if line.strip():
            try:
                _read_line(unicodedata.normalize("NFKC", line).strip(), once, yearly)
            except Unclear as unclear:
                raise Unclear(unclear.sentence, number) from unclear
    return OwnDays(once, yearly)


def _read_line(line: str, once: dict[date, Ranges], yearly: dict[Yearly, Ranges]) -> None:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Unclear("Begin with a day such as 2026-12-31, or 12-31 for every year.")
    year, month, day, last_year, last_month, last_day, rest = found.groups()
    first = _date(year, month, day)
    last = _date(last_year or year, last_month, last_day) if last_month else first
    over = last < first and not last_year  # from the old year into the new one
    if over and year:
        last = _date(str(last.year + 1), last_month, last_day)
    if (last < first and not over) or (last - first).days > MOST_DAYS:
        raise Unclear("The last day comes before the first, or is more than a year after it.")
    ranges = read_ranges(rest or "")
    days = _days(first, last) if last >= first else (*_days(first, _LAST), *_days(_FIRST, last))
    for each in days:
        if year:
            once[each] = ranges
        else:
            yearly[(each.month, each.day)] = ranges


def _date(year: str | None, month: str, day: str) -> date:
    try:
        return date(int(year or _LEAP), int(month), int(day))
    except ValueError as error:
        raise Unclear("There is no such day.") from error


def _days(first: date, last: date) -> Iterator[date]:
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)


# --- written back -------------------------------------------------------------------------------------


def write_ranges(ranges: Ranges, closed: str) -> str:
    """``09:00–12:00, 13:00–18:00``, or the word for closed."""
    return ", ".join(map(str, ranges)) or closed


def write_days(wanted: Hours, closed: str) -> str:
    """The own days, one span a line; days that follow each other with the same hours are one span."""
    yearly = [(date(_LEAP, month, day), each) for (month, day), each in wanted.yearly.items()]
    lines = [_written(span, ranges, closed, "%m-%d") for span, ranges in _spans(yearly)]
    lines += [_written(span, ranges, closed, "%Y-%m-%d") for span, ranges in _spans(wanted.days.items())]
    return "\n".join(lines)


def _spans(days: Iterable[tuple[date, Ranges]]) -> list[tuple[tuple[date, date], Ranges]]:
    spans: list[tuple[tuple[date, date], Ranges]] = []
    for day, ranges in sorted(days, key=lambda each: each[0]):
        if spans and spans[-1][1] == ranges and (day - spans[-1][0][1]).days == 1:
            spans[-1] = ((spans[-1][0][0], day), ranges)
        else:
            spans.append(((day, day), ranges))
    return spans


def _written(span: tuple[date, date], ranges: Ranges, closed: str, form: str) -> str:
    first, last = span
    days = f"{first:{form}} ~ {last:{form}}" if first != last else f"{first:{form}}"
    return f"{days} {write_ranges(ranges, closed)}"


def week_of(typed: Sequence[str]) -> tuple[tuple[Ranges, ...], dict[str, str]]:
    """The week from seven fields, Monday first, and what is wrong: weekday → English sentence."""
    week: list[Ranges] = []
    problems: dict[str, str] = {}
    for name, field in zip(hours.WEEKDAYS, typed, strict=True):
        try:
            week.append(read_ranges(field))
        except Unclear as unclear:
            week.append(())
            problems[name] = unclear.sentence
    return tuple(week), problems
