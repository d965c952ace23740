"""When one day is open, as people type it: ``9:00–12:00, 13時〜18時``, ``18:00-26:00``, ``休み``. Pure.

Both languages are read whatever the reader's own; hours after 24:00 belong to the night of that day.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

CLOSED = {"", "closed", "close", "off", "none", "休み", "休", "休業", "休業日", "定休日", "休日", "なし"}
ALWAYS = {"24h", "24 h", "24時間", "24時間営業", "終日", "all day", "open"}
DAY = 1440  # minutes

_DASH = re.compile(r"\s*(?:[-‐‑–—―−~〜ー]|から|\bto\b|\buntil\b)\s*")
_CLOCK = re.compile(r"(\d{1,2})\s*時(?:\s*(半)|\s*(\d{1,2})\s*分)?")
_BARE = re.compile(r"(?<![\d:])(\d{1,2})(?![\d:])")
_TIME = re.compile(r"([01]?\d|2\d):([0-5]\d)")

Span = tuple[int, int]


class Unreadable(ValueError):
    """These are no hours; the message is an English sentence (a msgid) for who typed them."""


def read(typed: str) -> list[Span]:
    """The spans of the day, in minutes from its midnight; an end beyond 1440 is in the night. Raises
    :class:`Unreadable`."""
    text = unicodedata.normalize("NFKC", typed).strip().lower()
    if text in CLOSED:
        return []
    if text in ALWAYS:
        return [(0, DAY)]
    text = _CLOCK.sub(lambda found: f"{found[1]}:{'30' if found[2] else (found[3] or '0').zfill(2)}", text)
    text = _BARE.sub(r"\1:00", _DASH.sub("-", text.replace("まで", "")))
    return spans([part.split("-") for part in re.split(r"[\s,、;/]+", text) if part])


def spans(pairs: Sequence[Any]) -> list[Span]:
    """The same of pairs of times ("09:00", "12:00"), in order. Raises :class:`Unreadable`."""
    found = sorted((_span(pair) for pair in pairs), key=lambda span: span[0])
    for one, following in pairwise(found):
        if following[0] < one[1]:
            raise Unreadable("Two ranges of one day overlap.")
    return found


def _span(pair: Any) -> Span:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise Unreadable("A range needs a beginning and an end.")
    start, end = _minute(pair[0]), _minute(pair[1])
    if start >= DAY:
        raise Unreadable("A range begins at 23:59 at the latest.")
    if end - start > DAY:
        raise Unreadable("A range is 24 hours long at most.")
    return start, end if end > start else end + DAY


def _minute(written: Any) -> int:
    match = _TIME.fullmatch(str(written).strip())
    if match is None:
        raise Unreadable("A time is written like 09:30, in the night after midnight up to 29:59.")
    return int(match[1]) * 60 + int(match[2])
