"""The times by which things are mostly to be done."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app import general, hours
from app.db import now
from app.hours import Hours, Ranges

MORNING = time(10)  # of a day that somebody chooses
EARLY = 7  # an hour before which nobody means to be reminded
FURTHEST = 400  # days: a shop that opens once a year is still found


def usual_times(db: Session, zone: ZoneInfo) -> list[tuple[str, datetime]]:
    """In an hour, tomorrow at ten, and when the shop opens on its next business day: (which, when).

    "tomorrow" is by the clock of `zone`, the business day by the shop's own, which knows its holidays.
    """
    at = now()
    tomorrow = datetime.combine((at.astimezone(zone) + timedelta(days=1)).date(), MORNING, zone)
    business = next_business_day(general.opening_hours(db)[0], at)
    found = [("hour", at + timedelta(hours=1)), ("tomorrow", tomorrow)]
    return [*found, ("business", business)] if business is not None else found


def next_business_day(wanted: Hours, at: datetime) -> datetime | None:
    """When the shop opens on its next business day after today, at ten where that is in the night. Who never closes
    goes by the calendar: the next day that is neither a weekend nor a public holiday."""
    today = at.astimezone(wanted.zone).date()
    following = (today + timedelta(days=ahead) for ahead in range(1, FURTHEST))
    if wanted.week is not None:
        # The signs on the door, not who is there: a night that lasts into a day is no business day.
        signs = ((day, ranges) for day in following if (ranges := hours.ranges_on(wanted, day)))
        opens = next(signs, None)
        return datetime.combine(opens[0], _begins(opens[1]), wanted.zone) if opens else None
    day = next(day for day in following if day.weekday() < 5 and not hours.holiday_name(day))
    return datetime.combine(day, MORNING, wanted.zone)


def _begins(ranges: Ranges) -> time:
    for each in ranges:
        if each.start >= EARLY * 60:
            return time(*divmod(each.start, 60))
        if each.end > MORNING.hour * 60:
            return MORNING
    return time(*divmod(ranges[0].start, 60))
