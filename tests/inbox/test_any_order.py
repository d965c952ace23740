"""Words, merges, splits, moves and their undoing in any order: everything stands where it would had what was undone
never been."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import customers, inbox, queries
from app.inbox import Refused
from app.models import (
    Agent,
    Channel,
    Conversation,
    Customer,
    CustomerLink,
    Identity,
    Message,
    Relocation,
)
from tests import factories as make
from tests.letters import assert_books

PEOPLE = "abc"
ADDRESSES = [who + n for who in PEOPLE for n in "12"]  # two addresses each
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("says"), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("says"), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("note"), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("resolve"), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("merge"), st.sampled_from(ADDRESSES), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("split"), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("move"), st.integers(0, 30), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("undo"), st.integers(0, 30)),
        st.tuples(st.just("undo"), st.integers(0, 30)),
    ),
    max_size=22,
)


@dataclass
class Done:
    """Something that holds until it is undone: a link between two records, or a place for an address or message."""

    what: str
    ends: tuple[str, str]
    row: CustomerLink | Relocation
    subject: str = ""
    holds: bool = True


@dataclass
class Model:
    """Where everything stands, told anew from the list of what was done each time it is asked. Records are named;
    that of an address that was split off by the number of the split."""

    done: list[Done] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)  # text → the address it came from
    notes: dict[str, str] = field(default_factory=dict)  # text → the record in whose thread it was written
    homes: list[tuple[str, str]] = field(default_factory=list)  # what is left of a split, and its origin

    def record(self, address: str) -> str:
        split = [one for one in self.done if one.what == "split" and one.subject == address and one.holds]
        return split[-1].ends[1] if split else address[0]

    def place(self, text: str) -> str:
        moved = [one for one in self.done if one.what == "move" and one.subject == text and one.holds]
        if moved:
            return moved[-1].ends[1]
        return self.notes[text] if text in self.notes else self.record(self.said[text])

    def person(self, record: str) -> set[str]:
        ties = [set(one.ends) for one in self.done if one.what == "merge" and one.holds]
        ties += [set(pair) for pair in self.homes]
        found = {record}
        while more := {one for tie in ties if tie & found for one in tie} - found:
            found |= more
        return found

    def settle(self) -> None:
        """What is left of an undone split is shown with its origin as soon as nothing else holds it."""
        for split in self.done:
            left = split.what == "split" and not split.holds and split.ends[1]
            if left and self.person(left) == {left}:
                self.homes.append((left, split.ends[0]))

    def threads(self) -> set[frozenset[str]]:
        texts: dict[frozenset[str], set[str]] = {}
        for text in (*self.said, *self.notes):
            texts.setdefault(frozenset(self.person(self.place(text))), set()).add(text)
        return {frozenset(one) for one in texts.values()}


@dataclass
class World:
    db: Session
    channel: Channel
    agent: Agent
    model: Model = field(default_factory=Model)
    count: int = 0
    records: dict[str, int] = field(default_factory=dict)  # record → customer

    def begin(self) -> None:
        for who in PEOPLE:
            self.says(who + "1")
            first = self.identity(who + "1")
            self.records[who] = first.customer_id
            customer = self.db.get_one(Customer, first.customer_id)
            assert customers.add_identity(self.db, customer, first.kind, first.scope, who + "2", 1)
            self.says(who + "2")

    def says(self, address: str) -> None:
        self.count += 1
        text = f"{address}-{self.count}"
        make.customer_says(self.db, self.channel, text, address)
        self.model.said[text] = address

    def identity(self, address: str) -> Identity:
        return self.db.scalars(select(Identity).filter_by(address=address)).one()

    def customer(self, record: str) -> Customer:
        return self.db.get_one(Customer, self.records[record])

    def head(self, record: str) -> Conversation:
        own = self.db.scalars(select(Conversation).filter_by(customer_id=self.records[record])).one()
        return self.db.get_one(Conversation, own.head_id or own.id)

    def do(self, verb: str, *told: object) -> None:
        address = told[-1] if isinstance(told[-1], str) else ""
        record = self.model.record(address) if address else ""
        match verb:
            case "says":
                self.says(address)
            case "note":
                self.count += 1
                head = self.head(record)
                inbox.note(self.db, self.agent, head, f"note-{self.count}", f"n{self.count}")
                names = {id: name for name, id in self.records.items()}
                self.model.notes[f"note-{self.count}"] = names[head.customer_id]
            case "resolve":
                inbox.resolve(self.db, self.agent, self.head(record))
            case "merge":
                self.merge(self.model.record(str(told[0])), record)
            case "split":
                self.split(address, record)
            case "move":
                texts = sorted((*self.model.said, *self.model.notes))
                self.move(texts[int(str(told[0])) % len(texts)], record)
            case "undo" if self.model.done:
                self.undo(self.model.done[int(str(told[0])) % len(self.model.done)])

    def merge(self, child: str, parent: str) -> None:
        if parent in self.model.person(child):
            with pytest.raises(Refused):
                inbox.merge(self.db, self.agent, self.customer(child), self.customer(parent))
            return
        made = inbox.merge(self.db, self.agent, self.customer(child), self.customer(parent))
        self.model.done.append(Done("merge", (child, parent), made))

    def split(self, address: str, record: str) -> None:
        if [one for one in ADDRESSES if self.model.record(one) == record] == [address]:
            with pytest.raises(Refused):
                inbox.split(self.db, self.agent, self.identity(address))
            return
        made = inbox.split(self.db, self.agent, self.identity(address))
        name = f"split{made.id}"
        self.records[name] = made.to_id
        self.model.done.append(Done("split", (record, name), made, address))

    def move(self, text: str, to: str) -> None:
        message = self.db.scalars(select(Message).filter_by(text=text)).one()
        at = self.model.place(text)
        if to in self.model.person(at):
            with pytest.raises(Refused):
                inbox.move(self.db, self.agent, message, self.customer(to))
            return
        made = inbox.move(self.db, self.agent, message, self.customer(to))
        self.model.done.append(Done("move", (at, to), made, text))

    def undo(self, one: Done) -> None:
        if isinstance(one.row, CustomerLink):
            inbox.unmerge(self.db, self.agent, one.row)
        else:
            inbox.put_back(self.db, self.agent, one.row)
        one.holds = False
        self.model.settle()

    def threads(self) -> set[frozenset[str]]:
        """The words of each thread as its page shows them, each once."""
        heads = self.db.scalars(select(Conversation).where(Conversation.head_id == Conversation.id)).all()
        shown: list[list[str]] = []
        for head in heads:
            page = queries.thread_page(self.db, head, size=500).messages
            shown.append([one.text for one in page if one.kind != "system"])
        everything = [text for texts in shown for text in texts]
        assert len(everything) == len(set(everything)) == len(self.model.said) + len(self.model.notes)
        return {frozenset(texts) for texts in shown if texts}


@settings(
    max_examples=int(os.environ.get("MADOGUCHI_TEST_ORDERS", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
def test_any_order_of_words_merges_splits_moves_and_undoing_is_what_is_left_of_them(
    db: Session, steps: list[tuple[str, ...]]
) -> None:
    db.expunge_all()  # of the tries before, whose ids come again
    with db.begin_nested() as whole:
        world = World(db, make.channel(db), make.agent(db))
        world.begin()
        for step in steps:
            world.do(*step)
        assert world.threads() == world.model.threads()
        assert_books(db)
        for one in world.model.done:
            world.undo(one)
        db.flush()
        own = {who: {text for text, by in world.model.said.items() if by[0] == who} for who in PEOPLE}
        for who in PEOPLE:
            shown = next(texts for texts in world.threads() if own[who] & texts)
            assert own[who] == {text for text in shown if text in world.model.said}
            assert world.head(who).inbound_count == len(own[who])
        assert world.threads() == world.model.threads()
        assert_books(db)
        whole.rollback()
