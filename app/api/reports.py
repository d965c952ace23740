"""Reports as shapes."""

from __future__ import annotations

from app.api.kinds import Shape
from app.bot.report import COLUMNS, Figures, Report


class BotFigures(Shape):
    """What came of questions to the bot. `helped` and `wrong` are parts of `answered`; `said_yes` and `said_no` are
    what customers rated."""

    questions: int
    answered: int
    helped: int
    asked_back: int
    unknown: int
    handed_over: int
    wrong: int
    said_yes: int
    said_no: int


class BotDay(Shape):
    """One day, by the clock of the shop."""

    day: str
    figures: BotFigures


class BotPart(Shape):
    """An entry or a channel; `name` is "" where it is gone."""

    id: int
    name: str
    figures: BotFigures


class HandoverCount(Shape):
    """Why questions went to a person, and how many."""

    reason: str
    count: int


class BotReportShape(Shape):
    """What came of the questions to the bot on these days. An answer `helped` if for `helped_hours` nothing more was
    needed."""

    since: str
    until: str
    helped_hours: int
    total: BotFigures
    days: list[BotDay]
    entries: list[BotPart]
    channels: list[BotPart]
    handovers: list[HandoverCount]


def bot(made: Report) -> BotReportShape:
    """A report as the API tells it."""
    return BotReportShape(
        since=made.wanted.since.isoformat(),
        until=made.wanted.until.isoformat(),
        helped_hours=made.wanted.hours,
        total=_figures(made.total),
        days=[BotDay(day=day.isoformat(), figures=_figures(each)) for day, each in made.days.items()],
        entries=[BotPart(id=id, name=name, figures=_figures(each)) for name, id, each in made.entries],
        channels=[BotPart(id=id, name=name, figures=_figures(each)) for name, id, each in made.channels],
        handovers=[HandoverCount(reason=reason, count=count) for reason, count in made.reasons],
    )


def _figures(of: Figures) -> BotFigures:
    return BotFigures(**{name: getattr(of, name) for name in COLUMNS})
