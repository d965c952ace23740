"""What a text says no to: `解約したくない` asks for the opposite of `解約したい`, and `届いていない` of `届いた`.

Only what is not wanted and what has not happened is read so. That something does not work (`使えない`, `can't log in`)
is what people ask help with, and polite questions (`できませんか`, `why don't you`) deny nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bots.english import STOP_WORDS, stem
from bots.signals import plain
from bots.text import clean

_WORD = r"([一-龥々]+|[ァ-ヶー]{2,}|[a-z0-9]+)"
_ASKED = r"(?!(?:です|でしょう)?か|でしょうか|と思|かも|わけ)"
_PLEASE_NOT = r"(?<!構わ)(?<=[わかがさざたなばまらしべけせてねめれげ])ないで(?!す|しょ|も|は)"
_NOT_WANTED = re.compile(
    rf"{_WORD}(?:を|は|が|も)?(?:し|[ぁ-ん]{{0,2}}?)(?:たく(?:は|も)?(?:ない|ありません|なく|ねえ)|{_PLEASE_NOT}"
    rf"|(?:する|[うくすつぬむるぐぶ])つもり(?:は|が)?(?:ない|ありません)){_ASKED}"
)
_NOT_YET = re.compile(
    rf"{_WORD}[ぁ-ん]{{0,2}}?(?:て|で)(?:(?:い|は|も)?(?:ない|ません|なかった|ませんでした|おりません)){_ASKED}"
    rf"|{_WORD}[ぁ-ん]{{0,2}}?(?:ませんでした|なかった){_ASKED}"
)
_DONE = re.compile(
    rf"{_WORD}[ぁ-ん]{{0,2}}?(?:まし)?[ただ](?!い|く|かっ|から?な)|{_WORD}[ぁ-ん]{{0,2}}?(?:て|で)(?:いる|います|る|ます)"
)
_NOT = re.compile(
    r"\b(?:do not|don't|dont|does not|doesn't|doesnt|did not|didn't|didnt|has not|hasn't|hasnt|have not|haven't|havent"
    r"|will not|won't|wont|never|no longer|not|without)\b"
    r"((?: [a-z']+){1,5})"
)
_NO_DENIAL = re.compile(
    r"\b(?:why (?:don't|dont|do not|not)|(?:if|or|whether) not|not sure|not only|not just|can ?not|can't"
    r"|(?:do not|don't|dont|did not|didn't) (?:know|understand|see|have|find|remember|get|think|mind))\b"
)
_A_THING = re.compile(r" (?:want|need|like|wish)(?: for)?(?! to\b)")
"""`I don't want this coat` asks to be rid of it: no opposite of anything."""
_CLAUSE = re.compile(r"[.,;:!?]|\b(?:but|and|because|so|which|that|if|when|how|until|unless)\b")
_SIGN = re.compile(r"な[いかく]|ません|ねえ|not|n['’]?t\b|never|without|no longer", re.IGNORECASE)
_SKIPPED = STOP_WORDS | {
    "yet",
    "wish",
    "going",
    "been",
    "still",
    "ever",
    "really",
    "even",
    "to",
    "any",
    "more",
    "longer",
}


@dataclass(frozen=True, slots=True)
class Stance:
    """The words a text says no to, those of what it says has happened, and all it has."""

    refused: frozenset[str]
    missing: frozenset[str]
    done: frozenset[str]
    words: frozenset[str]


def stance(text: str, language: str) -> Stance:
    """What `text`, as it was written, says no to."""
    read = plain(clean(text)[:600])
    return _japanese(read) if language == "ja" else _spaced(read)


def denies(text: str, language: str) -> bool:
    """Whether `text` says no to anything."""
    if not _SIGN.search(text):
        return False
    found = stance(text, language)
    return bool(found.refused or found.missing)


def all_opposed(asked: Stance, known: Iterable[Stance]) -> bool:
    """Whether all texts with the word in question say no to what `asked` says or wants, or the other way round."""
    disputed = [one for one in known if one.words & asked.words & _denied(asked, one)]
    return bool(disputed) and all(_against(asked, one) or _against(one, asked) for one in disputed)


def _denied(one: Stance, other: Stance) -> frozenset[str]:
    return one.refused | one.missing | other.refused | other.missing


def _against(one: Stance, other: Stance) -> bool:
    denied = other.refused | other.missing
    return bool((one.refused & other.words) - denied or (one.missing & other.done) - denied)


def _japanese(read: str) -> Stance:
    refused = _words(_NOT_WANTED, read)
    missing = _words(_NOT_YET, read) - refused
    return Stance(
        refused, missing, _words(_DONE, read) - missing - refused, frozenset(re.findall(_WORD, read))
    )


def _words(pattern: re.Pattern[str], read: str) -> frozenset[str]:
    return frozenset(word for found in pattern.finditer(read) for word in found.groups() if word)


def _spaced(read: str) -> Stance:
    words = frozenset(stem(word) for word in re.findall(r"[a-z]+", read) if word not in _SKIPPED)
    denied = set()
    for found in _NOT.finditer(_NO_DENIAL.sub(" ", read)):
        clause = _CLAUSE.split(found[1], maxsplit=1)[0]
        if _A_THING.match(clause):
            continue
        if verb := next((word for word in clause.split() if word not in _SKIPPED), ""):
            denied.add(stem(verb))
    return Stance(frozenset(denied), frozenset(), frozenset(), words)
