"""Where quoted text begins, client by client: a table, and how a line is looked up in it.

A marker is searched in what a line says once quote signs, width and invisible characters are out of the way
(:func:`plain`), so that one row stands for every way a client or a person writes it. All patterns are tried on at
most :data:`LONGEST` characters and hold no nested repetition: a hostile mail costs no more than a long one.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["quote", "forward"]
LONGEST = 400  # characters of a line that are looked at; no client writes a longer attribution
_QUOTE_SIGNS = ">＞ \t\u3000\xa0"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Line(NamedTuple):
    """A line of a mail: `depth` is its number of quote signs, `said` the rest as :func:`plain` gives it."""

    depth: int
    said: str
    long: bool = False

    @property
    def blank(self) -> bool:
        return not self.said and not self.long


class Found(NamedTuple):
    """A marker: `end` is the line after it, `name` whose it is."""

    kind: Kind
    end: int
    name: str


@dataclass(frozen=True)
class Marker:
    """`pattern` matches the whole of one line, or of up to `lines` lines that a client wrapped it into."""

    name: str
    pattern: re.Pattern[str]
    lines: int = 1
    kind: Kind = "quote"


_DATE = r"\d{4}\s?[年/.-]\s?\d{1,2}\s?[月/.-]\s?\d{1,2}\s?日?"
_DAY = r"\s*(?:\([^()\d]{1,4}\)|[月火水木金土日]曜日?)?"
_CLOCK = r"[,、]?\s*(?:午前|午後|AM|PM)?\s*\d{1,2}\s?[:時]\s?\d{2}分?(?::\d{2}秒?)?\s*(?:AM|PM)?"
_ZONE = r"\s*(?:\(?(?:GMT|UTC|JST)\)?)?\s*(?:[+-]\d{1,2}:?\d{2})?(?:\s?\(JST\))?"
_WHEN = _DATE + _DAY + _CLOCK + _ZONE
_NAME = r"[^<>]{0,150}"
_ADDRESS = r"<[^<>@]{1,150}@[^<>@]{1,150}>"
_BAR = r"[-=_*~+#‐‑–—―─━ー]{2,}"


def _re(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


ATTRIBUTIONS = (
    Marker("Gmail", _re(rf"{_WHEN}[,、]?\s*{_NAME}{_ADDRESS}\s*:"), 3),
    Marker("Gmail 2012", _re(rf"{_DATE}{_DAY}[,、]?\s*{_NAME}{_ADDRESS}\s*:?"), 2),
    Marker(
        "Apple Mail",
        _re(rf"{_WHEN}\s*[,、]?\s*{_NAME}(?:{_ADDRESS})?\s*(?:から)?の(?:メール|メッセージ)\s*:"),
        3,
    ),
    Marker("Thunderbird", _re(rf"\(?{_WHEN}\)?[,、]?\s*{_NAME}(?:{_ADDRESS})?\s*wrote\s*:"), 3),
    Marker(
        "Thunderbird ja",
        _re(rf"\(?{_WHEN}\)?[,、]?\s*{_NAME}(?:{_ADDRESS})?\s*さん?[はが](?:書|か)きました\s*:"),
        2,
    ),
    Marker("Thunderbird old", _re(r"[^<>:]{1,80}さん[はが](?:書|か)きました\s*:")),
    Marker(
        "On … wrote", _re(rf"(?:On|At)\s(?=\D{{0,40}}\d)[^<>]{{3,300}}(?:{_ADDRESS},?\s*)?\s*wrote\s*:"), 3
    ),
    Marker("On … wrote, address and link", _re(r"On\s(?=\D{0,40}\d).{3,350}>\s*wrote\s*:"), 3),
    Marker(
        "Mew",
        _re(rf"In (?:message|article)\s[^:]{{3,200}}\s?{_NAME}(?:{_ADDRESS})?\s*(?:wrote|writes)\s*:"),
        3,
    ),
    Marker("mutt", _re(rf"{_NAME}{_ADDRESS}\s*(?:wrote|writes)\s*:"), 1),
)
RULES = (
    Marker(
        "original",
        _re(rf"{_BAR}\s*(?:元のメッセージ|元のメール|返信元メッセージ|オリジナルメッセージ)\s*{_BAR}"),
    ),
    Marker("Original Message", _re(rf"{_BAR}\s*Original (?:Message|Appointment|Mail)\s*{_BAR}")),
)
FORWARDS = (
    Marker("Gmail", _re(rf"{_BAR}\s*Forwarded (?:message|mail)\s*{_BAR}"), kind="forward"),
    Marker("Lotus Notes", _re(rf"{_BAR}\s*Forwarded by\s.{{1,200}}{_BAR}"), kind="forward"),
    Marker(
        "ja",
        _re(rf"{_BAR}\s*(?:転送(?:された|元の?)?(?:メッセージ|メール)|転送(?:開始|ここから)?)\s*{_BAR}"),
        kind="forward",
    ),
    Marker("Apple Mail ja", _re(r"(?:転送されたメッセージ|転送メッセージ)\s*:"), kind="forward"),
    Marker("Apple Mail", _re(r"Begin forwarded message\s*:"), kind="forward"),
)
# Header lines that Outlook, Yahoo! JAPAN and mobile clients put above what they quote: label → what it tells.
LABELS = {
    "差出人": "from", "送信者": "from", "送信元": "from", "from": "from", "sender": "from",
    "送信日時": "sent", "日時": "sent", "日付": "sent", "受信日時": "sent", "送信日": "sent",
    "sent": "sent", "date": "sent",
    "宛先": "to", "宛て先": "to", "あて先": "to", "to": "to",
    "cc": "cc", "bcc": "cc", "返信先": "cc", "reply-to": "cc", "重要度": "cc", "importance": "cc",
    "添付ファイル": "cc", "attachments": "cc",
    "件名": "subject", "題名": "subject", "subject": "subject",
}  # fmt: skip
_LABEL = re.compile(r"[*■●\s]*([A-Za-z-]{2,11}|[^\W\d_A-Za-z]{2,6})[*\s]*:")
_BLOCK = 14  # lines a header block may have, wrapped recipients included
_UNDERSCORES = re.compile(r"[_ー―─━-]{10,}|[-=]{10,}")
_ATTRIBUTION_START = re.compile(
    r"\(?\d{4}|(?:On|At|In)\s|.{0,200}(?:wrote|writes|ました)\s*:$", re.IGNORECASE
)
_BAR_START = re.compile(_BAR)


def read_line(raw: str) -> Line:
    """`raw` (without its newline) taken apart; only its beginning is looked at."""
    head = raw[: LONGEST + 100]
    rest = head.lstrip(_QUOTE_SIGNS)
    signs = head[: len(head) - len(rest)]
    return Line(signs.count(">") + signs.count("＞"), plain(rest[:LONGEST]), len(rest) > LONGEST)


def plain(text: str) -> str:
    """`text` with half-width digits, colons and brackets, without what cannot be seen."""
    if text.isascii():
        return text.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip()


def marker_at(lines: Sequence[Line], at: int, answers: bool = True) -> Found | None:
    """What begins at line `at`: a forwarded message, a quotation, or nothing of that kind. In a mail that `answers`
    nothing, a few lines such as "From: Tokyo" and a date beside an address are what somebody wrote."""
    line = lines[at]
    if line.blank or line.long:
        return None
    if found := _one_line(FORWARDS, line.said, at):
        return found
    if rule := _one_line(RULES, line.said, at):
        return _with_headers(lines, rule)
    if end := _headers(lines, at, whole=not answers) or _ruled_headers(lines, at):
        return Found("quote", end, "headers")
    return _attribution(lines, at, answers)


def _one_line(markers: Sequence[Marker], said: str, at: int) -> Found | None:
    if not _BAR_START.match(said) and not said.endswith(":"):
        return None
    for marker in markers:
        if marker.pattern.fullmatch(said):
            return Found(marker.kind, at + 1, marker.name)
    return None


def _attribution(lines: Sequence[Line], at: int, answers: bool) -> Found | None:
    if not _ATTRIBUTION_START.match(lines[at].said):
        return None
    for count in (1, 2, 3):
        said = _joined(lines, at, count)
        if not answers and not said.endswith(":"):
            continue
        for marker in ATTRIBUTIONS:
            if count <= marker.lines and said and marker.pattern.fullmatch(said):
                return Found("quote", at + count, marker.name)
    return None


def _joined(lines: Sequence[Line], at: int, count: int) -> str:
    taken = lines[at : at + count]
    if len(taken) < count or any(line.blank or line.long for line in taken):
        return ""
    return " ".join(line.said for line in taken)[:LONGEST]


def _with_headers(lines: Sequence[Line], rule: Found) -> Found:
    """A rule such as "-----Original Message-----" with the header lines below it, if there are any."""
    start = _next_said(lines, rule.end)
    return Found("quote", _headers(lines, start) or rule.end, rule.name)


def _ruled_headers(lines: Sequence[Line], at: int) -> int:
    """The end of a header block with a bare line above it (Outlook on phones and on the web), else 0."""
    if not _UNDERSCORES.fullmatch(lines[at].said):
        return 0
    return _headers(lines, _next_said(lines, at + 1))


def _next_said(lines: Sequence[Line], at: int) -> int:
    """The next line that says something, if it is one of the next two."""
    return next((i for i in range(at, min(at + 2, len(lines))) if not lines[i].blank), len(lines))


def _headers(lines: Sequence[Line], at: int, whole: bool = False) -> int:
    """The line after a block of mail headers that begins at `at` (a sender and at least one other, with all that
    Outlook writes if it is to be `whole`), 0 if none does."""
    if at >= len(lines) or _label(lines[at]) != "from":
        return 0
    seen, end, unknown = {"from"}, at + 1, 0
    for i in range(at + 1, min(at + _BLOCK, len(lines))):
        if label := _label(lines[i]):
            seen.add(label)
            end, unknown = i + 1, 0
        elif lines[i].blank and i + 1 < len(lines) and not _label(lines[i + 1]):
            break
        else:
            unknown += 1
            if unknown > 3 or "subject" in seen:
                break
    return end if len(seen - {"cc"}) > (3 if whole else 1) else 0


def _label(line: Line) -> str:
    found = _LABEL.match(line.said)
    return LABELS.get(found[1].lower(), "") if found else ""
