"""What entries say of each other: which may be asked next, and which says the same in the other language. People name
them by their titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.knowledge.writing import Invalid, all_entries, lines, stored
from app.models import FaqEntry
from app.text import one_line

MOST = 4  # entries offered below an answer


def resolved(
    db: Session, id: int | None, language: str, follow_ups: str, translation_of: str
) -> dict[str, Any]:
    """The ids of entries that were named by title: lines, and one of the other language. Raises :class:`Invalid`."""
    titles, twin = lines(follow_ups, MOST), one_line(translation_of, 500)
    known = _by_title(db, [*titles, *([twin] if twin else [])])
    problems = {}
    following = [_of(known, title, same=language) for title in titles]
    if None in following or id in following:
        problems["follow_ups"] = "Name other entries by their titles."
    other = _of(known, twin, other=language) if twin else None
    if twin and (other is None or _taken(db, other, id, language)):
        problems["translation_of"] = "Name an entry in the other language that has no translation yet."
    if problems:
        raise Invalid(problems)
    return {"follow_ups": list(dict.fromkeys(following)), "translation_of": _root(db, id, other)}


def check(db: Session, id: int | None, data: Mapping[str, Any]) -> None:
    """Whether the ids in these fields are other entries that fit. Raises :class:`Invalid`."""
    wanted, other = set(data.get("follow_ups", ())), data.get("translation_of")
    known = set(db.scalars(select(FaqEntry.id).where(FaqEntry.id.in_(wanted)))) if wanted else set()
    problems = {}
    if wanted - known or id in wanted:
        problems["follow_ups"] = "Name other entries by their numbers."
    twin = db.get(FaqEntry, other) if other else None
    language = data.get("language", "ja")
    fits = twin is not None and twin.language != language and not _taken(db, twin.id, id, language)
    if other and not fits:
        problems["translation_of"] = "Name an entry in the other language that has no translation yet."
    if problems:
        raise Invalid(problems)


def named(db: Session, entry: FaqEntry) -> dict[str, str]:
    """The same as titles, for the form."""
    twin = twin_of(db, entry)
    found = {
        one.id: one.title for one in db.scalars(select(FaqEntry).where(FaqEntry.id.in_(entry.follow_ups)))
    }
    return {
        "follow_ups": "\n".join(found[id] for id in entry.follow_ups if id in found),
        "translation_of": twin.title if twin else "",
    }


def twin_of(db: Session, entry: FaqEntry) -> FaqEntry | None:
    """What says the same in the other language, in the draft."""
    about = FaqEntry.translation_of == entry.id
    if entry.translation_of:
        about = or_(FaqEntry.id == entry.translation_of, about)
    found = select(FaqEntry).where(about, FaqEntry.language != entry.language).order_by(FaqEntry.id).limit(1)
    return db.scalars(found).first()


def is_there(db: Session, title: str) -> bool:
    """Whether an entry has this title."""
    return db.scalars(select(FaqEntry.id).where(FaqEntry.title == title).limit(1)).first() is not None


def exported(db: Session) -> Sequence[dict[str, Any]]:
    """Every entry of the draft as a file tells it: what it says of others by their titles."""
    entries = all_entries(db)
    called = {one.id: one.title for one in entries}
    return [
        {"id": one.id}
        | {name: value for name, value in stored(one).items() if not name.startswith("image_")}
        | {
            "follow_ups": [called[id] for id in one.follow_ups if id in called],
            "translation_of": called.get(one.translation_of or 0, ""),
        }
        for one in entries
    ]


def titles(db: Session, without: int | None) -> Sequence[tuple[str, str]]:
    """(language, title) of every other entry."""
    rows = select(FaqEntry.language, FaqEntry.title, FaqEntry.id).order_by(FaqEntry.title)
    return [(language, title) for language, title, id in db.execute(rows) if id != without]


def _by_title(db: Session, titles: Sequence[str]) -> Mapping[str, Sequence[FaqEntry]]:
    found: dict[str, list[FaqEntry]] = {}
    wanted = select(FaqEntry).where(FaqEntry.title.in_(titles)).order_by(FaqEntry.id)
    for one in db.scalars(wanted) if titles else ():
        found.setdefault(one.title, []).append(one)
    return found


def _of(
    known: Mapping[str, Sequence[FaqEntry]], title: str, *, same: str = "", other: str = ""
) -> int | None:
    """The entry with the title: one in the language `same` rather than another, none in `other`."""
    found = [one for one in known.get(title, ()) if one.language != other]
    return min(found, key=lambda one: (one.language != same, one.id)).id if found else None


def _taken(db: Session, other: int, id: int | None, language: str) -> bool:
    """Whether another entry in this language is that one's translation already."""
    twin = twin_of(db, db.get_one(FaqEntry, other))
    return twin is not None and twin.id != id and twin.language == language


def _root(db: Session, id: int | None, other: int | None) -> int | None:
    """Of two entries one names the other, never both."""
    names_this = other is not None and id is not None and db.get_one(FaqEntry, other).translation_of == id
    return None if names_this else other
