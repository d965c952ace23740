"""`/faq`: what the bot knows, and publishing all of it."""

from __future__ import annotations

from app import directory, knowledge
from app.api import knowledge as shapes
from app.api.knowledge import (
    FaqChange,
    FaqIn,
    FaqShape,
    Language,
    PublicationIn,
    PublicationShape,
)
from app.inbox import Refused
from app.knowledge import relations, versions
from app.models import FaqEntry, KnowledgeRun
from app.proving import evaluating
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import EDITORS, page_of, wrong

TAG = "FAQ and bot"


class FaqFilter(PageQuery):
    """Which entries."""

    language: Language | None = None
    enabled: bool | None = None


@endpoint("GET", "/faq", scope="knowledge:read", tag=TAG)
def list_faq(call: Call, query: FaqFilter) -> Page[FaqShape]:
    """The entries of the FAQ as they are edited, by id."""
    language = query.language or ""
    found = directory.entries(call.db, query.after, query.limit, language=language, enabled=query.enabled)
    return page_of(found, shapes.entry)


@endpoint("GET", "/faq/{entry_id}", scope="knowledge:read", tag=TAG)
def get_faq_entry(call: Call, entry_id: int) -> FaqShape:
    """One entry."""
    return shapes.entry(directory.one(call.db, FaqEntry, entry_id))


@endpoint("POST", "/faq", scope="knowledge:write", tag=TAG, status=201, roles=EDITORS)
def create_faq_entry(call: Call, body: FaqIn) -> FaqShape:
    """Write an entry into the draft. The bot answers with it once it is published, unless it is not `enabled`."""
    made = _save(call, None, body)
    call.headers["Location"] = f"/api/v1/faq/{made.id}"
    return shapes.entry(made)


@endpoint("PATCH", "/faq/{entry_id}", scope="knowledge:write", tag=TAG, roles=EDITORS, matched=True)
def change_faq_entry(call: Call, entry_id: int, body: FaqChange) -> FaqShape:
    """Change an entry of the draft, or keep it aside with `enabled`: false. Every edit of it is kept."""
    entry = directory.one(call.db, FaqEntry, entry_id, held=True)
    call.must_match(shapes.entry(entry))
    return shapes.entry(_save(call, entry, body))


@endpoint("DELETE", "/faq/{entry_id}", scope="knowledge:write", tag=TAG, roles=EDITORS, matched=True)
def delete_faq_entry(call: Call, entry_id: int) -> None:
    """Take an entry out of the draft; its history stays."""
    entry = directory.one(call.db, FaqEntry, entry_id, held=True)
    call.must_match(shapes.entry(entry))
    knowledge.remove(call.db, call.agent, entry)


@endpoint("POST", "/faq/publication", scope="knowledge:write", tag=TAG, roles=EDITORS)
def publish_faq(call: Call, body: PublicationIn) -> PublicationShape:
    """Make the draft, entries, rules and forms, what the bot answers from. Where there are test questions it is
    `measuring` first, and published by itself if it does no worse; what does worse is refused unless `overruled` says
    why."""
    try:
        made = evaluating.publish(call.db, call.agent, body.reason, overruled=body.overruled)
    except versions.Refused as refused:
        raise Refused(refused.sentence, status=409) from refused
    if isinstance(made, KnowledgeRun):
        return PublicationShape(version=None, measuring=True)
    return PublicationShape(version=made.number, measuring=False)


def _save(call: Call, entry: FaqEntry | None, body: FaqIn | FaqChange) -> FaqEntry:
    try:
        data = shapes.entry_data(body, entry)
        relations.check(call.db, entry.id if entry else None, data)
        return knowledge.save_entry(call.db, call.agent, entry, data)
    except knowledge.Invalid as invalid:
        raise wrong({name: (said, {}) for name, said in invalid.problems.items()}) from invalid
