"""What is true of the whole workplace: the shop's name, when it is open, how long sending can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import hours
from app.events import record
from app.hours import Hours
from app.models import Agent
from app.stored import held, store, stored
from app.text import one_line

MAX_NAME = 80
MAX_DISPOSITIONS = 50
UNDO_CHOICES = (0, 3, 5, 10, 20)  # seconds
UNDO_USUAL = 5
MAIL_AFTER_CHOICES = (-1, 0, 1, 3, 10, 30)  # minutes; -1: never
MAIL_AFTER_USUAL = 3
EVERYWHERE, CHAT, NOWHERE = "everywhere", "chat", "nowhere"
RATING_CHOICES = (EVERYWHERE, CHAT, NOWHERE)
HELPED_CHOICES = (1, 6, 24, 72, 168)  # hours
HELPED_USUAL = 24
RECORDING_CHOICES = (0, 30, 90, 180, 365, 730, 1825)  # days; 0: for good


class Wrong(Exception):
    """What was typed cannot be kept: `errors`, field → (English sentence, its values)."""

    def __init__(self, errors: Mapping[str, tuple[str, Mapping[str, object]]]) -> None:
        super().__init__("; ".join(sentence % values for sentence, values in errors.values()))
        self.errors = errors


def shop_name(db: Session) -> str:
    """What the shop is called; "" where nobody has said."""
    return str(stored(db, "shop").get("name", ""))


def undo_seconds(db: Session) -> int:
    """How long a message can be taken back before it leaves."""
    kept = stored(db, "general").get("undo_seconds", UNDO_USUAL)
    return kept if isinstance(kept, int) else UNDO_USUAL


def mail_after_minutes(db: Session) -> int:
    """How long after an answer it is mailed to a visitor of the chat who has left; -1: never."""
    told = stored(db, "general").get("mail_after_minutes", MAIL_AFTER_USUAL)
    return told if isinstance(told, int) and told in MAIL_AFTER_CHOICES else MAIL_AFTER_USUAL


def mail_after(db: Session) -> timedelta | None:
    """:func:`mail_after_minutes` as a time; None: never."""
    minutes = mail_after_minutes(db)
    return None if minutes < 0 else timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class HelpCentre:
    """Whether there is one, and the key of the web chat that stands on its pages ("": none)."""

    on: bool = True
    chat: str = ""


def help_centre(db: Session) -> HelpCentre:
    """How the public help centre is set."""
    told = stored(db, "help_centre")
    return HelpCentre(bool(told.get("on", True)), str(told.get("chat", "")))


def change_help_centre(db: Session, agent: Agent, wanted: HelpCentre) -> None:
    """Open or close it to the public."""
    if store(db, "help_centre", asdict(wanted)):
        record(db, "audit.help_centre_changed", agent=agent, on=wanted.on)


def rating_asked(db: Session) -> str:
    """Where customers are asked whether an answer of the bot helped: everywhere it can be, in the chat, nowhere."""
    told = stored(db, "bot").get("rating")
    return str(told) if told in RATING_CHOICES else EVERYWHERE


def helped_hours(db: Session) -> int:
    """For so many hours after an answer nothing more may have been needed for it to count as one that helped."""
    told = stored(db, "bot").get("helped_hours")
    return told if isinstance(told, int) and told in HELPED_CHOICES else HELPED_USUAL


def change_bot(db: Session, agent: Agent, rating: str, hours: int) -> None:
    """Where answers are rated, and after how many hours one has helped. Raises :class:`Wrong`."""
    errors: dict[str, tuple[str, Mapping[str, object]]] = {}
    if rating not in RATING_CHOICES:
        errors["rating"] = "Choose one of these.", {}
    if hours not in HELPED_CHOICES:
        errors["helped_hours"] = "Choose one of these times.", {}
    if errors:
        raise Wrong(errors)
    told: dict[str, Any] = {"rating": rating, "helped_hours": hours}
    if store(db, "bot", {**held(db, "bot"), **told}):
        record(db, "audit.bot_changed", agent=agent, **told)


def dispositions(db: Session) -> list[str]:
    """What can come of a telephone call, to choose from when it is noted; none where nobody has said."""
    told = stored(db, "calls").get("dispositions", [])
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []


def change_dispositions(db: Session, agent: Agent, lines: str) -> None:
    """What can come of a call, one a line. Raises :class:`Wrong`."""
    wanted = list(dict.fromkeys(filter(None, (one_line(each, MAX_NAME + 1) for each in lines.splitlines()))))
    if len(wanted) > MAX_DISPOSITIONS or any(len(each) > MAX_NAME for each in wanted):
        sentence = "At most %(n)s lines of %(most)s characters."
        raise Wrong({"dispositions": (sentence, {"n": MAX_DISPOSITIONS, "most": MAX_NAME})})
    if store(db, "calls", {**held(db, "calls"), "dispositions": wanted}):
        record(db, "audit.dispositions_changed", agent=agent, dispositions=wanted)


def recording_days(db: Session) -> int:
    """How many days recordings of calls are kept after they came in; 0: for good."""
    told = stored(db, "calls").get("recording_days", 0)
    return told if isinstance(told, int) and told in RECORDING_CHOICES else 0


def change_recording_days(db: Session, agent: Agent, days: int | None) -> None:
    """How long they are kept. Raises :class:`Wrong`."""
    if days not in RECORDING_CHOICES:
        raise Wrong({"recording_days": ("Choose one of these times.", {})})
    if store(db, "calls", {**held(db, "calls"), "recording_days": days}):
        record(db, "audit.recordings_kept_changed", agent=agent, days=days)


def opening_hours(db: Session) -> tuple[Hours, str]:
    """The hours, and a sentence if what is stored cannot be read (then they are: always open)."""
    try:
        return hours.from_setting(stored(db, "hours")), ""
    except hours.BadHours as bad:
        return Hours(), str(bad)


def change_shop(db: Session, agent: Agent, name: str, undo: int, mail_after: int | None = None) -> None:
    """Name, undo time (seconds), and when answers go by mail (minutes; None: as it was). Raises :class:`Wrong`."""
    wanted = one_line(name, MAX_NAME + 1)
    errors: dict[str, tuple[str, Mapping[str, object]]] = {}
    if not wanted:
        errors["name"] = "Write the name customers know the shop by.", {}
    elif len(wanted) > MAX_NAME:
        errors["name"] = "At most %(n)s characters.", {"n": MAX_NAME}
    if undo not in UNDO_CHOICES:
        errors["undo"] = "Choose one of these times.", {}
    if mail_after not in (None, *MAIL_AFTER_CHOICES):
        errors["mail_after"] = "Choose one of these times.", {}
    if errors:
        raise Wrong(errors)
    told: dict[str, Any] = {
        "undo_seconds": undo,
        **({} if mail_after is None else {"mail_after_minutes": mail_after}),
    }
    changed = store(db, "shop", {**held(db, "shop"), "name": wanted})
    changed = store(db, "general", {**held(db, "general"), **told}) or changed
    if changed:
        record(db, "audit.shop_changed", agent=agent, name=wanted, **told)


def change_hours(db: Session, agent: Agent, wanted: Hours) -> None:
    """New business hours; the bot and the widget go by them from the next message on."""
    written = hours.to_setting(wanted)
    before = stored(db, "hours")
    if store(db, "hours", written):
        record(db, "audit.hours_changed", agent=agent, before=before, after=written)


def days_ahead(wanted: Hours, at: datetime, count: int = 14) -> list[tuple[datetime, hours.Ranges, str]]:
    """(the day, when the shop is open on it, the name of the public holiday or "") from today on."""
    today = at.astimezone(wanted.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today + timedelta(days=ahead) for ahead in range(count)]
    return [(day, hours.ranges_on(wanted, day.date()), hours.holiday_name(day.date())) for day in days]
