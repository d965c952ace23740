"""Rows of the indexes for the engines' own bulk paths: as :func:`app.search.store.add` writes them one by one."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.search import store
from app.search.store import Entry


def columns(*, sqlite: bool) -> tuple[str, ...]:
    """The columns of an index, in the order of :func:`rows`."""
    return ("rowid", "body", "scope") if sqlite else ("id", "tokens")


def rows(entries: Iterable[tuple[int, str, Sequence[str]]], *, sqlite: bool) -> list[tuple[Any, ...]]:
    """Rows from ids, tokens joined by spaces, and scopes. One without tokens has none."""
    made = [Entry(id, words.split(" "), scopes) for id, words, scopes in entries if words]
    if sqlite:
        return [tuple(store._fts_row(entry).values()) for entry in made]
    return [(entry.id, store._vector(entry)) for entry in made]
