"""What a list or the database knows of one person, in canonical forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.matching import forms, names
from app.matching.names import Name

FIELDS = (
    *("name", "given_name", "surname", "kana", "email", "phone", "address", "city", "state", "postcode"),
    *("date_of_birth", "external_id"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One person on record; a field that nobody filled in is "". Mail addresses, numbers and ids may be several."""

    id: str
    name: Name | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    external_ids: tuple[str, ...] = ()
    birth: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    shown_name: str = ""


Learnt = tuple[Mapping[str, frozenset[str]], Mapping[str, frozenset[str]]]


def record(id: str, told: Mapping[str, str | Sequence[str]], learnt: Learnt | None = None) -> Record:
    """The record of what was `told` under the names of :data:`FIELDS`; `learnt` from :func:`learn`."""
    said = {field: _one(told.get(field, "")) for field in FIELDS}
    name = names.name(said["surname"], said["given_name"], said["name"], said["kana"], learnt or ())
    return Record(
        id=id,
        name=name,
        emails=_forms(told.get("email", ""), forms.mail),
        phones=_forms(told.get("phone", ""), forms.phone),
        external_ids=_forms(told.get("external_id", ""), forms.number),
        birth=forms.birth(said["date_of_birth"]),
        street=forms.address(said["address"]),
        city=forms.address(said["city"]),
        state=forms.address(said["state"]),
        postcode=forms.postcode(said["postcode"]),
        shown_name=said["name"] or _together(said["given_name"], said["surname"]) or said["kana"],
    )


def records(rows: Iterable[tuple[str, Mapping[str, str | Sequence[str]]]]) -> list[Record]:
    """The records of a list, which itself tells how the names in it are read."""
    rows = list(rows)
    taught = [
        (name, _one(told["kana"]))
        for _, told in rows
        if told.get("kana") and (name := _name(told)) is not None
    ]
    learnt = names.learn(taught)
    return [record(id, told, learnt) for id, told in rows]


def _name(told: Mapping[str, str | Sequence[str]]) -> Name | None:
    surname, given, whole = (_one(told.get(field, "")) for field in ("surname", "given_name", "name"))
    return names.name(surname, given, whole, "")


def _one(said: str | Sequence[str]) -> str:
    return (said if isinstance(said, str) else next(iter(said), "")).strip()


def _forms(said: str | Sequence[str], form: forms.Form) -> tuple[str, ...]:
    several = [said] if isinstance(said, str) else said
    return tuple(sorted({made for each in several if (made := form(each))}))


def _together(given: str, surname: str) -> str:
    latin = (given + surname).isascii()
    return " ".join(part for part in ((given, surname) if latin else (surname, given)) if part)
