"""Handing over well: what the person who takes it should know, and what the customer is truthfully told comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

import bots
from app import hours
from app.bot import situations
from app.db import now
from app.formats import clock, day
from app.i18n import gettext, ngettext
from app.models import AnswerRating, Attachment, Conversation, Decision, FaqEntry, Message
from app.models.conversation import HUMAN, OPEN
from app.models.decision import ANSWERED, ASKED, COURTESY, HANDED_OVER, QUIET
from app.models.message import OUTBOUND
from bots.phrases import phrase

LATELY = timedelta(days=7)  # waits are measured over so long
MEASURED, ENOUGH = 20, 5  # handovers that are looked at; fewer than these tell nothing
LONGEST = timedelta(hours=3)  # a wait beyond is not foretold
MOST_AHEAD = 20  # people waiting that are counted
TOLD, LONGEST_WORDS = 6, 200  # questions and answers in a summary; characters of one


@dataclass(frozen=True, slots=True)
class Tried:
    """An entry the bot answered with, or several that it offered; `helped` as the customer said, if they did."""

    titles: tuple[str, ...]
    entry_id: int | None = None
    helped: bool | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person who takes it should know: the customer's questions, what the bot tried, what it collected; and the
    files that are an answer, by its name."""

    asked: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    collected: tuple[tuple[str, str], ...] = ()
    files: Mapping[str, Sequence[Attachment]] = field(default_factory=dict)


def summaries(db: Session, wanted: Mapping[int, Sequence[int]]) -> dict[int, Summary]:
    """What the bot did, in short: by any key, of these decisions. Read anew each time, so that what a customer takes
    back is gone here, too, and what they say of an answer is told."""
    ids = {id for each in wanted.values() for id in each}
    if not ids:
        return {}
    found = {row[0].id: row for row in db.execute(_DECIDED, {"ids": sorted(ids)})}
    sent = _sent(db, [row[0] for row in found.values()])
    return {key: _summary([found[id] for id in each if id in found], sent) for key, each in wanted.items()}


def _sent(db: Session, decisions: Sequence[Decision]) -> Mapping[int, Sequence[Attachment]]:
    """The files of the messages that are answers, by message."""
    ids = {
        id for one in decisions for told in one.detail.get("collected") or () for id in told.get("files", ())
    }
    found: dict[int, list[Attachment]] = {}
    if ids:
        for one in db.scalars(
            select(Attachment).where(Attachment.message_id.in_(ids)).order_by(Attachment.id)
        ):
            found.setdefault(one.message_id or 0, []).append(one)
    return found


_DECIDED = (
    select(Decision, FaqEntry.title, AnswerRating.helped)
    .outerjoin(FaqEntry, FaqEntry.id == Decision.entry_id)
    .outerjoin(AnswerRating, AnswerRating.decision_id == Decision.id)
    .where(Decision.id.in_(bindparam("ids", expanding=True)))
)


def _summary(rows: Sequence[Any], sent: Mapping[int, Sequence[Attachment]]) -> Summary:
    asked: dict[str, None] = {}
    tried: list[Tried] = []
    collected: dict[str, str] = {}
    files: dict[str, list[Attachment]] = {}
    for decision, title, helped in rows:
        words = " ".join(str(decision.detail.get("question", "")).split())[:LONGEST_WORDS]
        if words and decision.outcome not in (COURTESY, QUIET):
            asked[words] = None
        if decision.outcome == ANSWERED and title:
            tried.append(Tried((title,), decision.entry_id, helped))
        if decision.outcome == ASKED and decision.entry_id is None:
            offered = tuple(one["title"] for one in decision.detail.get("considered", ())[:3])
            tried += [Tried(offered)] if offered else []
        for one in decision.detail.get("collected") or ():
            collected[str(one["label"])[:80]] = str(one["shown"])[:LONGEST_WORDS]
            files[str(one["label"])[:80]] = [file for id in one.get("files", ()) for file in sent.get(id, ())]
    return Summary(tuple(asked)[-TOLD:], tuple(tried)[-TOLD:], tuple(collected.items()), files)


def with_next(db: Session, head: Conversation, decision: bots.Decision) -> str:
    """The words of a handover, and what comes next."""
    own, language = decision.phrase is not None, decision.language
    told = what_next(db, head, language, own_words=own)
    if told == phrase("one_moment", language):
        return f"{decision.text}{'' if language == 'ja' else ' '}{told}"
    return "\n".join(filter(None, (decision.text, told)))


def what_next(db: Session, head: Conversation, language: str, *, own_words: bool) -> str:
    """What the customer is told after "a person will answer": nothing that is not known. `own_words`: the bot's own
    sentence stands before it, so that it may ask for a moment."""
    times, at = situations.business_hours(db), now()
    if not hours.is_open(times, at):
        return closed(times, at, language)
    told = [*_queue(db, head, language), *_wait(db, times, at, language)]
    if told:
        return "\n".join(told)
    return phrase("one_moment", language) if own_words else ""


def closed(times: hours.Hours, at: datetime, language: str) -> str:
    """Why nobody is there, and from when on somebody is."""
    today = at.astimezone(times.zone).date()
    holiday = hours.holiday_name(today) if times.on_holidays is not None and not times.days.get(today) else ""
    if holiday and language == "ja" and not hours.ranges_on(times, today):
        told = gettext(language, "We are closed today (%(holiday)s).", holiday=holiday)
    elif holiday and not hours.ranges_on(times, today):
        told = gettext(language, "We are closed today, which is a public holiday.")
    else:
        told = gettext(language, "We are closed at the moment.")
    opens = hours.next_opening(times, at)
    if opens is None:
        return told
    when = {"day": day(opens, language, times.zone, at), "time": clock(opens, times.zone)}
    again = gettext(language, "We open again: %(day)s %(time)s.", **when)
    return f"{told}\n{again}"


def usual_wait(db: Session, times: hours.Hours, at: datetime) -> timedelta | None:
    """How long it took lately from a handover in business hours to a person's first answer: the median. None where
    too few were handed over to tell, or it is too long to be foretold. Who still waits has waited at least so long."""
    answered = (
        select(func.min(Message.sent_at))
        .where(
            Message.conversation_id == Decision.conversation_id,
            Message.sent_at >= Decision.made_at,
            and_(Message.kind == OUTBOUND, Message.author == "agent"),
        )
        .correlate(Decision)
        .scalar_subquery()
    )
    rows = db.execute(
        select(Decision.made_at, answered)
        .where(Decision.made_at > at - LATELY, Decision.outcome == HANDED_OVER)
        .order_by(Decision.made_at.desc())
        .limit(MEASURED)
    ).all()
    waits = [_wait_of(since, until, at) for since, until in rows if hours.is_open(times, since)]
    if len(waits) < ENOUGH:
        return None
    usual = timedelta(seconds=median(waits))
    return usual if usual <= LONGEST else None


def _wait_of(since: datetime, until: datetime | None, at: datetime) -> float:
    """In seconds; who still waits has waited until now."""
    return ((at if until is None else until) - since).total_seconds()


def _queue(db: Session, head: Conversation, language: str) -> list[str]:
    """Who waits for a person already."""
    waiting = select(Conversation.id).where(
        Conversation.status == OPEN,
        Conversation.waiting_since.is_not(None),
        Conversation.owner == HUMAN,
        Conversation.id != head.id,
    )
    ahead = len(db.scalars(waiting.order_by(Conversation.waiting_since).limit(MOST_AHEAD + 1)).all())
    if not 0 < ahead <= MOST_AHEAD:
        return []
    one, more = "One person is waiting before you.", "%(n)s people are waiting before you."
    return [ngettext(language, one, more, ahead, n=ahead)]


def _wait(db: Session, times: hours.Hours, at: datetime, language: str) -> list[str]:
    usual = usual_wait(db, times, at)
    if usual is None:
        return []
    minutes = max(1, -(-int(usual.total_seconds()) // 60))
    if minutes > 5:
        minutes = -(-minutes // 5) * 5
    closes = hours.closing(times, at)
    if closes is not None and closes - at < timedelta(minutes=minutes):
        return []  # it may not be today any more
    one, more = "Lately it took about a minute.", "Lately it took about %(n)s minutes."
    return [ngettext(language, one, more, minutes, n=minutes)]
