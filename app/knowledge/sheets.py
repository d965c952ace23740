"""Entries in files: CSV or TSV with a heading, JSON, and JSON lines as `madoguchi bot eval` reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.knowledge.items import Item, item
from app.tables import Unreadable, rows_of
from app.tables.delimited import delimiter_of

HEADINGS = {  # what a column may be called
    "id": ("id", "番号", "no"),
    "title": ("title", "タイトル", "件名", "見出し"),
    "questions": ("question", "questions", "質問", "設問", "q"),
    "answer": ("answer", "回答", "答え", "a"),
    "language": ("language", "lang", "言語"),
    "tags": ("tags", "tag", "タグ", "カテゴリ", "カテゴリー", "category"),
}


def items_in(text: str) -> list[Item]:
    """The entries of a file. Raises `Unreadable` with a sentence that names the line."""
    begins = text.lstrip("\ufeff \t\r\n")[:1]
    if begins == "[" or (begins == "{" and not _is_lines(text)):
        return _distinct(_from_list(text))
    return _distinct(_from_lines(text) if begins == "{" else _from_rows(text))


def _distinct(found: Iterator[tuple[int, str, Item]]) -> list[Item]:
    known: dict[str, int] = {}
    items = []
    for line, id, one in found:
        if id and id in known:
            raise Unreadable(
                "Line %(n)s: the id “%(id)s” was given in line %(first)s already.",
                n=line,
                id=id,
                first=known[id],
            )
        known[id] = line
        items.append(one)
    return list({one.key: one for one in reversed(items)}.values())[::-1]


def _is_lines(text: str) -> bool:
    """Whether each line is an object of its own."""
    first = next((line for line in text.lstrip("\ufeff").split("\n") if line.strip()), "")
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _from_list(text: str) -> Iterator[tuple[int, str, Item]]:
    told = _json(text.lstrip("\ufeff"), 1)
    if isinstance(told, dict):
        told = next((one for one in told.values() if isinstance(one, list)), [told])
    for place, one in enumerate(told, 1):
        yield place, *_entry(one, place)


def _from_lines(text: str) -> Iterator[tuple[int, str, Item]]:
    for place, line in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        if line.strip():
            yield place, *_entry(_json(line, place), place)


def _json(text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("Line %(n)s: this is no JSON.", n=line) from None


def _entry(told: Any, line: int) -> tuple[str, Item]:
    if not isinstance(told, Mapping):
        raise Unreadable("Line %(n)s: an entry in braces is expected.", n=line)
    fields = {name: _first(told, names) for name, names in HEADINGS.items()}
    questions, tags = _listed(fields["questions"]), _listed(fields["tags"])
    id = "" if fields["id"] is None else str(fields["id"])
    return id, _checked(line, questions, str(fields["answer"] or ""), fields, tags, id)


def _from_rows(text: str) -> Iterator[tuple[int, str, Item]]:
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    rows = rows_of(iter(lines), delimiter_of(lines[:20]))
    header = next(rows, None)
    columns = _columns(header.cells if header else [])
    if "questions" not in columns or "answer" not in columns:
        raise Unreadable(
            "The first line has to name the columns: question and answer, perhaps id, title, language, tags."
        )
    for row in rows:
        if row.problem:
            raise Unreadable("Line %(n)s: a quotation mark is not closed.", n=row.line)
        cells = {name: _cell(row.cells, places) for name, places in columns.items()}
        asked = [
            line
            for place in columns["questions"]
            if place < len(row.cells)
            for line in row.cells[place].split("\n")
        ]
        tags = cells.get("tags", "").replace("、", ",").split(",")
        id = cells.get("id", "").strip()
        yield row.line, id, _checked(row.line, asked, cells["answer"], cells, tags, id)


def _columns(header: Sequence[str]) -> dict[str, list[int]]:
    """Which columns hold what; there may be several of questions."""
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(header):
        called = cell.strip().casefold().rstrip("0123456789 ")
        for name, names in HEADINGS.items():
            if called in names:
                found.setdefault(name, []).append(place)
    return found


def _cell(cells: Sequence[str], places: Sequence[int]) -> str:
    return cells[places[0]] if places[0] < len(cells) else ""


def _checked(
    line: int, questions: Sequence[str], answer: str, fields: Mapping[str, Any], tags: Sequence[str], id: str
) -> Item:
    asked = [one for one in questions if one.strip()]
    if not asked:
        raise Unreadable("Line %(n)s: the entry has no question.", n=line)
    if not answer.strip():
        raise Unreadable("Line %(n)s: the entry has no answer.", n=line)
    title, language = str(fields.get("title") or ""), str(fields.get("language") or "")
    return item(asked, answer, title=title, language=language[:2].casefold(), tags=tags, id=id)


def _first(told: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((told[name] for name in names if name in told), None)


def _listed(told: Any) -> list[str]:
    if isinstance(told, list):
        return [one for one in told if isinstance(one, str)]
    return [told] if isinstance(told, str) else []
