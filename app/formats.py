"""Times, lengths, names and counts as a person reads them, in Japanese and English."""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, get_currency_precision

from app.i18n import gettext, known

WEEKDAYS_JA = "月火水木金土日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clock(when: datetime, zone: ZoneInfo) -> str:
    """``15:20`` in the reader's zone."""
    return when.astimezone(zone).strftime("%H:%M")


def day(when: datetime, locale: str, zone: ZoneInfo, now: datetime) -> str:
    """``今日``, ``昨日``, ``11月18日（火）`` (with the year if it is another one)."""
    local, today = when.astimezone(zone).date(), now.astimezone(zone).date()
    distance = (today - local).days
    if distance == 0:
        return gettext(locale, "Today")
    if distance == 1:
        return gettext(locale, "Yesterday")
    if known(locale) == "ja":
        year = f"{local.year}年" if local.year != today.year else ""
        return f"{year}{local.month}月{local.day}日（{WEEKDAYS_JA[local.weekday()]}）"
    year = f", {local.year}" if local.year != today.year else ""
    return f"{WEEKDAYS_EN[local.weekday()]}, {MONTHS_EN[local.month - 1]} {local.day}{year}"


def exact(when: datetime, locale: str, zone: ZoneInfo) -> str:
    """The full date and time, for the hover: ``2026年11月18日（水） 15:20:07``."""
    local = when.astimezone(zone)
    return f"{date_of(local.date(), locale)} {local:%H:%M:%S}"


def date_of(day: date, locale: str) -> str:
    """A day with its year: ``2026年11月18日（水）``."""
    if known(locale) == "ja":
        return f"{day.year}年{day.month}月{day.day}日（{WEEKDAYS_JA[day.weekday()]}）"
    return f"{WEEKDAYS_EN[day.weekday()]}, {MONTHS_EN[day.month - 1]} {day.day}, {day.year}"


def brief(when: datetime, locale: str, zone: ZoneInfo, now: datetime) -> str:
    """As short as a list row allows: a clock time today, ``昨日``, then the date."""
    local, today = when.astimezone(zone).date(), now.astimezone(zone).date()
    if local == today:
        return clock(when, zone)
    if (today - local).days == 1:
        return gettext(locale, "Yesterday")
    if known(locale) == "ja":
        return f"{local.month}月{local.day}日" if local.year == today.year else f"{local:%Y/%m/%d}"
    short = f"{MONTHS_EN[local.month - 1]} {local.day}"
    return short if local.year == today.year else f"{short}, {local.year}"


def duration(seconds: float, locale: str) -> str:
    """The largest unit only: ``6分``, ``1時間``, ``3日``; under a minute says so in seconds."""
    seconds = max(0, int(seconds))
    for size, word in ((86400, "%(n)s d"), (3600, "%(n)s h"), (60, "%(n)s min")):
        if seconds >= size:
            return gettext(locale, word, n=seconds // size)
    return gettext(locale, "%(n)s s", n=seconds)


def length(seconds: float, locale: str) -> str:
    """How long something took, in its two largest units: ``6分12秒``, ``1時間2分``, ``8秒``."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for size, word in ((86400, "%(n)s d"), (3600, "%(n)s h"), (60, "%(n)s min"), (1, "%(n)s s")):
        if left >= size or (size == 1 and not parts):
            parts.append(gettext(locale, word, n=left // size))
            left %= size
    return ("" if known(locale) == "ja" else " ").join(parts[:2])


def money(amount: int, currency: str, locale: str) -> str:
    """An amount in the smallest unit of its currency (ISO 4217) as it is written: ``¥25,800``, ``$19.99``."""
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    said = format_currency(value, currency, locale=known(locale), currency_digits=True)
    return said.replace("￥", "¥")  # the wide sign stands apart from the digits


def since(when: datetime, locale: str, now: datetime) -> str:
    """How long ago, as a duration without "ago"; a time ahead of the clock counts as now."""
    return duration((now - when).total_seconds(), locale)


def honoured(name: str, locale: str) -> str:
    """A customer's name as it is spoken: ``山田 太郎 様`` in Japanese, unchanged in English, as an address is."""
    return f"{name} 様" if known(locale) == "ja" and not name.endswith("様") and "@" not in name else name


@lru_cache(10_000)
def initials(name: str) -> str:
    """One sign for East Asian names, up to two letters for others, ``?`` for none."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name))
    if not words:
        return "?"
    if unicodedata.east_asian_width(words[0][0]) in "WF" or len(words) == 1:
        return str(words[0][0].upper())
    return str((words[0][0] + words[-1][0]).upper())


def hue(seed: int | str) -> str:
    """One of 36 colour classes (``h0`` … ``h35``), always the same for the same person."""
    number = (
        seed if isinstance(seed, int) else sum(ord(sign) * (place + 1) for place, sign in enumerate(seed))
    )
    return f"h{number * 11 % 36}"


def at_most_99(n: int) -> str:
    """A badge never grows: ``99+``."""
    return str(n) if n < 100 else "99+"


def filesize(size: int) -> str:
    """Bytes in the unit a person would choose."""
    if size < 1024:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1024
        if value < 1024 or unit == "GB":
            break
    return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"


def iso(when: datetime) -> str:
    """UTC with a ``Z``, as the ``datetime`` attribute and the ordering keys of the page use it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
