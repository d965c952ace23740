"""Business hours: when somebody is at the counter.

Several ranges a weekday in the shop's own zone, a range may run past midnight, Japanese public holidays
(国民の祝日, with 振替休日 and 国民の休日, as the `jpholiday` tables give them) and the shop's own closed or
special days. Pure: the moment is an argument.

The setting, as the web page stores it under the key "hours" (everything optional):

    {"timezone": "Asia/Tokyo",
     "week": {"mon": [["09:00", "12:00"], ["13:00", "18:00"]], …, "sun": []},
     "public_holidays": "closed" | "open" | [["10:00", "15:00"]],
     "days": {"2026-12-29": [], "2026-12-30": [["10:00", "15:00"]]},
     "yearly": {"12-31": [], "01-02": []}}

No "week" at all means: always open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jpholiday

from channels import daytimes

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SEARCH_DAYS = 400  # a shop that opens once a year is still found


class BadHours(ValueError):
    """The setting cannot be read; the message is an English sentence (a msgid) for the admin."""


@dataclass(frozen=True, slots=True)
class Range:
    """Minutes of the day, `start` included, `end` not. `end` beyond 1440 runs into the next day."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_written(self.start)}–{_written(self.end % 1440 or 1440)}"


Ranges = tuple[Range, ...]
ALWAYS: Ranges = (Range(0, 1440),)


@dataclass(frozen=True, slots=True)
class Hours:
    """When the shop is open. `week` None: always; `on_holidays` None: they are days like any other."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Tokyo"))
    week: tuple[Ranges, ...] | None = None
    on_holidays: Ranges | None = ()
    days: Mapping[date, Ranges] = field(default_factory=dict)
    yearly: Mapping[tuple[int, int], Ranges] = field(default_factory=dict)


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether somebody is there at `at` (aware)."""
    if hours.week is None:
        return True
    return any(start <= at < end for start, end in _around(hours, at))


def next_opening(hours: Hours, at: datetime) -> datetime | None:
    """The first moment from `at` on that is open, in the shop's zone; None: not within 400 days."""
    if is_open(hours, at):
        return at.astimezone(hours.zone)
    first = at.astimezone(hours.zone).date()
    for ahead in range(_SEARCH_DAYS):
        for start, end in _spans(hours, first + timedelta(days=ahead)):
            if start >= at and end > start:
                return start.astimezone(hours.zone)
    return None


def closing(hours: Hours, at: datetime) -> datetime | None:
    """When the range that holds `at` ends (ranges that touch are one); None if closed or always open."""
    if hours.week is None or not is_open(hours, at):
        return None
    end = at
    while later := [stop for start, stop in _around(hours, end) if start <= end < stop]:
        end = max(later)
        if end - at > timedelta(days=_SEARCH_DAYS):
            return None
    return end.astimezone(hours.zone)


def ranges_on(hours: Hours, day: date) -> Ranges:
    """What the sign on the door says: own days come first, then yearly ones, public holidays, weekdays."""
    if day in hours.days:
        return hours.days[day]
    if (day.month, day.day) in hours.yearly:
        return hours.yearly[(day.month, day.day)]
    if hours.on_holidays is not None and holiday_name(day):
        return hours.on_holidays
    return hours.week[day.weekday()] if hours.week is not None else ALWAYS


def holiday_name(day: date) -> str:
    """The Japanese name of the public holiday on that day, "" if it is none."""
    return str(jpholiday.is_holiday_name(day) or "")


def _around(hours: Hours, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The open spans that can hold `at`: those of its day and, past midnight, of the day before."""
    day = at.astimezone(hours.zone).date()
    for each in (day - timedelta(days=1), day):
        yield from _spans(hours, each)


def _spans(hours: Hours, day: date) -> Iterator[tuple[datetime, datetime]]:
    for part in ranges_on(hours, day):
        yield _moment(hours.zone, day, part.start), _moment(hours.zone, day, part.end)


def _moment(zone: ZoneInfo, day: date, minute: int) -> datetime:
    # By the clock on the wall and then to UTC: comparing two times of one zone would ignore the clock change.
    local = datetime.combine(
        day + timedelta(days=minute // 1440), time(minute % 1440 // 60, minute % 60), zone
    )
    return local.astimezone(UTC)


# --- the setting --------------------------------------------------------------------------------------


def from_setting(value: Mapping[str, Any] | None) -> Hours:
    """The hours a stored setting says. Raises `BadHours` with a sentence for the admin."""
    if not value:
        return Hours()
    week = value.get("week")
    return Hours(
        zone=_zone(value.get("timezone", "Asia/Tokyo")),
        week=None if week is None else tuple(_ranges(_object(week).get(name, [])) for name in WEEKDAYS),
        on_holidays=_on_holidays(value.get("public_holidays", "closed")),
        days={_day(key): _ranges(each) for key, each in _object(value.get("days", {})).items()},
        yearly={_month_day(key): _ranges(each) for key, each in _object(value.get("yearly", {})).items()},
    )


def to_setting(hours: Hours) -> dict[str, Any]:
    """The setting that `from_setting` reads back as the same hours."""
    written: dict[str, Any] = {"timezone": hours.zone.key}
    if hours.week is not None:
        written["week"] = dict(zip(WEEKDAYS, map(_pairs, hours.week), strict=True))
    holidays = hours.on_holidays
    written["public_holidays"] = "open" if holidays is None else _pairs(holidays) if holidays else "closed"
    written["days"] = {day.isoformat(): _pairs(each) for day, each in sorted(hours.days.items())}
    written["yearly"] = {f"{m:02}-{d:02}": _pairs(each) for (m, d), each in sorted(hours.yearly.items())}
    return written


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadHours("The business hours are not written in a form that can be read.")
    return value


def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadHours("This time zone is not known.") from error


def _on_holidays(value: Any) -> Ranges | None:
    if value == "open":
        return None
    return () if value == "closed" else _ranges(value)


def _ranges(value: Any) -> Ranges:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BadHours("The business hours are not written in a form that can be read.")
    try:
        return tuple(Range(*span) for span in daytimes.spans(value))
    except daytimes.Unreadable as error:
        raise BadHours(str(error)) from error


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise BadHours("A day is written like 2026-12-31.") from error


def _month_day(written: str) -> tuple[int, int]:
    day = _day(f"2024-{written}")  # a leap year, so that 02-29 may be named
    return day.month, day.day


def _pairs(ranges: Ranges) -> list[list[str]]:
    return [
        [_written(part.start), _written(part.end if part.end <= 1440 else part.end - 1440)] for part in ranges
    ]


def _written(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
