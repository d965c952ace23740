"""Canonical forms of what people write down about a person, so that equal things compare equal.

Everything here is pure; what cannot be read has the form "" (or None for a date).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from app import canonical
from app.canonical import nobody
from app.text import fold

__all__ = ["Form", "address", "birth", "mail", "nobody", "number", "personal", "phone", "postcode"]

Form = Callable[[str], str]


@lru_cache(65_536)
def phone(written: str, home: str = canonical.HOME) -> str:
    """A telephone number in E.164 (+81312345678, see :func:`app.canonical.phone`), "" if it is none. A number that its
    country cannot have is kept as its digits after a "~", for two of them can still be the same."""
    if known := canonical.phone(written, home):
        return known
    digits = "" if nobody(written) else re.sub(r"\D+", "", unicodedata.normalize("NFKC", written))
    return f"~{digits}" if len(digits) >= 6 and len(set(digits)) > 1 else ""


# Mail --------------------------------------------------------------------------------------------------

_GMAIL = {"gmail.com", "googlemail.com"}
# Carriers of Japan let addresses have dots doubled or before the "@", which RFC 5321 does not; some systems
# quote such a local part.
_LOOSE = {
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "au.com",
    "softbank.ne.jp",
    "i.softbank.jp",
    "vodafone.ne.jp",
    "disney.ne.jp",
}
_SHARED = {  # local parts that name a desk, not a person
    *("info", "mail", "office", "contact", "sales", "support", "admin", "webmaster", "postmaster", "noreply"),
    *("no-reply", "test", "shop", "hello", "service", "me", "home", "user", "none"),
}


@lru_cache(65_536)
def mail(written: str) -> str:
    """A mail address as it is compared, "" if it is none.

    Case and width do not count; a "+tag" does not, and at Gmail dots do not. "名前 <a@b>" and "mailto:" are
    understood; a quoted local part ("a..b"@docomo.ne.jp) is without its quotes.
    """
    text = unicodedata.normalize("NFKC", written).strip().lower()
    if "<" in text:
        text = text.partition("<")[2].partition(">")[0]
    local, _, domain = text.removeprefix("mailto:").strip().rpartition("@")
    local, domain = local.strip().strip('"'), domain.strip().rstrip(".")
    if not local or "." not in domain or " " in local + domain:
        return ""
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", "") or local, "gmail.com"
    elif domain in _LOOSE or domain.endswith(".vodafone.ne.jp"):
        local = local.rstrip(".") if local.strip(".") else local
        local = re.sub(r"\.{2,}", ".", local)
    return f"{local}@{domain}"


def personal(address: str) -> str:
    """The part of a mail address before the "@" if it can say who somebody is, else ""."""
    local = address.partition("@")[0]
    return "" if local in _SHARED or len(local) < 4 else local


# Dates -------------------------------------------------------------------------------------------------

_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_ERA_LETTERS = {"m": 1867, "t": 1911, "s": 1925, "h": 1988, "r": 2018}
_MONTHS = {
    **{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6},
    **{"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12},
}
_ERA = re.compile(
    r"(明治|大正|昭和|平成|令和|[mtshr])\.?\s*(\d{1,2}|元)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})日?"
)
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年 ]\s*(\d{1,2})\s*[-/.月 ]\s*(\d{1,2})\s*日?(?:[t ].*)?")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/. ]\s*(\d{1,2})\s*[-/. ]\s*(\d{4})")
_WORDY = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th)?[\s-]+)?([a-z]{3})[a-z]*\.?[\s-]+(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?(\d{4})"
)


@lru_cache(65_536)
def birth(written: str) -> str:
    """A date of birth as YYYYMMDD, "" if it is none.

    1960-04-09, 1960/4/9, 19600409, 1960年4月9日, 昭和35年4月9日, S35.4.9, 9 April 1960, April 9, 1960; and 09/04/1960,
    the month first only where it cannot be the day first. Eight digits are kept even if no calendar has the day: a
    slip of the pen is still the same date on two forms.
    """
    text = unicodedata.normalize("NFKC", written).strip().lower().removesuffix(".0")
    if nobody(text):
        return ""
    if text.isdecimal() and len(text) == 8:
        return text if text.strip("0") else ""
    if found := _ERA.fullmatch(text):
        era = _ERAS.get(found[1]) or _ERA_LETTERS[found[1]]
        return _eight(era + (1 if found[2] == "元" else int(found[2])), int(found[3]), int(found[4]))
    if found := _YEAR_FIRST.fullmatch(text):
        return _eight(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = (int(part) for part in found.groups())
        return _eight(year, first, second) if second > 12 else _eight(year, second, first)
    if (found := _WORDY.fullmatch(text)) and (found[1] or found[3]) and found[2] in _MONTHS:
        return _eight(int(found[4]), _MONTHS[found[2]], int(found[1] or found[3]))
    return ""


def _eight(year: int, month: int, day: int) -> str:
    return f"{year:04}{month:02}{day:02}"


# Places ------------------------------------------------------------------------------------------------

_POSTAL_MARK = re.compile(r"[〒\s‐‑‒–—―−ー-]+")
_KANJI_DIGITS = {ord(kanji): str(n) for n, kanji in enumerate("〇一二三四五六七八九")}
_KANJI_NUMBER = re.compile(r"([一二三四五六七八九]?)(十?)([一二三四五六七八九]?)(?=丁目|番地|番|号|条|階)")
_BLOCK = re.compile(r"(\d+)\s*(?:丁目|番地の|番地|番|号室|号|の(?=\d)|[‐‑‒–—―−ー-])\s*")
_WORDS = re.compile(r"[^\W_]+")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_ABBREVIATED = {
    **{
        "street": "st",
        "str": "st",
        "strasse": "st",
        "road": "rd",
        "avenue": "ave",
        "av": "ave",
        "drive": "dr",
    },
    **{
        "lane": "ln",
        "court": "ct",
        "crt": "ct",
        "place": "pl",
        "crescent": "cres",
        "cr": "cres",
        "cct": "circuit",
    },
    **{
        "boulevard": "blvd",
        "highway": "hwy",
        "parade": "pde",
        "terrace": "tce",
        "square": "sq",
        "close": "cl",
    },
    **{"apartment": "apt", "suite": "ste", "building": "bldg", "floor": "fl", "flat": "apt", "unit": "apt"},
    **{"north": "n", "south": "s", "east": "e", "west": "w", "northeast": "ne", "northwest": "nw"},
    **{"southeast": "se", "southwest": "sw", "mount": "mt", "saint": "st", "fort": "ft", "between": "btwn"},
    **{"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7"},
    **{"eighth": "8", "ninth": "9", "tenth": "10", "1st": "1", "2nd": "2", "3rd": "3"},
}
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")


@lru_cache(65_536)
def postcode(written: str) -> str:
    """A postcode: 〒123-4567 and １２３４５６７ are 1234567, "SW1A 1AA" is sw1a1aa."""
    if nobody(written):
        return ""
    text = unicodedata.normalize("NFKC", written).strip().lower().removesuffix(".0")
    return _POSTAL_MARK.sub("", text)


@lru_cache(65_536)
def address(written: str) -> str:
    """An address as words with one space between: 一丁目2番3号 and 1-2-3 are the same, and so are Street and St."""
    if nobody(written):
        return ""
    text = unicodedata.normalize("NFKC", written).strip()
    if _JAPANESE.search(text):
        text = re.sub(r"〒?\d{3}-?\d{4}(?!\d)\s*", "", text, count=1)
        text = _KANJI_NUMBER.sub(_counted, text)
        text = _BLOCK.sub(r"\1 ", fold(text).replace("大字", "").replace("字", ""))
        text = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", text)
        return " ".join(_WORDS.findall(text))
    words = _WORDS.findall(fold(text).replace("'", "").replace("’", ""))
    return " ".join(_ABBREVIATED.get(word) or _ORDINAL.sub(r"\1", word) for word in words)


def _counted(found: re.Match[str]) -> str:
    tens, ten, ones = found.groups()
    if not any((tens, ten, ones)):
        return ""
    if not ten:
        return (tens + ones).translate(_KANJI_DIGITS)
    return (tens.translate(_KANJI_DIGITS) or "1") + (ones.translate(_KANJI_DIGITS) or "0")


@lru_cache(65_536)
def number(written: str) -> str:
    """The number of a card or an account: letters and digits alone."""
    text = "" if nobody(written) else fold(written).strip().removesuffix(".0")
    return "".join(_WORDS.findall(text))
