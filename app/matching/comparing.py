"""Two records, field by field: at which level each agrees."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from app.matching import forms, names
from app.matching.fields import NAMED
from app.matching.names import Name, Part
from app.matching.record import Record


class Agreement(NamedTuple):
    """At which level a field agrees, and the values that were compared."""

    level: int
    one: str
    other: str


Agreements = dict[str, Agreement]  # by the field's name; what one of the two does not tell is not in it
PLAIN: Mapping[str, float] = {}

_PART = {level: n for n, level in enumerate(NAMED["given"].levels)}
_NAME = {level: n for n, level in enumerate(NAMED["name"].levels)}
_NEAR, _DIFFERENT = _PART["near"], _PART["different"]
# How far two words of a name are one word, by level; for names that are not told by their parts.
_LIKE = (1.0, 0.97, 0.95, 0.9, 0.6, 0.2, 0.0)


def compare(one: Record, other: Record, weights: Mapping[str, float] = PLAIN) -> Agreements:
    """At which level each field agrees that both tell. `weights`: what each word of a name says, 1 for the rest."""
    found: Agreements = {}
    if one.name is not None and other.name is not None:
        found.update(_names(one.name, other.name, weights))
    for field, ours, theirs, levelled in (
        ("email", one.emails, other.emails, email),
        ("phone", one.phones, other.phones, phone),
        ("external_id", one.external_ids, other.external_ids, external_id),
    ):
        if ours and theirs:
            found[field] = min(Agreement(levelled(a, b), a, b) for a in ours for b in theirs)
    if "email" in found and _after_names(found["email"], one.name, other.name):
        del found["email"]
    if one.birth and other.birth:
        found["birth"] = Agreement(birth(one.birth, other.birth), one.birth, other.birth)
    if one.street and other.street:
        found["street"] = Agreement(street(one.street, other.street), one.street, other.street)
    place = _place(one, other)
    if place is not None:
        found["place"] = place
    return found


# Names -------------------------------------------------------------------------------------------------


def _names(one: Name, other: Name, weights: Mapping[str, float]) -> Agreements:
    if _by_parts(one) and _by_parts(other):
        return _parts(one, other)
    level = _NAME["same"] if one.joined == other.joined else _whole(one.parts, other.parts, weights)
    if level is None:
        return {}
    return {
        "name": Agreement(
            level, " ".join(p.written for p in one.parts), " ".join(p.written for p in other.parts)
        )
    }


def _by_parts(name: Name) -> bool:
    return name.surname is not None or name.given is not None


def _parts(one: Name, other: Name) -> Agreements:
    """Part by part; crosswise, where surname and given name are told in the other order."""
    straight = _aligned(one.surname, one.given, other.surname, other.given)
    if _good(straight):
        return straight
    crossed = _aligned(one.surname, one.given, other.given, other.surname)
    return crossed if len(crossed) >= len(straight) and _good(crossed) else straight


def _aligned(
    surname: Part | None, given: Part | None, theirs: Part | None, their_given: Part | None
) -> Agreements:
    found: Agreements = {}
    if surname is not None and theirs is not None and (level := part(surname, theirs)) is not None:
        found["surname"] = Agreement(level, surname.written, theirs.written)
    if given is not None and their_given is not None and (level := part(given, their_given)) is not None:
        found["given"] = Agreement(level, given.written, their_given.written)
    return found


def _good(found: Agreements) -> bool:
    for agreement in found.values():
        if agreement.level > _NEAR:
            return False
    return bool(found)


@lru_cache(262_144)
def part(one: Part, other: Part) -> int | None:
    """The level of two parts of a name; None if they cannot be compared: kana, and kanji nobody reads."""
    if one.written == other.written:
        return _PART["same"]
    if not one.sounds.isdisjoint(other.sounds) or names.same_short_form(one.written, other.written):
        return _PART["sound"]
    if not (one.sounds | one.guessed).isdisjoint(other.sounds | other.guessed):
        return _PART["guessed"]
    if one.unread != other.unread and not (one.kanji and other.kanji):
        return None
    return min(_spelt(one.written, other.written), _heard(one, other))


def _heard(one: Part, other: Part) -> int:
    """Near in sound, where at least one is not in Latin letters."""
    if one.written.isascii() and other.written.isascii():
        return _DIFFERENT
    best = max((JaroWinkler.similarity(a, b) for a in one.sounds for b in other.sounds), default=0.0)
    return _PART["near"] if best >= 0.93 else _PART["far"] if best >= 0.8 else _DIFFERENT


def _spelt(one: str, other: str) -> int:
    short, long = sorted((one, other), key=len)
    if not short.isascii() and len(long) < 4:  # one kanji of two is another name
        return _DIFFERENT
    if len(short) == 1:
        return _PART["initial"] if long.startswith(short) else _DIFFERENT
    slips = 1 if len(long) < 8 else 2
    if len(long) >= 4 and DamerauLevenshtein.distance(one, other, score_cutoff=slips) <= slips:
        return _PART["near"]
    likeness = JaroWinkler.similarity(one, other)
    if likeness >= 0.92:
        return _PART["near"]
    if len(short) >= 3 and long.startswith(short):
        return _PART["near"]
    return _PART["far"] if likeness >= 0.8 else _DIFFERENT


def _whole(ones: tuple[Part, ...], others: tuple[Part, ...], weights: Mapping[str, float]) -> int | None:
    """The level of two names whose parts nobody told apart: each word counts by its weight, in any order; None if none
    can be compared."""
    total = matched = 0.0
    worst = 0
    for mine, theirs in ((ones, others), (others, ones)):
        for word in mine:
            level = _best(word, theirs)
            if level is None:
                continue
            weight = weights.get(word.written, 1.0)
            total += weight
            matched += weight * _LIKE[level]
            worst = max(worst, level)
    if not total:
        return None
    if worst <= _PART["guessed"]:
        return {0: _NAME["same"], 1: _NAME["sound"]}.get(worst, _NAME["guessed"])
    likeness = matched / total
    if likeness < 0.8:
        joined = ("".join(part.written for part in ones), "".join(part.written for part in others))
        likeness = max(likeness, 0.85 if fuzz.ratio(*joined) >= 88 else 0.0)
    return _NAME["near"] if likeness >= 0.75 else _NAME["half"] if likeness >= 0.4 else _NAME["different"]


def _best(word: Part, others: tuple[Part, ...]) -> int | None:
    """The level of the likest of the other name's words; None if there is none it can be compared with."""
    levels = [part(word, each) for each in others]
    told = [level for level in levels if level is not None]
    if len(told) < len(levels) and min(told, default=_DIFFERENT) > _PART["near"]:
        return None
    return min(told)


# Everything else ---------------------------------------------------------------------------------------


@lru_cache(262_144)
def email(one: str, other: str) -> int:
    """0 same · 1 the same before the @ · 2 near · 3 different."""
    if one == other:
        return 0
    mine, theirs = forms.personal(one), forms.personal(other)
    if mine and mine == theirs:
        return 1
    alike = DamerauLevenshtein.distance(one, other, score_cutoff=2) <= 2
    return 2 if alike and _digits(one) == _digits(other) else 3


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _after_names(found: Agreement, one: Name | None, other: Name | None) -> bool:
    """Whether two addresses are alike because they are made of the names: then they say what the names say, no more."""
    if one is None or other is None or found.level not in (1, 2):
        return False
    known = [
        sound for part in (*one.parts, *other.parts) for sound in {part.written, *part.sounds, *part.guessed}
    ]
    locals = (forms.personal(found.one), forms.personal(found.other))
    return all(_made_of(local, known) for local in locals)


def _made_of(local: str, known: list[str]) -> bool:
    """Whether most letters of the part before the @ are those of a name."""
    letters = "".join(char for char in local if char.isalpha())
    return any(len(part) > 2 and part in letters for part in known)


@lru_cache(262_144)
def phone(one: str, other: str) -> int:
    """0 same · 1 one digit off, or the same last eight · 2 different."""
    if one == other:
        return 0
    mine, theirs = one.lstrip("+~"), other.lstrip("+~")
    if mine[-8:] == theirs[-8:] or DamerauLevenshtein.distance(mine, theirs, score_cutoff=1) <= 1:
        return 1
    return 2


@lru_cache(262_144)
def external_id(one: str, other: str) -> int:
    """0 same · 1 one character off · 2 different."""
    if one == other:
        return 0
    return 1 if len(one) > 4 and DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1 else 2


@lru_cache(262_144)
def birth(one: str, other: str) -> int:
    """0 same · 1 a slip (one digit, two in the other order, day and month exchanged) · 2 two of year, month and day,
    or a year apart on the same day · 3 different."""
    if one == other:
        return 0
    exchanged = other[:4] + other[6:] + other[4:6]
    if one == exchanged or DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1:
        return 1
    agreeing = sum((one[:4] == other[:4], one[4:6] == other[4:6], one[6:] == other[6:]))
    return 2 if agreeing == 2 or DamerauLevenshtein.distance(one, other, score_cutoff=2) <= 2 else 3


@lru_cache(262_144)
def street(one: str, other: str) -> int:
    """0 same · 1 near · 2 partly · 3 different."""
    if one == other:
        return 0
    whole = max(fuzz.token_sort_ratio(one, other), fuzz.ratio(one.replace(" ", ""), other.replace(" ", "")))
    if whole >= 85:
        return 1 if _numbers_agree(one, other) else 2
    within = fuzz.token_set_ratio(one, other)
    if within >= 95 and min(len(one), len(other)) >= 8 and _numbers_agree(one, other):
        return 1
    return 2 if within >= 75 or whole >= 65 else 3


def _numbers_agree(one: str, other: str) -> bool:
    mine, theirs = ({word for word in text.split() if word.isdecimal()} for text in (one, other))
    return not mine or not theirs or not mine.isdisjoint(theirs)


def _place(one: Record, other: Record) -> Agreement | None:
    codes = one.postcode and other.postcode
    cities = one.city and other.city
    if not codes and not cities:
        return None
    code = _code(one.postcode, other.postcode) if codes else None
    city = _city(one.city, other.city) if cities else None
    shown = (one.postcode, other.postcode) if codes and (code == 0 or not cities) else (one.city, other.city)
    if code is None or city is None:
        told = code if code is not None else city
        assert told is not None
        return Agreement(told if told < 2 else 3, *shown)
    if code + city == 0:
        return Agreement(0, *shown)
    return Agreement(1 if code + city == 1 else 2 if min(code, city) == 0 or code + city == 2 else 3, *shown)


@lru_cache(65_536)
def _code(one: str, other: str) -> int:
    if one == other:
        return 0
    return 1 if DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1 else 2


@lru_cache(65_536)
def _city(one: str, other: str) -> int:
    if one == other:
        return 0
    near = fuzz.ratio(one, other) >= 82 or fuzz.token_set_ratio(one, other) == 100
    return 1 if near else 2
