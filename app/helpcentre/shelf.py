"""The entries anybody may read today: published, switched on, listed, in force, and for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property

from sqlalchemy.orm import Session

import bots
from app.bot import answers, situations
from app.db import now
from app.models import KnowledgeVersion


@dataclass(frozen=True, slots=True)
class Topic:
    """Entries with the same tag; "" holds those without one."""

    name: str
    entries: Sequence[bots.Entry]


@dataclass(frozen=True)
class Shelf:
    """A book as the public sees it on a day of the shop; `changed` is when this view last did, UTC."""

    book: bots.Book
    day: date
    changed: datetime

    @cached_property
    def entries(self) -> Sequence[bots.Entry]:
        """All of them, in the order they were written."""
        return [one for one in self.book.entries if self.shows(one)]

    def shows(self, entry: bots.Entry) -> bool:
        """Whether anybody may read it today."""
        return entry.listed and entry.for_everybody and entry.on(self.day)

    def entry(self, id: int) -> bots.Entry | None:
        """The one of that number, if it may be read."""
        found = self.book.entry(id)
        return found if found and self.shows(found) else None

    def twin(self, entry: bots.Entry, language: str) -> bots.Entry | None:
        """What says the same in that language (the entry itself in its own), if it may be read."""
        found = entry if entry.language == language else self.book.translation(entry, language)
        return found if found and self.shows(found) else None

    def following(self, entry: bots.Entry) -> Sequence[bots.Entry]:
        """What may be asked next; without any, others of its first topic."""
        chosen = [one for id in entry.follow_ups if (one := self.entry(id)) is not None]
        beside = (
            one
            for one in self.entries
            if one.language == entry.language and one.id != entry.id and set(one.tags) & set(entry.tags[:1])
        )
        return chosen or list(beside)[:4]

    def topics(self, language: str) -> Sequence[Topic]:
        """The tags with their entries, those without a tag last."""
        found: dict[str, list[bots.Entry]] = {}
        for one in self.entries:
            if one.language == language:
                for tag in one.tags or ("",):
                    found.setdefault(tag, []).append(one)
        rest = found.pop("", None)
        topics = [Topic(name, entries) for name, entries in found.items()]
        return [*topics, Topic("", rest)] if rest else topics


def shelf(db: Session) -> Shelf:
    """What is public now."""
    zone = situations.business_hours(db).zone
    book = answers.book(db)
    today = now().astimezone(zone).date()
    published = db.get(KnowledgeVersion, book.version)
    days = (day for one in book.entries for day in _turns(one) if day <= today)
    turned = max(days, default=date.min)
    midnight = datetime.combine(turned, time(), zone).astimezone(UTC) if turned > date.min else None
    begun = published.at if published else datetime(2000, 1, 1, tzinfo=UTC)
    return Shelf(book, today, max(begun, midnight) if midnight else begun)


def _turns(entry: bots.Entry) -> Sequence[date]:
    """The days on which it begins to be read, and no longer is."""
    return [
        *([entry.since] if entry.since else ()),
        *([date.fromordinal(entry.until.toordinal() + 1)] if entry.until and entry.until < date.max else ()),
    ]
