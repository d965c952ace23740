"""What customers asked on past days, and what the bot made of it then: each different question once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app.bot import situations, storing
from app.knowledge.writing import Invalid
from app.models import Conversation, Customer, Decision, Message
from bots.text import fold

LONGEST = 366  # days looked at together
BATCH = 500


@dataclass(frozen=True, slots=True)
class Days:
    """From the beginning of one day to the end of another, in somebody's zone; of one channel, or of all."""

    first: date
    last: date
    zone: str
    channel_id: int | None = None

    @property
    def begin(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), ZoneInfo(self.zone))

    @property
    def end(self) -> datetime:
        """The first moment that is no more part of it."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone))

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        first, last = self.first.isoformat(), self.last.isoformat()
        return {"first": first, "last": last, "zone": self.zone, "channel_id": self.channel_id}


def days(first: str, last: str, zone: str, channel_id: int | None = None) -> Days:
    """Days as they were typed, ``2026-11-20``. Raises :class:`Invalid`."""
    wanted = Days(_day("first", first), _day("last", last), zone, channel_id)
    if wanted.last < wanted.first:
        raise Invalid({"last": "This day lies before the first one."})
    if (wanted.last - wanted.first).days >= LONGEST:
        raise Invalid({"last": "Choose a year at most."})
    return wanted


def days_of(stored: Mapping[str, Any]) -> Days:
    """Days as they are kept."""
    return days(stored["first"], stored["last"], stored["zone"], stored["channel_id"])


def _day(field: str, written: str) -> date:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        raise Invalid({field: "Write a day as 2026-11-20."}) from None
    if not 2000 <= found.year <= 2200:
        raise Invalid({field: "Write a day as 2026-11-20."})
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """One decision, as it is compared. `text` is what the bot said, none of a customer's words."""

    action: str
    entry_id: int | None
    rule_id: int | None
    offered: tuple[int, ...]
    text: str
    version: int
    reason: str = ""

    @property
    def courteous(self) -> bool:
        """A greeting or thanks returned: no answer to anything."""
        return self.action == "answer" and self.entry_id is None and self.rule_id is None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was asked, `times` times, the last time in `message_id`; and what was decided then."""

    message_id: int
    question: bots.Question
    times: int
    old: Side

    @property
    def text(self) -> str:
        """The customer's words."""
        return self.question.text


def asked(db: Session, wanted: Days) -> Iterator[tuple[Asked, str]]:
    """Every message of these days that the bot decided about, with the key under which two are the same question; the
    latest first. What was taken back, was said in a form, chose among what the bot had offered, or only ended what was
    answered already, is no question."""
    rows = (
        select(Decision, Message.text, Message.context, Conversation.locale, Customer.attributes)
        .join(Message, Message.id == Decision.message_id)
        .join(Conversation, Conversation.id == Decision.conversation_id)
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(Decision.made_at >= wanted.begin, Decision.made_at < wanted.end, Message.removed_at.is_(None))
        .order_by(Decision.made_at.desc(), Decision.id.desc())
        .execution_options(yield_per=BATCH)
    )
    if wanted.channel_id is not None:
        rows = rows.where(Message.channel_id == wanted.channel_id)
    for decision, text, context, locale, attributes in db.execute(rows):
        before = decision.detail.get("before", {})
        text = storing.whole(text, str(decision.detail.get("question", "")))
        question = bots.Question(
            text,
            before.get("language", locale) or None,
            before.get("misses", 0),
            tuple(before.get("asked", ())),
            earlier=tuple(_turn(one) for one in before.get("earlier", ())),
            situation=_situation(before.get("situation", {}), attributes, str(context.get("url", ""))),
        )
        ended = before.get("in_form") or "adds_to" in decision.detail
        if not fold(text) or ended or _chose(decision, question.asked):
            continue
        key = f"{fold(text)}\n{question.language}\n{question.misses}\n{question.asked}"
        yield Asked(decision.message_id, question, 1, side_of(decision)), key


def _turn(stored: Mapping[str, Any]) -> bots.Earlier:
    told = {name: tuple(stored.get(name, ())) for name in ("asked", "also")}
    return bots.Earlier(**{**stored, **told})


def _situation(stored: Mapping[str, Any], attributes: Mapping[str, Any], page: str) -> bots.Situation:
    """Where and when it was asked, with what is noted of the customer now. Nothing is known of older decisions."""
    day = stored.get("on")
    told = {
        **stored,
        "on": date.fromisoformat(day) if day else None,
        "labels": frozenset(stored.get("labels", ())),
    }
    noted = {name: situations.value(one) for name, one in attributes.items()}
    return bots.Situation(**told, attributes=noted, page=page)


def _chose(decision: Decision, offered: tuple[int, ...]) -> bool:
    chosen = decision.entry_id in offered and decision.score == 100
    return bool(offered) and (chosen or decision.detail.get("phrase") == "none_of_these")


def side_of(decision: Decision) -> Side:
    """A decision that was stored."""
    detail = decision.detail
    offers = tuple(detail.get("asked", ())) if decision.action == "ask" else ()
    return Side(
        decision.action,
        decision.entry_id,
        decision.rule_id,
        offers,
        _short(detail.get("text", "")),
        decision.version,
        detail.get("handover_reason") or "",
    )


def side(decision: bots.Decision) -> Side:
    """A decision just made."""
    offers = decision.asked if decision.action == "ask" else ()
    return Side(
        decision.action,
        decision.entry_id,
        decision.rule_id,
        offers,
        _short(decision.text),
        decision.version,
        decision.handover_reason or "",
    )


def _short(text: str) -> str:
    return text if len(text) <= 400 else f"{text[:399]}…"
