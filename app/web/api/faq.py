"""`/faq` and `/bot-rules`: what the bot knows."""

from __future__ import annotations

from app import directory, knowledge
from app.api import knowledge as shapes
from app.api.knowledge import FaqChange, FaqIn, FaqShape, Language, RuleShape
from app.models import BotRule, FaqEntry
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import EDITORS, page_of, wrong

TAG = "FAQ and bot"


class FaqFilter(PageQuery):
    """Which entries."""

    language: Language | None = None
    enabled: bool | None = None


@endpoint("GET", "/faq", scope="knowledge:read", tag=TAG)
def list_faq(call: Call, query: FaqFilter) -> Page[FaqShape]:
    """The entries of the FAQ, by id."""
    language = query.language or ""
    found = directory.entries(call.db, query.after, query.limit, language=language, enabled=query.enabled)
    return page_of(found, shapes.entry)


@endpoint("GET", "/faq/{entry_id}", scope="knowledge:read", tag=TAG)
def get_faq_entry(call: Call, entry_id: int) -> FaqShape:
    """One entry."""
    return shapes.entry(directory.one(call.db, FaqEntry, entry_id))


@endpoint("POST", "/faq", scope="knowledge:write", tag=TAG, status=201, roles=EDITORS)
def create_faq_entry(call: Call, body: FaqIn) -> FaqShape:
    """Write an entry. The bot answers with it from then on, unless it is not `enabled`."""
    made = _save(call, None, body)
    call.headers["Location"] = f"/api/v1/faq/{made.id}"
    return shapes.entry(made)


@endpoint("PATCH", "/faq/{entry_id}", scope="knowledge:write", tag=TAG, roles=EDITORS, matched=True)
def change_faq_entry(call: Call, entry_id: int, body: FaqChange) -> FaqShape:
    """Change an entry, or keep it aside with `enabled`: false. Every version of it is kept."""
    entry = directory.one(call.db, FaqEntry, entry_id, held=True)
    call.must_match(shapes.entry(entry))
    return shapes.entry(_save(call, entry, body))


@endpoint("DELETE", "/faq/{entry_id}", scope="knowledge:write", tag=TAG, roles=EDITORS, matched=True)
def delete_faq_entry(call: Call, entry_id: int) -> None:
    """Take an entry out of the book; its history stays."""
    entry = directory.one(call.db, FaqEntry, entry_id, held=True)
    call.must_match(shapes.entry(entry))
    knowledge.remove(call.db, call.agent, entry)


@endpoint("GET", "/bot-rules", scope="knowledge:read", tag=TAG)
def list_bot_rules(call: Call, query: PageQuery) -> Page[RuleShape]:
    """The bot's rules, by id; it tries them in the order of their `position`."""
    return page_of(directory.rules(call.db, query.after, query.limit), shapes.rule)


@endpoint("GET", "/bot-rules/{rule_id}", scope="knowledge:read", tag=TAG)
def get_bot_rule(call: Call, rule_id: int) -> RuleShape:
    """One rule."""
    return shapes.rule(directory.one(call.db, BotRule, rule_id))


def _save(call: Call, entry: FaqEntry | None, body: FaqIn | FaqChange) -> FaqEntry:
    try:
        return knowledge.save_entry(call.db, call.agent, entry, shapes.entry_data(body, entry))
    except knowledge.Invalid as invalid:
        raise wrong({name: (said, {}) for name, said in invalid.problems.items()}) from invalid
