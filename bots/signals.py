"""A signal: words that say something besides the question, and how the patterns for them are read."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signal:
    """The words that gave it away, and whether they leave any doubt.

    An uncertain signal (`アレルギー`, `a lawyer`) may as well be part of an ordinary question, so it
    yields where the FAQ has a good answer.
    """

    words: str
    certain: bool


def any_of(*patterns: str) -> re.Pattern[str]:
    """One pattern that finds any of `patterns`. Write them for `plain` text and without nested repeats."""
    return re.compile("|".join(patterns))


def plain(text: str) -> str:
    """Clean `text` as signals are read: lower case, one kind of apostrophe."""
    return text.casefold().replace("’", "'").replace("‘", "'")
