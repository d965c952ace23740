"""`/faq/versions`, `/help-centre`, `/messages/…/decision`: what was published, what anybody may read of it, and what
the bot made of it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from sqlalchemy import select

from app import general, queries
from app.api import known as shapes
from app.api.kinds import Given
from app.api.knowledge import Language
from app.api.known import DecisionShape, HelpEntryShape, VersionShape
from app.directory.paging import by_id
from app.helpcentre import finding
from app.helpcentre.shelf import Shelf, shelf
from app.models import Decision, KnowledgeVersion
from app.queries import NotFound
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import page_of

TAG, READ = "FAQ and bot", "knowledge:read"


class HelpQuery(Given):
    """What a reader types, and the language they read."""

    q: Annotated[str, Meta(min_length=1, max_length=finding.LONGEST, description="Words, or a question")]
    language: Language = "ja"
    limit: Annotated[int, Meta(ge=1, le=100, description="How many at most")] = 10


@endpoint("GET", "/faq/versions", scope=READ, tag=TAG)
def list_versions(call: Call, query: PageQuery) -> Page[VersionShape]:
    """What was published when, by whom and why, the newest first; the bot answers from the first of them."""
    every = select(KnowledgeVersion)
    found = by_id(call.db, every, KnowledgeVersion.number, query.after, query.limit, newest_first=True)
    return page_of(found, shapes.version)


@endpoint("GET", "/help-centre/search", scope=READ, tag=TAG)
def search_help_centre(call: Call, query: HelpQuery) -> Page[HelpEntryShape]:
    """What the help centre finds: what the bot takes the words for, then what says them. 404 where it is off."""
    open_ = _shelf(call)
    found = finding.find(open_.book, query.q, query.language, open_.shows, query.limit)
    return Page([shapes.help_entry(one) for one in found], None)


@endpoint("GET", "/help-centre/entries/{entry_id}", scope=READ, tag=TAG)
def get_help_entry(call: Call, entry_id: int) -> HelpEntryShape:
    """One entry as it is published, if anybody may read it today."""
    found = _shelf(call).entry(entry_id)
    if found is None:
        raise NotFound(entry_id)
    return shapes.help_entry(found)


@endpoint("GET", "/messages/{message_id}/decision", scope="conversations:read", tag="Messages")
def get_decision(call: Call, message_id: int) -> DecisionShape:
    """Why the bot answered so, by the customer's message or by the bot's. 404 where it decided nothing."""
    message, _ = queries.message_for(call.db, call.agent, message_id)
    of = (Decision.message_id == message.id) | (Decision.reply_id == message.id)
    found = call.db.scalars(select(Decision).where(of).order_by(Decision.id).limit(1)).first()
    if found is None:
        raise NotFound(message_id)
    return shapes.decision(found)


def _shelf(call: Call) -> Shelf:
    if not general.help_centre(call.db).on:
        raise NotFound("help")
    return shelf(call.db)
