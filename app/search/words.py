"""What was typed into the search box: words to find, and filters written as words.

`返品 from:customer channel:line label:急ぎ after:2026-11-01 is:open "exactly this"`. Every filter has a
Japanese name too, and the full-width colon counts. What looks like a filter and is none is searched for.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.text import Phrase, clean, phrase

_TERM = re.compile(r'"([^"]*)"|(\S+?)[:：]"([^"]*)"|(\S+)')
_QUOTES = dict.fromkeys(map(ord, "“”„＂「」『』"), '"')

NAMES = {
    "from": "from", "差出人": "from", "送信者": "from",
    "channel": "channel", "チャネル": "channel", "チャンネル": "channel",
    "label": "label", "ラベル": "label",
    "before": "before", "以前": "before", "まで": "before",
    "after": "after", "以降": "after", "から": "after",
    "is": "is", "状態": "is",
}  # fmt: skip

STATES = {
    "open": "open", "対応中": "open", "未解決": "open",
    "snoozed": "snoozed", "保留": "snoozed",
    "resolved": "resolved", "解決": "resolved", "解決済み": "resolved",
    "escalated": "escalated", "エスカレーション": "escalated",
    "unassigned": "unassigned", "担当なし": "unassigned",
    "mine": "mine", "自分": "mine",
    "bot": "bot", "ボット": "bot",
    "note": "note", "メモ": "note",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """A query understood: `terms` as typed (for marking them), `phrases` for the index, and the filters."""

    terms: tuple[str, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    senders: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    before: datetime | None = None
    after: datetime | None = None

    @property
    def filtered(self) -> bool:
        """Whether anything but words narrows the search."""
        return bool(self.senders or self.channels or self.labels or self.states or self.before or self.after)


def understand(typed: str, zone: ZoneInfo) -> Words:
    """Read a query. Days begin at midnight in `zone`: `after:` includes its day, `before:` does not."""
    typed = clean(typed[:1000]).translate(_QUOTES)
    terms: list[str] = []
    filters: dict[str, list[str]] = {}
    days: dict[str, datetime] = {}
    for match in _TERM.finditer(typed):
        name, value = _split(match)
        moment = _day(value, zone) if name in ("before", "after") else None
        if moment is not None:
            days[name] = moment
        elif name in ("from", "channel", "label") or (name == "is" and value.casefold() in STATES):
            filters.setdefault(name, []).append(STATES[value.casefold()] if name == "is" else value)
        else:
            terms.append(match[1] if match[1] is not None else match[0].replace('"', " "))
    pairs = [(term, made) for term in terms if (made := phrase(term)) is not None]
    return Words(
        terms=tuple(term for term, _ in pairs),
        phrases=tuple(made for _, made in pairs),
        senders=tuple(filters.get("from", ())),
        channels=tuple(filters.get("channel", ())),
        labels=tuple(filters.get("label", ())),
        states=tuple(filters.get("is", ())),
        before=days.get("before"),
        after=days.get("after"),
    )


def _split(match: re.Match[str]) -> tuple[str, str]:
    """The filter name and value of a term, ("", "") if it is none."""
    if match[2] is not None:
        return NAMES.get(match[2].casefold(), ""), match[3].strip()
    name, colon, value = (match[4] or "").replace("：", ":").partition(":")
    return (NAMES.get(name.casefold(), ""), value) if colon and value else ("", "")


def _day(written: str, zone: ZoneInfo) -> datetime | None:
    plain = unicodedata.normalize("NFKC", written)
    match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?", plain)
    if plain.casefold() in ("today", "今日"):
        return datetime.combine(datetime.now(zone).date(), time(), zone)
    if plain.casefold() in ("yesterday", "昨日"):
        return datetime.combine(datetime.now(zone).date() - timedelta(days=1), time(), zone)
    try:
        day = date(int(match[1]), int(match[2]), int(match[3] or 1)) if match else None
    except ValueError:
        return None
    return datetime.combine(day, time(), zone) if day and 1970 <= day.year < 2200 else None
