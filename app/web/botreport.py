"""What came of what the bot said: `/settings/knowledge/report`, for supervisors and admins; drawn, listed, as CSV."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import general
from app.bot import report as botreport
from app.bot.report import Wanted
from app.db import now, reading
from app.models import Channel
from app.web.knowledge import EDITORS
from app.web.pages import number, page, require_role, words

HERE = "/settings/knowledge/report"
USUAL = 28  # days
BY = ("day", "entry", "channel")
BAD = "Choose days, at most %(n)s of them, the first before the last."


def show(request: Request) -> Response:
    require_role(request, *EDITORS)
    with reading() as db:
        wanted = chosen(db, request)
        channels = db.scalars(select(Channel).order_by(Channel.name)).all()
        made = botreport.report(db, wanted or usual(db))
    bars, marks = botreport.bars(made)
    problem = "" if wanted else words(request, BAD, n=botreport.LONGEST)
    return page(
        request,
        "settings/bot_report.html",
        status=200 if wanted else 422,
        section="evaluation",
        made=made,
        bars=bars,
        marks=marks,
        channels=channels,
        problem=problem,
        most=botreport.LONGEST,
    )


def download(request: Request) -> Response:
    """The same as CSV, by day, entry or channel."""
    require_role(request, *EDITORS)
    by = request.query_params.get("by", "day")
    with reading() as db:
        wanted = chosen(db, request)
        if wanted is None or by not in BY:
            return Response(words(request, BAD, n=botreport.LONGEST), 422)
        told = botreport.as_csv(botreport.report(db, wanted), by)
    name = f"bot-{by}-{wanted.since}-{wanted.until}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(told, media_type="text/csv; charset=utf-8", headers=headers)


def usual(db: Session) -> Wanted:
    """The last four weeks, by the clock of the shop."""
    zone: ZoneInfo = general.opening_hours(db)[0].zone
    today = now().astimezone(zone).date()
    return Wanted(today - timedelta(days=USUAL - 1), today, zone, general.helped_hours(db))


def chosen(db: Session, request: Request) -> Wanted | None:
    """The days that are asked for; None where they make no sense."""
    given, plain = request.query_params, usual(db)
    try:
        since = date.fromisoformat(given["since"]) if given.get("since") else plain.since
        until = date.fromisoformat(given["until"]) if given.get("until") else plain.until
    except ValueError:
        return None
    wanted = Wanted(since, until, plain.zone, plain.hours, number(given.get("channel", "")))
    sensible = date(2000, 1, 1) <= since <= until <= date(2200, 1, 1)
    return wanted if sensible and (until - since).days < botreport.LONGEST else None


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(f"{HERE}.csv", download, methods=["GET"]),
]
