"""Knowledge and labelled questions as files of JSON lines: what an evaluation reads.

An entry: `{"id", "questions": [...], "answer", "lang"}`; a question: `{"text", "id" or null, "lang"}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bots.entry import Entry
from bots.language import guess


class Faulty(ValueError):
    """A file that cannot be read; the message is a sentence that names the line."""


@dataclass(frozen=True, slots=True)
class Known:
    """An entry under the id its file gives it, which is compared as a text; `given` is that id as it stands there."""

    id: str
    given: str | int
    questions: tuple[str, ...]
    answer: str
    language: str

    def entry(self, number: int) -> Entry:
        """The entry as the bot has it; its first question stands for the title it lacks."""
        return Entry(number, self.questions[0], self.language, self.questions, self.answer)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question with the id of the entry that answers it; None: none does."""

    text: str
    id: str | None
    language: str


def read_knowledge(lines: Iterable[str], file: str) -> list[Known]:
    """The entries of a file. Raises `Faulty`."""
    known: dict[str, int] = {}
    entries = []
    for place, line, fields in _objects(lines, file):
        entry = _known(fields, place)
        if entry.id in known:
            raise Faulty(f"{place}: the id “{entry.id}” was given in line {known[entry.id]} already.")
        known[entry.id] = line
        entries.append(entry)
    if not entries:
        raise Faulty(f"{file}: there is no entry in it, from line 1 to the end.")
    return entries


def read_questions(lines: Iterable[str], file: str) -> list[Labelled]:
    """The questions of a file. Raises `Faulty`."""
    questions = [_labelled(fields, place) for place, _, fields in _objects(lines, file)]
    if not questions:
        raise Faulty(f"{file}: there is no question in it, from line 1 to the end.")
    return questions


def _objects(lines: Iterable[str], file: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        place = f"{file}, line {number}"
        if not line.strip("\ufeff \t\r\n"):
            continue
        try:
            fields = json.loads(line.lstrip("\ufeff"))
        except (ValueError, RecursionError) as trouble:
            raise Faulty(f"{place}: this is no JSON ({str(trouble).rstrip('.')}).") from trouble
        if not isinstance(fields, dict):
            raise Faulty(f"{place}: an object in braces is expected.")
        yield place, number, fields


def _known(fields: dict[str, Any], place: str) -> Known:
    asked = fields.get("questions")
    if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
        raise Faulty(f"{place}: “questions” must be a list of texts.")
    questions = tuple(one for one in asked if one.strip())
    if not questions:
        raise Faulty(f"{place}: the entry has no question.")
    answer = fields.get("answer", "")
    if not isinstance(answer, str):
        raise Faulty(f"{place}: “answer” must be a text.")
    id = _id(fields.get("id"), place)
    return Known(id, fields["id"], questions, answer, _language(fields, questions[0], place))


def _labelled(fields: dict[str, Any], place: str) -> Labelled:
    text = fields.get("text")
    if not isinstance(text, str):
        raise Faulty(f"{place}: “text” must be a text.")
    if "id" not in fields:
        raise Faulty(f"{place}: “id” is missing; write null where no entry answers.")
    label = None if fields["id"] is None else _id(fields["id"], place)
    return Labelled(text, label, _language(fields, text, place))


def _id(value: object, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Faulty(f"{place}: “id” must be a text or a whole number.")
    return str(value)


def _language(fields: dict[str, Any], text: str, place: str) -> str:
    """The code without its region; where it is missing, what the text looks like."""
    given = fields.get("lang")
    if given is None or given == "":
        return guess(text, None, ("ja", "en")).language
    if not isinstance(given, str):
        raise Faulty(f"{place}: “lang” must be a code such as ja or en.")
    return given.casefold().replace("_", "-").split("-", 1)[0]
