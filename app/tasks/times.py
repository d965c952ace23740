"""The times by which things are mostly to be done."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app import general, hours
from app.db import now
from app.hours import Hours

MORNING = time(10)  # of a day that somebody chooses
EARLY = 7  # an hour before which nobody means to be reminded


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
    local = at.astimezone(wanted.zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), wanted.zone)
    if wanted.week is not None:
        opens = hours.next_opening(wanted, midnight)
        in_the_night = opens is not None and opens.hour < EARLY
        return datetime.combine(opens.date(), MORNING, wanted.zone) if opens and in_the_night else opens
    day = midnight.date()
    while day.weekday() > 4 or hours.holiday_name(day):
        day += timedelta(days=1)
    return datetime.combine(day, MORNING, wanted.zone)
