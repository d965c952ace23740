"""Saying that two customers are one person rewrites nothing, and can be taken back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, people, queries, verify
from app.db import now
from app.models import Agent, Case, Channel, Conversation, Customer, CustomerLink, Draft, Message
from tests import factories as make


def both(db: Session, bot: bool = False) -> tuple[Channel, Conversation, Conversation]:
    channel = make.channel(db, bot=bot)
    return (
        channel,
        make.conversation(db, channel, "甲です", "a"),
        make.conversation(db, channel, "乙です", "b"),
    )


def link(db: Session, child: Conversation, parent: Conversation) -> CustomerLink | None:
    return inbox.link(db, make.customer_of(db, child), make.customer_of(db, parent), evidence={"by": "test"})


def save(
    db: Session, agent: Agent, head: Conversation, text: str, kind: str = "outbound", version: int = 0
) -> Draft:
    return inbox.save_draft(db, agent, head, text, kind=kind, channel_id=None, version=version)


def texts(db: Session, head: Conversation) -> list[str]:
    return [one.text for one in queries.thread_page(db, head).messages if one.kind != "system"]


def test_linked_customers_have_one_thread(db: Session) -> None:
    channel, one, other = both(db)
    assert link(db, other, one) is not None
    make.customer_says(db, channel, "続きです", "b")
    assert texts(db, one) == ["甲です", "乙です", "続きです"]
    assert (one.inbound_count, one.last_preview, one.status) == (3, "続きです", "open")
    assert link(db, one, other) is None  # they are one already


def test_linked_the_thread_is_that_of_whoever_of_the_two_still_serves(db: Session) -> None:
    _, one, other = both(db)
    left, there = make.agent(db), make.agent(db)
    inbox.take_over(db, left, one)
    inbox.take_over(db, there, other)
    left.active = False
    assert link(db, other, one) is not None
    assert one.assignee_id == there.id


def test_taken_apart_again_neither_is_that_of_somebody_who_left_meanwhile(db: Session) -> None:
    _, one, other = both(db)
    left, there = make.agent(db), make.agent(db)
    inbox.take_over(db, left, other)
    made = link(db, other, one)
    assert made is not None
    inbox.assign(db, there, one, there)
    db.flush()
    people.deactivate(db, make.agent(db, role="admin"), left)
    assert one.assignee_id == there.id
    inbox.unlink(db, made)
    assert (one.assignee_id, other.assignee_id) == (there.id, there.id)


def test_what_an_agent_has_begun_to_write_goes_on_in_the_thread_that_shows_it(db: Session) -> None:
    _, one, other = both(db)
    writes, colleague = make.agent(db), make.agent(db)
    begun = save(db, writes, other, "お調べしております")
    inbox.claim_lock(db, writes, other)
    assert link(db, other, one) is not None
    draft = db.get_one(Draft, (writes.id, one.id))
    assert (draft.text, draft.version) == ("お調べしております", begun.version)
    assert inbox.claim_lock(db, colleague, one).agent_id == writes.id


@pytest.mark.parametrize(
    ("above", "below", "kind", "text"),
    [
        ("outbound", "outbound", "outbound", "甲へ\n\n乙へ"),
        ("outbound", "note", "note", "甲へ\n\n乙へ"),
        ("note", "outbound", "note", "甲へ\n\n乙へ"),
        (None, "note", "note", "乙へ"),
        ("outbound", None, "outbound", "甲へ"),
    ],
)
def test_of_two_that_were_begun_nothing_is_lost_and_no_note_becomes_an_answer(
    db: Session, above: str | None, below: str | None, kind: str, text: str
) -> None:
    _, one, other = both(db)
    agent = make.agent(db)
    first = save(db, agent, one, "甲へ" if above else " ", above or "outbound")
    for _ in range(2):
        save(db, agent, other, "乙へ" if below else "", below or "outbound", 9)
    was = first.version
    assert link(db, other, one) is not None
    draft = db.get_one(Draft, (agent.id, one.id))
    assert (draft.kind, draft.text, draft.version > was) == (kind, text, below is not None)


def test_taken_apart_again_what_was_begun_is_where_it_was_begun(db: Session) -> None:
    channel, one, other = both(db)
    third = make.conversation(db, channel, "丙です", "c")
    writes, goes_on = make.agent(db), make.agent(db)
    save(db, writes, other, "ご返金の口座は")
    save(db, goes_on, other, "確かめます")
    low, top = link(db, other, third), link(db, third, one)
    assert low is not None
    assert top is not None
    save(db, goes_on, one, "確かめました", version=9)

    def begun(agent: Agent) -> list[str]:
        drafts = (db.get(Draft, (agent.id, head.id)) for head in (one, third, other))
        return [draft.text if draft else "" for draft in drafts]

    assert begun(writes) == ["ご返金の口座は", "", ""]
    inbox.unlink(db, top)
    assert begun(writes) == ["", "ご返金の口座は", ""]
    inbox.unlink(db, low)
    assert begun(writes) == ["", "", "ご返金の口座は"]
    assert begun(goes_on) == ["確かめました", "", ""]


def test_after_unlinking_each_has_their_own_words_those_since_included(db: Session) -> None:
    channel, one, other = both(db)
    made = link(db, other, one)
    assert made is not None
    make.customer_says(db, channel, "続きです", "b")
    make.customer_says(db, channel, "こちらも", "a")
    inbox.unlink(db, made)
    inbox.unlink(db, made)
    assert (texts(db, one), texts(db, other)) == (["甲です", "こちらも"], ["乙です", "続きです"])
    assert (one.inbound_count, other.inbound_count) == (2, 2)
    assert (one.status, other.status) == ("open", "open")
    assert all(m.case_id is not None for m in db.scalars(select(Message).filter_by(author="customer")))


def test_a_case_only_the_child_spoke_in_goes_along_with_its_escalation(db: Session) -> None:
    channel, one, other = both(db)
    agent = make.agent(db)
    inbox.resolve(db, agent, one)
    inbox.resolve(db, agent, other)
    db.flush()
    for case in db.scalars(select(Case)):
        case.resolved_at = now() - timedelta(days=9)
    made = link(db, other, one)
    assert made is not None
    make.customer_says(db, channel, "新しい件", "b")
    raised = inbox.escalate(db, one, "refund", "高額", agent=agent)
    inbox.unlink(db, made)
    assert (one.status, one.escalated) == ("resolved", False)
    assert (other.status, other.escalated, raised.conversation_id) == ("open", True, other.id)


def test_a_person_who_took_over_stays_in_charge_of_both_sides(db: Session) -> None:
    channel, one, other = both(db, bot=True)
    agent = make.agent(db)
    made = link(db, other, one)
    assert made is not None
    inbox.take_over(db, agent, one)
    epoch = other.owner_epoch
    inbox.unlink(db, made)
    assert (other.owner, other.assignee_id, other.owner_epoch) == ("human", agent.id, epoch + 1)
    make.customer_says(db, channel, "送料はいくらですか", "b")
    assert texts(db, other)[-1] == "送料はいくらですか"


def test_unread_messages_are_not_taken_for_read_after_unlinking(db: Session) -> None:
    channel, one, other = both(db)
    agent = make.agent(db)
    made = link(db, other, one)
    assert made is not None
    inbox.mark_read(db, agent, one)
    inbox.unlink(db, made)
    make.customer_says(db, channel, "まだです", "a")
    db.flush()
    assert queries.unread(db, agent, [one]) == {one.id: 1}


def test_what_was_read_before_a_link_is_read_after_it_and_unread_stays_unread(db: Session) -> None:
    channel, one, other = both(db)
    read_other, read_both, newcomer = (make.agent(db) for _ in range(3))
    make.customer_says(db, channel, "もう一つ", "a")
    for agent, head in ((read_other, other), (read_both, one), (read_both, other)):
        inbox.mark_read(db, agent, head)
    made = link(db, other, one)
    assert made is not None
    unread = [queries.unread(db, agent, [one])[one.id] for agent in (read_other, read_both, newcomer)]
    assert unread == [2, 0, 3]
    make.customer_says(db, channel, "どうですか", "b")
    inbox.unlink(db, made)
    left = [queries.unread(db, agent, [one, other]) for agent in (read_other, read_both, newcomer)]
    assert left == [{one.id: 2, other.id: 1}, {one.id: 0, other.id: 1}, {one.id: 2, other.id: 2}]


def test_what_was_read_as_one_thread_is_read_on_both_sides_of_it(db: Session) -> None:
    channel, one, other = both(db)
    agent = make.agent(db)
    made = link(db, other, one)
    assert made is not None
    make.customer_says(db, channel, "どうですか", "b")
    inbox.mark_read(db, agent, one)
    inbox.unlink(db, made)
    assert queries.unread(db, agent, [one, other]) == {one.id: 0, other.id: 0}
    make.customer_says(db, channel, "もしもし", "b")
    assert queries.unread(db, agent, [one, other]) == {one.id: 0, other.id: 1}


def test_a_snooze_goes_on_for_the_side_it_was_about(db: Session) -> None:
    _, one, other = both(db)
    agent = make.agent(db)
    inbox.resolve(db, agent, one)
    made = link(db, other, one)
    assert made is not None
    until = now() + timedelta(hours=2)
    inbox.snooze(db, agent, one, until)
    inbox.unlink(db, made)
    assert (one.status, one.snoozed_until) == ("resolved", None)
    assert (other.status, other.snoozed_until) == ("snoozed", until)


def test_a_verb_that_waited_for_the_lock_acts_on_the_side_its_customer_is_on_now(db: Session) -> None:
    _, one, other = both(db)
    made = link(db, other, one)
    assert made is not None
    inbox.unlink(db, made)
    db.flush()
    stale = db.get_one(Conversation, other.id)
    db.expunge(stale)
    fresh = db.get_one(Conversation, other.id)
    fresh.__dict__["head_id"] = one.id  # as it was read before the link was undone
    db.info.clear()  # by another transaction, which holds nothing yet
    assert inbox.hold(db, fresh).id == other.id


# --- any order of things ------------------------------------------------------------------------------------

PEOPLE = "abcd"
says = st.tuples(st.just("says"), st.sampled_from(PEOPLE))
joins = st.tuples(st.just("link"), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))
others = st.tuples(
    st.sampled_from(["unlink", "resolve", "snooze", "reply", "note", "take_over", "escalate"]),
    st.sampled_from(PEOPLE),
)


@dataclass
class Model:
    """What should be so, told in the simplest way: who said what, and which links hold."""

    said: dict[str, list[str]] = field(default_factory=lambda: {who: [] for who in PEOPLE})
    links: list[frozenset[str]] = field(default_factory=list)

    def person(self, who: str) -> set[str]:
        """Whoever is reached over links that hold."""
        found = {who}
        while more := {one for pair in self.links if pair & found for one in pair} - found:
            found |= more
        return found

    def thread(self, who: str) -> list[str]:
        return sorted(text for one in self.person(who) for text in self.said[one])


@dataclass
class World:
    db: Session
    channel: Channel
    agent: Agent
    model: Model = field(default_factory=Model)
    made: list[tuple[frozenset[str], CustomerLink]] = field(default_factory=list)
    count: int = 0

    def says(self, who: str) -> None:
        self.count += 1
        make.customer_says(self.db, self.channel, f"{who}{self.count}", who)
        self.model.said[who].append(f"{who}{self.count}")

    def own(self, who: str) -> Conversation:
        return make.thread_of(
            self.db, self.db.scalars(select(Message).filter_by(text=self.model.said[who][0])).one()
        )

    def do(self, verb: str, *who: str) -> None:
        head = self.own(who[-1])
        match verb:
            case "says":
                self.says(who[0])
            case "link":
                self.link(*who)
            case "unlink" if self.made:
                pair, made = self.made.pop(self.count % len(self.made))
                inbox.unlink(self.db, made)
                self.model.links.remove(pair)
            case "resolve":
                inbox.resolve(self.db, self.agent, head)
            case "take_over":
                inbox.take_over(self.db, self.agent, head)
            case "note":
                inbox.note(self.db, self.agent, head, "メモ", f"n{self.count}")
            case "reply":
                make.reply(self.db, self.agent, head)
            case "snooze" | "escalate" if head.status != "resolved":
                if verb == "snooze":
                    inbox.snooze(self.db, self.agent, head, now() + timedelta(hours=1))
                else:
                    inbox.escalate(self.db, head, "other", "なぜ", agent=self.agent)

    def link(self, child: str, parent: str) -> None:
        one_already = parent in self.model.person(child)
        people = [self.db.get_one(Customer, self.customer(one)) for one in (child, parent)]
        made = inbox.link(self.db, people[0], people[1], evidence={})
        assert (made is None) == one_already
        if made is not None:
            self.model.links.append(frozenset((child, parent)))
            self.made.append((frozenset((child, parent)), made))

    def customer(self, who: str) -> int:
        said = self.db.scalars(select(Message).filter_by(text=self.model.said[who][0])).one()
        return self.db.get_one(Conversation, said.conversation_id).customer_id


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(says | joins | others, max_size=25))
def test_any_order_of_words_links_and_verbs_gives_the_threads_the_links_say(
    db: Session, steps: list[tuple[str, ...]]
) -> None:
    db.expunge_all()  # of the tries before, whose ids come again
    with db.begin_nested() as whole:
        world = World(db, make.channel(db), make.agent(db))
        for who in PEOPLE:
            world.says(who)
        for step in steps:
            world.do(*step)
        for who in PEOPLE:
            found = queries.thread_page(db, world.own(who), size=500).messages
            customers = sorted(one.text for one in found if one.author == "customer")
            assert customers == world.model.thread(who)
            assert world.own(who).inbound_count == len(customers)
        db.flush()
        report = verify.report(db)
        assert report.clean, str(report)
        whole.rollback()


@pytest.mark.parametrize(
    "order", [(("a", "b"), ("b", "c")), (("b", "c"), ("a", "b")), (("a", "b"), ("a", "c"))]
)
def test_three_become_one_in_whichever_order(db: Session, order: tuple[tuple[str, str], ...]) -> None:
    channel = make.channel(db)
    people = {who: make.conversation(db, channel, who, who) for who in "abc"}
    for child, parent in order:
        link(db, people[child], people[parent])
    assert len({db.get_one(Conversation, one.id).head_id for one in people.values()}) == 1


def test_a_linked_thread_looked_up_in_another_session_can_be_held(db: Session) -> None:
    _, one, other = both(db)
    link(db, other, one)
    db.flush()
    db.expunge(other)
    assert inbox.hold(db, other).id == one.id
