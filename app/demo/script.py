"""The talks as they are written down, read into steps that each have their moment.

A line is: a delay after the line before (`+40s`, `+3m`, `+2h`, `+1d`) or a time before now (`@-25m`), who, what
they do (nothing: they speak), perhaps what with, a colon, and the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.demo.shop import told

TOKYO = ZoneInfo("Asia/Tokyo")
CUSTOMER = "c"
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LINE = re.compile(r"(?P<when>\S+) (?P<who>\w+)(?: (?P<verb>[a-z]+))?(?: (?P<arg>[^:]+))?: ?(?P<text>.*)")


@dataclass(frozen=True)
class Talk:
    """One customer's week. `user` is the shop's own id of somebody with an account, else ""."""

    number: int
    language: str
    name: str = ""
    kana: str = ""
    user: str = ""
    email: str = ""
    phone: str = ""
    page: str = ""
    steps: tuple[Step, ...] = field(default=(), repr=False)

    @property
    def contact(self) -> dict[str, str]:
        """Name and addresses, as far as they are told."""
        known = {"name": self.name, "email": self.email, "phone": self.phone}
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True)
class Step:
    """At `at`, `who` does `verb`."""

    at: datetime
    who: str
    verb: str
    arg: str
    text: str


def talks(begun: datetime) -> list[Talk]:
    """Every talk, with times counted back from `begun`."""
    found = [(language, about) for language in ("ja", "en") for about in told(f"talks.{language}")["talk"]]
    found += [(language, about) for language in ("ja", "en") for about in told("asked")[language]]
    return [_talk(number, language, about, begun) for number, (language, about) in enumerate(found, 1)]


def _talk(number: int, language: str, about: dict[str, Any], begun: datetime) -> Talk:
    kept = {name: value for name, value in about.items() if name not in ("start", "script")}
    steps = tuple(_steps(about["script"], moment(about["start"], begun), begun))
    return Talk(number, language, steps=steps, **kept)


def _steps(script: str, at: datetime, begun: datetime) -> Iterator[Step]:
    for line in filter(None, map(str.strip, script.splitlines())):
        match = LINE.fullmatch(line)
        assert match, f"a line of a talk cannot be read: {line}"
        when = match["when"]
        at = moment(when[1:], begun) if when.startswith("@") else at + _span(when[1:])
        words = match["text"].replace("\\n", "\n")
        verb = match["verb"] or "say"
        yield Step(at, match["who"], verb, (match["arg"] or "").strip(), words)


def moment(written: str, begun: datetime) -> datetime:
    """`-25m`: that long before `begun`; `-3d 11:20`: three days before, at that time in Tokyo."""
    ago, _, clock = written.partition(" ")
    if not clock:
        return begun - _span(ago[1:])
    day = (begun.astimezone(TOKYO) - _span(ago[1:])).date()
    return datetime.combine(day, time.fromisoformat(clock), TOKYO)


def _span(written: str) -> timedelta:
    return timedelta(**{UNITS[written[-1]]: int(written[:-1])})
