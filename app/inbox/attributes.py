"""What is noted of customers under a name that the house has given a type: text, number, date, choice, yes or no.

Attributes nobody has defined stay free words. A type holds for whoever writes: in the panel, by the API.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.db import remembered
from app.events import record
from app.i18n import known
from app.inbox.holding import Refused
from app.models import Agent
from app.stored import held, store, stored
from app.text import clean, one_line

KEY = "attributes"
MOST, MAX_NAME, MAX_CHOICES, MAX_VALUE = 30, 64, 30, 500
TEXT, NUMBER, DATE, CHOICE, YES_NO = TYPES = ("text", "number", "date", "choice", "yes_no")
EVERYBODY, OVERSEERS, ADMINS = EDITORS = ("everybody", "supervisors", "admins")
YES, NO = "yes", "no"
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,6})?")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_SAID = {
    **dict.fromkeys(("yes", "true", "1", "y", "はい", "有", "あり", "○"), YES),
    **dict.fromkeys(("no", "false", "0", "n", "いいえ", "無", "なし", "×"), NO),
}


class Wrong(Refused):
    """What was given cannot be kept; `field` is the one at fault."""

    def __init__(self, field: str, sentence: str, **values: Any) -> None:
        super().__init__(sentence, **values)
        self.field = field


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name` is what it is stored under, and told by the API; `ja` and `en` how it is called on pages (empty: by its
    name). `editors`: who may change it."""

    name: str
    ja: str = ""
    en: str = ""
    type: str = TEXT
    choices: tuple[str, ...] = ()
    editors: str = EVERYBODY

    def called(self, locale: str) -> str:
        """How it is called in a language."""
        return (self.ja if known(locale) == "ja" else self.en) or self.name

    def may_edit(self, agent: Agent) -> bool:
        return self.editors == EVERYBODY or agent.role == "admin" or (
            self.editors == OVERSEERS and agent.oversees
        )  # fmt: skip


def attributes(db: Session) -> Mapping[str, Attribute]:
    """All that are defined, by their names, in their order."""
    return remembered(db, KEY, lambda: _attributes(stored(db, KEY)))


def _attributes(told: Mapping[str, Any]) -> Mapping[str, Attribute]:
    made = [Attribute(**{**one, "choices": tuple(one.get("choices", ()))}) for one in told.get("list", ())]
    return {one.name: one for one in made}


def define(db: Session, agent: Agent, wanted: Attribute, *, before: str = "") -> Attribute:
    """Define an attribute, or (`before`: its name) another form of one. What customers have under the name stays as it
    is. Raises :class:`Wrong`."""
    made = _checked(wanted)
    there = dict(_attributes(held(db, KEY)))
    if made.name in there and made.name != before:
        raise Wrong("name", "There is an attribute of this name already.")
    if before and before != made.name:
        raise Wrong("name", "The name under which it is stored stays.")
    if len(there) >= MOST and made.name not in there:
        raise Wrong("name", "There are as many attributes as can be.")
    there[made.name] = made
    _keep(db, agent, list(there.values()), made.name)
    return made


def remove(db: Session, agent: Agent, name: str) -> None:
    """It has no type any more. What customers have under its name stays."""
    _keep(db, agent, [one for one in _attributes(held(db, KEY)).values() if one.name != name], name)


def _keep(db: Session, agent: Agent, wanted: Sequence[Attribute], name: str) -> None:
    told = {"list": [asdict(one) | {"choices": list(one.choices)} for one in wanted]}
    if store(db, KEY, told):
        record(db, "audit.attributes_changed", agent=agent, name=name)


def _checked(wanted: Attribute) -> Attribute:
    name = one_line(wanted.name, MAX_NAME + 1)
    if not name or len(name) > MAX_NAME:
        raise Wrong("name", "An attribute has a name of at most 64 characters.")
    if wanted.type not in TYPES or wanted.editors not in EDITORS:
        raise Wrong("type", "Choose one of those offered.")
    choices = tuple(dict.fromkeys(one for each in wanted.choices if (one := one_line(each, 100))))
    if wanted.type == CHOICE and not 0 < len(choices) <= MAX_CHOICES:
        raise Wrong("choices", "Write between one and %(n)s choices, one a line.", n=MAX_CHOICES)
    words = {"ja": one_line(wanted.ja, MAX_NAME), "en": one_line(wanted.en, MAX_NAME)}
    return replace(wanted, name=name, choices=choices if wanted.type == CHOICE else (), **words)


def value_of(agent: Agent, one: Attribute, given: str | None) -> str | None:
    """What is stored where `agent` writes this (None: it is taken away). Raises :class:`Wrong`."""
    if not one.may_edit(agent):
        raise Wrong("attributes", "You may not change “%(name)s”.", name=one.called(agent.locale))
    if given is None:
        return None
    text = unicodedata.normalize("NFKC", clean(given)).strip() if one.type != TEXT else clean(given).strip()
    made = _FORMS[one.type](text, one)
    if made is None or len(made) > MAX_VALUE:
        raise Wrong("attributes", _EXPECTED[one.type], name=one.called(agent.locale))
    return made


def fitting(db: Session, name: str, given: str) -> str | None:
    """What is stored where a customer says this of themselves; None where it is not of the attribute's type."""
    one = attributes(db).get(name, Attribute(name))
    made = _FORMS[one.type](unicodedata.normalize("NFKC", clean(given)).strip(), one)
    return made if made and len(made) <= MAX_VALUE else None


def _number(text: str, one: Attribute) -> str | None:
    plain = text.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        return None
    number = Decimal(plain).normalize()
    return f"{number:f}" if number else "0"


def _day(text: str, one: Attribute) -> str | None:
    found = _DAY.fullmatch(text)
    try:
        return date(*(int(part) for part in found.groups())).isoformat() if found else None
    except ValueError:
        return None


def _choice(text: str, one: Attribute) -> str | None:
    same = {unicodedata.normalize("NFKC", choice): choice for choice in one.choices}
    return same.get(text)


_FORMS: dict[str, Callable[[str, Attribute], str | None]] = {
    TEXT: lambda text, one: text,
    NUMBER: _number,
    DATE: _day,
    CHOICE: _choice,
    YES_NO: lambda text, one: _SAID.get(text.casefold()),
}
_EXPECTED = {
    TEXT: "“%(name)s” has at most 500 characters.",
    NUMBER: "“%(name)s” is a number, such as 12 or 3.5.",
    DATE: "“%(name)s” is a date, such as 2026-11-30.",
    CHOICE: "“%(name)s” is one of the choices offered.",
    YES_NO: "“%(name)s” is yes or no.",
}
