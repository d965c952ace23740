"""When a mail says it was written (RFC 5322, 3.3 and 4.3), in the many ways mailers say it."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_ZONES = {  # hours east of Greenwich, for the names that the standard library does not know
    **{"JST": 9, "KST": 9, "HKT": 8, "SGT": 8, "PHT": 8, "AWST": 8, "ICT": 7, "WIB": 7, "IST": 5.5, "MSK": 3},
    **{
        "CET": 1,
        "MEZ": 1,
        "MET": 1,
        "CEST": 2,
        "MESZ": 2,
        "EET": 2,
        "EEST": 3,
        "WET": 0,
        "WEST": 1,
        "BST": 1,
    },
    **{
        "AEST": 10,
        "AEDT": 11,
        "ACST": 9.5,
        "NZST": 12,
        "NZDT": 13,
        "BRT": -3,
        "ART": -3,
        "HST": -10,
        "AKST": -9,
    },
}
_JAPAN = re.compile(r"東京|日本標準時|Tokyo|Japan")
_COMMENT = re.compile(r"\([^()]*\)")
_NUMERIC = re.compile(
    r"(\d{4})[-/年.](\d{1,2})[-/月.](\d{1,2})日?(?:\s*[(（][^)）]*[)）])?[T\s,]*"
    r"(?:(\d{1,2})[:時](\d{1,2})(?:[:分](\d{1,2})(?:[.,]\d+)?)?[秒分]?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_OFFSET = re.compile(r"(?:\b(?:GMT|UTC))?([+-])(\d{2}):?(\d{2})\b")
_ZONE_AT_END = re.compile(r"\b([A-Z]{3,4})\s*$")
_UTC = re.compile(r"[+-]0000\b|\b(?:GMT|UTC?|Z)\b")


def parse(value: str) -> tuple[datetime | None, bool]:
    """The time a Date value says, aware and in the zone it names, and whether it names one.

    None if it says none. Without a zone it is taken as UTC ("-0000": that is what it means).
    """
    text = unicodedata.normalize("NFKC", value[:300]).strip().strip("\"'")
    bare = " ".join(_COMMENT.sub(" ", text).split()).replace(" ,", ",")
    try:
        found = _numeric(bare) if re.match(r"\d{4}\D", bare) else _classic(bare)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None, False
    if found is None:
        return None, False
    if found.tzinfo is None and (zone := _named_zone(bare, text)) is not None:
        found = found.replace(tzinfo=zone)
    named = found.tzinfo is not None
    return (found if named else found.replace(tzinfo=UTC)), named


def received(value: str) -> datetime | None:
    """The time at the end of a Received value (RFC 5321, 4.4)."""
    _, semicolon, date = value.rpartition(";")
    return parse(date)[0] if semicolon else None


def _classic(text: str) -> datetime | None:
    parts = parsedate_tz(_OFFSET.sub(r"\1\2\3", text.replace('"', "")))
    if parts is None or parts[0] < 1900:
        return None
    year, month, day, hour, minute, second = parts[:6]
    offset = parts[9] or 0  # 0 also where no zone is named, or one that the standard library does not know
    zone = timezone(timedelta(seconds=offset)) if offset else UTC if _UTC.search(text) else None
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)


def _numeric(text: str) -> datetime | None:
    match = _NUMERIC.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(digits or 0) for digits in match.groups()[:6])
    sign = _OFFSET.fullmatch(match[7] or "")
    zone = _offset(sign) if sign else UTC if match[7] else None
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)


def _offset(match: re.Match[str]) -> timezone:
    shift = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-shift if match[1] == "-" else shift)


def _named_zone(bare: str, whole: str) -> timezone | None:
    name = _ZONE_AT_END.search(bare)
    hours = _ZONES.get(name[1]) if name else None
    if hours is None:  # some say it only in the comment
        hours = next((_ZONES[word] for word in re.findall(r"\b[A-Z]{3,4}\b", whole) if word in _ZONES), None)
    if hours is None and _JAPAN.search(whole):
        hours = 9
    return None if hours is None else timezone(timedelta(hours=hours))
