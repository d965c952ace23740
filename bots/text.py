"""Text made comparable: one spelling for what customers type in many."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 4000
"""Characters of a message that are read. Whoever writes more has said it by then."""

_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_LONG_VOWELS = re.compile(r"(?<=[\u3041-\u30ff])[ー〜~]+")
_GAPS = re.compile(r"\s+")


def clean(text: str) -> str:
    """`text` as a person would see it: cut, NFKC, no control, format or surrogate character.

    Line ends and tabs become spaces. Zero-width characters go without a trace, since they hide inside words.
    """
    plain = unicodedata.normalize("NFKC", _visible(text[:LONGEST]))
    return _GAPS.sub(" ", _visible(plain[:LONGEST])).strip()


def fold(text: str) -> str:
    """`text` as it is matched: clean, without case, hiragana for katakana, no long vowels, no punctuation."""
    folded = _LONG_VOWELS.sub("", clean(text).casefold().translate(_KATAKANA_TO_HIRAGANA))
    letters = "".join(char if _is_word(char) else " " for char in folded.replace("'", "").replace("’", ""))
    return _GAPS.sub(" ", letters).strip()


def _visible(text: str) -> str:
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char in "\n\r\t\v\f\x85\u2028\u2029":
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn") else char


def _is_word(char: str) -> bool:
    """Letters and digits, and the marks that belong to a letter (voicing marks, accents)."""
    return unicodedata.category(char)[0] in "LNM"
