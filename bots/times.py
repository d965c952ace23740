"""Times of day as customers write them: 午後2時半, 夕方5時, 14時30, 3pm."""

from __future__ import annotations

import re

from bots.dates import plainly

_LATER = {  # words before an hour, and the hours that mean one twelve later
    "午後": range(12), "お昼": range(1, 6), "昼": range(1, 6), "夕方": range(3, 8),
    "夜": range(5, 12), "今晩": range(5, 12), "晩": range(5, 12), "pm": range(12),
    "afternoon": range(1, 8), "evening": range(4, 12), "night": range(5, 12), "tonight": range(5, 12),
}  # fmt: skip
_MIDNIGHT = ("午前", "深夜", "夜中", "夜", "今晩", "晩", "am", "night", "tonight")  # 12 with these is 0
_EITHER = frozenset("123456")  # alone, these may be at night or in the afternoon; 02:00 is at night
_BEFORE = "|".join(
    sorted(
        {*_LATER, *_MIDNIGHT, "未明", "早朝", "朝"} - {"afternoon", "evening", "night", "tonight"},
        key=len,
        reverse=True,
    )
)
_TIME = re.compile(
    rf"({_BEFORE})?\s*の?\s*(?<![\d.:/])(\d{{1,2}})"
    r"(?:\s*時(?!間)\s*(?:(半)|(\d{1,2})(?:\s*分|(?=[頃以着])|(?![\d一-龥])))?|[:.](\d{2})(?!\d|\.\d)|(?=\s*[ap]\.?m\b))"
    r"\s*([ap]\.?m\b|in the (?:morning|afternoon|evening)\b|at night\b)?",
    re.ASCII,
)
_NAMED = re.compile(r"正午|(?<![a-z])noon(?![a-z])")
_HALF = re.compile(
    r"(?<!\bgood )(?<!\bnice )\b(morning|afternoon|evening|tonight|at night)\b"
    r"(?! (?:(?:is|does|wo)(?:n't| not)|is (?:no|bad|impossible))\b"
    r"(?! (?:be )?(?:an? )?(?:problem|issue|trouble|matter|worr)))"
)
_DENIED_BEFORE = re.compile(
    r"(?:(?<!\bwhy )\b(?:can)?not|n't|\bexcept)(?: (?:make|come|do|be|there|free|it|on|in|the|this))* $"
)
_RANGE = re.compile(
    r"(?<![\d:/])\d{1,2}\s*(?:[〜~–、・-]|,(?=$)|から|か|to\b|and\b|or\b)\s*$"
)  # before an hour: 10〜12時, 3、4時, between 3 and 5 pm


def read_time(text: str) -> str | None:
    """The one time of day that `text` names, as `14:30`; None if it names none, or more than one, or an hour that may
    be at night as well as in the afternoon."""
    plain = _plain(text)
    halves = {one[1] for one in _HALF.finditer(plain) if not _denied(plain, one.start())}
    half = halves.pop() if len(halves) == 1 else ""
    hours = list(_TIME.finditer(plain))
    if any(_RANGE.search(plain[: one.start(1 if one[1] else 2)]) for one in hours):
        return None
    times = {time for one in hours if (time := _time(one, half)) is not None}
    if not times and _NAMED.search(plain):
        return "12:00"
    return (times.pop() or None) if len(times) == 1 else None


def _denied(plain: str, at: int) -> bool:
    return _DENIED_BEFORE.search(plain, max(at - 60, 0), at) is not None


def _plain(text: str) -> str:
    return plainly(text).replace("ごご", "午後").replace("ごぜん", "午前")


def besides_times(text: str) -> str:
    """What `text` says besides times of day."""
    return _NAMED.sub(" ", _TIME.sub(" ", _plain(text)))


def _time(found: re.Match[str], told: str) -> str | None:
    """The time; "" where it may be either of two; None where there is none. `told`: the part of the day that is named
    elsewhere in the text."""
    hour = int(found[2])
    minute = 30 if found[3] else int(found[4] or found[5] or 0)
    half = found[1] or (found[6] or told).replace(".", "").rpartition(" ")[2]
    if hour in _LATER.get(half, ()):
        hour += 12
    elif hour == 12 and half in _MIDNIGHT:
        hour = 0
    elif not half and found[2] in _EITHER:
        return ""
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else None
