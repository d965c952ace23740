"""Many at once, with real commits: what the database must serialise, on both engines."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app import inbox, intake, knowledge, labels, verify
from app.db import insist, now, reading, transaction
from app.knowledge import versions
from app.models import (
    Agent,
    Channel,
    Conversation,
    Customer,
    CustomerLink,
    Event,
    Label,
    Message,
    PublishedItem,
    RawReceipt,
)
from app.models.message import OUTBOUND
from channels import base
from tests import factories as make
from tests.beside import before, result
from tests.knowledge.test_versions import ENTRY

RULE = {
    "name": "返品の話", "language": "ja", "keywords": ["返品"], "pattern": "", "action": "label",
    "params": {"label": "返品"}, "position": 1, "enabled": True,
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("committed")


def together(*calls: Callable[[], object], threads: int = 100) -> list[object]:
    """Run all of them at once; what one raises is raised."""
    with ThreadPoolExecutor(threads) as pool:
        return [running.result() for running in [pool.submit(call) for call in calls]]


def deliver(channel: Channel, *events: base.Event) -> None:
    """As a webhook does: stored in one transaction, read in another."""
    with transaction() as db:
        receipt = intake.store(db, channel, base.Request("TEST", ""))

    def read() -> None:
        with transaction() as db:
            kept = db.get_one(RawReceipt, receipt.id)
            kept.outcome, kept.state, kept.parsed_at = intake.accept(db, channel, events), "parsed", now()

    insist(read)


def count(model: type[Message] | type[Conversation] | type[Customer]) -> int:
    with reading() as db:
        return db.scalar(select(func.count(model.id))) or 0


def assert_clean() -> None:
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_a_new_persons_messages_delivered_four_times_each_at_once_are_stored_once() -> None:
    with transaction() as db:
        channel = make.channel(db)
    events = [make.inbound(f"{n}通目", "somebody", id=f"x{n}") for n in range(25)] * 4
    random.Random(7).shuffle(events)
    together(*[lambda event=event: deliver(channel, event) for event in events])
    assert (count(Message), count(Conversation), count(Customer)) == (25, 1, 1)
    with reading() as db:
        assert db.scalars(select(Conversation)).one().inbound_count == 25
    assert_clean()


def test_batches_naming_the_same_people_in_opposite_order_all_arrive() -> None:
    with transaction() as db:
        channel = make.channel(db)
    people = [f"p{n}" for n in range(6)]

    def batch(n: int) -> None:
        order = people if n % 2 else people[::-1]
        deliver(channel, *[make.inbound("はい", who, id=f"{n}-{who}") for who in order])

    together(*[lambda n=n: batch(n) for n in range(12)], threads=12)
    assert (count(Message), count(Customer)) == (72, 6)
    assert_clean()


def test_the_bot_says_nothing_after_a_person_took_over_however_they_race() -> None:
    with transaction() as db:
        channel, agent = make.channel(db, bot=True), make.agent(db)
        make.faq(db)
    deliver(channel, make.inbound("送料はいくらですか", "v"))

    def take_over() -> None:
        with transaction() as db:
            inbox.take_over(db, db.get_one(Agent, agent.id), db.scalars(select(Conversation)).one())

    asks = [
        lambda n=n: deliver(channel, make.inbound("送料はいくらですか", "v", id=f"q{n}")) for n in range(20)
    ]
    together(*asks[:10], take_over, *asks[10:], threads=21)
    with reading() as db:
        taken = db.scalars(select(Event.id).filter_by(kind="handover")).one()
        later = select(Event).where(Event.id > taken, Event.actor == "bot", Event.kind == "message.sent")
        assert not db.scalars(later).all()
    assert count(Message) >= 21
    assert_clean()


def test_one_reply_sent_by_two_impatient_clicks_is_one_message() -> None:
    with transaction() as db:
        head, agent = make.conversation(db), make.agent(db)

    def answer() -> int:
        with transaction() as db:
            said = make.reply(
                db, db.get_one(Agent, agent.id), db.get_one(Conversation, head.id), "はい", "c1"
            )
            return said.id

    assert len(set(together(*[answer] * 12, threads=12))) == 1
    with reading() as db:
        assert db.scalar(select(func.count(Message.id)).where(Message.kind == OUTBOUND)) == 1
    assert_clean()


def test_events_of_a_thread_name_the_one_before_them_whoever_writes() -> None:
    with transaction() as db:
        channel = make.channel(db)
        head = make.conversation(db, channel, sender="v")
        agents = [make.agent(db) for _ in range(3)]

    def act(n: int) -> None:
        with transaction() as db:
            agent, thread = db.get_one(Agent, agents[n % 3].id), db.get_one(Conversation, head.id)
            inbox.note(db, agent, thread, f"メモ{n}", f"n{n}")

    says = [lambda n=n: deliver(channel, make.inbound("まだですか", "v", id=f"s{n}")) for n in range(10)]
    together(*says, *[lambda n=n: act(n) for n in range(10)], threads=20)
    assert_clean()


def test_linking_and_unlinking_while_both_sides_write_loses_nothing() -> None:
    with transaction() as db:
        channel, agent = make.channel(db), make.agent(db)
        first = make.conversation(db, channel, sender="a")
        second = make.conversation(db, channel, sender="b")

    def join() -> None:
        with transaction() as db:
            child, parent = (db.get_one(Customer, one.customer_id) for one in (second, first))
            inbox.link(db, child, parent, agent=db.get_one(Agent, agent.id), evidence={})

    def part() -> None:
        with transaction() as db:
            inbox.unlink(db, db.scalars(select(CustomerLink).filter_by(undone_at=None)).one())

    def join_and_part() -> None:
        for _ in range(8):
            insist(join)
            insist(part)

    def write(who: str, n: int) -> None:
        deliver(channel, make.inbound("もしもし", who, id=f"{who}{n}"))

    writes = [lambda who=who, n=n: write(who, n) for n in range(15) for who in ("a", "b")]
    together(join_and_part, *writes, threads=8)
    with reading() as db:
        for one in (first, second):
            thread = db.get_one(Conversation, one.id)
            assert (thread.head_id, thread.inbound_count) == (thread.id, 16)
    assert_clean()


def test_agents_who_bring_three_together_in_a_ring_at_once_make_one_of_them_and_undo_it_once() -> None:
    with transaction() as db:
        channel, agent = make.channel(db), make.agent(db)
        heads = [make.conversation(db, channel, sender=who).id for who in "abc"]
        people = [db.get_one(Conversation, id).customer_id for id in heads]
        boss = agent.id

    def bring(child: int, parent: int) -> Callable[[], str]:
        def once() -> str:
            try:
                with transaction() as db:
                    both = [db.get_one(Customer, id) for id in (child, parent)]
                    inbox.merge(db, db.get_one(Agent, boss), *both)
            except inbox.Refused as refused:
                return refused.sentence
            return ""

        return lambda: insist(once)

    ring = [(people[0], people[1]), (people[1], people[2]), (people[2], people[0]), (people[1], people[0])]
    told = together(*(bring(*one) for one in ring), threads=4)
    assert sorted(map(bool, told)) == [False, False, True, True]
    with reading() as db:
        assert {db.get_one(Conversation, id).head_id for id in heads} <= set(heads)
        assert len({db.get_one(Conversation, id).head_id for id in heads}) == 1
        links = db.scalars(select(CustomerLink.id).filter_by(undone_at=None)).all()

    def undo(id: int) -> Callable[[], object]:
        def once() -> None:
            with transaction() as db:
                inbox.unmerge(db, db.get_one(Agent, boss), db.get_one(CustomerLink, id))

        return lambda: insist(once)

    together(*(undo(id) for id in [*links, *links, *links]), threads=6)
    with reading() as db:
        assert [db.get_one(Conversation, id).head_id for id in heads] == heads
        said = select(func.count(Message.id)).where(Message.context["what"].as_string() == "unlinked")
        assert db.scalar(said) == 2  # each is told once, whoever else undid it at the same moment
    assert_clean()


def merging(agent: int, heads: list[int]) -> None:
    with transaction() as db:
        both = [db.get_one(Customer, db.get_one(Conversation, id).customer_id) for id in heads]
        inbox.merge(db, db.get_one(Agent, agent), *both)


def test_a_merge_that_is_cut_off_in_the_middle_has_never_been(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        channel, agent = make.channel(db), make.agent(db)
        heads = [make.conversation(db, channel, sender=who).id for who in "ab"]
        events = db.scalar(select(func.count(Event.id)))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.inbox.merging.line", killed)
    with pytest.raises(KeyboardInterrupt):
        merging(agent.id, heads)
    with reading() as db:
        assert [db.get_one(Conversation, id).head_id for id in heads] == heads
        assert db.scalars(select(CustomerLink)).all() == []
        assert db.scalar(select(func.count(Event.id))) == events
    assert_clean()


def test_of_three_who_publish_at_once_one_does_and_the_others_are_told() -> None:
    with transaction() as db:
        admins = [make.agent(db, f"管理 {n}", role="admin") for n in range(3)]

    def publish(agent: Agent) -> str:
        try:
            with transaction() as db:
                versions.publish(db, agent, "")
        except versions.Refused as refused:
            return refused.sentence
        return "published"

    for number in range(1, 6):
        with transaction() as db:
            knowledge.save_entry(db, admins[0], None, {**ENTRY, "title": f"題 {number}"})
        told = together(*[lambda agent=agent: publish(agent) for agent in admins], threads=3)
        assert told.count("published") == 1, told
        with reading() as db:
            held = db.scalars(select(PublishedItem).where(PublishedItem.until.is_(None))).all()
            assert versions.number(db) == number
            assert len({(one.noun, one.noun_id) for one in held}) == len(held) == number


def publish_by(id: int) -> str:
    try:
        with transaction() as db:
            versions.publish(db, db.get_one(Agent, id), "")
    except versions.Refused:
        return "refused"
    return "published"


def test_who_publishes_what_another_published_while_they_looked_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        slow, quick = (make.agent(db, name, role="admin").id for name in ("遅い", "速い"))
        knowledge.save_entry(db, db.get_one(Agent, slow), None, ENTRY)
    other = before(monkeypatch, versions, "changes", lambda: publish_by(quick))
    assert sorted([publish_by(slow), result(other)]) == ["published", "refused"]
    with reading() as db:
        assert versions.number(db) == 1
        assert len(db.scalars(select(PublishedItem).where(PublishedItem.until.is_(None))).all()) == 1


def test_a_label_renamed_while_somebody_publishes_undoes_nothing_of_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        slow, quick = (make.agent(db, name, role="admin") for name in ("遅い", "速い"))
        label = labels.add(db, slow, "返品", 20)
        rule = knowledge.save_rule(db, slow, None, RULE)
        versions.publish(db, slow, "")
        knowledge.save_rule(db, quick, rule, {**RULE, "keywords": ["返品", "返したい"]})

    def rename() -> None:
        with transaction() as db:
            labels.change(db, db.get_one(Agent, slow.id), db.get_one(Label, label.id), "返品・交換", 20)

    other = before(monkeypatch, versions, "changes", lambda: publish_by(quick.id))
    try:
        rename()
    except labels.Wrong:  # told to save once more
        rename()
    assert result(other) == "published"
    with reading() as db:
        (held,) = db.scalars(select(PublishedItem).where(PublishedItem.until.is_(None)))
        assert held.data["params"] == {"label": "返品・交換"}
        assert held.data["keywords"] == ["返品", "返したい"]
