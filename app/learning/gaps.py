"""Questions that the bot did not answer, or badly: by what came of its decisions, and by what people said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bot import storing
from app.models import AnswerCorrection, AnswerRating, Decision
from app.models.decision import ANSWERED, ASKED, HANDED_OVER, UNKNOWN
from bots.language import guess
from bots.text import fold

REASONS = ("unknown", "asked", "unhelpful", "corrected", "person")
RIGHT_AFTER = timedelta(minutes=15)
LANGUAGES = ("ja", "en")
SHORTEST = 2  # letters of a question
MOST = 20_000  # different questions
MESSAGES = 20  # kept of each
BATCH = 500


@dataclass(slots=True)
class Gap:
    """A question in one wording: the messages it was asked in (the latest first), why it counts, which entries answered
    it badly, and which entry people said is right (None: none)."""

    text: str
    language: str
    messages: list[int] = field(default_factory=list)
    times: int = 0
    heads: set[int] = field(default_factory=set)
    why: Counter[str] = field(default_factory=Counter)
    bad: set[int] = field(default_factory=set)
    right: Counter[int | None] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A decision, as far as it is needed here. `offered`: what it asked back with."""

    id: int
    head_id: int
    message_id: int
    outcome: str
    reason: str
    entry_id: int | None
    at: datetime
    phrase: str
    offered: tuple[int, ...]


def gaps(db: Session, since: datetime) -> list[Gap]:
    """Every question asked since then that was not answered well, the latest first."""
    found: dict[tuple[str, str], Gap] = {}
    corrections = (
        select(AnswerCorrection.decision_id, AnswerCorrection.entry_id)
        .join(Decision, Decision.id == AnswerCorrection.decision_id)
        .where(Decision.made_at >= since)
    )
    right: dict[int, int | None] = dict(db.execute(corrections).all())
    unhelpful = set(
        db.scalars(
            select(AnswerRating.decision_id)
            .join(Decision, Decision.id == AnswerRating.decision_id)
            .where(Decision.made_at >= since, AnswerRating.helped.is_(False))
        )
    )
    wanted = {
        seen.id: (seen, why)
        for seen, after in _with_next(_decisions(db, since))
        if (why := _why(seen, after, unhelpful, right))
    }
    for seen, text in _texts(db, list(wanted.values())):
        _add(found, seen, text, wanted[seen.id][1], right)
    return list(found.values())[:MOST]


def _decisions(db: Session, since: datetime) -> Iterator[_Seen]:
    """The latest first."""
    detail = Decision.detail
    rows = (
        select(
            Decision.id,
            Decision.conversation_id,
            Decision.message_id,
            Decision.outcome,
            Decision.reason,
            Decision.entry_id,
            Decision.made_at,
            detail["phrase"].as_string(),
            detail["asked"],
        )
        .where(Decision.made_at >= since)
        .order_by(Decision.made_at.desc(), Decision.id.desc())
        .execution_options(yield_per=BATCH)
    )
    for id, head, message, outcome, reason, entry, at, phrase, offered in db.execute(rows):
        yield _Seen(id, head, message, outcome, reason, entry, at, phrase or "", tuple(offered or ()))


def _with_next(decisions: Iterator[_Seen]) -> Iterator[tuple[_Seen, _Seen | None]]:
    """Each with the one that followed in its conversation."""
    later: dict[int, _Seen] = {}
    for seen in decisions:
        yield seen, later.get(seen.head_id)
        later[seen.head_id] = seen


def _why(
    seen: _Seen, after: _Seen | None, unhelpful: set[int], right: dict[int, int | None]
) -> tuple[str, ...]:
    """For what reasons it was not answered well."""
    if seen.phrase == "none_of_these":  # what they chose among, not what they asked
        return ()
    found = []
    if seen.outcome == UNKNOWN or (seen.outcome == HANDED_OVER and seen.reason in ("misses", "unsure")):
        found.append("unknown")
    if seen.outcome == ASKED and not (after and after.entry_id in seen.offered):
        found.append("asked")
    if seen.id in unhelpful:
        found.append("unhelpful")
    if seen.id in right and right[seen.id] != seen.entry_id:
        found.append("corrected")
    if seen.outcome == ANSWERED and seen.entry_id and _wants_person(seen, after):
        found.append("person")
    return tuple(found)


def _wants_person(seen: _Seen, after: _Seen | None) -> bool:
    """Whether a person was asked for right after the answer."""
    wished = after is not None and after.outcome == HANDED_OVER and after.reason == "asked"
    return bool(wished and after and after.at - seen.at <= RIGHT_AFTER)


def _texts(db: Session, wanted: list[tuple[_Seen, Any]]) -> Iterator[tuple[_Seen, str]]:
    """With the customers' words; not those that were taken back."""
    for start in range(0, len(wanted), BATCH):
        part = [seen for seen, _ in wanted[start : start + BATCH]]
        said = storing.words(db, [seen.message_id for seen in part])
        yield from ((seen, said[seen.message_id]) for seen in part if seen.message_id in said)


def _add(
    found: dict[tuple[str, str], Gap],
    seen: _Seen,
    text: str,
    why: tuple[str, ...],
    right: dict[int, int | None],
) -> None:
    folded, language = fold(text), guess(text, None, LANGUAGES).language
    if len(folded) < SHORTEST or language not in LANGUAGES:
        return
    gap = found.setdefault((language, folded), Gap(text, language))
    gap.times += 1
    gap.heads.add(seen.head_id)
    gap.why.update(why)
    if len(gap.messages) < MESSAGES:
        gap.messages.append(seen.message_id)
    if seen.entry_id and {"unhelpful", "corrected", "person"} & set(why):
        gap.bad.add(seen.entry_id)
    if seen.id in right:
        gap.right[right[seen.id]] += 1
    gap.last_at, gap.first_at = gap.last_at or seen.at, seen.at
