"""Entries taken over from the shop's own FAQ page or from a file: read, compared with the draft, chosen, written; and
the page read again later shows what it changed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect
from app.db import now
from app.knowledge import pages, relations, sheets
from app.knowledge.items import MOST, Item, item_of, same_words
from app.knowledge.markup import TooLarge
from app.knowledge.writing import Invalid, all_entries, save_entry, stored, switch
from app.models import Agent, FaqEntry, FaqSource
from app.tables import Unreadable, decode
from app.text import one_line
from bots.text import fold
from channels import guard

NAMING = ("follow_ups", "translation_of")  # fields that name other entries
LARGEST = 2 * 1024 * 1024  # bytes of a page or file
SECONDS = 20.0
REDIRECTS = 3
ALIKE = 90.0  # likeness, of 100, from which on two questions are the same in other words
SURE = 75.0  # score from which on the bot takes a question for another entry's
_CHARSET = re.compile(rb"""<meta[^>]+charset=["']?([\w-]+)""", re.IGNORECASE)
_OF_NO_PAGE = ("undefined", "punycode", "idna")
"""Encodings of names, and of nothing."""
Look = Callable[[str, str], Sequence[tuple[int, float]]]
"""(question, language) → entries of the draft that the bot would take it for, with scores."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Something asked alike that is answered otherwise: an entry of the draft, or another item of the source."""

    title: str
    answer: str
    entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item beside the entry it is or would become. `kind`: new, changed, same."""

    place: int
    item: Item
    kind: str
    entry: FaqEntry | None
    twin: Twin | None


# Reading -------------------------------------------------------------------------------------------------


def fetch(address: str) -> str:
    """The page at an address that somebody typed in: public addresses only, bounded in size and time.

    Raises `Unreadable`.
    """
    url = address.strip()
    if "://" not in url:
        url = f"https://{url}"
    try:
        with guard.within(SECONDS):
            for _ in range(REDIRECTS + 1):
                if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
                    raise Unreadable("This is no web address.")
                found = _get(url)
                if not isinstance(found, httpx2.URL):
                    return found
                url = urljoin(url, str(found))
    except guard.Forbidden:
        raise Unreadable("This address lies within a private network and is not read.") from None
    except httpx2.TimeoutException:
        raise Unreadable("The page did not answer in time.") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
        raise Unreadable("The page could not be reached.") from None
    raise Unreadable("The address leads from one page to the next without an end.")


def _get(url: str) -> str | httpx2.URL:
    with connect.http().stream("GET", url, headers={"Accept": "text/html,application/xhtml+xml"}) as answer:
        if answer.is_redirect and (to := answer.headers.get("location")):
            return httpx2.URL(urljoin(url, to))
        if answer.status_code != 200:
            raise Unreadable("The page answered with status %(status)s.", status=answer.status_code)
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LARGEST:
                raise _too_large()
        return _decoded(bytes(body), answer.charset_encoding or "")


def read_file(data: bytes, name: str) -> list[Item]:
    """The items of a file: a page that was saved, CSV, JSON. Raises `Unreadable`."""
    if len(data) > LARGEST:
        raise _too_large()
    if name.lower().endswith((".htm", ".html", ".xhtml")) or data.lstrip()[:1] == b"<":
        return read_page(_decoded(data))
    return _some(sheets.items_in(decode(data)[0]))


def read_text(text: str) -> list[Item]:
    """The items of something pasted: HTML, or lines of a file. Raises `Unreadable`."""
    if text.lstrip()[:1] == "<":
        return read_page(text)
    return _some(sheets.items_in(text))


def read_page(html: str, address: str = "") -> list[Item]:
    """The items of a page. Raises `Unreadable`."""
    if len(html) > LARGEST:
        raise _too_large()
    try:
        return _some(pages.items_of(html, address))
    except TooLarge:
        raise _too_large() from None


def _some(items: list[Item]) -> list[Item]:
    if not items:
        raise Unreadable("No question with an answer was found in it.")
    return items[:MOST]


def _too_large() -> Unreadable:
    return Unreadable(
        "This is larger than 2 MB, or not written as pages are. Give only the part with the questions."
    )


def _decoded(body: bytes, told: str = "") -> str:
    """As the server says it is encoded, else as the page does, else as it looks."""
    within = _CHARSET.search(body[:4096])
    for name in (told, within[1].decode("ascii") if within else ""):
        try:
            if codecs.lookup(name).name not in _OF_NO_PAGE:
                return body.decode(name)
        except (LookupError, ValueError):
            continue
    try:
        return decode(body)[0]
    except Unreadable:
        return body.decode("utf-8", "replace")


# Keeping and comparing -----------------------------------------------------------------------------------


def keep(db: Session, agent: Agent, name: str, items: Iterable[Item], *, by_address: bool) -> FaqSource:
    """The source with what stands in it now; one of the same name is the same source."""
    called = one_line(name, 500)
    found = db.scalars(select(FaqSource).where(FaqSource.name == called).limit(1)).first()
    row = found or FaqSource(name=called)
    row.by_address, row.items = by_address, [one.stored() for one in items]
    row.read_at, row.agent_id = now(), agent.id
    db.add(row)
    db.flush()
    return row


def all_sources(db: Session) -> Sequence[FaqSource]:
    """What was read before, the latest first."""
    return db.scalars(select(FaqSource).order_by(FaqSource.read_at.desc()).limit(20)).all()


def candidates(db: Session, source: FaqSource, look: Look) -> list[Candidate]:
    """Each item of the source beside the draft."""
    entries = all_entries(db)
    items = [item_of(one) for one in source.items]
    own = {one.source_key: one for one in entries if one.source_id == source.id}
    asked = {
        (one.language, fold(words)): one for one in reversed(entries) for words in (one.title, *one.questions)
    }
    by_id, twins = {one.id: one for one in entries}, _twins_within(items)
    found = []
    for place, one in enumerate(items):
        entry = own.get(one.key) or asked.get((one.language, fold(one.questions[0])))
        twin = twins.get(place) or _twin_in_draft(one, entry, by_id, look)
        found.append(Candidate(place, one, _kind(one, entry), entry, twin))
    return found


def gone(db: Session, source: FaqSource) -> list[FaqEntry]:
    """Entries that were read from the source, and stand in it no more."""
    there = {one["key"] for one in source.items}
    mine = select(FaqEntry).where(FaqEntry.source_id == source.id, FaqEntry.enabled).order_by(FaqEntry.id)
    return [one for one in db.scalars(mine) if one.source_key not in there]


def take(
    db: Session, agent: Agent, source: FaqSource, places: Collection[int], leaving: Collection[int]
) -> tuple[int, int, int]:
    """Write the chosen items into the draft, and put aside these entries that are gone; how many are new, changed and
    put aside."""
    added = changed = 0
    named: list[tuple[FaqEntry, Mapping[str, Any]]] = []
    for one in candidates(db, source, lambda _question, _language: ()):
        if one.place not in places or one.kind == "same":
            continue
        entry = save_entry(db, agent, one.entry, _written(one))
        entry.source_id, entry.source_key = source.id, one.item.key
        named.append((entry, one.item.more))
        added, changed = added + (one.kind == "new"), changed + (one.kind == "changed")
    db.flush()
    for entry, more in named:
        _relate(db, agent, entry, more)
    away = [one for one in gone(db, source) if one.id in leaving]
    for row in away:
        switch(db, agent, row, False)
    db.flush()
    return added, changed, len(away)


def _written(one: Candidate) -> dict[str, Any]:
    """The entry with the item's answer; wordings and settings that people added stay."""
    item = one.item
    if one.entry is None:
        told = {name: getattr(item, name) for name in ("title", "language", "answer")}
        lists = {"questions": list(item.questions), "links": list(item.links), "tags": list(item.tags)}
        return {**told, **lists, **_own(item)}
    before = stored(one.entry)
    wordings = list(dict.fromkeys([*before["questions"], *item.questions]))
    return {
        **before,
        "answer": item.answer,
        "links": list(item.links) or before["links"],
        "questions": wordings,
        **_own(item),
    }


def _own(item: Item) -> dict[str, Any]:
    """What the file tells of the entry itself."""
    return {name: value for name, value in item.more.items() if name not in NAMING}


def _relate(db: Session, agent: Agent, entry: FaqEntry, more: Mapping[str, Any]) -> None:
    """What the file says of other entries, by their titles; one that is not there is passed over."""
    if not any(more.get(name) for name in NAMING):
        return
    known = [title for title in more.get("follow_ups", ()) if relations.is_there(db, title)]
    twin = str(more.get("translation_of", ""))
    try:
        told = relations.resolved(db, entry.id, entry.language, "\n".join(known), twin)
    except Invalid:
        told = relations.resolved(db, entry.id, entry.language, "\n".join(known), "")
    save_entry(db, agent, entry, told)


def _kind(item: Item, entry: FaqEntry | None) -> str:
    if entry is None:
        return "new"
    same = same_words(entry.answer, item.answer) and all(one in entry.links for one in item.links)
    return (
        "same" if same and all(getattr(entry, name) == one for name, one in _own(item).items()) else "changed"
    )


def _twins_within(items: Sequence[Item]) -> dict[int, Twin]:
    """Places of items that ask the same as an earlier one and answer otherwise."""
    asked = [fold(one.questions[0]) for one in items]
    found = {}
    for place, question in enumerate(asked):
        near = process.extractOne(question, asked[:place], scorer=fuzz.ratio, score_cutoff=ALIKE)
        if near and not same_words(items[near[2]].answer, items[place].answer):
            found[place] = Twin(items[near[2]].title, items[near[2]].answer)
    return found


def _twin_in_draft(item: Item, entry: FaqEntry | None, by_id: dict[int, FaqEntry], look: Look) -> Twin | None:
    """Another entry that the bot would take the question for, and that answers otherwise."""
    for id, score in look(item.questions[0], item.language):
        other = by_id.get(id)
        if other is None or score < SURE or (entry is not None and entry.id == id):
            continue
        if not same_words(other.answer, item.answer):
            return Twin(other.title, other.answer, other.id)
    return None
