"""What a draft says beyond the entry and the question: numbers, amounts, dates, addresses, links. Pure.

A model that was told to add nothing adds something now and then. Whatever can be looked up is looked up here, in the
words it was given; a draft that brings in anything is not used.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from bots.english import stem
from bots.language import guess

GROUNDED = 0.4
"""Of a draft's own words so many stand in the entry or the question; less is about something else."""
LONGER = 400
"""Characters by which a draft may be longer than twice its entry."""

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>「」（）()、。]+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|jp|example|io|shop)\b(?:/\S*)?",
    re.ASCII | re.IGNORECASE,
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_ADDRESS = re.compile(
    r"〒\s*\d{3}-?\d{4}"
    r"|(?:東京都|北海道|京都府|大阪府|[一-龥]{2,3}県)[一-龥ぁ-んァ-ヶー]{1,12}?[市区町村郡]"
    r"|[一-龥ァ-ヶー]{1,6}[市区町村][一-龥ぁ-んァ-ヶー]{0,8}\d"
    r"|\b\d{1,5},? (?:[A-Z][\w'.-]* ){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Square)\b"
)
_BRACKET = re.compile(r"〔[^〕]*〕|\[(?:name|email|phone|address|number|link)\]")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_NAMES = {f"{sign}曜": day for sign, day in zip("月火水木金土日", _DAYS, strict=True)} | {
    day: day for day in _DAYS
}
_MONTHS = (
    *("january", "february", "march", "april", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_FROM_TODAY = (
    *("今日", "本日", "明日", "明後日", "昨日", "来週", "今週", "来月", "今月", "年末", "年始"),
    *("today", "tomorrow", "tonight"),
)
_NUMBER_WORDS = (
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen"),
)
_WORD_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS, 2)}
_WORD_NUMBERS |= {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
_UNIT_WORDS = {
    "yen": ("円", "yen", "jpy"),
    "dollar": ("ドル", "dollar", "dollars", "usd"),
    "euro": ("ユーロ", "euro", "euros", "eur"),
    "pound": ("ポンド", "pound", "pounds", "gbp"),
    "percent": ("%", "パーセント", "percent"),
    "tenth": ("割",),
    "minute": ("分", "minute", "minutes"),
    "hour": ("時間", "hour", "hours"),
    "day": ("日", "日間", "営業日", "day", "days"),
    "week": ("週間", "week", "weeks"),
    "month": ("か月", "ヶ月", "カ月", "month", "months"),
    "year": ("年", "年間", "year", "years"),
    "point": ("ポイント", "point", "points"),
}
_UNITS = {word: unit for unit, words in _UNIT_WORDS.items() for word in words}
_SIGNS = {"¥": "yen", "$": "dollar", "€": "euro", "£": "pound"}
_KANJI = {sign: number for number, sign in enumerate("〇一二三四五六七八九")}
_TENS = {"十": 10, "百": 100, "千": 1000}
_KANJI_NUMBER = re.compile(
    r"(?<!\d)[〇一二三四五六七八九十百千万]+(?=円|日|時|分|週|か月|ヶ月|カ月|年|割|%|パーセント|回|点|個|名|ポイント|月|営業日|階|枚|着)"
)
_NUMBER = re.compile(
    r"([¥$€£])?\s?(\d+(?:[.:]\d+)*)\s?(万|千)?\s?("
    + "|".join(sorted(map(re.escape, _UNITS), key=lambda unit: (-len(unit), unit)))
    + r")?",
    re.IGNORECASE,
)
_JAPANESE_WORD = re.compile(r"[一-龥々]{2,}|[ァ-ヶー]{2,}")
_ENGLISH_WORD = re.compile(r"[a-z][a-z']{3,}")

Quantity = tuple[str, str]


def trouble(draft: str, entry: str, question: str, language: str) -> str:
    """Why a draft from this entry must not be used, as an English sentence; "" if it may."""
    if not draft.strip():
        return "It wrote nothing."
    if len(draft) > 2 * len(entry) + LONGER:
        return "It wrote much more than the entry says."
    if _BRACKET.search(draft):
        return "It wrote a blank that nobody filled in."
    heard = guess(_LINK.sub(" ", _MAIL.sub(" ", draft)), None, ("ja", "en"))
    if heard.sure and heard.language != language:
        return "It wrote in another language."
    if next(invented(draft, (entry, question)), ""):
        return "It wrote a number, date, address or link that neither the entry nor the question has."
    if not _about(draft, f"{entry}\n{question}", language):
        return "What it wrote is hardly about the entry."
    return ""


def invented(draft: str, sources: Iterable[str]) -> Iterator[str]:
    """What of a draft can be looked up and stands in none of the sources."""
    known = _plain("\n".join(sources))
    said = _plain(draft)
    for pattern in (_MAIL, _LINK):
        there = {_end(found) for found in pattern.findall(known)}
        yield from (found for found in pattern.findall(said) if _end(found) not in there)
        said, known = pattern.sub(" ", said), pattern.sub(" ", known)
    yield from (found for found in _ADDRESS.findall(said) if _closed_up(found) not in _closed_up(known))
    said = _ADDRESS.sub(" ", said)
    amounts, values = set(_quantities(known)), {value for value, _ in _quantities(known)}
    for value, unit in _quantities(said):
        if value not in values if not unit else (value, unit) not in amounts:
            yield f"{value} {unit}".strip()
    yield from sorted(set(_days(said)) - set(_days(known)))


def _plain(text: str) -> str:
    """Widths alike, and numbers without the commas between their digits."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", unicodedata.normalize("NFKC", text)).replace("￥", "¥")


def _end(link: str) -> str:
    return link.rstrip(".,/").casefold()


def _closed_up(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()


def _quantities(text: str) -> Iterator[Quantity]:
    """Each number with its unit, "" where it has none that is known."""
    text = _KANJI_NUMBER.sub(lambda found: str(_of_kanji(found[0])), text)
    text = re.sub(r"[A-Za-z]+", lambda found: _of_word(found[0]), text)
    for sign, digits, factor, unit in _NUMBER.findall(text):
        value = digits.lstrip("0") or "0"
        if factor and value.isdigit():
            value = str(int(value) * {"万": 10_000, "千": 1000}[factor])
        if value.endswith(".0") or value.endswith(".00"):
            value = value.partition(".")[0]
        yield value, _SIGNS.get(sign, "") or _UNITS.get(unit.casefold(), "")


def _of_kanji(written: str) -> int:
    if not any(sign in _TENS or sign == "万" for sign in written):
        return int("".join(str(_KANJI[sign]) for sign in written))
    whole = part = digit = 0
    for sign in written:
        if sign == "万":
            whole, part, digit = (whole + part + digit or 1) * 10_000, 0, 0
        elif sign in _TENS:
            part, digit = part + (digit or 1) * _TENS[sign], 0
        else:
            digit = _KANJI[sign]
    return whole + part + digit


def _of_word(word: str) -> str:
    return str(_WORD_NUMBERS.get(word.casefold(), word))


def _days(text: str) -> Iterator[str]:
    """Days of the week, months by name, and days told from today."""
    low = text.casefold()
    yield from (name for day, name in _DAY_NAMES.items() if day in low)
    yield from (name for name in _MONTHS if re.search(rf"\b{name}\b", low))
    yield from (word for word in _FROM_TODAY if word in low)


def _about(draft: str, known: str, language: str) -> bool:
    words = set(_words(draft, language))
    if len(words) < 3:
        return True
    return len(words & set(_words(known, language))) >= GROUNDED * len(words)


def _words(text: str, language: str) -> Iterator[str]:
    plain = _KANJI_NUMBER.sub(" ", _plain(text))
    if language != "ja":
        yield from (stem(word) for word in _ENGLISH_WORD.findall(plain.casefold()))
        return
    for word in _JAPANESE_WORD.findall(plain):
        yield from (word[at : at + 2] for at in range(len(word) - 1))
