"""Texts as customers and agents write them, with their search tokens, from a pool of distinct sentences.

Tokenising is the dearest part of seeding. Every sentence ends with punctuation, over which no token reaches, so
the tokens of a text are those of its sentences one after the other (a test holds this): the pool is tokenised
once, and what is unique (an order number) is tokenised as it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from random import Random

from app.bench.seeding import vocabulary as words
from app.text import tokens

POOL = {"ja": 26_000, "en": 12_000}  # distinct sentences of customers, and as many tries for ours
SKEW = 2.5  # sentence at rank r of the pool's n: r = n * u ** SKEW


@dataclass(frozen=True, slots=True)
class Text:
    """A text and its tokens, joined by spaces."""

    text: str
    tokens: str


class Writer:
    """Makes texts, the same from the same `seed`."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._asked = {
            "ja": self._pool("ja", words.ASKED_JA, POOL["ja"]),
            "en": self._pool("en", words.ASKED_EN, POOL["en"]),
        }
        self._answered = {
            "ja": self._pool("ja", words.ANSWERED_JA, POOL["ja"] // 2),
            "en": self._pool("en", words.ANSWERED_EN, POOL["en"] // 2),
        }
        self._short = {"ja": _known(words.SHORT_JA), "en": _known(words.SHORT_EN)}
        self._notes = self._pool("ja", words.NOTES_JA, 2_000)
        self._rare = _known(words.RARE)

    def asked(self, language: str, random: Random) -> Text:
        """What a customer writes: often a word or two, mostly a sentence or three, now and then a number."""
        dice = random.random()
        if dice < 0.2:
            return random.choice(self._short[language])
        parts = [_some(self._asked[language], random)]
        if dice < 0.5:
            parts.append(_some(self._asked[language], random))
        if dice < 0.28:
            parts += [_some(self._asked[language], random), _number(language, random)]
        if dice > 0.9990:
            rank = min(int(-log2(1.0 - random.random())), len(self._rare) - 1)
            parts.append(self._rare[rank])
        return _joined(parts, language)

    def answered(self, language: str, random: Random) -> Text:
        """What an agent or the bot writes."""
        pool = self._answered[language]
        parts = [_some(pool, random) for _ in range(1 + int(random.random() * 3))]
        if random.random() < 0.15:
            parts.append(_number(language, random))
        return _joined(parts, language)

    def note(self, random: Random) -> Text:
        """What an agent writes for colleagues."""
        return _some(self._notes, random)

    def _pool(self, language: str, templates: Sequence[str], size: int) -> list[Text]:
        """Up to `size` distinct sentences in no order; templates of few words give fewer."""
        found: dict[str, None] = {}
        for _ in range(size * 2):
            found[self._filled(language, self._ranked(templates, 1.3))] = None
            if len(found) == size:
                break
        return _known(list(found))

    def _filled(self, language: str, template: str) -> str:
        lists = _SLOTS[language]
        pieces = template.split("{")
        for at, piece in enumerate(pieces[1:], start=1):
            slot, _, rest = piece.partition("}")
            pieces[at] = self._ranked(lists[slot], 1.8) + rest
        return "".join(pieces)

    def _ranked(self, choices: Sequence[str], skew: float) -> str:
        return choices[int(len(choices) * self._random.random() ** skew)]


_SLOTS = {
    "ja": {
        "product": words.PRODUCTS_JA,
        "trait": words.TRAITS_JA,
        "place": words.PLACES_JA,
        "time": words.TIMES_JA,
    },
    "en": {
        "product": words.PRODUCTS_EN,
        "trait": words.TRAITS_EN,
        "place": words.PLACES_EN,
        "time": words.TIMES_EN,
    },
}


def name(language: str, random: Random) -> tuple[str, str]:
    """A person's name and, in Japanese, its reading."""
    if language == "en":
        return f"{random.choice(words.GIVEN_EN)} {random.choice(words.FAMILY_EN)}", ""
    family, _, family_kana = random.choice(words.FAMILY_JA).partition(":")
    given, _, given_kana = random.choice(words.GIVEN_JA).partition(":")
    return f"{family} {given}", f"{family_kana} {given_kana}"


def _some(pool: Sequence[Text], random: Random) -> Text:
    return pool[int(len(pool) * random.random() ** SKEW)]


def _number(language: str, random: Random) -> Text:
    number = f"{random.randrange(10**6):06}-{random.randrange(100):02}"
    said = f"注文番号は{number}です。" if language == "ja" else f"Order number {number}."
    return Text(said, " ".join(tokens(said)))


def _joined(parts: Sequence[Text], language: str) -> Text:
    if len(parts) == 1:
        return parts[0]
    between = "" if language == "ja" else " "
    return Text(between.join(part.text for part in parts), " ".join(part.tokens for part in parts))


def _known(sentences: Sequence[str]) -> list[Text]:
    return [Text(sentence, " ".join(tokens(sentence))) for sentence in sentences]
