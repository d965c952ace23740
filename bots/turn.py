"""One message being decided on: its text in the forms the bot needs, and what the FAQ has for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bots.book import Book
from bots.decision import Considered
from bots.entry import Entry
from bots.language import Guess, guess, spoken_to
from bots.matcher import EXACT, Match
from bots.person import without_refusal
from bots.question import Question
from bots.replies import without_courtesy
from bots.signals import plain
from bots.text import clean, fold

_CONSIDERED = 5
_AMBIGUOUS = 0.6
"""From this part of the best score up, the next entry may as well be meant."""
NEAR = 0.42
"""From this part of the best score up, an entry is worth offering where none may be given as the answer."""


@dataclass(frozen=True)
class Turn:
    """A question beside the book that is to answer it. Everything is worked out once, when first needed."""

    question: Question
    book: Book

    @cached_property
    def text(self) -> str:
        """The message, clean."""
        return clean(self.question.text)

    @cached_property
    def plain(self) -> str:
        """The message as signals are read."""
        return plain(self.text)

    @cached_property
    def folded(self) -> str:
        """The message as it is compared."""
        return fold(self.text)

    @cached_property
    def heard(self) -> Guess:
        """The language the message is in."""
        return guess(self.text, self.question.language, self.book.settings.languages)

    @cached_property
    def language(self) -> str:
        """The language the bot replies in when the words are its own."""
        return spoken_to(self.heard.language, self.question.language, self.book.settings.languages)

    @cached_property
    def offered(self) -> tuple[Entry, ...]:
        """The entries the bot's last turn offered, as far as this version still has them."""
        found = (self.book.entry(entry_id) for entry_id in self.question.asked)
        return tuple(entry for entry in found if entry and entry.holds(self.question.situation))

    @cached_property
    def matches(self) -> tuple[Match, ...]:
        """What the FAQ has there and then, the surest first. A message in no certain language is looked up in all, one
        in a language the bot does not speak in the one it replies in: it may only quote foreign words."""
        folded = fold(without_refusal(self.plain))
        subject = without_courtesy(folded) or folded
        first = self.heard.language if self.heard.language in self.book.settings.languages else self.language
        others = () if self.heard.sure else self.book.settings.languages
        here, *elsewhere = (self._search(subject, language) for language in dict.fromkeys((first, *others)))
        best = max(elsewhere, key=_surest, default=())
        clearly = _surest(best) == EXACT > _surest(here) or _surest(here) < NEAR * _surest(best)
        return best if clearly else here

    def _search(self, subject: str, language: str) -> tuple[Match, ...]:
        """A number or a single letter means nothing, unless it is a question word for word; one kanji is a word."""
        found = self.book.meant(subject, language, self.text)
        bare = subject.replace(" ", "")
        nothing = bare.isdecimal() or (len(bare) == 1 and not "一" <= bare <= "鿿")
        return tuple(
            match
            for match in found
            if match.entry.holds(self.question.situation) and (match.score == EXACT or not nothing)
        )

    @property
    def exact(self) -> bool:
        """Whether the message is, word for word, a question of the entry that answers it."""
        return self.answer is not None and self.answer.score == EXACT

    @cached_property
    def considered(self) -> tuple[Considered, ...]:
        """The best of the matches, for the record."""
        return tuple(
            Considered(max(match.entry.id, 0), match.entry.title, match.question, match.score)
            for match in self.matches[:_CONSIDERED]
        )

    @cached_property
    def ahead(self) -> Match | None:
        """The best match, if no other is nearly as likely, however sure it is."""
        if not self.matches:
            return None
        behind = self.matches[1].score if len(self.matches) > 1 else 0.0
        return self.matches[0] if behind < _AMBIGUOUS * self.matches[0].score else None

    @cached_property
    def answer(self) -> Match | None:
        """The match that may be given as the answer: likely right, and well ahead of the next."""
        sure = self.ahead is not None and self.ahead.score >= self.book.settings.threshold_answer
        return self.ahead if sure else None


def _surest(matches: tuple[Match, ...]) -> float:
    return matches[0].score if matches else 0.0
