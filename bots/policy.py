"""From a question to a decision: which concern is heard first."""

from __future__ import annotations

from dataclasses import dataclass

from bots import earlier, flowing, leading, others, sayings, several
from bots.anger import anger
from bots.book import Book
from bots.decision import Decision
from bots.flow import FILES
from bots.form import Form, form_of
from bots.matcher import Match
from bots.person import person_declined, person_wanted
from bots.question import Question
from bots.replies import NONE, acknowledged, choice, courtesy, denies
from bots.risk import risk
from bots.ruling import begun, label_of, noted, ruled, ruled_to_person
from bots.turn import NEAR, Turn

_CHIPS = 4


def decide(question: Question, book: Book) -> Decision:
    """Decide what the bot says to `question`.

    Pure and total: the same question and book give the same decision, and no string makes it raise.
    In the middle of a form, danger and rules that hand over are heard first, then the form (:mod:`bots.flowing`).
    Else, in this order: a choice among what was offered, the shop's rules, a program that answers by itself, who is
    asked whether it is one, risk, the wish for a person, anger, a language the bot does not speak, courtesy, then the
    FAQ, and complaints that it has no answer to. What would go round in a circle is not said.
    """
    turn = Turn(question, book)
    if not turn.text and not _sends_files(turn):
        return flowing.kept(turn, sayings.silent(turn, None))
    label = label_of(turn)
    form = form_of(turn)
    return noted(turn, _in_form(turn, form, label) if form else _heard(turn, label))


def _sends_files(turn: Turn) -> bool:
    """Whether a message without words is what a form has asked for."""
    form = form_of(turn) if turn.question.files else None
    return form is not None and form.step is not None and form.step.kind in FILES


def _in_form(turn: Turn, form: Form, label: str | None) -> Decision:
    """The form goes on; what is a question of another kind is answered beside it."""
    if urgent := ruled_to_person(turn, label) or _alarming(turn, label):
        return flowing.left(form, urgent)
    if quiet := _a_program(turn, label):
        return flowing.kept(turn, quiet)
    return flowing.heard(turn, form, label) or flowing.beside(turn, form, _heard(turn, label))


def _heard(turn: Turn, label: str | None) -> Decision:
    for concern in _CONCERNS:
        if decision := concern(turn, label):
            return leading.on(turn, label, _not_again(turn, label, decision))
    return sayings.missed(turn, label, "unknown")


def _not_again(turn: Turn, label: str | None, decision: Decision) -> Decision:
    """The decision, unless it says what was said just before: a courtesy is then left out, and any other answer has
    not helped."""
    if not earlier.repeats(decision, turn.question.earlier):
        return decision
    if decision.entry_id is None and decision.rule_id is None:
        return sayings.silent(turn, label)
    if earlier.insists(decision, turn.question.earlier):
        return sayings.handed_over(turn, label, "misses", "handing_over_misses")
    return sayings.missed(turn, label, "said_already")


@dataclass(frozen=True, slots=True)
class Found:
    """What the FAQ alone has for a question: the entries, the surest first; the one sure enough to answer; and the one
    that is, at some threshold: none other is nearly as likely."""

    matches: tuple[Match, ...]
    answer: Match | None
    ahead: Match | None


def look_up(question: Question, book: Book) -> Found:
    """Search the FAQ for `question`, without rules and manners: what an evaluation measures."""
    turn = Turn(question, book)
    found = tuple(match for match in turn.matches if match.entry.id >= 0)
    return Found(found, _of_the_faq(turn.answer), _of_the_faq(turn.ahead))


def _of_the_faq(match: Match | None) -> Match | None:
    """The match, unless it is a form that is meant."""
    return match if match and match.entry.id >= 0 else None


def _chosen(turn: Turn, label: str | None) -> Decision | None:
    if not turn.offered:
        return None
    place = choice(turn.folded, [entry.title for entry in turn.offered])
    if place is None:
        return None
    if place == NONE:
        return sayings.missed(turn, label, "none_of_these")
    return sayings.answered(turn, label, turn.offered[place])


def _a_program(turn: Turn, label: str | None) -> Decision | None:
    """Nothing is said to what answers by itself: that would be answered, and so on."""
    return sayings.silent(turn, label) if others.by_itself(turn.plain) and not turn.answer else None


def _who(turn: Turn, label: str | None) -> Decision | None:
    """It says that it is a bot, and how to get a person."""
    if not others.asks_who(turn.folded) or turn.exact:
        return None
    return sayings.courteous(turn, label, "i_am_a_bot", person=True)


def _alarming(turn: Turn, label: str | None) -> Decision | None:
    """What only a person should deal with. Words that may be innocent yield to a good answer."""
    danger = risk(turn.plain)
    if danger and (danger.signal.certain or not turn.answer):
        return sayings.escalated(turn, label, danger.type, danger.signal.words)
    wish = person_wanted(turn.plain)
    if wish and (wish.certain or not turn.answer):
        return sayings.handed_over(turn, label, "asked", "handing_over")
    furious = anger(turn.plain)
    return _soothed(turn, label) if furious and furious.certain else None


def _complaining(turn: Turn, label: str | None) -> Decision | None:
    """Who complains in ordinary words, and asks nothing that the FAQ answers, gets a person."""
    return _soothed(turn, label) if anger(turn.plain) else None


def _soothed(turn: Turn, label: str | None) -> Decision:
    return sayings.handed_over(turn, label, "anger", "handing_over_anger")


def _foreign(turn: Turn, label: str | None) -> Decision | None:
    if turn.heard.language in turn.book.settings.languages or turn.answer:
        return None
    return sayings.handed_over(turn, label, "language", "outside_language")


def _courteous(turn: Turn, label: str | None) -> Decision | None:
    """Greetings and thanks, unless the shop has an entry for them, and a message of nothing but emoji, which
    wants no answer."""
    if turn.exact:
        return None
    if not turn.folded and not any(sign in turn.text for sign in "?!"):
        return sayings.silent(turn, label)
    before = turn.question.earlier[-1:]
    key = courtesy(turn.folded, answered=any(one.entry_id is not None for one in before))
    key = key or acknowledged(turn.folded)
    return sayings.courteous(turn, label, key) if key else None


def _denied(turn: Turn, label: str | None) -> Decision | None:
    return sayings.missed(turn, label, "none_of_these") if denies(turn.folded) else None


def _answered(turn: Turn, label: str | None) -> Decision | None:
    return sayings.answered(turn, label, turn.answer.entry, turn.answer.score) if turn.answer else None


def _staying(turn: Turn, label: str | None) -> Decision | None:
    """`オペレーターじゃなくていい`: stay, and let them ask."""
    return sayings.courteous(turn, label, "go_ahead") if person_declined(turn.plain) else None


def _asked_back(turn: Turn, label: str | None) -> Decision | None:
    """Offer what is close, each only once: to offer the same again is to have missed."""
    settings = turn.book.settings
    if not turn.matches or turn.matches[0].score < settings.threshold_ask:
        return None
    known = {*turn.question.asked, *earlier.offered(turn.question.earlier)}
    near = [match.entry for match in turn.matches if match.score >= NEAR * turn.matches[0].score]
    if near[0].id in known:
        return sayings.missed(turn, label, "none_of_these")
    return sayings.asked(turn, label, [entry for entry in near if entry.id not in known][:_CHIPS])


_CONCERNS = (
    _chosen,
    ruled,
    _a_program,
    _who,
    _alarming,
    _foreign,
    begun,
    _courteous,
    _denied,
    several.answered,
    _answered,
    _complaining,
    _staying,
    _asked_back,
)
