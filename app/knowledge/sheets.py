"""Entries in files: CSV or TSV with a heading, JSON, and JSON lines as `madoguchi bot eval` reads them; and written out
again, so that what is written can be read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from app.knowledge.items import COMMA, Item, distinct, item
from app.tables import Unreadable, rows_of
from app.tables.delimited import delimiter_of
from app.text import one_line

HEADINGS = {  # what a column may be called
    "id": ("id", "番号", "no"),
    "title": ("title", "タイトル", "件名", "見出し"),
    "questions": ("question", "questions", "質問", "設問", "q"),
    "answer": ("answer", "回答", "答え", "a"),
    "language": ("language", "lang", "言語"),
    "tags": ("tags", "tag", "タグ", "カテゴリ", "カテゴリー", "category"),
    "links": ("links", "link", "リンク"),
    "quick_replies": ("quick_replies", "choices", "選択肢"),
    "valid_from": ("valid_from", "from", "開始日"),
    "valid_until": ("valid_until", "until", "終了日"),
    "kinds": ("kinds", "チャネルの種類"),
    "channels": ("channels", "チャネル"),
    "signed_in": ("signed_in", "ログイン済みのみ"),
    "follow_ups": ("follow_ups", "続けて聞かれそうな質問"),
    "translation_of": ("translation_of", "同じ内容の項目"),
    "listed": ("listed", "ヘルプセンターに表示"),
    "enabled": ("enabled", "有効"),
}
DAYS, LISTS, SWITCHES = (
    ("valid_from", "valid_until"),
    ("quick_replies", "kinds", "channels", "follow_ups"),
    ("signed_in", "listed", "enabled"),
)
_OFF = ("", "0", "no", "off", "false", "いいえ", "オフ", "×")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


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
    return distinct(items)


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
        tags = COMMA.split(cells.get("tags", ""))
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
    return item(
        asked,
        answer,
        title=title,
        language=language[:2].casefold(),
        links=_links(fields.get("links")),
        tags=tags,
        id=id,
        more=_more(line, fields),
    )


def _more(line: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The other fields of an entry, as far as the file has them."""
    told: dict[str, Any] = {name: _day(line, one) for name in DAYS if (one := fields.get(name)) is not None}
    told |= {
        name: [one_line(part, 500) for each in _listed(one) for part in each.split("\n") if part.strip()]
        for name in LISTS
        if (one := fields.get(name)) is not None
    }
    for name in SWITCHES:
        if (one := fields.get(name)) is not None and one != "":
            told[name] = one if isinstance(one, bool) else str(one).strip().casefold() not in _OFF
    if isinstance(one := fields.get("translation_of"), str):
        told["translation_of"] = one_line(one, 200)
    return told


def _day(line: int, written: Any) -> str:
    """As 2026-12-01, however it was written."""
    if not (given := str(written).strip()):
        return ""
    found = _DAY.fullmatch(given)
    try:
        return date(*(int(part) for part in found.groups())).isoformat() if found else _no_day(line, given)
    except ValueError:
        return _no_day(line, given)


def _no_day(line: int, given: str) -> str:
    raise Unreadable("Line %(n)s: “%(day)s” is no day.", n=line, day=given[:40])


def _links(told: Any) -> list[dict[str, str]]:
    """Objects with label and url, or lines of words | https://…"""
    if isinstance(told, str):
        parted = [line.rpartition("|") for line in told.split("\n") if line.strip()]
        told = [{"label": label.strip(), "url": url.strip()} for label, _, url in parted]
    found = []
    for one in told if isinstance(told, list) else ():
        url = str(one.get("url", "")) if isinstance(one, Mapping) else ""
        if url.startswith(("https://", "http://")):
            found.append({"label": one_line(str(one.get("label") or url), 200), "url": one_line(url, 2000)})
    return found[:20]


def _first(told: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((told[name] for name in names if name in told), None)


def _listed(told: Any) -> list[str]:
    if isinstance(told, list):
        return [one for one in told if isinstance(one, str)]
    return [told] if isinstance(told, str) else []


# Out -----------------------------------------------------------------------------------------------------


def as_json(entries: Sequence[Mapping[str, Any]]) -> str:
    """Entries as :func:`items_in` reads them; other entries are named by their titles."""
    return json.dumps({"entries": [dict(one) for one in entries]}, ensure_ascii=False, indent=1) + "\n"


def as_csv(entries: Sequence[Mapping[str, Any]]) -> str:
    """The same in rows, several of anything on lines of their own within a cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    writer.writerows([_guarded(_as_cell(one.get(name))) for name in HEADINGS] for one in entries)
    return "\ufeff" + out.getvalue()


def _as_cell(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        return "\n".join(
            f"{one['label']} | {one['url']}" if isinstance(one, Mapping) else str(one) for one in value
        )
    return "" if value is None else str(value)


def _guarded(cell: str) -> str:
    """A spreadsheet takes what begins like this for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
