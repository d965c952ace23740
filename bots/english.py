"""English words made comparable: light stems, and the words that say little."""

from __future__ import annotations

_SUFFIXES = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("ly", ""), ("es", ""), ("s", ""))
_KEEP_S = ("ss", "us", "is")
_SHORTEST_STEM = 3

STOP_WORDS = frozenset(
    """a an the is are am was were be been being do does did done doing have has had having i me my mine we
    our us you your yours he she it its they them their this that these those there here of in on at to for
    from by with about as into and or but if so than then too very can could would should will shall may
    might must just please tell let know want need like get got im ive id ill youre whats hows wheres cant
    dont any some what how when where which who why""".split()  # noqa: SIM905
)


def stem(word: str) -> str:
    """A rough stem, good enough to make `returned`, `returns` and `returning` one word."""
    for suffix, ending in _SUFFIXES:
        if _has(word, suffix):
            return _tidy(word[: -len(suffix)] + ending)
    return _tidy(word)


def _has(word: str, suffix: str) -> bool:
    if not word.endswith(suffix) or len(word) - len(suffix) < _SHORTEST_STEM:
        return False
    return suffix != "s" or not word.endswith(_KEEP_S)


def _tidy(word: str) -> str:
    """`shopp` is `shop`, `exchange` is `exchang`: what is left when other endings go."""
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "lsz":
        return word[:-1]
    return word[:-1] if len(word) > _SHORTEST_STEM and word[-1] == "e" else word
