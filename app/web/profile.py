"""One's own settings: `/settings/me`."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import people
from app.auth import cookies, renew
from app.db import now, reading, transaction
from app.events import record
from app.models import Agent, Signin
from app.people import SEND_KEYS, THEMES, Invalid
from app.web.pages import done, errors_of, page, text, with_form, words
from app.web.session import keep_theme

HERE = "/settings/me"
LANGUAGES = (("ja", "日本語"), ("en", "English"))
_FIELDS = ("name", "locale", "timezone", "theme", "send_key", "signature", "extension")


def show(request: Request) -> Response:
    return _form(request)


def save(request: Request, form: FormData) -> Response:
    """Name, language, time zone, colours, which key sends, and what stands below mails."""
    given = {name: text(form, name) for name in _FIELDS}
    try:
        with transaction() as db:
            people.prefer(db, _me(db, request), **given)
    except Invalid as invalid:
        return _form(
            request,
            422,
            values=given,
            errors=errors_of({invalid.field: invalid.sentence}, request, **invalid.values),
        )
    request.state.viewer.locale = given["locale"]  # so that the toast is in the new language already
    response = done(request, HERE, words(request, "Saved."))
    keep_theme(response, given["theme"])
    return response


def save_password(request: Request, form: FormData) -> Response:
    """A new password. This browser gets a new token, all others are signed out."""
    try:
        with transaction() as db:
            here = request.state.signin_id
            people.change_own_password(
                db, _me(db, request), text(form, "current"), text(form, "password"), keep=here
            )
            token = renew(db, here)
    except Invalid as invalid:
        return _form(
            request,
            422,
            password_errors=errors_of({invalid.field: invalid.sentence}, request, **invalid.values),
        )
    response = done(request, HERE, words(request, "The password was changed. Other devices are signed out."))
    cookies.put(response, request.scope, token)
    return response


def leave_elsewhere(request: Request, _form: FormData) -> Response:
    """Sign out everywhere but here."""
    with transaction() as db:
        me = _me(db, request)
        people.end_sessions(db, me, keep=request.state.signin_id)
        record(db, "agent.changed", agent=me, agent_id=me.id, what="signed_out")
    return done(request, HERE, words(request, "You are signed out everywhere else."))


def _me(db: Session, request: Request) -> Agent:
    return db.get_one(Agent, request.state.viewer.id)


def _form(request: Request, status: int = 200, **more: Any) -> Response:
    viewer = request.state.viewer
    values = {name: getattr(viewer, name) for name in _FIELDS}
    with reading() as db:
        mine = select(Signin).where(Signin.agent_id == viewer.id, Signin.expires_at > now())
        signins = db.scalars(mine.order_by(Signin.last_seen_at.desc()).limit(20)).all()
    seen = {"errors": {}, "password_errors": {}, "values": values, **more}
    return page(
        request, "profile/me.html", status=status, section="me", signins=signins, here=request.state.signin_id,
        languages=LANGUAGES, themes=THEMES, send_keys=SEND_KEYS, zones=zones(), **seen,
    )  # fmt: skip


@cache
def zones() -> list[tuple[str, str]]:
    """Time zones to choose from: those of places, Asia/Tokyo first."""
    places = (
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/"))
    )
    return [("Asia/Tokyo", "Asia/Tokyo"), ("UTC", "UTC")] + [
        (name, name.replace("_", " ")) for name in sorted(places) if name != "Asia/Tokyo"
    ]


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(save), methods=["POST"]),
    Route(f"{HERE}/password", with_form(save_password), methods=["POST"]),
    Route(f"{HERE}/sessions", with_form(leave_elsewhere), methods=["POST"]),
]
