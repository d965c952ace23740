"""The stores: which there are, who stands in which, when each is open, and the times one promises there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import hours, tasks, timetable
from app.db import now
from app.general import opening_hours
from app.hours import Hours, Ranges
from app.models import Agent, Channel
from channels import registry
from channels.store import DAYS

Day = TypeVar("Day", Ranges, Ranges | None)


def stores(db: Session) -> list[Channel]:
    """Every store that is open for business here."""
    kinds = [kind for kind, made in registry.kinds().items() if made.features.counter]
    found = select(Channel).where(Channel.enabled, Channel.kind.in_(kinds)).order_by(Channel.id)
    return list(db.scalars(found))


def store_for(db: Session, viewer: Agent, wanted: int | None = None) -> Channel | None:
    """The store `viewer` works in; whoever serves conversations may stand at any (`wanted`, else the first)."""
    found = stores(db)
    if not viewer.serves:
        wanted = viewer.store_id or 0
    mine = [one for one in found if wanted in (None, one.id)]
    return mine[0] if mine else None


def hours_of(db: Session, store: Channel) -> Hours:
    """When the store is open: by its own hours where it has any, else by those of the whole shop."""
    usual, _ = opening_hours(db)
    typed = {name: str(store.settings.get(name, "")) for name in (*DAYS, "holidays")}
    if not any(text.strip() for text in typed.values()):
        return usual
    days = usual.week or (hours.ALWAYS,) * len(DAYS)
    week = tuple(_read(typed[name], day) for name, day in zip(DAYS, days, strict=True))
    return Hours(usual.zone, week, _read(typed["holidays"], usual.on_holidays), usual.days, usual.yearly)


def _read(typed: str, usual: Day) -> Ranges | Day:
    """One day; that of the whole shop where it was typed before the form asked for what can be read."""
    try:
        return timetable.read_ranges(typed)
    except timetable.Unclear:
        return usual


@dataclass(frozen=True)
class Sign:
    """What the sign on the door says now: open until `until`, or closed until then (None: nobody knows)."""

    open: bool
    until: datetime | None


def sign_of(db: Session, store: Channel) -> Sign:
    """The store's sign."""
    wanted, at = hours_of(db, store), now()
    if hours.is_open(wanted, at):
        return Sign(True, hours.closing(wanted, at))
    return Sign(False, hours.next_opening(wanted, at))


def usual_times(db: Session, store: Channel) -> list[tuple[str, datetime]]:
    """In an hour, today when the store closes, on its next day of business: (which, when)."""
    wanted, at = hours_of(db, store), now()
    closes = hours.closing(wanted, at)
    found = [("hour", at + timedelta(hours=1))]
    if closes is not None and closes - at > timedelta(hours=1):
        found.append(("closing", closes))
    following = tasks.next_business_day(wanted, at)
    week = datetime.combine((at.astimezone(wanted.zone) + timedelta(days=7)).date(), time(12), wanted.zone)
    return [*found, *([("business", following)] if following else []), ("week", week)]
