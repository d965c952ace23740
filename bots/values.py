"""What a customer answers to one question of a flow: read as what was asked for, and shown again in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import regex

from bots.choosing import chosen
from bots.dates import besides_dates, plainly, read_date
from bots.flow import FILES, Step
from bots.patterns import compile_pattern
from bots.situation import File
from bots.text import clean, fold
from bots.times import besides_times, read_time

LONGEST = 500
MOST_FILES = 10  # of one answer
_AND = "+"
_UNIT = 3  # letters that may stand beside a value and say nothing else: 個, ごろ, のほう
_TOKEN = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
_NUMBER = re.compile(r"((?<![\w.-])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,18})([百千万億])?", re.ASCII)
_ZEROS = {"百": 2, "千": 3, "万": 4, "億": 8}
_NEGATIVE = re.compile(r"(?<!\w)[-−–][0-9]")
_AMERICAN = re.compile(r"(?<![0-9])\(?[2-9][0-9]{2}\)?[\s.-]?[2-9][0-9]{2}[\s.-]?[0-9]{4}(?![0-9])")
_PHONE = re.compile(r"(?<![0-9])(?:\+[0-9]{8,15}|0[0-9]{8,10})(?![0-9])")
_BETWEEN = re.compile(r"[\s-]*\(0\)[\s-]*|(?<=[0-9])[\s().ー‐−–-]+(?=[0-9(])|(?<=[0-9+])\(")
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9À-ɏ_.+%&'-])(?<![A-Za-z0-9][/!#$*?^{|}~])[A-Za-z0-9_.+%&'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"
)
_SKIPPED = frozenset(
    fold(one)
    for one in (
        *(
            "なし",
            "無し",
            "特になし",
            "特にない",
            "特にないです",
            "特にありません",
            "とくにありません",
            "ありません",
            "ないです",
        ),
        *(
            "ない",
            "スキップ",
            "飛ばす",
            "未定",
            "不要",
            "不要です",
            "いらない",
            "いりません",
            "いいえ",
            "いえ",
            "いいです",
        ),
        *(
            "結構です",
            "けっこうです",
            "大丈夫です",
            "もういいです",
            "以上です",
            "skip",
            "none",
            "nothing",
            "no",
            "nope",
        ),
        *("n/a", "not applicable", "no thanks", "no thank you", "that's all", "nothing else"),
    )
)
_WEEKDAYS = ("月火水木金土日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads answers on a day (None: it is not known), to questions in a language."""

    today: date | None = None
    files: tuple[File, ...] = ()
    language: str = ""

    def read(self, step: Step, text: str) -> str | None:
        """The answer to `step` in `text`, as it is kept; "" where it is skipped; None where there is none."""
        plain = clean(text)
        if step.kind in FILES and (value := _sent(step, self.files)):
            return value
        if self.skips(step, text):
            return ""
        if not plain or step.kind in FILES:
            return None
        return _KINDS[step.kind](step, plain, self)

    def skips(self, step: Step, text: str) -> bool:
        """Whether `text` says that there is nothing to say to a question that need not be answered."""
        said = fold(text).removeprefix(fold("やっぱり")).strip()
        return step.optional and said in _SKIPPED - {fold(one.words) for one in step.choices}

    def is_only(self, step: Step, text: str) -> bool:
        """Whether `text` is nothing but an answer to `step`, so that no more is meant by it."""
        value = self.read(step, text)
        return value is not None and (
            step.kind in ("text", *FILES) or len(fold(text)) <= len(fold(value)) + 8
        )

    def is_just(self, step: Step, text: str) -> bool:
        """Whether `text` is an answer to `step` in so many words and says nothing else: of a choice its words, not its
        place, no number of what has a name of its own, like a day, and no day to which an hour is told."""
        value = self.read(step, text)
        if not value or step.kind in FILES:
            return False
        if step.kind == "number" and not step.pattern and besides_times(besides_dates(text)) != plainly(text):
            return False
        words, told = _squeezed(text), _squeezed(value)
        if besides := _BESIDES.get(step.kind):
            rest = besides(text)
            more = any(map(str.isdigit, rest)) or besides_times(besides_dates(rest)) != plainly(rest)
            return not more and len(_squeezed(rest)) <= _UNIT
        return told in words and len(words) - len(told) <= _UNIT


def _squeezed(text: str) -> str:
    return fold(text).replace(" ", "")


def shown(step: Step, value: str, language: str) -> str:
    """A kept answer as it is told to the customer."""
    if step.kind in FILES and value:
        count = len(value.split(_AND))
        if language == "ja":
            return f"写真{count}枚" if step.kind == "photo" else f"ファイル{count}件"
        return f"{count} {step.kind}{'s' if count > 1 else ''}"
    if step.kind != "date" or not value:
        return value
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    if language == "ja":
        return f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS[0][day.weekday()]}）"
    return f"{_WEEKDAYS[1][day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def messages(step: Step, value: str) -> tuple[int, ...]:
    """The messages whose files are the answer, by the caller's numbers."""
    told = value.split(_AND) if step.kind in FILES else []
    return tuple(dict.fromkeys(int(one) for one in told if one.isascii() and one.isdigit()))


def _sent(step: Step, files: tuple[File, ...]) -> str:
    """The messages of what was sent, one for each file, as far as it is of the kind that is asked for."""
    fitting = [str(one.message) for one in files if one.picture or step.kind == "file"]
    return _AND.join(fitting[:MOST_FILES])


def _text(step: Step, text: str, _reader: Reader) -> str | None:
    return _fitting(step, text) if step.pattern else text[:LONGEST].strip() if fold(text) else None


def _number(step: Step, text: str, _reader: Reader) -> str | None:
    if step.pattern:
        return _fitting(step, text)
    found = {one.replace(",", "") + "0" * _ZEROS.get(unit, 0) for one, unit in _NUMBER.findall(text)}
    return found.pop() if len(found) == 1 and not _NEGATIVE.search(text) else None


def _fitting(step: Step, text: str) -> str | None:
    """The one part of the text that fits the pattern as a whole."""
    pattern = compile_pattern(step.pattern)
    if pattern is None:
        return None
    if _fits(pattern.compiled, text):
        return text[:LONGEST]
    parts = {part for part in _TOKEN.findall(text[:LONGEST]) if _fits(pattern.compiled, part)}
    return parts.pop() if len(parts) == 1 else None


def _fits(pattern: regex.Pattern[str], text: str) -> bool:
    try:
        return pattern.fullmatch(text[:LONGEST], timeout=0.05) is not None
    except TimeoutError:
        return False


def _date(step: Step, text: str, reader: Reader) -> str | None:
    day = read_date(text, reader.today, ahead=step.ahead)
    if day and step.ahead and reader.today and day < reader.today.isoformat():
        return None
    return day


def _time(_step: Step, text: str, _reader: Reader) -> str | None:
    return read_time(text)


def _phone(_step: Step, text: str, reader: Reader) -> str | None:
    """Times to call at are none of it: 090-1234-5678（10時〜18時）. In English a number may have neither + nor 0."""
    for told in (text, besides_times(text)):
        found: set[str] = set(_PHONE.findall(_BETWEEN.sub("", told)))
        if not found and reader.language == "en":
            found = {"".join(filter(str.isdigit, one)) for one in _AMERICAN.findall(told)}
        if len(found) == 1:
            return found.pop()
    return None


def _email(_step: Step, text: str, _reader: Reader) -> str | None:
    found = set(_EMAIL.findall(text))
    return found.pop().strip(".'") if len(found) == 1 else None


def _choice(step: Step, text: str, _reader: Reader) -> str | None:
    return chosen([one.words for one in step.choices], text)


_KINDS: dict[str, Callable[[Step, str, Reader], str | None]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "time": _time,
    "phone": _phone,
    "email": _email,
    "choice": _choice,
}
_BESIDES: dict[str, Callable[[str], str]] = {
    "date": besides_dates,
    "time": besides_times,
    "phone": lambda text: _PHONE.sub("", _BETWEEN.sub("", clean(text))),
    "email": lambda text: _EMAIL.sub("", clean(text)),
}
