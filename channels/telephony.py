"""What the connectors of telephone systems share: whose number this is, and times as such systems tell them."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from channels.events import Person
from channels.outbound import ChannelError
from channels.text import clean

MAX_NUMBER, MAX_NAME, MAX_ID = 320, 200, 200
MAX_TRANSCRIPT = 50_000  # characters
MOST_TURNS = 10_000  # of a transcript
LONGEST = 2_000_000  # seconds a call may have taken
ONLY_RECEIVES = "This channel only receives. Call one of your numbers to try it."
NONE_TOLD = "withheld"  # where a system leaves the number out and says no word about it

# Words instead of a number (RFC 3323, Q.731; those of Japan's carriers), and Twilio's, which spell them on the keys.
_NOBODY = {
    *("anonymous", "restricted", "private", "unavailable", "unknown", "blocked", "withheld", "asterisk", "s"),
    *("no caller id", "out of area", "payphone", "coin line/payphone", "interaction with other service"),
    *("非通知", "通知不可", "通知不可能", "公衆電話", "表示圏外", "サービス競合", "番号非通知"),
}
_SPELLED = {
    "266696687": "anonymous",
    "7378742833": "restricted",
    "2562533": "blocked",
    "8656696": "unknown",
    "86282452253": "unavailable",
}
_URI = re.compile(r"(?:sips?|tel):([^@;]*)(?:[@;].*)?", re.IGNORECASE | re.DOTALL)
_HAS_DIGIT = re.compile(r"[0-9０-９]")


def party(told: str, name: str = "") -> tuple[Person, str]:
    """The customer with the number as it is told, and in which words there is none ("" where there is one).

    Of a SIP or tel address the number alone counts. Which numbers are the same is decided where they come together.
    """
    number = clean(told).strip().strip("<>").strip()[:MAX_NUMBER]
    if uri := _URI.fullmatch(number):
        number = uri[1].strip()
    if word := _nobody(number):
        return Person("", kind="phone"), word
    shown = clean(name).strip().strip('"').strip()[:MAX_NAME]
    is_name = shown and shown != number and not _nobody(shown)
    return Person(number, kind="phone", name=shown if is_name else ""), ""


def only_calls() -> ChannelError:
    """To be raised where something is to be sent."""
    return ChannelError("Nothing can be sent by a telephone system. Choose another channel.", permanent=True)


def untold() -> Person:
    """The customer where a telling does not speak of them; others of the same call do."""
    return Person("", kind="phone")


def _nobody(number: str) -> str:
    """The word that stands for a number that is not shown; "" for a number."""
    if not number:
        return NONE_TOLD
    spelled = _SPELLED.get(number.lstrip("+"))
    if spelled:
        return spelled
    return number if number.casefold() in _NOBODY else ""


def is_number(told: str) -> bool:
    """Whether something can be dialled there, as far as one can see: digits, perhaps with letters between them."""
    return bool(_HAS_DIGIT.search(told)) and ":" not in told and "@" not in told


def seconds(value: Any) -> int | None:
    """Whole seconds, as a number or in digits; None for whatever is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else None
    if isinstance(value, float):
        value = int(value) if 0 <= value <= LONGEST else None
    return value if isinstance(value, int) and 0 <= value <= LONGEST else None


def between(begin: datetime | None, end: datetime | None) -> int | None:
    """Whole seconds from one to the other; None where one is not told, or they are the wrong way round."""
    if begin is None or end is None or end < begin:
        return None
    return seconds((end - begin).total_seconds())


def when(value: Any, zone: tzinfo = UTC) -> datetime | None:
    """A time as ISO 8601 or "2026-11-21 18:59:30" in UTC; one without an offset is of `zone`. None for none."""
    if not isinstance(value, str) or not 8 <= len(value.strip()) <= 40:
        return None
    try:
        at = datetime.fromisoformat(value.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if 1971 <= at.year < 2200 else None


def in_transcript(data: bytes, *names: str) -> list[list[Mapping[str, Any]]]:
    """The objects in each of these lists of a JSON file that tells what was said; none where it is no such file."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        told = None
    lists = [told.get(name) if isinstance(told, dict) else None for name in names]
    return [
        [one for one in found[:MOST_TURNS] if isinstance(one, dict)] if isinstance(found, list) else []
        for found in lists
    ]


def plain(told: Mapping[str, Any], *names: str, most: int = MAX_ID) -> dict[str, str]:
    """Those of the fields that are there and simple, cut to size: what is kept of a telling beside the call."""
    kept = {}
    for name in names:
        value = told.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            kept[name] = clean(str(value)[: most * 2])[:most]
    return kept
