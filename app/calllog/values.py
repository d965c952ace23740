"""What stands in the cells of a call log: times, durations, telephone numbers, and words for what became of a call.

Raises :class:`app.tables.Unreadable` with a sentence where a cell says nothing. Sources: exports of Japanese telephone
systems; the laws that began the eras (大正 1912, 昭和 1926, 平成 1989, 令和 2019).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import cast

from app import canonical
from app.calllog.words import WORDS
from app.tables import Unreadable
from app.text import fold, one_line
from channels.events import CallResult

_GUARD = re.compile(r"""^(?:="(.*)"|'(.*))$""", re.DOTALL)
SHOWN = 40  # characters of a cell that a sentence repeats


def plain(cell: str) -> str:
    """The cell without the guards that make Excel keep it as text: ="090…", '090…."""
    text = cell.strip()
    while guarded := _GUARD.match(text):
        text = (guarded[1] or guarded[2] or "").strip()
    return text


def _narrow(cell: str) -> str:
    return unicodedata.normalize("NFKC", plain(cell)).strip()


def _said(cell: str) -> str:
    return one_line(cell, SHOWN)


# --- times -------------------------------------------------------------------------------------------

_ERAS = {
    **{"大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018},
    **{"t": 1911, "s": 1925, "h": 1988, "r": 2018},
}
_MONTHS = {
    **{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6},
    **{"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12},
}
_SEP = r"\s*[-/.年]\s*"
_TO_DAY = r"\s*[-/.月]\s*"
_WEEKDAY = (
    r"(?:\s*[(（]?(?:[日月火水木金土](?:曜日?)?|(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*)[)）]?(?![0-9]))?"
)
_DATES = (
    re.compile(rf"(?P<era>大正|昭和|平成|令和|[tshr])\s*\.?\s*(?P<year>\d{{1,2}}|元){_SEP}(?P<month>\d{{1,2}}){_TO_DAY}(?P<day>\d{{1,2}})\s*日?"),
    re.compile(rf"(?P<year>\d{{4}}){_SEP}(?P<month>\d{{1,2}}){_TO_DAY}(?P<day>\d{{1,2}})\s*日?"),
    re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?=$|\D|\d{4}(?:\d\d)?(?:$|\D))"),
    re.compile(r"(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?P<short>\d{2})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?:(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*\.?,?\s+)?(?P<name>[a-z]{3})[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})"),
    re.compile(r"(?:(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*\.?,?\s+)?(?P<day>\d{1,2})[-\s](?P<name>[a-z]{3})[a-z]*\.?[-,]?\s*(?P<year>\d{4})"),
)  # fmt: skip
_HALF = r"(?P<{0}>午前|午後|am|pm|a\.m\.|p\.m\.)?"
_CLOCK = re.compile(
    _HALF.format("half")
    + r"\s*(?P<hour>\d{1,2})\s*(?:[:時]\s*(?P<minute>\d{1,2})?"
    + r"\s*(?:[:分]\s*(?P<second>\d{1,2})?(?:[.,]\d+)?\s*秒?)?)\s*"
    + _HALF.format("after")
    + r"\s*(?P<zone>z|utc|gmt|jst|[+-]\d{2}:?\d{2})?"
)
_PACKED = re.compile(r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?")
_EXCEL = datetime(1899, 12, 30)  # noqa: DTZ001 - a day zero, not a moment
FIRST, LAST = 1980, 2100  # years that a call can be from
_ZONES = {"z": 0, "utc": 0, "gmt": 0, "jst": 9 * 60}


@lru_cache(4_096)
def day(cell: str) -> datetime:
    """The midnight (without a zone) at which the date in a cell begins."""
    text = _narrow(cell).lower()
    found, rest = _date(text, cell)
    if rest and not _CLOCK.fullmatch(rest) and not _PACKED.fullmatch(rest):
        raise _no_time(cell)
    return found


def moment(cell: str, zone: tzinfo, on: datetime | None = None) -> datetime:
    """The moment a cell tells, in UTC: local time of `zone` unless it says its own. `on`: the day, where it has none.

    24:00 and later hours belong to the night of the day before, as opening hours in Japan are written.
    """
    text = _narrow(cell).lower()
    if (clock := _CLOCK.fullmatch(text)) and on is not None:
        return _at(on, clock, zone, cell)
    if epoch := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(epoch[1]), UTC)
    if _SERIAL.fullmatch(text):
        return _local(_EXCEL + timedelta(seconds=round(float(text) * 86_400)), zone, cell)
    date, rest = _date(text, cell)
    if not rest:
        return _local(date, zone, cell)
    clock = _CLOCK.fullmatch(rest) or _PACKED.fullmatch(rest)
    if clock is None:
        raise _no_time(cell)
    return _at(date, clock, zone, cell)


def has_date(cell: str) -> bool:
    """Whether a cell says more than the time of a day."""
    return _CLOCK.fullmatch(_narrow(cell).lower()) is None


def _no_time(cell: str) -> Unreadable:
    return Unreadable("“%(cell)s” is no date and time we can read.", cell=_said(cell))


def _date(text: str, cell: str) -> tuple[datetime, str]:
    """The day, and what stands behind it."""
    for shape in _DATES:
        found = shape.match(text)
        if found is not None:
            year, month, number = _numbers(found.groupdict(), text, cell)
            try:
                made = datetime(year, month, number)  # noqa: DTZ001 - local, its zone comes later
            except ValueError:
                raise _no_time(cell) from None
            if not FIRST <= year < LAST:
                raise Unreadable("“%(cell)s” is not in a year a call can be from.", cell=_said(cell))
            rest = re.sub(rf"^{_WEEKDAY}", "", text[found.end() :])
            return made, rest.lstrip(" t,_").strip() if rest else ""
    raise _no_time(cell)


def _numbers(told: dict[str, str | None], text: str, cell: str) -> tuple[int, int, int]:
    if (era := told.get("era")) is not None:
        said = told["year"] or ""
        year = _ERAS[era] + (1 if said == "元" else int(said))
        return year, int(told["month"] or 0), int(told["day"] or 0)
    if (short := told.get("short")) is not None:
        return 2000 + int(short), int(told["month"] or 0), int(told["day"] or 0)
    year = int(told["year"] or 0)
    if (name := told.get("name")) is not None:
        return year, _MONTHS.get(name, 0), int(told["day"] or 0)
    if told.get("first") is None:
        return year, int(told["month"] or 0), int(told["day"] or 0)
    first, second = int(told["first"] or 0), int(told["second"] or 0)
    american = second > 12 or first == second or re.search(r"\b[ap]m\b", text) is not None
    if not american and first <= 12:
        raise Unreadable(
            "“%(cell)s” may be two different days: it does not say which is the month.", cell=_said(cell)
        )
    return (year, first, second) if american else (year, second, first)


def _at(date: datetime, clock: re.Match[str], zone: tzinfo, cell: str) -> datetime:
    told = clock.groupdict()
    hour, minute, second = (int(told[name] or 0) for name in ("hour", "minute", "second"))
    half = told.get("half") or told.get("after") or ""
    if half:
        hour = hour % 12 + (12 if half in ("午後", "pm", "p.m.") else 0)
    if hour > 29 or minute > 59 or second > 60:
        raise _no_time(cell)
    local = date + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))
    said = told.get("zone")
    return _local(local, zone, cell) if not said else (local - _offset(said)).replace(tzinfo=UTC)


def _offset(said: str) -> timedelta:
    if said in _ZONES:
        return timedelta(minutes=_ZONES[said])
    sign = -1 if said.startswith("-") else 1
    digits = said[1:].replace(":", "")
    return sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def _local(local: datetime, zone: tzinfo, cell: str) -> datetime:
    if not FIRST <= local.year < LAST:
        raise Unreadable("“%(cell)s” is not in a year a call can be from.", cell=_said(cell))
    return local.replace(tzinfo=zone).astimezone(UTC)


# --- durations ---------------------------------------------------------------------------------------

_LONGEST = 7 * 24 * 3600
_PARTS = re.compile(
    r"(?:(?P<hours>\d+(?:\.\d+)?)\s*(?:時間|hours?|hrs?|h))?\s*"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)\s*(?:分間?|minutes?|mins?|m|'))?\s*"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)\s*(?:秒間?|seconds?|secs?|s|\"|''))?"
)
_COLONS = re.compile(r"(?:(\d{1,6}):)?(\d{1,3}):(\d{1,2})(?:\.\d+)?")
_ISO = re.compile(r"pt(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+(?:\.\d+)?)s)?")
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_FACTORS = {
    **dict.fromkeys(("ミリ秒", "みり秒", "ms", "msec"), 0.001),
    **dict.fromkeys(("分", "分間", "min", "mins", "minutes", "m"), 60.0),
    **dict.fromkeys(("時間", "h", "hours", "hour"), 3600.0),
}
_NONE = {"", "-", "--", "ー", "―", "なし", "n/a", "null"}


@lru_cache(16_384)
def seconds(cell: str, unit: str = "") -> int | None:
    """A duration in whole seconds, None where there is none: 205, 205秒, 3分25秒, 3:25, 0:03:25, 3.5分. A bare number
    is in `unit` (of the column's name), else in seconds."""
    text = _narrow(cell).lower().replace(",", "")
    if text in _NONE:
        return None
    told: float | None = None
    if _FIGURE.fullmatch(text):
        told = float(text) * _FACTORS.get(unit, 1.0)
    elif found := _COLONS.fullmatch(text):
        told = int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3])
    elif found := _ISO.fullmatch(text) or _PARTS.fullmatch(text):
        parts = found.groupdict()
        if any(parts.values()):
            told = sum(
                float(parts[name] or 0) * factor
                for name, factor in (("hours", 3600), ("minutes", 60), ("seconds", 1))
            )
    if told is None:
        raise Unreadable("“%(cell)s” is no duration we can read.", cell=_said(cell))
    if told > _LONGEST:
        raise Unreadable("“%(cell)s” would be a call of more than a week.", cell=_said(cell))
    return int(told + 0.5)


# --- numbers -----------------------------------------------------------------------------------------

_INSIDE = re.compile(r"\D*\d{1,5}\D*")
_SIP = re.compile(r"^.*<(?:sips?:|tel:)?([^@;>]+)[^>]*>\s*$", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]")
_OUTSIDE = re.compile(r"^[+\d().\-\s‐‑‒–—―−ー#*]+$")
SHORTEST = 6  # digits; what is shorter is an extension


@lru_cache(16_384)
def number(cell: str, home: str = canonical.HOME) -> str:
    """A telephone number as a connector tells it (E.164, where it is one): "" for 非通知, 公衆電話 and an empty cell.
    `home`: the country of numbers without one.

    Full-width digits, hyphens, brackets, Excel's guards and a leading zero that a spreadsheet ate are understood.
    """
    text = plain(cell)
    if found := _SIP.match(text):
        text = found[1]
    if nobody(text):
        return ""
    if e164 := canonical.phone(text, home):
        return e164
    narrow = unicodedata.normalize("NFKC", text).strip()
    if _LETTERS.search(narrow) or not _OUTSIDE.match(narrow):
        raise Unreadable("“%(cell)s” is no telephone number.", cell=_said(cell))
    digits = re.sub(r"\D", "", narrow)
    if not digits or len(digits) > 20:
        raise Unreadable("“%(cell)s” is no telephone number.", cell=_said(cell))
    return digits


def nobody(cell: str) -> bool:
    """Whether it stands for a caller who is not known."""
    return canonical.nobody(plain(cell))


def is_inside(number: str) -> bool:
    """Whether this is an extension of the house."""
    return number.isdecimal() and len(number) < SHORTEST


# --- words -------------------------------------------------------------------------------------------

INTERNAL = "internal"


def _letters(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+|○", fold(text)))


def _words(part: str) -> dict[str, list[str]]:
    return {kind: [_letters(word) for word in words.split()] for kind, words in WORDS[part].items()}


_DIRECTIONS, _RESULTS = _words("directions"), _words("results")


def _kind(told: dict[str, list[str]], cell: str) -> str:
    """The first kind of which the cell has a word; two letters have to be all of it."""
    text = _letters(plain(cell))
    for kind, words in told.items():
        if any(word == text or (word in text and (len(word) > 2 or not word.isascii())) for word in words):
            return kind
    return ""


@lru_cache(1_024)
def direction(cell: str) -> str:
    """ "in", "out" or "internal"; "" for an empty cell."""
    found = _kind(_DIRECTIONS, cell)
    if not found and plain(cell):
        raise Unreadable("“%(cell)s” does not say whether the call came in or went out.", cell=_said(cell))
    return found


@lru_cache(1_024)
def result(cell: str) -> CallResult:
    """What became of the call, "" where the words say nothing to us."""
    return cast(CallResult, _kind(_RESULTS, cell))
