"""`/reports`: what the bot achieved."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta

from app import general
from app.api import reports as shapes
from app.api.kinds import Given, Id
from app.api.reports import BotReportShape
from app.bot import report as botreport
from app.bot.report import Wanted
from app.db import now
from app.inbox import Refused
from app.web.api.framework import Call, endpoint
from app.web.api.lists import EDITORS

TAG = "FAQ and bot"
USUAL = 28  # days
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", max_length=10)]


class ReportDays(Given):
    """Which days, by the clock of the shop, both included: the last four weeks where none are named, 92 at most. And
    which channel, all where none is."""

    since: Day | None = None
    until: Day | None = None
    channel: Id | None = None


@endpoint("GET", "/reports/bot", scope="knowledge:read", tag=TAG, roles=EDITORS)
def get_bot_report(call: Call, query: ReportDays) -> BotReportShape:
    """What became of the questions to the bot: answered, helped, handed over and why, wrong; by day, entry, channel."""
    zone = general.opening_hours(call.db)[0].zone
    try:
        until = date.fromisoformat(query.until) if query.until else now().astimezone(zone).date()
        since = date.fromisoformat(query.since) if query.since else until - timedelta(days=USUAL - 1)
        wanted = Wanted(since, until, zone, general.helped_hours(call.db), query.channel)
        if not 1970 < since.year <= until.year < 9000:
            raise ValueError("days")
        return shapes.bot(botreport.report(call.db, wanted))
    except (ValueError, OverflowError):
        raise Refused(
            "Choose days, at most %(n)s of them, the first before the last.", n=botreport.LONGEST
        ) from None
