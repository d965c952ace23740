"""Calls as they come in: one entry each, in the caller's thread, asking for somebody where nobody took them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, queries, search, verify
from app.calls.noting import Written, rewrite
from app.db import now
from app.models import Call, Case, Channel, Conversation, Customer, Event, Identity, Message
from app.models.conversation import OPEN, RESOLVED
from channels import base
from tests import factories as make
from tests.calls.told import NUMBER, answered_call, at, call
from tests.connectors import installed


@pytest.fixture
def line(db: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """A telephone line."""
    with installed(monkeypatch, telephone=True, identity_kind="phone", inbound_only=True) as kind:
        yield make.channel(db, kind.kind)


def entry(db: Session, id: str = "c-1") -> tuple[Call, Message, Conversation]:
    """The call, its message and the thread that shows it."""
    found = db.scalars(select(Call).filter_by(external_id=id)).one()
    message = db.get_one(Message, found.message_id)
    return found, message, make.thread_of(db, message)


def assert_clean(db: Session) -> None:
    db.flush()
    report = verify.report(db)
    assert report.clean, str(report)


def test_from_ring_to_recording_it_is_one_entry_that_waits_for_nobody(db: Session, line: Channel) -> None:
    somebody = make.agent(db, "佐藤", extension="201")
    for event in answered_call():
        make.accept(db, line, event)
    found, message, thread = entry(db)
    assert (found.state, found.result, found.talk_seconds, found.agent_id) == (
        "ended",
        "answered",
        372,
        somebody.id,
    )
    assert (message.kind, message.text, message.sent_at) == ("call", "返品の相談", at(0))
    assert (thread.status, thread.waiting_since, thread.inbound_count) == (RESOLVED, None, 0)
    assert found.recording_url == "https://pbx.example/c.mp3"
    assert_clean(db)


def test_in_any_order_and_twice_it_is_the_same_entry(db: Session, line: Channel) -> None:
    seen = set()
    for number, order in enumerate(permutations(range(4))):
        events = answered_call(f"c-{number}")
        for index in (*order, order[0]):
            make.accept(db, line, events[index])
        found, message, thread = entry(db, f"c-{number}")
        seen.add((found.state, found.result, found.agent, found.talk_seconds, message.text, message.sent_at))
        assert thread.status == RESOLVED
    assert len(seen) == 1
    assert_clean(db)


def test_told_in_one_go_it_is_the_same(db: Session, line: Channel) -> None:
    outcomes = make.accept(db, line, *reversed(answered_call()), *answered_call("c-2"))
    assert {one["message"] for one in outcomes} == {entry(db)[1].id, entry(db, "c-2")[1].id}
    assert (entry(db)[0].known, entry(db)[0].result) == (entry(db, "c-2")[0].known, "answered")
    assert_clean(db)


def test_a_missed_call_opens_a_case_and_waits_unread(db: Session, line: Channel) -> None:
    reader = make.agent(db)
    make.accept(db, line, call("ringing", 0))
    assert entry(db)[2].status == RESOLVED
    make.accept(db, line, call("ended", 20, result="missed"))
    _, message, thread = entry(db)
    assert (thread.status, thread.waiting_since, thread.owner) == (OPEN, at(0), "human")
    assert message.case_id is not None
    assert queries.unread(db, reader, [thread]) == {thread.id: 1}
    assert_clean(db)


def test_a_call_that_was_answered_after_all_leaves_nothing_open(db: Session, line: Channel) -> None:
    make.accept(db, line, call("ended", 20, result="missed"))
    make.accept(db, line, call("ended", 25, result="answered", agent="佐藤"))
    _, _, thread = entry(db)
    assert (thread.status, thread.waiting_since, thread.inbound_count) == (RESOLVED, None, 0)
    assert_clean(db)


def test_a_call_that_was_answered_after_all_leaves_what_else_is_open_to_itself(
    db: Session, line: Channel
) -> None:
    agent, head = make.agent(db), make.conversation(db, make.channel(db, "email"))
    make.accept(db, line, call("ended", 20, result="missed"))
    found, called, apart = entry(db)
    inbox.merge(db, agent, make.customer_of(db, apart), make.customer_of(db, head))
    wrote = make.says_more(db, head, "返事をください")
    rewrite(db, agent, found, Written("折り返し済み", result="answered", seconds=60))
    states = [db.get_one(Case, one.case_id or 0).status for one in (called, wrote)]
    assert (states, head.status, head.waiting_since) == ([RESOLVED, OPEN], OPEN, wrote.sent_at)
    assert_clean(db)


def test_calling_back_ends_the_waiting(db: Session, line: Channel) -> None:
    make.accept(db, line, call("ended", 20, result="missed"))
    make.accept(db, line, call("ended", 90, id="c-2", direction="out", result="busy"))
    assert entry(db)[2].waiting_since == at(20)
    make.accept(db, line, call("ended", 190, id="c-3", direction="out", result="answered"))
    _, message, thread = entry(db, "c-3")
    assert (message.author, thread.waiting_since, thread.status) == ("agent", None, OPEN)
    assert_clean(db)


def test_an_answered_call_that_is_told_late_leaves_waiting_what_was_written_since(
    db: Session, line: Channel
) -> None:
    wrote = make.customer_says(db, make.channel(db, "sms"), sender=base.Person(NUMBER))
    began = now() - timedelta(hours=1)
    told = call("ended", 0, result="answered", started_at=began, ended_at=began + timedelta(minutes=9))
    make.accept(db, line, replace(told, at=now()))
    assert entry(db)[2].waiting_since == wrote.sent_at
    assert_clean(db)


def test_a_caller_is_who_is_known_by_the_number(db: Session, line: Channel) -> None:
    written = make.customer_says(db, make.channel(db, "sms"), sender=base.Person(NUMBER, name="山田花子"))
    make.accept(db, line, call("ringing", 0))
    assert entry(db)[2].id == written.conversation_id


def test_who_withholds_the_number_is_nobody_and_never_joined(db: Session, line: Channel) -> None:
    make.accept(db, line, call("ended", 9, number="", withheld="非通知"))
    make.accept(db, line, call("ended", 9, id="c-2", number="anonymous"))
    threads = [entry(db, id)[2] for id in ("c-1", "c-2")]
    assert threads[0].id != threads[1].id
    assert len(db.scalars(select(Identity)).all()) == 2
    assert db.get_one(Customer, threads[0].customer_id).name == "非通知の電話"
    assert_clean(db)


def test_a_number_that_comes_later_puts_the_call_with_its_caller(db: Session, line: Channel) -> None:
    written = make.customer_says(db, make.channel(db, "sms"), sender=base.Person(NUMBER))
    make.accept(db, line, call("ended", 20, number=""))
    assert entry(db)[2].id != written.conversation_id
    make.accept(db, line, call("ringing", 0))
    assert entry(db)[2].id == written.conversation_id
    assert_clean(db)


def test_a_telling_without_any_time_is_of_now(db: Session, line: Channel) -> None:
    for state in ("ringing", "ringing", "answered"):
        make.accept(db, line, replace(call(state, 0), at=None))
    found, _, _ = entry(db)
    assert found.started_at is not None
    assert found.known["first"] == found.started_at.isoformat(timespec="microseconds")
    assert found.state == "answered"


def test_it_rings_for_whom_it_rang_whoever_tells_more_of_it(db: Session, line: Channel) -> None:
    somebody, other = make.agent(db, extension="201"), make.agent(db, extension="202")
    for more in ({"agent": "201"}, {"queue": "受付"}):
        make.accept(db, line, replace(call("ringing", 0, **more), at=now()))
    rewrite(db, other, entry(db)[0], Written("折り返しの件"))
    told = db.scalars(select(Event).where(Event.kind.in_(["call.changed", "call.noted"])).order_by(Event.id))
    rung = [(each.kind, each.data.get("for")) for each in told if each.data.get("ring")]
    assert rung == [
        ("call.changed", [somebody.id]),
        ("call.changed", [somebody.id]),
        ("call.noted", [somebody.id]),
    ]


def test_what_is_long_past_asks_nothing(db: Session, line: Channel) -> None:
    make.accept(db, line, call("ended", 20, result="missed", history=True))
    _, message, thread = entry(db)
    assert (thread.status, thread.waiting_since, message.quiet) == (RESOLVED, None, True)
    assert_clean(db)


def test_each_change_is_told_and_nothing_new_is_not(db: Session, line: Channel) -> None:
    for event in (*answered_call(), *answered_call()):
        make.accept(db, line, event)
    kinds = list(db.scalars(select(Event.kind).order_by(Event.id)))
    assert kinds == ["message.received", *["call.changed"] * 4]


def test_words_of_a_call_are_found(db: Session, line: Channel) -> None:
    make.accept(db, line, *answered_call())
    found = search.search(db, make.supervisor(db), "返品の相談")
    assert [hit.message_id for hit in found.hits] == [entry(db)[1].id]


def test_the_books_miss_a_call_whose_entry_says_something_else(db: Session, line: Channel) -> None:
    make.accept(db, line, call("ended", 9, result="missed"), *answered_call("c-2"))
    assert_clean(db)
    entry(db)[0].result = "answered"
    entry(db, "c-2")[1].text = "違う言葉"
    db.flush()
    wrong = str(verify.report(db))
    assert "by what was told it is ended missed" in wrong
    assert "its entry does not have its words" in wrong
