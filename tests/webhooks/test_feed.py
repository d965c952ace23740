"""The order everybody follows: nothing skipped, nothing twice, and the same for every reader."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import feed, inbox
from app.db import engine, now, reading, transaction
from app.events import record
from app.models import Agent, Conversation, Event, TeamMember
from tests import engines, factories

pytestmark = pytest.mark.usefixtures("committed")


class Reader:
    """Somebody who follows the feed from the beginning."""

    def __init__(self) -> None:
        self.cursor = 0
        self.seen: list[int] = []

    def look(self, most: int = 100) -> int:
        """Take in what is new; returns how much."""
        feed.settle()
        with reading() as db:
            found = feed.after(db, self.cursor, most)
        self.seen += [event.id for _, event in found]
        self.cursor = found[-1][0] if found else self.cursor
        return len(found)

    def catch_up(self) -> list[int]:
        """Everything that there is."""
        while self.look():
            pass
        return self.seen


def ids() -> list[int]:
    with reading() as db:
        return list(db.scalars(select(Event.id).order_by(Event.id)))


def happen(kind: str = "label.created") -> int:
    with transaction() as db:
        return record(db, kind)


if engines.WHICH == "postgresql":  # SQLite has one writer: nothing overtakes, and there is nothing to place

    def test_an_event_that_commits_late_is_read_once_after_those_that_were_faster() -> None:
        reader = Reader()
        with Session(engine(), expire_on_commit=False) as slow:
            late = record(slow, "label.created", name="late")  # the sequence has given its id
            quick = happen()
            assert quick > late
            reader.look()
            assert reader.seen == [quick]
            slow.commit()
        assert reader.catch_up() == [quick, late]
        assert Reader().catch_up() == [quick, late]

    def test_readers_who_place_events_at_once_give_each_position_once() -> None:
        with transaction() as db:
            for _ in range(60):
                record(db, "label.created")
        with ThreadPoolExecutor(8) as pool:
            placed = sum(pool.map(lambda _: feed.settle(10), range(24)))
        assert placed == 60
        with reading() as db:
            positions = db.scalars(select(Event.position).order_by(Event.position)).all()
        assert positions == list(range(1, 61))


def test_threads_that_commit_in_any_order_are_all_read_once_and_in_the_order_of_their_conversations() -> None:
    with transaction() as db:
        threads = [factories.conversation(db).id for _ in range(4)]
    readers, stop, chance = [Reader() for _ in range(3)], threading.Event(), random.Random(5)
    naps = [chance.uniform(0, 0.004) for _ in range(40)]

    def write(number: int) -> None:
        for nap in naps[number::4]:
            with transaction() as db:
                head = inbox.hold(db, db.get_one(Conversation, threads[number % 3]))
                record(db, "woken", head)
                record(db, "label.created")
                stop.wait(nap)  # its ids are drawn, and others overtake it

    def follow(reader: Reader) -> None:
        while not stop.is_set():
            reader.look(7)
        reader.catch_up()

    with ThreadPoolExecutor(12) as pool:
        following = [pool.submit(follow, reader) for reader in readers]
        for writing in [pool.submit(write, number) for number in range(8)]:
            writing.result()
        stop.set()
        for one in following:
            one.result()
    first = readers[0].seen
    assert sorted(first) == ids()
    assert all(reader.seen == first for reader in readers)
    with reading() as db:
        events = {event.id: event for event in db.scalars(select(Event))}
    for conversation in threads:
        mine = [events[id] for id in first if events[id].conversation_id == conversation]
        assert all(after.prev_id == before.id for before, after in pairwise(mine))


@pytest.fixture
def house() -> dict[str, Agent]:
    """People, and events that are not for all of them."""
    with transaction() as db:
        cast = {role: factories.agent(db, role=role) for role in ("agent", "supervisor", "admin")}
        cast["outsider"] = factories.agent(db)
        team = factories.team(db, cast["agent"])
        heads = [factories.conversation(db) for _ in range(2)]
        record(db, "faq_entry.saved", noun_id=1)
        record(db, "audit.signin", agent=cast["admin"], ip="192.0.2.1")
        inbox.assign(db, cast["supervisor"], heads[0], None, team, keep_team=False)
    return cast


def kinds(viewer: Agent) -> set[str]:
    feed.settle()
    with reading() as db:
        found = feed.page(db, viewer, 0, 100)
    return {event.kind for _, event in found.events}


def conversations(viewer: Agent) -> set[int | None]:
    feed.settle()
    with reading() as db:
        return {event.conversation_id for _, event in feed.page(db, viewer, 0, 100).events}


def test_what_belongs_to_no_conversation_is_for_those_who_oversee_and_the_trail_for_admins(
    house: dict[str, Agent],
) -> None:
    assert {"faq_entry.saved", "audit.signin", "assigned"} <= kinds(house["admin"])
    assert "faq_entry.saved" in kinds(house["supervisor"])
    assert "audit.signin" not in kinds(house["supervisor"])
    assert not {"faq_entry.saved", "audit.signin"} & kinds(house["agent"])


def test_events_of_conversations_one_may_not_see_are_left_out_as_it_is_now(house: dict[str, Agent]) -> None:
    assert conversations(house["agent"]) == {1, 2}
    assert conversations(house["outsider"]) == {2}
    with transaction() as db:
        db.add(TeamMember(team_id=1, agent_id=house["outsider"].id))
    assert conversations(house["outsider"]) == {1, 2}


def test_who_is_switched_off_sees_nothing(house: dict[str, Agent]) -> None:
    house["admin"].active = False
    assert conversations(house["admin"]) == set()


def test_the_cursor_moves_on_over_what_may_not_be_seen(
    house: dict[str, Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "SCAN", 3)
    feed.settle()
    cursor, more = 0, True
    seen: list[tuple[int, Event]] = []
    with reading() as db:
        while more:
            page = feed.page(db, house["outsider"], cursor, 100)
            assert page.upto > cursor
            cursor, more, seen = page.upto, page.more, [*seen, *page.events]
        assert cursor == feed.newest(db)
    assert {event.conversation_id for _, event in seen} == {2}


def test_a_page_of_one_conversation_or_kind_says_where_it_ends(house: dict[str, Agent]) -> None:
    feed.settle()
    with reading() as db:
        first = feed.page(db, house["admin"], 0, 1, conversations=[2])
        rest = feed.page(db, house["admin"], first.upto, 100, conversations=[2])
        assigned = feed.page(db, house["admin"], 0, 100, kinds=["assigned"])
    assert first.more
    assert not rest.more
    assert {event.conversation_id for _, event in (*first.events, *rest.events)} == {2}
    assert [event.kind for _, event in assigned.events] == ["assigned"]


def test_a_cursor_beyond_the_end_is_told_where_the_end_is() -> None:
    happen()
    feed.settle()
    with transaction() as db:
        admin = factories.agent(db, role="admin")
    with reading() as db, pytest.raises(feed.Ahead) as raised:
        feed.page(db, admin, 1_000, 10)
    assert raised.value.newest == 1


def test_a_stretch_of_time_is_found_in_the_order_of_the_feed() -> None:
    began = now()
    mine = [happen() for _ in range(3)]
    feed.settle()
    with reading() as db:
        assert [head.id for head in feed.heads_between(db, began, now(), 10)] == mine
        assert feed.heads_between(db, now(), now(), 10) == []
