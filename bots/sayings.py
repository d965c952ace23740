"""The decisions the bot can make, each with its words, chips and the state it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bots.decision import Decision, EscalationType, HandoverReason
from bots.entry import Entry
from bots.phrases import phrase
from bots.turn import Turn


def silent(turn: Turn, label: str | None) -> Decision:
    """Say nothing; whatever was asked stays open."""
    return Decision(
        action="label" if label else "silent",
        language=turn.language,
        version=turn.book.version,
        label=label,
        misses=turn.question.misses,
        asked=turn.question.asked,
    )


def courteous(turn: Turn, label: str | None, key: str, *, person: bool = False) -> Decision:
    """Return a greeting or thanks; no hit and no miss. `person`: with the choice to talk to one."""
    return Decision(
        action="answer",
        language=turn.language,
        version=turn.book.version,
        text=phrase(key, turn.language),
        phrase=key,
        quick_replies=(phrase("chip_person", turn.language),) if person else (),
        label=label,
        misses=turn.question.misses,
        asked=turn.question.asked,
    )


def answered(turn: Turn, label: str | None, entry: Entry, score: float = 100.0) -> Decision:
    """Give the answer of `entry`, in the language it is asked in where there is one; a choice the customer made is
    certain."""
    entry = _told(turn, entry)
    return Decision(
        action="answer",
        language=entry.language,
        version=turn.book.version,
        text=entry.answer,
        quick_replies=(*entry.quick_replies, *_next(turn, entry)),
        links=entry.links,
        picture=entry.picture,
        entry_id=entry.id,
        score=score,
        label=label,
        considered=turn.considered,
    )


def asked(turn: Turn, label: str | None, near: Sequence[Entry]) -> Decision:
    """Ask which of `near` was meant, or whether the only one was."""
    language = near[0].language
    chips: tuple[str, ...]
    if len(near) == 1:
        key, chips = "ask_one", (phrase("chip_yes", language), phrase("chip_no", language))
        text = phrase(key, language, title=near[0].title)
    else:
        key, chips = "ask", (*(entry.title for entry in near), phrase("chip_none", language))
        text = phrase(key, language)
    return Decision(
        action="ask",
        language=language,
        version=turn.book.version,
        text=text,
        phrase=key,
        quick_replies=chips,
        score=turn.matches[0].score,
        label=label,
        considered=turn.considered,
        misses=turn.question.misses,
        asked=tuple(entry.id for entry in near),
    )


def missed(turn: Turn, label: str | None, key: str) -> Decision:
    """Admit not to know, by the phrase `key`; one miss too many hands over."""
    misses = max(turn.question.misses, 0) + 1
    if misses >= turn.book.settings.max_misses:
        return handed_over(turn, label, "misses", "handing_over_misses")
    return Decision(
        action="unknown",
        language=turn.language,
        version=turn.book.version,
        text=phrase(key, turn.language),
        phrase=key,
        quick_replies=(phrase("chip_person", turn.language),),
        score=_best(turn),
        label=label,
        considered=turn.considered,
        misses=misses,
    )


def handed_over(turn: Turn, label: str | None, reason: HandoverReason, key: str) -> Decision:
    """Give the conversation to a person."""
    return Decision(
        action="hand_over",
        language=turn.language,
        version=turn.book.version,
        text=phrase(key, turn.language),
        phrase=key,
        score=_best(turn),
        label=label,
        handover_reason=reason,
        considered=turn.considered,
    )


def escalated(turn: Turn, label: str | None, kind: EscalationType, words: str) -> Decision:
    """Give the conversation to a person and tell a supervisor, quoting the `words` that led to it."""
    return Decision(
        action="escalate",
        language=turn.language,
        version=turn.book.version,
        text=phrase("escalating", turn.language),
        phrase="escalating",
        score=_best(turn),
        label=label,
        escalation_type=kind,
        escalation_reason=words,
        handover_reason="risk",
        considered=turn.considered,
    )


def _told(turn: Turn, entry: Entry) -> Entry:
    """The entry, or what says the same to who speaks the other language."""
    if entry.language == turn.language:
        return entry
    twin = turn.book.translation(entry, turn.language)
    return twin if twin and twin.holds(turn.question.situation) else entry


def _next(turn: Turn, entry: Entry) -> Iterator[str]:
    """What may be asked next, as far as it is answered there and then."""
    for entry_id in entry.follow_ups:
        other = turn.book.entry(entry_id)
        if other and other.holds(turn.question.situation) and other.title not in entry.quick_replies:
            yield other.title


def _best(turn: Turn) -> float:
    return turn.considered[0].score if turn.considered else 0.0
