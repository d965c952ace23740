"""The workplace, for admins: `/settings/general`: the shop's name, when it is open, undoing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import general, hours, switchboard, timetable
from app.db import now, reading, transaction
from app.formats import clock, day
from app.hours import BadHours, Hours
from app.web.pages import done, number, page, partial, require_role, text, with_form, words
from app.web.profile import zones
from app.web.widget import KIND

HERE = "/settings/general"
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
OFFICE = (hours.Range(9 * 60, 18 * 60),)  # what the fields propose to a shop that was always open
LONGEST = 20_000  # characters of the list of own days


@dataclass(frozen=True, slots=True)
class Typed:
    """The hours as their form has them."""

    always: bool
    zone: str
    week: tuple[str, ...]
    holidays: str  # closed, open, own
    holiday_hours: str
    days: str


def show(request: Request) -> Response:
    require_role(request, "admin")
    with reading() as db:
        wanted, problem = general.opening_hours(db)
        shop = _shop(db)
    return _page(request, shop, _written(request, wanted), wanted, problem=words(request, problem))


def save_shop(request: Request, form: FormData) -> Response:
    """The name, how long sending can be undone, and when answers go by mail."""
    require_role(request, "admin")
    name, chosen = text(form, "name"), number(text(form, "undo"))
    undo, given = -1 if chosen is None else chosen, text(form, "mail_after").strip()
    after = (-1 if given == "never" else number(given)) if given else None
    try:
        with transaction() as db:
            general.change_shop(db, request.state.viewer, name, undo, after)
    except general.Wrong as wrong:
        with reading() as db:
            wanted, _ = general.opening_hours(db)
        errors = {
            name: words(request, sentence, **values) for name, (sentence, values) in wrong.errors.items()
        }
        shop = {"name": name, "undo": undo, "mail_after": _as_chosen(after)}
        return _page(request, shop, _written(request, wanted), wanted, 422, shop_errors=errors)
    return done(request, HERE, words(request, "Saved."))


def _shop(db: Session) -> dict[str, Any]:
    """What the first form asks."""
    return {
        "name": general.shop_name(db),
        "undo": general.undo_seconds(db),
        "mail_after": _as_chosen(general.mail_after_minutes(db)),
    }


def _as_chosen(minutes: int | None) -> str:
    return "never" if minutes == -1 else str(minutes)


def save_calls(request: Request, form: FormData) -> Response:
    """What can come of a telephone call, and how long its recording is kept."""
    require_role(request, "admin")
    written, days = text(form, "dispositions")[:LONGEST], number(text(form, "recording_days"))
    try:
        with transaction() as db:
            general.change_dispositions(db, request.state.viewer, written)
            if "recording_days" in form:
                general.change_recording_days(db, request.state.viewer, days)
    except general.Wrong as wrong:
        with reading() as db:
            wanted, _ = general.opening_hours(db)
            shop = _shop(db)
        errors = {name: words(request, told, **values) for name, (told, values) in wrong.errors.items()}
        typed = _written(request, wanted)
        return _page(request, shop, typed, wanted, 422, call_errors=errors, dispositions=written)
    return done(request, HERE, words(request, "Saved."))


def save_help_centre(request: Request, form: FormData) -> Response:
    """Whether what is published can be read by anybody, and which chat stands beside it."""
    require_role(request, "admin")
    with transaction() as db:
        chosen = text(form, "help_chat")
        known = chosen if chosen in dict(_chats(db)) else ""
        wanted = general.HelpCentre(bool(text(form, "help_on")), known)
        general.change_help_centre(db, request.state.viewer, wanted)
    return done(request, HERE, words(request, "Saved."))


def _chats(db: Session) -> list[tuple[str, str]]:
    """(key, name) of the chats for web pages."""
    return [(one.key, one.name) for one in switchboard.all_channels(db) if one.kind == KIND and one.enabled]


def save_bot(request: Request, form: FormData) -> Response:
    """Where answers of the bot are rated, and when one has helped."""
    require_role(request, "admin")
    rating, after = text(form, "rating"), number(text(form, "helped_hours")) or 0
    try:
        with transaction() as db:
            general.change_bot(db, request.state.viewer, rating, after)
    except general.Wrong as wrong:
        with reading() as db:
            wanted, _ = general.opening_hours(db)
            shop = _shop(db)
        errors = {name: words(request, told, **values) for name, (told, values) in wrong.errors.items()}
        return _page(request, shop, _written(request, wanted), wanted, 422, bot_errors=errors)
    return done(request, HERE, words(request, "Saved."))


def save_hours(request: Request, form: FormData) -> Response:
    require_role(request, "admin")
    typed = _typed(form)
    wanted, errors = read(request, typed)
    if wanted is None:
        with reading() as db:
            shop = _shop(db)
        return _page(request, shop, typed, None, 422, errors=errors)
    with transaction() as db:
        general.change_hours(db, request.state.viewer, wanted)
    return done(request, HERE, words(request, "Saved. %(now)s", now=open_now(request, wanted, now())))


def preview(request: Request, form: FormData) -> Response:
    """What the hours being typed would mean, before they are saved."""
    require_role(request, "admin")
    wanted, errors = read(request, _typed(form))
    return partial(
        request, "settings/_general_preview.html", **_foreseen(request, wanted), unclear=bool(errors)
    )


def read(request: Request, typed: Typed) -> tuple[Hours | None, dict[str, str]]:
    """The hours that were typed, or field → what is wrong in the viewer's language."""
    week, problems = timetable.week_of(typed.week)
    errors = {} if typed.always else {name: words(request, problem) for name, problem in problems.items()}
    holidays: hours.Ranges | None = () if typed.holidays == "closed" else None
    own = timetable.OwnDays({}, {})
    try:
        if typed.holidays == "own":
            holidays = timetable.read_ranges(typed.holiday_hours)
    except timetable.Unclear as unclear:
        errors["holiday_hours"] = words(request, unclear.sentence)
    try:
        own = timetable.read_days(typed.days)
    except timetable.Unclear as unclear:
        problem = words(request, unclear.sentence)
        errors["days"] = words(request, "Line %(n)s: %(problem)s", n=unclear.line, problem=problem)
    try:
        zone = hours.from_setting({"timezone": typed.zone}).zone
    except BadHours as bad:
        return None, errors | {"zone": words(request, str(bad))}
    made = Hours(zone, None if typed.always else week, holidays, own.once, own.yearly)
    return (None, errors) if errors else (made, errors)


def open_now(request: Request, wanted: Hours, at: datetime) -> str:
    """ "Open now, until …" or "Closed now, opens …", by the shop's clock."""
    locale = request.state.viewer.locale
    if wanted.week is None:
        return words(request, "Always open.")
    if hours.is_open(wanted, at):
        end = hours.closing(wanted, at)
        if end is None:
            return words(request, "Open now, around the clock.")
        when = {"day": day(end, locale, wanted.zone, at), "time": clock(end, wanted.zone)}
        return words(request, "Open now, until %(day)s %(time)s.", **when)
    start = hours.next_opening(wanted, at)
    if start is None:
        return words(request, "Closed now, and not open on any day of the coming year.")
    when = {"day": day(start, locale, wanted.zone, at), "time": clock(start, wanted.zone)}
    return words(request, "Closed now, opens %(day)s %(time)s.", **when)


def _foreseen(request: Request, wanted: Hours | None) -> dict[str, Any]:
    if wanted is None:
        return {"sentence": "", "is_open": False, "ahead": []}
    at, locale = now(), request.state.viewer.locale
    closed = words(request, "closed")
    days = [] if wanted.week is None else general.days_ahead(wanted, at)
    return {
        "sentence": open_now(request, wanted, at),
        "is_open": hours.is_open(wanted, at),
        "ahead": [
            (
                day(each, locale, wanted.zone, at),
                timetable.write_ranges(ranges, closed),
                bool(ranges),
                holiday,
            )
            for each, ranges, holiday in days
        ],
    }


def _typed(form: FormData) -> Typed:
    return Typed(
        always=text(form, "always") == "always",
        zone=text(form, "zone"),
        week=tuple(text(form, name)[:200] for name in hours.WEEKDAYS),
        holidays=text(form, "holidays"),
        holiday_hours=text(form, "holiday_hours")[:200],
        days=text(form, "days")[:LONGEST],
    )


def _written(request: Request, wanted: Hours) -> Typed:
    """Stored hours as the form shows them."""
    closed = words(request, "closed")
    proposed = (OFFICE,) * 5 + ((),) * 2
    own = wanted.on_holidays if wanted.on_holidays else ()
    return Typed(
        always=wanted.week is None,
        zone=wanted.zone.key,
        week=tuple(timetable.write_ranges(each, closed) for each in wanted.week or proposed),
        holidays="open" if wanted.on_holidays is None else "own" if own else "closed",
        holiday_hours=timetable.write_ranges(own, ""),
        days=timetable.write_days(wanted, closed),
    )


def _page(
    request: Request,
    shop: Mapping[str, Any],
    typed: Typed,
    wanted: Hours | None,
    status: int = 200,
    **more: Any,
) -> Response:
    more = {"errors": {}, "shop_errors": {}, "call_errors": {}, "bot_errors": {}, "problem": "", **more}
    with reading() as db:
        more |= {"centre": general.help_centre(db), "chats": _chats(db)}
        more["recording_days"] = general.recording_days(db)
        if "dispositions" not in more:
            more["dispositions"] = "\n".join(general.dispositions(db))
    with reading() as db:
        more["bot"] = {"rating": general.rating_asked(db), "helped_hours": general.helped_hours(db)}
    weekdays = [
        (name, words(request, called), value)
        for name, called, value in zip(hours.WEEKDAYS, DAY_NAMES, typed.week, strict=True)
    ]
    return page(
        request,
        "settings/general.html",
        status=status,
        section="general",
        shop=shop,
        values=typed,
        weekdays=weekdays,
        zones=zones(),
        undo_choices=general.UNDO_CHOICES,
        helped_choices=general.HELPED_CHOICES,
        mail_choices=general.MAIL_AFTER_CHOICES,
        recording_choices=[
            (n, words(request, "for %(n)s days", n=n) if n else words(request, "for good"))
            for n in general.RECORDING_CHOICES
        ],
        unclear=bool(more["errors"]),
        **_foreseen(request, wanted),
        **more,
    )


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(f"{HERE}/shop", with_form(save_shop), methods=["POST"]),
    Route(f"{HERE}/calls", with_form(save_calls), methods=["POST"]),
    Route(f"{HERE}/bot", with_form(save_bot), methods=["POST"]),
    Route(f"{HERE}/help-centre", with_form(save_help_centre), methods=["POST"]),
    Route(f"{HERE}/hours", with_form(save_hours), methods=["POST"]),
    Route(f"{HERE}/hours/preview", with_form(preview), methods=["POST"]),
]
