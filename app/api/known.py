"""What the bot is measured with, what was published, why it answered, and what is noted of customers, as shapes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

import bots
from app.api.kinds import Given, Id, Shape, Time
from app.api.knowledge import Language
from app.api.shapes import LinkShape, same
from app.helpcentre import addresses
from app.inbox.attributes import Attribute
from app.inbox.purposes import Purpose
from app.knowledge.questions import LONGEST
from app.models import Decision, KnowledgeVersion, LabelledQuestion


class QuestionShape(Shape):
    """A test question: what customers ask, with the entry that answers it (null: none does). The bot is measured with
    it and does not learn from it. `origin`: written, imported, from a `thread`, `tried`, or from a `replay`."""

    id: int
    text: str
    language: str
    entry_id: int | None
    origin: str
    at: Time
    agent_id: int | None


class QuestionIn(Given):
    """A question, and the entry that answers it (null: none does)."""

    text: Annotated[str, Meta(min_length=1, max_length=LONGEST)]
    entry_id: Id | None
    language: Language | None = None


class QuestionChange(Given):
    """The entry that is right (null: none answers it)."""

    entry_id: Id | None


class VersionShape(Shape):
    """What was published: `counts` tells how much was added, changed and removed, `figures` how it was measured (empty:
    it was not), `overruled` why it was published although it did worse, `back_to` the version it brought back."""

    number: int
    at: Time
    agent_id: int | None
    reason: str
    back_to: int | None
    counts: dict[str, Any]
    figures: dict[str, Any]
    overruled: str


class DecisionShape(Shape):
    """What the bot decided about a customer's message, and what came of it (`outcome`). `reply_id` is what it said,
    `version` what was published then, `score` (0 to 100) how sure it was, `again_at` when the customer asked the same
    again or needed a person. `considered` are the entries it had in mind, the likeliest first."""

    id: int
    conversation_id: int
    message_id: int
    reply_id: int | None
    channel_id: int | None
    version: int
    action: str
    outcome: str
    reason: str
    entry_id: int | None
    rule_id: int | None
    score: float
    again_at: Time | None
    considered: list[ConsideredShape]
    made_at: Time


class ConsideredShape(Shape):
    """An entry the bot had in mind (0: a form), the question of it that came nearest, and its score from 0 to 100."""

    entry_id: int
    title: str
    question: str
    score: float


class HelpEntryShape(Shape):
    """An entry as anybody may read it; `path` is its page in the help centre."""

    id: int
    title: str
    language: Language
    answer: str
    links: list[LinkShape]
    tags: list[str]
    path: str


class PurposeShape(Shape):
    """What messages are for. `opt_in`: nothing is sent for it unless the customer agreed. `name` is "" for those that
    every house has."""

    key: str
    name: str
    opt_in: bool


class AttributeShape(Shape):
    """What is noted of customers under `name`: its type, its choices, how it is called, and who may change it."""

    name: str
    ja: str
    en: str
    type: Literal["text", "number", "date", "choice", "yes_no"]
    choices: list[str]
    editors: Literal["everybody", "supervisors", "admins"]


def question(row: LabelledQuestion) -> QuestionShape:
    return same(QuestionShape, row)


def version(row: KnowledgeVersion) -> VersionShape:
    return same(VersionShape, row)


def decision(row: Decision) -> DecisionShape:
    told = row.detail.get("considered") or ()
    considered = [
        ConsideredShape(one["entry_id"], one["title"], one["question"], one["score"]) for one in told
    ]
    return same(DecisionShape, row, considered=considered)


def help_entry(entry: bots.Entry) -> HelpEntryShape:
    links = [LinkShape(label=one.label, url=one.url) for one in entry.links]
    return same(HelpEntryShape, entry, links=links, tags=list(entry.tags), path=addresses.entry(entry))


def purpose(one: Purpose) -> PurposeShape:
    return same(PurposeShape, one)


def attribute(one: Attribute) -> AttributeShape:
    return same(AttributeShape, one, choices=list(one.choices))
