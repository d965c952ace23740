"""Times of day as customers write them: 午後2時半, 夕方5時, 14時30, 3pm."""

from __future__ import annotations

import re

from bots.dates import plainly

_LATER = {  # words before an hour, and the hours that mean one twelve later
    "午後": range(12), "お昼": range(1, 6), "昼": range(1, 6), "夕方": range(3, 8),
    "夜": range(5, 12), "今晩": range(5, 12), "晩": range(5, 12), "pm": range(12),
    "afternoon": range(12), "evening": range(4, 12), "night": range(5, 12),
}  # fmt: skip
_MIDNIGHT = ("午前", "深夜", "夜中", "夜", "今晩", "晩", "am", "night")  # 12 with these is 0
_BEFORE = "|".join(
    sorted(
        {*_LATER, *_MIDNIGHT, "未明", "早朝", "朝"} - {"afternoon", "evening", "night"}, key=len, reverse=True
    )
)
_TIME = re.compile(
    rf"({_BEFORE})?\s*の?\s*(?<![\d.:/])(\d{{1,2}})"
    r"(?:\s*時(?!間)\s*(?:(半)|(\d{1,2})(?:\s*分|(?=[頃以着])|(?![\d一-龥])))?|[:.](\d{2})(?!\d|\.\d)|(?=\s*[ap]\.?m\b))"
    r"\s*([ap]\.?m\b|in the (?:morning|afternoon|evening)\b|at night\b)?",
    re.ASCII,
)
_NAMED = (("正午", "12:00"), ("noon", "12:00"))


def read_time(text: str) -> str | None:
    """The one time of day that `text` names, as `14:30`; None if it names none, or more than one."""
    plain = plainly(text)
    times = {time for one in _TIME.finditer(plain) if (time := _time(one))}
    if not times and (named := next((at for word, at in _NAMED if word in plain), "")):
        return named
    return times.pop() if len(times) == 1 else None


def besides_times(text: str) -> str:
    """What `text` says besides times of day."""
    return _TIME.sub(" ", plainly(text))


def _time(found: re.Match[str]) -> str | None:
    hour = int(found[2])
    minute = 30 if found[3] else int(found[4] or found[5] or 0)
    half = found[1] or (found[6] or "").replace(".", "").rpartition(" ")[2]
    if hour in _LATER.get(half, ()):
        hour += 12
    elif hour == 12 and half in _MIDNIGHT:
        hour = 0
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else None
