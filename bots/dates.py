"""Days as customers write them: 明日, 来週の火曜, 11月3日, 来月の15日, 3日前, next Friday, two days ago."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, timedelta

_DIGITS = {char: str(number) for number, char in enumerate("〇一二三四五六七八九")} | {"零": "0"}
_KANJI_NUMBER = re.compile(r"[〇零一二三四五六七八九十]+(?=\s*(?:月|日|年|時|分|週間|か月|ヶ月))")
_WEEKDAYS_JA = "月火水木金土日"
_WEEKDAYS_EN = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_WEEKDAY = r"(mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_ERA = {"令和": 2018, "平成": 1988}

Reader = Callable[[re.Match[str], date], date | None]


def read_date(text: str, today: date | None, *, ahead: bool = True) -> str | None:
    """The one day that `text` names, as `2026-11-03`; None if it names none, or more than one.

    A day of a month without a year is the next one to come; unless only days `ahead` are asked for, it is the one that
    is nearer to `today`. Without `today` only full dates can be told.
    """
    plain = plainly(text)
    if _SPAN.search(plain):
        return None
    for pattern, reader in _FORMS:
        found = list(pattern.finditer(plain))
        days = {day for one in found if (day := _safely(reader, one, today, ahead)) is not None}
        if len(days) == 1:
            return days.pop().isoformat()
        if found:
            return None  # more than one day, or one that is in no calendar
    return None


def besides_dates(text: str) -> str:
    """What `text` says besides days."""
    plain = plainly(text)
    for pattern, _ in _FORMS:
        plain = pattern.sub(" ", plain)
    return plain


def plainly(text: str) -> str:
    """`text` in small letters of one width, with the numbers of days and times in digits."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _KANJI_NUMBER.sub(lambda found: _kanji(found[0]), plain)


def _kanji(written: str) -> str:
    """`二十三` as 23, `二〇二六` as 2026."""
    if "十" not in written:
        return "".join(_DIGITS[char] for char in written)
    tens, _, ones = written.partition("十")
    if "十" in ones or len(tens) > 1 or len(ones) > 1:
        return written
    return f"{_DIGITS.get(tens, '1')}{_DIGITS.get(ones, '0')}"


def _safely(reader: Reader, found: re.Match[str], today: date | None, ahead: bool) -> date | None:
    try:
        day = reader(found, today or date(1, 1, 1)) if today or reader in _FULL else None
    except (ValueError, OverflowError):
        return None
    yearless = reader is _month_day or (reader is _english and not found[5])
    return _nearer(day, today) if day and today and yearless and not ahead else day


def _full(found: re.Match[str], _today: date) -> date | None:
    return date(int(found[1]), int(found[2]), int(found[3]))


def _era(found: re.Match[str], _today: date) -> date | None:
    year = 1 if found[2] == "元" else int(found[2])
    return date(_ERA[found[1]] + year, int(found[3]), int(found[4]))


def _month_day(found: re.Match[str], today: date) -> date | None:
    return _coming(today, int(found[1]), int(found[2]))


def _english(found: re.Match[str], today: date) -> date | None:
    day, month, year = (found[2] or found[3], found[1] or found[4], found[5])
    number = _MONTHS.index(month[:3]) + 1
    if year is None:
        return _coming(today, number, int(day))
    told = year if year.isdigit() else today.year + _YEARS_EN[year]
    return date(int(told), number, int(day))


def _coming(today: date, month: int, day: int) -> date | None:
    """The next such day, today included."""
    for year in range(today.year, today.year + 5):  # the 29th of February may be years away
        try:
            wanted = date(year, month, day)
        except ValueError:
            if (month, day) == (2, 29):
                continue
            raise
        if wanted >= today:
            return wanted
    return None


def _nearer(day: date, today: date) -> date:
    """The same day of the year before, where that is nearer."""
    if (day.month, day.day) == (2, 29) or day - today <= timedelta(days=183):
        return day
    return day.replace(year=day.year - 1)


def _called(found: re.Match[str], today: date) -> date | None:
    return today + timedelta(days=next(days for word, days in _NAMED if word == found[0]))


def _apart(found: re.Match[str], today: date) -> date | None:
    """`3日前`, `2週間後`, `in 3 days`, `a week ago`"""
    weeks = "週" in found[0] or "week" in found[0]
    days = timedelta(days=_COUNTED.get(found["n"]) or int(found["n"])) * (7 if weeks else 1)
    return today - days if "前" in found[0] or "ago" in found[0] else today + days


def _of_year(found: re.Match[str], today: date) -> date | None:
    return date(today.year + _YEARS[found[1]], int(found[2]), int(found[3]))


def _of_month(found: re.Match[str], today: date) -> date | None:
    year, month = divmod(today.year * 12 + today.month - 1 + _MONTHS_AHEAD[found[1]], 12)
    if found[2]:
        return date(year, month + 1, int(found[2]))
    return date(year, month + 1, monthrange(year, month + 1)[1])  # 来月末


def _weekday_ja(found: re.Match[str], today: date) -> date | None:
    week, day = found[1] or "", _WEEKDAYS_JA.index(found[2])
    if not week:
        return _next_weekday(today, day)
    return _monday(today) + timedelta(days=7 * _WEEKS[week] + day)


def _weekday_en(found: re.Match[str], today: date) -> date | None:
    which, day = found[1] or "", _WEEKDAYS_EN.index(found[2][:3])
    if which == "this":
        return _monday(today) + timedelta(days=day)
    if which == "next":
        return _monday(today) + timedelta(days=7 + day)
    if which == "last":
        return _next_weekday(today, day) - timedelta(days=7 if day != today.weekday() else 14)
    return _next_weekday(today, day)


def _day_alone(found: re.Match[str], today: date) -> date | None:
    """`15日`: of this month, or of the next one that has it."""
    day = int(found[1])
    for months in range(13):
        year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
        try:
            wanted = date(year, month + 1, day)
        except ValueError:
            continue
        if wanted >= today:
            return wanted
    return None


def _monday(today: date) -> date:
    return today - timedelta(days=today.weekday())


def _next_weekday(today: date, day: int) -> date:
    """The next such weekday; on that very day, the one in a week."""
    return today + timedelta(days=(day - today.weekday() - 1) % 7 + 1)


_NAMED = (
    ("明々後日", 3),
    ("しあさって", 3),
    ("明後日", 2),
    ("あさって", 2),
    ("the day after tomorrow", 2),
    ("day after tomorrow", 2),
    ("明日", 1),
    ("あした", 1),
    ("あす", 1),
    ("tomorrow", 1),
    ("本日", 0),
    ("今日", 0),
    ("きょう", 0),
    ("today", 0),
    ("一昨日", -2),
    ("おととい", -2),
    ("the day before yesterday", -2),
    ("day before yesterday", -2),
    ("昨日", -1),
    ("きのう", -1),
    ("yesterday", -1),
)
_COUNTED = {"a": 1, "one": 1, "two": 2, "three": 3}
_NUMBER = rf"(?P<n>\d{{1,3}}|{'|'.join(_COUNTED)})"
_WEEKS = {"先々週": -2, "先週": -1, "今週": 0, "来週": 1, "再来週": 2}
_YEARS = {"一昨年": -2, "去年": -1, "昨年": -1, "今年": 0, "来年": 1, "再来年": 2}
_YEARS_EN = {"last year": -1, "this year": 0, "next year": 1}
_MONTHS_AHEAD = {"先々月": -2, "先月": -1, "今月": 0, "来月": 1, "再来月": 2}


def _one(words: Iterable[str]) -> str:
    """One of these words, in a pattern: the longest that is there."""
    return "|".join(sorted(words, key=len, reverse=True))


_SPAN = re.compile(
    r"(?:日|[0-9])\s*(?:から|[〜~–])\s*(?:[0-9]{1,2}\s*月\s*)?[0-9]{1,2}\s*日"
)  # 20〜22日: more than one
_FORMS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (
        re.compile(r"(?<!\d)(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)\s*日?", re.ASCII),
        _full,
    ),
    (re.compile(r"(?<!\d)(20\d\d)(\d\d)(\d\d)(?!\d)", re.ASCII), _full),
    (
        re.compile(
            rf"({'|'.join(_ERA)})\s*(\d{{1,2}}|元)\s*年\s*(\d{{1,2}})\s*月\s*(\d{{1,2}})\s*日", re.ASCII
        ),
        _era,
    ),
    (re.compile(rf"({_one(_YEARS)})\s*の?\s*(\d{{1,2}})\s*月\s*(\d{{1,2}})(?!\d)\s*日?", re.ASCII), _of_year),
    (re.compile(r"(?<!\d)(\d{1,2})\s*月\s*(\d{1,2})(?!\d)\s*日?", re.ASCII), _month_day),
    (
        re.compile(
            rf"\b(?:{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?|(\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH})"
            rf"(?![\w])(?:,?\s+(?:of\s+)?(20\d\d|{_one(_YEARS_EN)}))?",
            re.ASCII,
        ),
        _english,
    ),
    (re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])", re.ASCII), _month_day),
    (re.compile("|".join(re.escape(word) for word, _ in _NAMED)), _called),
    (re.compile(r"(?<!\d)(?P<n>\d{1,3})\s*(?:日|週間)\s*[前後]", re.ASCII), _apart),
    (re.compile(rf"\bin {_NUMBER} (?:days?|weeks?)\b", re.ASCII), _apart),
    (re.compile(rf"\b{_NUMBER} (?:days?|weeks?) ago\b", re.ASCII), _apart),
    (re.compile(rf"({_one(_MONTHS_AHEAD)})\s*の?\s*(?:(\d{{1,2}})\s*日|末)", re.ASCII), _of_month),
    (re.compile(rf"({_one(_WEEKS)})?\s*の?\s*([{_WEEKDAYS_JA}])曜日?"), _weekday_ja),
    (re.compile(rf"({_one(_WEEKS)})\s*の?\s*([{_WEEKDAYS_JA}])(?![一-龥])"), _weekday_ja),
    (re.compile(rf"\b(?:(this|next|last|on|coming)\s+)?{_WEEKDAY}\b", re.ASCII), _weekday_en),
    (re.compile(r"(?<!\d)(\d{1,2})\s*日(?!\s*(?:間|[前後]|以内|くらい|ほど))", re.ASCII), _day_alone),
)
_FULL = (_full, _era)
