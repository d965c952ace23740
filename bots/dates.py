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
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_CLEAR = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|tues?|thu(?:rs)?|fri"
_ALONE = (  # behind what is another word as well: `I sat on it`, `sun cream`
    r"\b(?=\s*(?:$|[\d\0,.()?!/-]"
    r"|(?:at|or|and|please|the|in|morning|afternoon|evening|works|is|next|this|last)\b))"
)
_SHORT = (
    r"(?:^|[\d\0,.()/-]|\b(?:on|or|and|this|about|by|for|until|from|to|do|maybe|is))\s*\b(mon|wed|sat|sun)"
    rf"{_ALONE}"
)
_WEEKDAY = rf"({_CLEAR}|mon|wed|(?:sat|sun){_ALONE})"  # beside a word that makes it one
_ERA = {"令和": 2018, "平成": 1988}

Reader = Callable[[re.Match[str], date], date | None]


def read_date(text: str, today: date | None, *, ahead: bool = True) -> str | None:
    """The one day that `text` names, as `2026-11-03`; None if it names none, or more than one.

    A day of a month without a year is the next one to come; unless only days `ahead` are asked for, it is the one that
    is nearer to `today`. Without `today` only full dates can be told.
    """
    plain = plainly(text)
    days, alone, weekdays = set[date](), set[date](), set[date]()
    for pattern, reader in _FORMS:
        for found in pattern.finditer(plain):
            before, behind = plain[: found.start()], plain[found.end() :]
            if _DENIED_BEFORE.search(before) or _DENIED_BEHIND.match(behind):
                continue
            day = _safely(reader, found, today, ahead)
            if day is None or _one_of_more(before, found[0], behind):
                return None
            kind = alone if reader is _day_alone else weekdays if _of_any_week(reader, found) else days
            kind.add(day)
        plain = _without(pattern, plain)
    days |= {one for one in alone if one.day not in {day.day for day in days}}
    days |= {one for one in weekdays if one.weekday() not in {day.weekday() for day in days}}
    return days.pop().isoformat() if len(days) == 1 else None


def _one_of_more(before: str, found: str, behind: str) -> bool:
    """Whether another day, of which only the number is told, stands beside what was found: 25・26日, Nov 25-27."""
    if _ANOTHER.match(behind):
        return True
    if _DAY_FIRST.match(found) and _DAY_BEFORE.search(before):
        return True
    counted = any(char.isdigit() for char in found)
    return counted and bool(_NUMBER_BEFORE.search(before) or _NUMBER_BEHIND.match(behind))


def _without(pattern: re.Pattern[str], plain: str) -> str:
    return pattern.sub(lambda found: "\0" * len(found[0]), plain)


def besides_dates(text: str) -> str:
    """What `text` says besides days."""
    plain = plainly(text)
    for pattern, _ in _FORMS:
        plain = _without(pattern, plain)
    return plain


def plainly(text: str) -> str:
    """`text` in small letters of one width, with the numbers of days and times in digits."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
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
    if week in _WEEKS:
        return _monday(today) + timedelta(days=7 * _WEEKS[week] + day)
    return _last_weekday(today, day) if week else _next_weekday(today, day)


def _weekday_en(found: re.Match[str], today: date) -> date | None:
    which, day = found[1], _WEEKDAYS_EN.index(found[2][:3])
    if which in ("this", "next"):
        return _monday(today) + timedelta(days=7 * _WEEKS_EN[which] + day)
    return _last_weekday(today, day) if which else _next_weekday(today, day)


def _of_any_week(reader: Reader, found: re.Match[str]) -> bool:
    """Whether only a weekday is named: beside a day that is one, it is that day."""
    return reader is _weekday_short or (reader in (_weekday_ja, _weekday_en) and not found[1])


def _weekday_of(found: re.Match[str], today: date) -> date | None:
    """`Tuesday next week`, `next week on Tuesday`"""
    day = _WEEKDAYS_EN.index((found[2] or found[3])[:3])
    return _monday(today) + timedelta(days=7 * _WEEKS_EN[found[1] or found[4]] + day)


def _weekday_short(found: re.Match[str], today: date) -> date | None:
    return _next_weekday(today, _WEEKDAYS_EN.index(found[1]))


def _from_another(_found: re.Match[str], _today: date) -> date | None:
    """`a week from Friday`: no day that is told by itself."""
    return None


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


def _last_weekday(today: date, day: int) -> date:
    """The last such weekday that is over."""
    return today - timedelta(days=(today.weekday() - day - 1) % 7 + 1)


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
_WEEKS_EN = {"last": -1, "this": 0, "next": 1}
_WEEKS = {"先々週": -2, "先週": -1, "今週": 0, "来週": 1, "再来週": 2}
_YEARS = {"一昨年": -2, "去年": -1, "昨年": -1, "今年": 0, "来年": 1, "再来年": 2}
_YEARS_EN = {"last year": -1, "this year": 0, "next year": 1}
_MONTHS_AHEAD = {"先々月": -2, "先月": -1, "今月": 0, "来月": 1, "再来月": 2}


def _one(words: Iterable[str]) -> str:
    """One of these words, in a pattern: the longest that is there."""
    return "|".join(sorted(words, key=len, reverse=True))


_OR = r"\s*(?:か|または|もしくは|あるいは|から|or|to|[〜~–-])\s*(?:the\s+)?"
_ALSO = r"\s*(?:and|[、,・&])\s*(?:the\s+)?"
# Behind days that are counted, of no month.
_LONG = (
    r"\s*(?:間|以内|目|ほど|程|くらい|ぐらい|で(?:壊|こわ|故障|割れ|破|切れ(?=た|て|まし)|取れ(?=た|て|まし)"
    r"|動か(?=な)|使えな|届(?:いた|いて|きまし)))"
)
_ANOTHER = re.compile(
    rf"(?:{_OR}|{_ALSO})(?:\d{{1,2}}\s*月\s*)?\d{{1,2}}\s*(?:日(?!{_LONG})|st\b|nd\b|rd\b|th\b)"
    rf"|\s*[か、・][{_WEEKDAYS_JA}](?![一-龥])|\s+(?:or|and) the day after\b",
    re.ASCII,
)
_AS_A_DAY = (  # what stands behind the number of a day, and behind no count
    r"(?!\d)(?=\s*(?:$|[。!?()」;、・&]|,(?!\d{3})|\.(?!\d)|[のでがもとや]|に(?!ん)|は(?!こ)|か(?![\d月所国い])"
    rf"|日(?!{_LONG})|なら|まで|から|頃|ごろ|あたり|以降|希望|午[前後]|どちら|いずれ"
    r"|(?:at|in|for|please|works?|is|are|would|if|or(?! \d)|and|but|both|either|whichever"
    r"|morning|afternoon|evening)\b))"
)
_NUMBER_BEHIND = re.compile(
    rf"{_OR}\d{{1,2}}(?!\d|\s*(?:[:/時分名人個枚点つ番月年日泊週回]|[ap]\.?m|people|guests|pieces))"
    rf"|{_ALSO}\d{{1,2}}(?!\d)(?:\s*(?:[〜~–-]|か|or)\s*\d{{1,2}}){{0,3}}{_AS_A_DAY}",
    re.ASCII,
)
_BARE = r"(?:\d{1,2}(?:st|nd|rd|th)?|(?<![一-龥])[一二三四五六七八九])\s*日?"
_NUMBER_BEFORE = re.compile(rf"(?<![\d:/]){_BARE}{_OR}$", re.ASCII)
_DAY_FIRST = re.compile(r"\d+(?!\d|\s*[月/年.-])", re.ASCII)
_DAY_BEFORE = re.compile(rf"(?<![\d:/a-zァ-ヶー数量]){_BARE}{_ALSO}$", re.ASCII)
_DENIED_BEFORE = re.compile(
    r"(?:\bnot|n't|\bexcept|\bany day but)(?: (?:make|come|do|it|on|before|this|next))* $"
)
_DENIED_BEHIND = re.compile(
    r"\s*(?:以外|(?:は|が)\s*(?:無理|だめ|ダメ|駄目|都合が?(?:悪|つか|合わ)|行け|難し|むずかし|でき(?:ない|ません)|不可)"
    r"|(?:じゃ|では|で)(?:な[くい]|ありません))"
)
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
    (re.compile(r"(?<!\d)(?P<n>\d{1,3})\s*(?:日|週間)\s*[前後]", re.ASCII), _apart),
    (re.compile(rf"\bin {_NUMBER} (?:days?|weeks?)\b", re.ASCII), _apart),
    (re.compile(rf"\b{_NUMBER} (?:days?|weeks?) (?:ago|from (?:now|today))\b", re.ASCII), _apart),
    (re.compile(rf"\b{_NUMBER} (?:days?|weeks?) (?:from|after)\b|day week\b", re.ASCII), _from_another),
    (re.compile("|".join(re.escape(word) for word, _ in _NAMED)), _called),
    (re.compile(rf"({_one(_MONTHS_AHEAD)})\s*の?\s*(?:(\d{{1,2}})\s*日|末)", re.ASCII), _of_month),
    (
        re.compile(
            rf"(?:({_one(_WEEKS)}|(?:(?<!午)前|先日|この間)(?=の))\s*の?\s*)?([{_WEEKDAYS_JA}])曜(?:日(?!曜))?"
        ),
        _weekday_ja,
    ),
    (re.compile(rf"({_one(_WEEKS)})\s*の?\s*([{_WEEKDAYS_JA}])(?![一-龥])"), _weekday_ja),
    (
        re.compile(
            rf"\b(?:(this|next|last) week,?\s+(?:on\s+)?{_WEEKDAY}|{_WEEKDAY},?\s+(?:of\s+)?(this|next|last) week)\b"
        ),
        _weekday_of,
    ),
    (re.compile(rf"\b(next|last)\s+{_WEEKDAY}\b"), _weekday_en),
    (re.compile(rf"\b(?:(this)\s+)?({_CLEAR})\b"), _weekday_en),
    (re.compile(_SHORT), _weekday_short),
    (re.compile(rf"(?<![\d泊])(\d{{1,2}})\s*日(?!\s*[前後]|{_LONG})", re.ASCII), _day_alone),
)
_FULL = (_full, _era)
