"""The shop's own words: what means the same, what goods are called, what is passed over; as lists, lines and CSV.

A line is a group, its words with = between them, the usual one first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.knowledge.writing import WORDS, keep_setting
from app.models import Agent, Setting
from app.tables import Unreadable, line_of, rows_of
from app.tables.delimited import delimiter_of
from app.text import one_line
from bots.lexicon import Lexicon
from bots.text import fold

KINDS = ("same", "names", "stops")
MOST = 1000  # lines of a list
LONGEST = 80  # characters of a word
_BETWEEN = re.compile(r"\s*[=＝]\s*")
_GUARDED = re.compile(r"^'(?=[=+\-@＝＋－＠])")
_CALLED = {  # what the first cell of a row may say
    "same": ("same", "synonym", "synonyms", "同義語", "同じ意味", "言い換え"),
    "names": ("name", "names", "product", "brand", "商品名", "ブランド", "商品名・ブランド名"),
    "stops": ("stop", "stops", "pass", "ignore", "読み飛ばす", "除外", "読み飛ばす言葉"),
}
_HEADING = ("kind", "種類")

Lists = dict[str, list[str]]


def stored_words(db: Session) -> Lists | None:
    """The lists of the draft; None: nobody wrote any."""
    kept = db.get(Setting, WORDS)
    return {kind: list(kept.value.get(kind, [])) for kind in KINDS} if kept else None


class Wrong(Exception):
    """The lists cannot be kept: `problems`, list → an English sentence and its values."""

    def __init__(self, problems: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
        super().__init__("; ".join(sentence % values for sentence, values in problems.values()))
        self.problems = dict(problems)


def save(db: Session, agent: Agent, lists: Mapping[str, Sequence[str]]) -> None:
    """Keep the lists in the draft, line by line as they were typed. Raises :class:`Wrong`, which names the line."""
    tidy = checked(lists)
    if tidy != (stored_words(db) or {kind: [] for kind in KINDS}):
        keep_setting(db, agent, WORDS, tidy)


def checked(lists: Mapping[str, Sequence[str]]) -> Lists:
    """The lists without empty lines and with one way to write a group. Raises :class:`Wrong`."""
    problems, known = {}, dict[str, tuple[str, int]]()
    for kind in KINDS:
        if problem := _problem(kind, lists.get(kind, ()), known):
            problems[kind] = problem
    if problems:
        raise Wrong(problems)
    return {kind: [" = ".join(words) for _, words in _groups(lists.get(kind, ()))] for kind in KINDS}


def lexicon(lists: Mapping[str, Sequence[str]]) -> Lexicon:
    """The lists as the bot reads them."""
    same, names, stops = (tuple(tuple(words) for _, words in _groups(lists.get(kind, ()))) for kind in KINDS)
    return Lexicon(same, names, tuple(word for words in stops for word in words))


def written(lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The lists as CSV, line by line: what sort of word, then the words of a group."""
    yield line_of(("kind", "words"))
    for kind in KINDS:
        for _, words in _groups(lists.get(kind, ())):
            yield line_of((_CALLED[kind][0], *words))


def read(text: str) -> Lists:
    """The lists of a CSV. Raises :class:`Unreadable` with a sentence that names the line."""
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    lists: Lists = {kind: [] for kind in KINDS}
    for row in rows_of(iter(lines), delimiter_of(lines[:20])):
        if row.problem:
            raise Unreadable("Line %(n)s: a quotation mark is not closed.", n=row.line)
        called, *words = (_GUARDED.sub("", cell.strip()) for cell in row.cells)
        kind = next((one for one, names in _CALLED.items() if called.casefold() in names), "")
        if not kind and called.casefold() not in _HEADING:
            raise Unreadable(
                "Line %(n)s: “%(word)s” is no sort of word; write same, name or stop.",
                n=row.line,
                word=called[:40],
            )
        if kind:
            lists[kind].append(" = ".join(word for word in words if word))
    return lists


def _groups(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The number of each line that says something, and its words."""
    for number, line in enumerate(lines, 1):
        if words := [word for word in _BETWEEN.split(one_line(line, 2000)) if word]:
            yield number, words


def _problem(
    kind: str, lines: Sequence[str], known: dict[str, tuple[str, int]]
) -> tuple[str, dict[str, Any]] | None:
    """The first thing that is wrong in a list. `known` are the words so far, with their list and line."""
    if len(lines) > MOST:
        return "There are more than %(most)s lines.", {"most": MOST}
    for number, words in _groups(lines):
        if kind == "same" and len(words) < 2:
            return "Line %(n)s: write two words or more that mean the same, with = between them.", {
                "n": number
            }
        for word in words:
            key = fold(word)
            told = {"n": number, "word": word[:LONGEST]}
            if len(word) > LONGEST:
                return "Line %(n)s: “%(word)s…” is too long for a word.", told
            if len(key) < 2 and not _is_kanji(key):
                return "Line %(n)s: “%(word)s” is too short: it would be found everywhere.", told
            there, first = known.setdefault(key, (kind, number))
            if there != kind:
                return "Line %(n)s: “%(word)s” stands in another list already.", told
            if first != number:
                return "Line %(n)s: “%(word)s” stands in line %(first)s already.", told | {"first": first}
    return None


def _is_kanji(key: str) -> bool:
    return len(key) == 1 and "\u3400" <= key <= "\u9fff"
