"""Proposals as they are shown: the words from where they stand, without what is personal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bot import storing
from app.learning.masking import masked, taken_out, without_greeting
from app.models import Agent, Conversation, Customer, FaqEntry, Message, Proposal
from app.models.proposal import TAKEN
from app.text import one_line

QUESTIONS = 12  # of a proposed entry
ANSWERS = 3
INTO = 5  # proposals shown of an entry


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal with what its entry would say. `taken`: how much of each kind was taken out of the words; `asked`: the
    questions where they stand; `said`: where the answer does, None if nobody answered; `others`: more answers."""

    proposal: Proposal
    title: str
    questions: tuple[str, ...]
    answer: str
    taken: Mapping[str, int]
    asked: tuple[Message, ...]
    said: Message | None
    others: int


def drafts(db: Session, proposals: Sequence[Proposal]) -> list[Draft]:
    """These proposals, but for those of which every question was taken back."""
    ids = {id for one in proposals for id in (*one.questions[:QUESTIONS], *one.answers[:ANSWERS])}
    rows = db.scalars(select(Message).where(Message.id.in_(ids), Message.removed_at.is_(None)))
    messages = {row.id: row for row in rows if row.text}
    names = _names(db, messages.values())
    words = storing.words(db, [id for one in proposals for id in one.questions[:QUESTIONS]])
    made = (_draft(one, messages, words, names) for one in proposals)
    return [one for one in made if one is not None]


def made_into(db: Session, entry: FaqEntry) -> list[Draft]:
    """The proposals that went into an entry, the latest first: who asked, and who answered, as far as it still
    stands."""
    taken = select(Proposal).where(Proposal.state == TAKEN, Proposal.entry_id == entry.id)
    return drafts(db, db.scalars(taken.order_by(Proposal.id.desc()).limit(INTO)).all())


def _draft(
    proposal: Proposal,
    messages: Mapping[int, Message],
    words: Mapping[int, str],
    names: Mapping[int, Sequence[str]],
) -> Draft | None:
    asked = [messages[id] for id in proposal.questions[:QUESTIONS] if id in messages]
    said = next((messages[id] for id in proposal.answers[:ANSWERS] if id in messages), None)
    if not asked:
        return None

    def plain(message: Message, text: str) -> str:
        return masked(text, proposal.language, names.get(message.id, ()))

    questions = tuple(dict.fromkeys(one_line(plain(one, words[one.id]), 500) for one in asked))
    answer = without_greeting(plain(said, said.text)) if said else ""
    return Draft(
        proposal,
        one_line(questions[0], 60),
        questions,
        answer,
        taken_out([*questions, answer], proposal.language),
        tuple(asked),
        said,
        max(0, len(proposal.answers) - 1),
    )


def _names(db: Session, messages: Iterable[Message]) -> dict[int, list[str]]:
    """Who may be named in each message: its customer, the customer of the thread it is shown in, and who wrote it."""
    found: dict[int, list[str]] = defaultdict(list)
    of_thread: dict[int, list[Message]] = defaultdict(list)
    of_agent: dict[int, list[Message]] = defaultdict(list)
    for one in messages:
        of_thread[one.conversation_id].append(one)
        if one.agent_id is not None:
            of_agent[one.agent_id].append(one)
    head = select(Conversation.head_id).where(Conversation.id.in_(of_thread)).scalar_subquery()
    shown = select(Conversation.id, Conversation.head_id).where(Conversation.id.in_(of_thread))
    heads = dict(db.execute(shown).all())
    people = (
        select(Conversation.id, Customer.name, Customer.name_kana)
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(Conversation.id.in_(of_thread) | Conversation.id.in_(head))
    )
    customers = {id: [name, kana] for id, name, kana in db.execute(people)}
    for id, those in of_thread.items():
        for one in those:
            found[one.id] += customers.get(id, []) + customers.get(heads.get(id) or 0, [])
    for id, name in db.execute(select(Agent.id, Agent.name).where(Agent.id.in_(of_agent))):
        for one in of_agent[id]:
            found[one.id].append(name)
    return found
