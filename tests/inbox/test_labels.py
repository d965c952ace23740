"""What a label is put on is a conversation; what carries it is the thread that this one is shown in."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, search
from app.api import threads
from app.directory.conversations import ConversationsAsked, find_conversations
from app.directory.people import find_people
from app.directory.wanted import Wanted
from app.models import Agent, Conversation, ConversationLabel, CustomerLink, Event, Label
from app.web.rows import rows
from tests import factories as make


def test_a_label_is_of_the_whole_thread_while_it_is_linked(db: Session) -> None:
    p, q = make.conversation(db, text="甲です"), make.conversation(db, text="乙です")
    kei, label = make.supervisor(db), Label(name="法務")
    db.add(label)
    db.flush()
    inbox.put_label(db, q, label)
    made = link(db, q, p)
    assert made is not None
    assert all(marked(db, kei, p, label).values()), marked(db, kei, p, label)
    assert inbox.unlink(db, made)
    assert not any(marked(db, kei, p, label).values())
    assert all(marked(db, kei, q, label).values())
    link(db, q, p)
    inbox.put_label(db, p, label)  # it is there
    assert len(db.scalars(select(ConversationLabel)).all()) == 1
    db.add(ConversationLabel(conversation_id=p.id, label_id=label.id))  # as where both had it before
    assert all(marked(db, kei, p, label).values())
    inbox.remove_label(db, p, label, agent=kei)
    assert not any(marked(db, kei, p, label).values())
    kinds = [one.kind for one in db.scalars(select(Event).order_by(Event.id)) if "label" in one.kind]
    assert kinds == ["labelled", "unlabelled"]


def marked(db: Session, viewer: Agent, head: Conversation, label: Label) -> dict[str, bool]:
    """Which of the places that show labels, or find by them, know that this thread has this one, once."""
    hits = search.search(db, viewer, f"label:{label.name}").hits
    asked = ConversationsAsked(label=label.id)
    found = find_conversations(db, viewer, asked, sort="newest", after=None, size=9).rows
    persons = find_people(db, viewer, Wanted(labels=(label.id,))).rows
    (row,) = rows(db, viewer, [head])
    told = threads.conversation(db, viewer, head)
    return {
        "search": {hit.conversation_id for hit in hits} == {head.id},
        "list": list(found) == [head],
        "customers": [(one.conversation, one.labels) for one in persons] == [(head, [label])],
        "row": row.labels == [label],
        "program": [one.id for one in told.labels] == [label.id],
    }


def link(db: Session, child: Conversation, parent: Conversation) -> CustomerLink | None:
    return inbox.link(db, make.customer_of(db, child), make.customer_of(db, parent), evidence={"by": "test"})
