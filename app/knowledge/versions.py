"""What is published: numbered versions of the draft, the bot's only source; what differs, and the way back.

A version is kept as the rows that changed with it (``published_item``): its content is every row that began with it or
before and did not end by then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.db import insert_if_new, remembered
from app.events import record
from app.knowledge.words import stored_words
from app.knowledge.writing import (
    ENTRY,
    FLOW,
    RULE,
    SETTINGS,
    WORDS,
    all_entries,
    all_flows,
    all_rules,
    filled,
    put,
    stored,
    stored_settings,
)
from app.models import Agent, KnowledgeVersion, PublishedItem, Revision, Setting
from app.stored import held, store
from app.text import clean

Key = tuple[str, int]
Content = dict[Key, dict[str, Any]]
NOUNS = (ENTRY, RULE, FLOW, SETTINGS, WORDS)
PUBLISHERS = {"supervisor": ("supervisor", "admin"), "admin": ("admin",)}
MANNERS = "knowledge"  # the setting: who may publish, and whether a second person has to
ASKED = "knowledge_review"  # the setting: who asked for a review of the draft


class Refused(Exception):
    """It cannot be published, or not by them: an English sentence and its values."""

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence, self.values = sentence, values


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one entry, rule, the settings or the words; None: it is not there."""

    noun: str
    noun_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def kind(self) -> str:
        """added, removed, changed"""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def data(self) -> dict[str, Any]:
        """It, as it is or was."""
        return self.after or self.before or {}


@dataclass(frozen=True, slots=True)
class Manners:
    """Who may publish: the least role, and whether somebody who wrote none of it has to."""

    role: str = "supervisor"
    second_person: bool = False


def number(db: Session) -> int:
    """The version the bot answers from; 0: nothing was ever published."""
    return db.scalar(select(func.max(KnowledgeVersion.number))) or 0


def draft(db: Session) -> Content:
    """Everything as it is edited. The settings and the words count from when they are first changed."""
    found: Content = {(ENTRY, row.id): stored(row) for row in all_entries(db)}
    found |= {(RULE, row.id): stored(row) for row in all_rules(db)}
    found |= {(FLOW, row.id): stored(row) for row in all_flows(db)}
    if db.get(Setting, SETTINGS) is not None:
        found[SETTINGS, 0] = stored_settings(db)
    if (words := stored_words(db)) is not None:
        found[WORDS, 0] = words
    return found


def content(db: Session, of: int | None = None) -> Content:
    """What was published as that version; None: what is published now."""
    rows = select(PublishedItem).order_by(PublishedItem.id)
    if of is None:
        rows = rows.where(PublishedItem.until.is_(None))
    else:
        rows = rows.where(
            PublishedItem.since <= of, or_(PublishedItem.until.is_(None), PublishedItem.until > of)
        )
    return {(row.noun, row.noun_id): filled(row.noun, row.data) for row in db.scalars(rows)}


def fingerprint(of: Content) -> str:
    """The same for the same content, and for no other."""
    told = sorted((noun, noun_id, data) for (noun, noun_id), data in of.items())
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def changes(before: Content, after: Content) -> list[Change]:
    """What has to be done to `before` to make `after` of it, entries first."""
    differing = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    differing.sort(key=lambda key: (NOUNS.index(key[0]), key[1]))
    return [Change(noun, id, before.get((noun, id)), after.get((noun, id))) for noun, id in differing]


def unpublished(db: Session) -> list[Change]:
    """What publishing the draft would change."""
    return changes(content(db), draft(db))


def all_versions(db: Session, limit: int = 50) -> list[tuple[KnowledgeVersion, str]]:
    """Versions with who published each, the newest first."""
    found = (
        select(KnowledgeVersion, Agent.name)
        .outerjoin(Agent, Agent.id == KnowledgeVersion.agent_id)
        .order_by(KnowledgeVersion.number.desc())
        .limit(limit)
    )
    return [(version, name or "") for version, name in db.execute(found)]


# Who may -------------------------------------------------------------------------------------------------


def manners(db: Session) -> Manners:
    """How the house publishes."""
    told = _setting(db, MANNERS)
    role = str(told.get("role", ""))
    return Manners(role if role in PUBLISHERS else "supervisor", bool(told.get("second_person")))


def change_manners(db: Session, agent: Agent, wanted: Manners) -> None:
    """Who may publish from now on."""
    if wanted != manners(db):
        store(db, MANNERS, {"role": wanted.role, "second_person": wanted.second_person})
        record(db, "knowledge.manners", agent=agent, role=wanted.role, second_person=wanted.second_person)


def writers(db: Session, of: Sequence[Change]) -> set[int]:
    """Who wrote these changes of the draft, since it was last published."""
    latest = db.get(KnowledgeVersion, number(db))
    wrote = select(Revision.noun, Revision.noun_id, Revision.agent_id)
    wrote = wrote.where(Revision.at > latest.at) if latest else wrote
    about = {(change.noun, change.noun_id) for change in of}
    return {by for noun, id, by in db.execute(wrote) if (noun, id) in about and by is not None}


def must_not_publish(db: Session, agent: Agent, of: Sequence[Change]) -> str:
    """Why this person may not publish these changes, as an English sentence; "" if they may."""
    house = manners(db)
    if agent.role not in PUBLISHERS[house.role]:
        return "Admins publish here. You can ask for a review."
    if house.second_person and agent.id in writers(db, of):
        return (
            "You wrote some of this yourself, and here a second person publishes. You can ask for a review."
        )
    return ""


def ask_for_review(db: Session, agent: Agent, note: str) -> None:
    """Ask the others to look at the draft."""
    store(db, ASKED, {"by": agent.id, "name": agent.name, "note": clean(note).strip()[:1000]})
    record(db, "knowledge.review", agent=agent)


def return_review(db: Session, agent: Agent, note: str) -> None:
    """Give the draft back to who wrote it, with what is to be done. Raises :class:`Refused`."""
    kept = held(db, ASKED)
    if not kept:
        raise Refused("Nobody asks for a review of the draft any more.")
    store(db, ASKED, {**kept, "returned_by": agent.name, "advice": clean(note).strip()[:1000]})
    record(db, "knowledge.returned", agent=agent)


def review(db: Session) -> dict[str, Any]:
    """Who asked for a review ("by", "name", "note"), and what came back ("returned_by", "advice"); or nothing."""
    return _setting(db, ASKED)


# Publishing ----------------------------------------------------------------------------------------------


def publish(
    db: Session,
    agent: Agent,
    reason: str,
    *,
    seen: str = "",
    figures: Mapping[str, Any] | None = None,
    overruled: str = "",
) -> KnowledgeVersion:
    """Make the draft the version the bot answers from. `seen` is the :func:`fingerprint` of what they looked at.

    Raises :class:`Refused`.
    """
    on = number(db)
    found = publishable(db, agent, seen)
    figures = dict(figures or {})
    return _write(db, agent, on, found, reason, figures=figures, overruled=clean(overruled).strip())


def publishable(db: Session, agent: Agent, seen: str = "") -> list[Change]:
    """What :func:`publish` would change. Raises :class:`Refused` as it does."""
    wanted = draft(db)
    found = changes(content(db), wanted)
    if not found:
        raise Refused("There is nothing to publish: the bot knows all of this already.")
    if seen and seen != fingerprint(wanted):
        raise Refused("The draft was changed meanwhile. Look at it once more, then publish.")
    if sentence := must_not_publish(db, agent, found):
        raise Refused(sentence)
    return found


def publish_all(db: Session, agent: Agent | None = None, reason: str = "") -> None:
    """Publish the draft as it is, whoever wrote it: the demo, the benchmark, a first set-up."""
    on = number(db)
    if found := unpublished(db):
        _write(db, agent, on, found, reason)


def adjust(db: Session, agent: Agent, adjusted: Callable[[Content], Content], reason: str) -> None:
    """Change in what is published the items `adjusted` makes of it, whatever else the draft holds.

    Raises :class:`Refused`.
    """
    on, published = number(db), content(db)
    if found := changes(published, {**published, **adjusted(published)}):
        _write(db, agent, on, found, reason)


def roll_back(db: Session, agent: Agent, to: int, reason: str) -> KnowledgeVersion:
    """Publish what version `to` held, as a new version. Raises :class:`Refused`.

    The draft follows where nobody has changed it since; what is being worked on stays as it is.
    """
    house = manners(db)
    if agent.role not in PUBLISHERS[house.role]:
        raise Refused("Admins publish here. You can ask for a review.")
    on, published, wanted, edited = number(db), content(db), content(db, to), draft(db)
    found = changes(published, wanted)
    if not 0 < to < on or not found:
        raise Refused("The bot knows exactly this already.")
    made = _write(db, agent, on, found, reason, back_to=to)
    for change in found:
        key = change.noun, change.noun_id
        if edited.get(key) == change.before and edited.get(key) != change.after:
            put(db, agent, *key, change.after)
    return made


def bring_back(db: Session, agent: Agent, noun: str, noun_id: int) -> None:
    """Undo in the draft what was done to one thing since it was published."""
    if noun in NOUNS:
        put(db, agent, noun, noun_id, content(db).get((noun, noun_id)))


def _write(
    db: Session,
    agent: Agent | None,
    on: int,
    found: Sequence[Change],
    reason: str,
    *,
    figures: dict[str, Any] | None = None,
    overruled: str = "",
    back_to: int | None = None,
) -> KnowledgeVersion:
    # `on` was the newest version before `found` was looked up: who published since has taken the number after it
    version = KnowledgeVersion(
        number=on + 1,
        agent_id=agent.id if agent else None,
        reason=clean(reason).strip()[:2000],
        back_to=back_to,
        counts={kind: sum(one.kind == kind for one in found) for kind in ("added", "changed", "removed")},
        figures=figures or {},
        overruled=overruled[:2000],
    )
    if not insert_if_new(db, version):
        raise Refused("Somebody else published just now. Look at what is left, then publish.")
    _end(db, found, version.number)
    db.add_all(
        PublishedItem(noun=one.noun, noun_id=one.noun_id, data=one.after, since=version.number)
        for one in found
        if one.after is not None
    )
    if (asked := db.get(Setting, ASKED)) is not None:
        db.delete(asked)
    db.flush()
    record(
        db,
        "knowledge.published",
        agent=agent,
        number=version.number,
        overruled=bool(version.overruled),
        why=version.overruled,
        back_to=back_to,
    )
    return version


def _end(db: Session, found: Sequence[Change], at: int) -> None:
    gone = {(one.noun, one.noun_id) for one in found if one.before is not None}
    if gone:
        for row in db.scalars(select(PublishedItem).where(PublishedItem.until.is_(None))):
            if (row.noun, row.noun_id) in gone:
                row.until = at
        db.flush()


def _setting(db: Session, key: str) -> dict[str, Any]:
    kept = remembered(db, ("setting", key), lambda: db.get(Setting, key))
    return dict(kept.value) if kept else {}
