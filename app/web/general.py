"""Settings of the whole shop, for admins: its name, business hours, and how long a reply can be taken back."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import hours
from app.db import now, reading, transaction
from app.events import record
from app.models import Setting
from app.text import one_line
from app.web.pages import done, errors_of, number, page, require_role, text, with_form, words
from app.web.pane import UNDO_SECONDS
from app.web.profile import zones

HERE = "/settings/general"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIELDS = ("shop_name", "undo_seconds", "always", "holidays", "special", "timezone")


def show(request: Request) -> Response:
    require_role(request, "admin")
    with reading() as db:
        return _form(request, _stored(db), is_open(db))


def save(request: Request, form: FormData) -> Response:
    require_role(request, "admin")
    given = {name: text(form, name) for name in (*FIELDS, *(f"day_{day}" for day in hours.WEEKDAYS))}
    problems, week = _read(given)
    if problems:
        return _form(request, given, None, 422, errors_of(problems, request))
    with transaction() as db:
        _put(db, "shop", {"name": one_line(given["shop_name"], 120)})
        _put(db, "general", {"undo_seconds": number(given["undo_seconds"]) or 0})
        _put(db, "hours", week)
        record(db, "audit.settings_changed", agent=request.state.viewer, page="general")
    return done(request, HERE, words(request, "Saved."))


def is_open(db: Session) -> bool | None:
    """Whether the shop is open now; nothing where the hours cannot be read."""
    stored = db.get(Setting, "hours")
    try:
        return hours.is_open(hours.from_setting(stored.value if stored else None), now())
    except hours.BadHours:
        return None


def _read(given: dict[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """The setting from the form, and what is wrong with it: each field is tried by itself."""
    problems: dict[str, str] = {}
    week: dict[str, Any] = {
        "timezone": given["timezone"],
        "public_holidays": "closed" if given["holidays"] else "open",
    }
    if not given["undo_seconds"].isdigit() or int(given["undo_seconds"]) > 10:
        problems["undo_seconds"] = "Choose a number from 0 to 10."
    days = {day: _try(problems, f"day_{day}", _ranges(given[f"day_{day}"])) for day in hours.WEEKDAYS}
    if not given["always"]:
        week["week"] = days
    week["days"] = _special(problems, given["special"])
    try:
        hours.from_setting(week)
    except hours.BadHours as bad:
        if not problems:
            problems[""] = str(bad)
    return problems, week


def _try(problems: dict[str, str], name: str, ranges: list[list[str]]) -> list[list[str]]:
    try:
        hours.from_setting({"week": {"mon": ranges}})
    except hours.BadHours as bad:
        problems[name] = str(bad)
    return ranges


def _ranges(written: str) -> list[list[str]]:
    """``09:00-12:00, 13:00-18:00``, with full-width signs and waves too."""
    signs = str.maketrans("０１２３４５６７８９：，、〜～－–", "0123456789:,,----")
    parts = [part.strip() for part in written.translate(signs).split(",") if part.strip()]
    return [[_padded(side) for side in part.split("-")] for part in parts]


def _padded(side: str) -> str:
    return side.strip().zfill(5) if ":" in side else side.strip()


def _special(problems: dict[str, str], written: str) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in filter(None, (line.strip() for line in written.splitlines())):
        day, _, rest = line.partition(" ")
        found[day] = [] if rest.strip().lower() in ("", "closed", "休み", "休業") else _ranges(rest)
    try:
        hours.from_setting({"days": found})
    except hours.BadHours as bad:
        problems["special"] = str(bad)
    return found


def _put(db: Session, key: str, value: dict[str, Any]) -> None:
    row = db.get(Setting, key)
    if row is None:
        db.add(Setting(key=key, value=value))
    else:
        row.value = {**row.value, **value}


def _stored(db: Session) -> dict[str, str]:
    """The settings as the form shows them."""
    kept = {key: (row.value if (row := db.get(Setting, key)) else {}) for key in ("shop", "general", "hours")}
    times = kept["hours"]
    week = times.get("week")
    usual = {day: [["10:00", "18:00"]] for day in hours.WEEKDAYS[:5]}
    shown = {
        f"day_{day}": _written((week if week is not None else usual).get(day, [])) for day in hours.WEEKDAYS
    }
    special = (f"{day} {_written(each) or 'closed'}" for day, each in sorted(times.get("days", {}).items()))
    return {
        **shown,
        "shop_name": str(kept["shop"].get("name", "")),
        "undo_seconds": str(kept["general"].get("undo_seconds", UNDO_SECONDS)),
        "always": "1" if week is None else "",
        "holidays": "" if times.get("public_holidays", "closed") == "open" else "1",
        "special": "\n".join(special),
        "timezone": str(times.get("timezone", "Asia/Tokyo")),
    }


def _written(ranges: list[list[str]]) -> str:
    return ", ".join("-".join(each) for each in ranges)


def _form(
    request: Request,
    values: dict[str, str],
    open_now: bool | None,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    return page(
        request,
        "settings/general.html",
        status=status,
        section="general",
        values=values,
        errors=errors or {},
        open_now=open_now,
        days=[(key, words(request, name)) for key, name in zip(hours.WEEKDAYS, DAYS, strict=True)],
        zones=zones(),
    )


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(save), methods=["POST"]),
]
