"""Which of several choices a customer names: `2番目`, `the red one`, `必要です`; and which they only say it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bots.replies import NONE, agrees, choice, refuses, without_courtesy
from bots.text import fold

_DIGITS = re.compile(r"[0-9]+")
_RUNS_ON = re.compile(r"[0-9]{2}|[a-z]{2}", re.ASCII)
_KANJI = re.compile(r"[一-龥]")
_OF_A_KIND = "色系型方側性組目曜派希"
"""Characters that leave a choice of one character what it is: 赤色, 男性, and not 大 in 大阪."""
_PLACE = re.compile(
    r"番|目|number|option|[0-9](?:st|nd|rd|th)\b|最[初後]|上|下|first|second|third|fourth|last"
)
_CLAUSE = re.compile(r"[,.;!?、。，．]+")
_DENIED_BEHIND = re.compile(
    r"(?:わけ|は|が|も|で|では|じゃ|には|の方|のほう)*\s*"
    r"(?:な[いくし]|(?:し(?:て(?:い|おり)?)?)?(?:ません|ない)|ありません|(?:い|要)り?ら?(?:ません|ない)|不要|以外|だめ|無理|嫌)"
    r"|(?:中|の方|のほう|に|で)*(?:は|も|だと)\s*(?:ちょっと|少し)?\s*"
    r"(?:難し|厳し|無理|だめ|嫌|困(?:る|り)|やめ|(?:でき|使え)(?:ない|ません)(?!(?:です)?か)|(?<=ちょっと)$)"
    r"|(?:中|の方|のほう)?(?:は|が|も|の)?\s*(?:ちょっと|少し)?\s*都合が?\s*(?:悪(?!くな)|つか|つきませ|合わ|合いませ)"
    r"|に?は?\s*(?:出ら?れ(?:ない|ません)|(?:した|使いた)く(?:な[いく]|ありません))"
    r"| (?:idea|clue|problem|worries)\b"
)
_DENIED_BEFORE = re.compile(
    r"(?:^| )(?:not|no|never|hardly|except|without|isnt|any\w{0,5}(?: \w{1,12})? but"
    r"|(?:dont|do not) (?:want|need)(?: to)?|(?:cant|cannot) (?:do|come|make it|in|on|at|by))"
    r"(?: (?:a|an|the|in|on|at|my|by|for|really|any))* ?$"
    r"|(?:^| )(?:dont|do not) (?:really )?like $"
)


def chosen(words: Sequence[str], text: str) -> str | None:
    """The one choice that is named, by its words, its number, a yes or no, or its place where it has no number."""
    folded = fold(text)
    for means in (agrees, refuses):
        meant = [one for one in words if means(fold(one))]
        if means(folded) and len(meant) == 1:
            return meant[0]
    place = choice(folded, words)
    if place == NONE:
        return None
    held = _named(words, text)
    longest = [one for one in held if not any(one != other and fold(one) in fold(other) for other in held)]
    if len(longest) == 1:
        return longest[0]
    if any(char.isdigit() for one in words for char in one) and not _PLACE.search(folded):
        return _numbered(words, folded)
    return None if place is None else words[place]


def _named(words: Sequence[str], text: str) -> list[str]:
    """The choices whose words are said. Of a yes and a no, the one that a clause begins with: `I have no idea`."""
    yes_or_no = any(map(agrees, map(fold, words))) and any(map(refuses, map(fold, words)))
    told = [fold(one) for one in _CLAUSE.split(text)]
    clauses = told if yes_or_no else [without_courtesy(one) for one in told]
    return [
        one
        for one in words
        if any(
            not (yes_or_no and at)
            for said in ([fold(text)] if _CLAUSE.search(one) else clauses)
            for at in _found(fold(one), said)
        )
    ]


def _found(word: str, folded: str) -> Iterator[int]:
    """Where the folded choice is in the reply, not denied, and not a part of another word or number (2名 in 12名)."""
    at = folded.find(word) if word else -1
    while at >= 0:
        before, behind = folded[:at], folded[at + len(word) :]
        around = before[-1:] + word[0], word[-1] + behind[:1]
        joined = any(map(_RUNS_ON.fullmatch, around)) or (
            len(word) == 1
            and _KANJI.match(word)
            and _KANJI.search(before[-1:] + behind[:1].strip(_OF_A_KIND))
        )
        if not (joined or _DENIED_BEHIND.match(behind) or _DENIED_BEFORE.search(before)):
            yield at
        at = folded.find(word, at + 1)


def _numbered(words: Sequence[str], folded: str) -> str | None:
    """Among 3個, 6個, 12個 a 3 is the first of them, not the third; 2 is none."""
    told = _DIGITS.findall(folded)
    found = [one for one in words if told and _DIGITS.findall(fold(one))[:1] == told]
    return found[0] if len(found) == 1 else None
