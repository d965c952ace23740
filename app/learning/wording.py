"""What agents then wrote: the first answer of substance that followed each question, the most typical first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.learning.masking import without_greeting
from app.models import Conversation, Decision, Message
from app.models.decision import ANSWERED, ASKED, UNKNOWN
from app.models.message import OUTBOUND
from bots.language import guess
from bots.lexicon import Lexicon

WITHIN = timedelta(days=7)
KEPT = 20  # answers of a proposal
BATCH = 300
_LEAST = {"ja": 15, "en": 40}  # characters of an answer that says something
_HOLDING = re.compile(
    r"少々お待ち|しばらくお待ち|確認(?:いた|させて|し)|お調べ|折り返し"
    r"|let me (?:check|see|look)|one moment|just a (?:moment|minute)|bear with|look into (?:it|this)|get back to you",
    re.IGNORECASE,
)
_HOLDS = 3.0  # a text that puts off may still say something, if it is so many times as long as it must be
_ASKS = re.compile(r"(?:[?？]|(?:です|ます|ません|でしょう|ましょう)か[。.]?)\s*$")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question the bot decided about, in the thread it is shown in."""

    id: int
    head: int
    at: datetime
    outcome: str


def answers_to(
    db: Session, asked: Sequence[tuple[int, Sequence[int]]], language: str, lexicon: Lexicon | None = None
) -> dict[int, list[int]]:
    """For each group of messages, by its number: the ids of the answers that followed them, the most typical first."""
    of = {message: number for number, messages in asked for message in messages}
    rows = _questions(db, list(of))
    heads, since = {head for _, head, _ in rows}, min((at for _, _, at in rows), default=None)
    replies, decided = _replies(db, heads, since), _decided(db, heads, since)
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for message, head, at in rows:
        ends = _moved_on(decided.get(head, ()), message, of)
        within = [one for one in replies.get(head, ()) if ends is None or one[1] <= ends]
        reply = _first(within, at, language)
        if reply is not None:
            found[of[message]][reply[0]] = reply[1]
    return {number: _ordered(texts, language, lexicon) for number, texts in found.items()}


def _ordered(texts: dict[int, str], language: str, lexicon: Lexicon | None) -> list[int]:
    from bots.gathering import typical  # its arithmetic takes 20 MB

    ids = sorted(texts)
    said = [without_greeting(texts[id]) for id in ids]
    return [ids[place] for place in typical(said, language, lexicon)][:KEPT]


def _moved_on(decided: Sequence[_Asked], message: int, of: Mapping[int, int]) -> datetime | None:
    """When the customer asked something else, so that what is answered from then on is an answer to that. Who was not
    understood and was not understood again may have said the same in other words."""
    place = next((place for place, one in enumerate(decided) if one.id == message), None)
    if place is None:
        return None
    heard = decided[place].outcome == ANSWERED
    for one in decided[place + 1 :]:
        if of.get(one.id) != of[message] and (heard or one.outcome == ANSWERED):
            return one.at
    return None


def substantial(text: str, language: str) -> bool:
    """Whether an answer says something: it neither only puts off nor only asks in turn."""
    matter = without_greeting(text)
    least = _LEAST.get(language, 40)
    if len(matter) < least or _ASKS.search(matter):
        return False
    return not _HOLDING.search(matter) or len(matter) >= _HOLDS * least


def _questions(db: Session, ids: list[int]) -> list[tuple[int, int, datetime]]:
    """The messages with the thread they are shown in and their time."""
    found: list[tuple[int, int, datetime]] = []
    for start in range(0, len(ids), BATCH):
        rows = (
            select(Message.id, _head(), Message.sent_at)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.id.in_(ids[start : start + BATCH]), Message.removed_at.is_(None))
        )
        found += db.execute(rows).all()
    return found


def _replies(
    db: Session, heads: set[int], since: datetime | None
) -> dict[int, list[tuple[int, datetime, str]]]:
    """What agents wrote in these threads since then, in order."""
    found: dict[int, list[tuple[int, datetime, str]]] = defaultdict(list)
    wanted = sorted(heads)
    for start in range(0, len(wanted) if since else 0, BATCH):
        rows = (
            select(_head(), Message.id, Message.sent_at, Message.text)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(
                _head().in_(wanted[start : start + BATCH]),
                Message.kind == OUTBOUND,
                Message.author == "agent",
                Message.removed_at.is_(None),
                Message.sent_at >= since,
            )
            .order_by(Message.sent_at, Message.id)
        )
        for head, id, at, text in db.execute(rows):
            found[head].append((id, at, text))
    return found


def _decided(db: Session, heads: set[int], since: datetime | None) -> dict[int, list[_Asked]]:
    """What the bot was asked in these threads since then, in order; not what was chosen of what it offered."""
    found: dict[int, list[_Asked]] = defaultdict(list)
    wanted = sorted(heads)
    for start in range(0, len(wanted) if since else 0, BATCH):
        rows = (
            select(
                Message.id, _head(), Message.sent_at, Decision.outcome, Decision.detail["phrase"].as_string()
            )
            .join(Decision, Decision.message_id == Message.id)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(
                _head().in_(wanted[start : start + BATCH]),
                Decision.outcome.in_((ANSWERED, ASKED, UNKNOWN)),
                Message.sent_at >= since,
            )
            .order_by(Message.sent_at, Message.id)
        )
        for id, head, at, outcome, phrase in db.execute(rows):
            if phrase != "none_of_these":
                found[head].append(_Asked(id, head, at, outcome))
    return found


def _head() -> ColumnElement[int]:
    return func.coalesce(Conversation.head_id, Conversation.id)


def _first(
    replies: Sequence[tuple[int, datetime, str]], asked_at: datetime, language: str
) -> tuple[int, str] | None:
    """The first reply after the question that says something, in its language."""
    for id, at, text in replies:
        if asked_at < at <= asked_at + WITHIN and substantial(text, language):
            spoken = guess(text, None, ("ja", "en")).language
            if spoken == language:
                return id, text
    return None
