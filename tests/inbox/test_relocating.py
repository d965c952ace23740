"""An address is split off, a message moved to its right owner; each is put back, in whichever order."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import customers, inbox, queries, search, verify
from app.inbox import Refused
from app.models import (
    Agent,
    Case,
    Channel,
    Conversation,
    Customer,
    CustomerLink,
    Delivery,
    Event,
    Identity,
    Message,
    Relocation,
)
from tests import factories as make
from tests.inbox.conftest import Shop


def counts(shop: Shop, *heads: Conversation) -> list[tuple[int, str]]:
    fresh = [shop.db.get_one(Conversation, one.id) for one in heads]
    return [(one.inbound_count, one.status) for one in fresh]


def clean(db: Session) -> None:
    db.flush()
    report = verify.report(db)
    assert report.clean, str(report)


def test_an_address_is_taken_out_with_what_was_said_by_it_and_what_comes_next(
    db: Session, shop: Shop
) -> None:
    made = inbox.split(db, shop.agent, shop.identity("a2"), reason="ご主人の番号")
    new = shop.of("a2")
    shop.says("a2", "続きです")
    assert (shop.thread(shop.one), shop.thread(new)) == (["花子です"], ["夫の携帯から", "続きです"])
    assert counts(shop, shop.one, new) == [(1, "open"), (2, "open")]
    assert (made.from_id, made.to_id) == (shop.one.customer_id, new.customer_id)
    clean(db)


def test_put_back_everything_is_where_it_would_be_what_came_since_included(db: Session, shop: Shop) -> None:
    cases = list(db.scalars(select(Case.number).order_by(Case.id)))
    made = inbox.split(db, shop.agent, shop.identity("a2"))
    shop.says("a2", "続きです")
    inbox.note(db, shop.agent, shop.of("a2"), "電話した", "n1")
    for _ in range(2):
        inbox.put_back(db, shop.agent, made)
    assert shop.thread(shop.one) == ["花子です", "夫の携帯から", "続きです", "電話した"]
    assert counts(shop, shop.one) == [(3, "open")]
    assert shop.of("a2").id == shop.one.id
    assert list(db.scalars(select(Case.number).order_by(Case.id))) == cases
    clean(db)


def test_the_only_address_of_a_record_is_not_taken_out(db: Session, shop: Shop) -> None:
    with pytest.raises(Refused, match="only address"):
        inbox.split(db, shop.agent, shop.identity("b"))


def test_a_case_that_was_all_theirs_goes_along_and_comes_back_with_its_number(
    db: Session, shop: Shop
) -> None:
    inbox.resolve(db, shop.agent, shop.one)
    for case in db.scalars(select(Case)):
        case.resolved_at = case.resolved_at and case.resolved_at - timedelta(days=9)
    said = shop.says("a2", "新しい件")
    number = db.get_one(Case, said.case_id or 0).number
    inbox.escalate(db, shop.one, "refund", "高額", agent=shop.agent)
    made = inbox.split(db, shop.agent, shop.identity("a2"))
    new = shop.of("a2")
    assert (shop.one.status, shop.one.escalated, new.status, new.escalated) == (
        "resolved",
        False,
        "open",
        True,
    )
    assert db.get_one(Case, said.case_id or 0).number == number
    inbox.put_back(db, shop.agent, made)
    assert (shop.one.status, shop.one.escalated) == ("open", True)
    assert db.get_one(Case, said.case_id or 0).conversation_id == shop.one.id
    clean(db)


def test_a_message_goes_to_its_right_owner_and_is_found_there_and_comes_back(db: Session, shop: Shop) -> None:
    message = shop.says("a", "紺のコートの件です")
    made = inbox.move(db, shop.agent, message, shop.customer(shop.other), reason="鈴木様の件")
    assert (shop.thread(shop.one), shop.thread(shop.other)) == (
        ["花子です", "夫の携帯から"],
        ["次郎です", "紺のコートの件です"],
    )
    assert counts(shop, shop.one, shop.other) == [(2, "open"), (2, "open")]
    found = search.search(db, shop.agent, "紺のコート").hits
    assert [one.conversation_id for one in found] == [shop.other.id]
    assert message.identity_id == shop.identity("a").id  # who said it stays known
    clean(db)
    inbox.put_back(db, shop.agent, made)
    assert shop.thread(shop.one)[-1] == "紺のコートの件です"
    assert counts(shop, shop.one, shop.other) == [(3, "open"), (1, "open")]
    cases = select(Message.case_id).where(Message.text.in_(("花子です", "紺のコートの件です")))
    assert len(set(db.scalars(cases))) == 1
    clean(db)


def test_a_note_moves_too_and_a_line_of_the_system_does_not(db: Session, shop: Shop) -> None:
    note = inbox.note(db, shop.agent, shop.one, "次郎様からお電話", "n1")
    inbox.move(db, shop.agent, note, shop.customer(shop.other))
    assert shop.thread(shop.other)[-1] == "次郎様からお電話"
    line = db.scalars(select(Message).filter_by(kind="system")).first()
    assert line is not None
    with pytest.raises(Refused, match="cannot be moved"):
        inbox.move(db, shop.agent, line, shop.customer(shop.one))


def test_where_it_stands_already_or_while_it_is_sent_it_is_not_moved(db: Session, shop: Shop) -> None:
    message = shop.says("a", "どうも")
    with pytest.raises(Refused, match="already"):
        inbox.move(db, shop.agent, message, shop.customer(shop.one))
    answer = make.reply(db, shop.agent, shop.one)
    db.scalars(select(Delivery).filter_by(message_id=answer.id)).one().state = "sending"
    db.flush()
    with pytest.raises(Refused, match="just being sent"):
        inbox.move(db, shop.agent, answer, shop.customer(shop.other))


def test_a_moved_message_whose_sender_is_split_off_meanwhile_goes_back_to_the_sender(
    db: Session, shop: Shop
) -> None:
    message = shop.says("a2", "これは次郎様の件")
    moved = inbox.move(db, shop.agent, message, shop.customer(shop.other))
    inbox.split(db, shop.agent, shop.identity("a2"))
    assert "これは次郎様の件" in shop.thread(shop.other)
    inbox.put_back(db, shop.agent, moved)
    assert shop.thread(shop.of("a2")) == ["夫の携帯から", "これは次郎様の件"]


def test_who_was_split_off_and_joined_another_goes_back_alone(db: Session, shop: Shop) -> None:
    made = inbox.split(db, shop.agent, shop.identity("a2"))
    link = inbox.merge(db, shop.agent, shop.customer(shop.of("a2")), shop.customer(shop.other))
    inbox.put_back(db, shop.agent, made)
    assert shop.thread(shop.one) == ["花子です", "夫の携帯から"]
    assert shop.thread(shop.other) == ["次郎です"]
    inbox.unmerge(db, shop.agent, link)
    held = db.scalars(select(CustomerLink).where(CustomerLink.undone_at.is_(None))).one()
    assert (held.child_id, held.parent_id) == (
        made.to_id,
        made.from_id,
    )  # what is left of it is shown with its origin
    with pytest.raises(Refused, match="separate the address"):
        inbox.unmerge(db, shop.agent, held)


def test_links_are_undone_in_any_order_as_if_each_had_never_been(db: Session) -> None:
    channel, agent = make.channel(db), make.agent(db)
    a, b, c = (make.conversation(db, channel, who, who) for who in "abc")
    first = inbox.merge(db, agent, make.customer_of(db, a), make.customer_of(db, b))
    inbox.merge(db, agent, make.customer_of(db, c), make.customer_of(db, a))  # said of a, shown with b
    inbox.unmerge(db, agent, first)
    for one in (a, b, c):
        db.refresh(one)
    assert a.head_id == c.head_id == a.id
    assert b.head_id == b.id


def test_what_was_done_is_told_in_both_threads_with_its_reason(db: Session, shop: Shop) -> None:
    made = inbox.move(db, shop.agent, shop.says("a", "x"), shop.customer(shop.other), reason="鈴木様の件")
    told = db.scalars(select(Event).where(Event.kind == "message.moved").order_by(Event.id)).all()
    assert {one.conversation_id for one in told} == {shop.one.id, shop.other.id}
    assert {(one.data["relocation"], one.data["evidence"]["reason"]) for one in told} == {
        (made.id, "鈴木様の件")
    }
    lines = {
        m.context["what"]: m.context["conversation"]
        for m in db.scalars(select(Message).filter_by(kind="system"))
    }
    assert lines == {"moved": shop.other.id, "moved_here": shop.one.id}


def test_what_a_person_brought_is_for_people(db: Session, shop: Shop) -> None:
    shop.other.owner = "bot"
    inbox.move(db, shop.agent, shop.says("a", "次郎の件"), shop.customer(shop.other))
    assert shop.other.owner == "human"


# --- any order of things ------------------------------------------------------------------------------------

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
    with db.begin_nested() as whole:
        world = World(db, make.channel(db), make.agent(db))
        world.begin()
        for step in steps:
            world.do(*step)
        assert world.threads() == world.model.threads()
        clean(db)
        for one in world.model.done:
            world.undo(one)
        db.flush()
        own = {who: {text for text, by in world.model.said.items() if by[0] == who} for who in PEOPLE}
        for who in PEOPLE:
            shown = next(texts for texts in world.threads() if own[who] & texts)
            assert own[who] == {text for text in shown if text in world.model.said}
            assert world.head(who).inbound_count == len(own[who])
        assert world.threads() == world.model.threads()
        clean(db)
        whole.rollback()


def test_an_undo_of_something_undone_long_ago_changes_nothing(db: Session, shop: Shop) -> None:
    made = inbox.split(db, shop.agent, shop.identity("a2"))
    inbox.put_back(db, shop.agent, made)
    at = made.undone_at
    inbox.put_back(db, shop.agent, made)
    assert made.undone_at == at
