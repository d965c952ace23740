"""Looking things up: through the viewer, in pages without gaps."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.orm import Session

import app.db
from app import inbox, queries, search
from app.db import now
from app.models import Agent, Conversation, Customer, Message
from tests import factories as make

QUICK = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
VIEWERS = ("in A", "in B", "in none", "supervisor", "admin", "switched off")
OWNERS = ("bot", "human")
STATES = ("open", "snoozed", "resolved")


def viewers(db: Session) -> tuple[dict[str, Agent], dict[str, int | None]]:
    people = {name: make.agent(db, name) for name in ("in A", "in B", "in none")}
    people["supervisor"] = make.supervisor(db)
    people["admin"] = make.agent(db, role="admin")
    people["switched off"] = make.supervisor(db, active=False)
    teams = {"A": make.team(db, people["in A"]).id, "B": make.team(db, people["in B"]).id, "": None}
    return people, teams


def test_what_one_may_see_is_the_same_rule_in_the_database_and_in_hand(db: Session) -> None:
    people, teams = viewers(db)
    for team, assignee, owner, status in product(teams.values(), (None, *people.values()), OWNERS, STATES):
        customer = Customer()
        db.add(customer)
        db.flush()
        who = assignee.id if assignee else None
        about = {"team_id": team, "assignee_id": who, "owner": owner, "status": status}
        db.add(
            one := Conversation(customer_id=customer.id, last_message_at=now(), waiting_since=now(), **about)
        )
        db.flush()
        one.head_id = one.id
    db.flush()
    everything = list(db.scalars(select(Conversation)))
    for viewer in people.values():
        mine = queries.teams_of(db, viewer)
        found = set(db.scalars(select(Conversation.id).where(queries.visible(viewer))))
        told = {c.id for c in everything if queries.may_see(viewer, mine, c.team_id, c.assignee_id)}
        assert found == told, viewer.name
        for view in queries.VIEWS:
            inside = set(db.scalars(select(Conversation.id).where(queries.in_view(view, viewer))))
            assert inside == {c.id for c in everything if queries.belongs(view, viewer, mine, c)}, view
            assert queries.count(db, viewer, view) == min(len(inside & told), queries.COUNT_TO)
            for sort in ("newest", "waiting"):
                listed = [c.id for c in queries.list_page(db, viewer, view, sort=sort, size=500).rows]
                assert sorted(listed) == sorted(inside & told), (viewer.name, view, sort)


def test_an_outsider_finds_nothing_by_any_way(db: Session) -> None:
    insider, outsider = make.agent(db), make.agent(db)
    channel = make.channel(db)
    said = make.customer_says(db, channel, "秘密の注文番号7788", "v")
    head = make.thread_of(db, said)
    head.team_id = make.team(db, insider).id
    raised = inbox.escalate(db, head, "refund", "なぜ", agent=insider)
    db.flush()
    assert queries.conversation_for(db, insider, head.id) is head
    assert search.search(db, insider, "秘密").hits
    for view, sort in product(queries.VIEWS, queries.SORTS):
        assert not queries.list_page(db, outsider, view, sort=sort).rows
        assert queries.count(db, outsider, view) == 0
    assert not search.search(db, outsider, "秘密").hits
    assert not search.search(db, outsider, "秘密", conversation=head).hits
    for look in (
        lambda: queries.conversation_for(db, outsider, head.id),
        lambda: queries.message_for(db, outsider, said.id),
        lambda: queries.escalation_for(db, outsider, raised.id),
        lambda: queries.desk(db, outsider),
    ):
        with pytest.raises(LookupError):
            look()


def test_who_sees_only_one_of_two_linked_threads_sees_what_the_head_allows(db: Session) -> None:
    insider, outsider, channel = make.agent(db), make.agent(db), make.channel(db)
    one, other = make.conversation(db, channel), make.conversation(db, channel)
    one.team_id = make.team(db, insider).id
    inbox.link(db, make.customer_of(db, other), make.customer_of(db, one), evidence={})
    assert queries.conversation_for(db, insider, other.id) is one
    with pytest.raises(LookupError):
        queries.conversation_for(db, outsider, other.id)


@pytest.mark.parametrize("id", [0, -1, 10**9, 2**63, 10**30])
def test_what_is_not_there_is_not_found(db: Session, id: int) -> None:
    boss = make.supervisor(db)
    for look in (queries.conversation_for, queries.message_for, queries.escalation_for):
        with pytest.raises(queries.NotFound):
            look(db, boss, id)


@pytest.mark.parametrize("teams", [1, 3, queries.MOST_PARTS + 1, 600])
def test_a_view_is_the_same_in_either_order_however_many_teams_one_is_in(db: Session, teams: int) -> None:
    kei, strange = make.agent(db), make.team(db)
    mine = [make.team(db, kei) for _ in range(teams)]
    channel = make.channel(db, bot=False)
    for number, team in enumerate([mine[0], mine[-1], strange, None]):
        head = make.conversation(db, channel)
        head.team_id = team.id if team else None
        head.assignee_id = kei.id if number == 2 else None
    db.flush()
    for view, wanted in (("open", 4), ("teams", 2), ("mine", 1), ("unassigned", 3)):
        pages = [queries.list_page(db, kei, view, sort=sort, size=2) for sort in ("newest", "waiting")]
        assert {page.after is None for page in pages} == {wanted <= 2}
        found = [queries.list_page(db, kei, view, sort=sort).rows for sort in ("newest", "waiting")]
        assert [one.id for one in found[0]] == [one.id for one in reversed(found[1])]
        assert len(found[0]) == queries.count(db, kei, view) == wanted


@QUICK
@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 7), st.sampled_from(("newest", "waiting")))
def test_pages_of_a_list_hold_everything_once_even_at_equal_times(
    db: Session, minutes: list[int], size: int, sort: str
) -> None:
    db.expunge_all()  # of the tries before, whose ids come again
    with db.begin_nested() as whole:
        channel, boss, start = make.channel(db), make.supervisor(db), now() - timedelta(hours=1)
        for minute in minutes:
            head = make.conversation(db, channel)
            head.last_message_at = head.waiting_since = start + timedelta(minutes=minute)
        db.flush()
        found, after = [], None
        while True:
            page = queries.list_page(db, boss, "open", sort=sort, after=after, size=size)
            found += list(page.rows)
            if page.after is None:
                break
            after = page.after
        assert len(found) == len({one.id for one in found}) == len(minutes)
        keys = [(one.waiting_since or start, one.id) for one in found]
        assert keys == sorted(keys, reverse=sort == "newest")
        whole.rollback()


@QUICK
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 7))
def test_pages_of_a_thread_hold_every_message_once_both_ways(
    db: Session, minutes: list[int], size: int
) -> None:
    db.expunge_all()  # of the tries before, whose ids come again
    with db.begin_nested() as whole:
        channel, start = make.channel(db, "api"), now() - timedelta(hours=1)
        for n, minute in enumerate(minutes):
            said = make.customer_says(db, channel, str(n), "v", at=start + timedelta(minutes=minute))
        head = make.thread_of(db, said)
        expected = [m.id for m in queries.thread_page(db, head, size=1000).messages]
        back: list[int] = []
        before: str | None = None
        while True:
            page = queries.thread_page(db, head, before=before, size=size)
            back = [m.id for m in page.messages] + back
            before = page.older
            if before is None:
                break
        first = queries.thread_page(db, head, size=1000).messages[0]
        on, after = [first.id], _mark(first)
        while after is not None:
            page = queries.thread_page(db, head, after=after, size=size)
            on += [m.id for m in page.messages]
            after = page.newer
        assert back == on == expected
        whole.rollback()


def _mark(message: Message) -> str | None:
    return queries.mark(message)


def test_a_page_around_a_message_holds_it_and_goes_on_both_ways(db: Session) -> None:
    channel = make.channel(db)
    said = [make.customer_says(db, channel, str(n), "v") for n in range(60)]
    page = queries.thread_page(db, make.thread_of(db, said[0]), around=said[30], size=20)
    ids = [m.id for m in page.messages]
    assert said[30].id in ids
    before = queries.thread_page(db, make.thread_of(db, said[0]), before=page.older, size=200).messages
    after = queries.thread_page(db, make.thread_of(db, said[0]), after=page.newer, size=200).messages
    assert [m.id for m in before] + ids + [m.id for m in after] == [m.id for m in said]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "|", "2026-01-01|x", "0001-01-01T00:00:00+14:00|1", f"2026-01-01T00:00:00|{10**30}", "\x00|1"],
)
def test_a_cursor_that_is_none_starts_at_the_beginning(db: Session, cursor: str) -> None:
    boss, head = make.supervisor(db), make.conversation(db)
    assert list(queries.list_page(db, boss, "open", after=cursor).rows) == [head]
    assert queries.thread_page(db, head, before=cursor).messages


def test_the_numbers_on_the_views_stop_at_a_bound(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    boss, channel = make.supervisor(db), make.channel(db)
    monkeypatch.setattr(queries, "COUNT_TO", 10)
    for _ in range(15):
        make.conversation(db, channel)
    assert queries.count(db, boss, "open") == 10
    assert queries.count(db, boss, "resolved") == 0


def test_a_page_of_the_list_takes_the_same_few_questions_however_long(db: Session) -> None:
    boss, channel = make.supervisor(db), make.channel(db)

    def asked() -> int:
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        db.flush()
        db.expire_all()
        db.refresh(boss)
        event.listen(app.db.engine(), "before_cursor_execute", note)
        try:
            rows = queries.list_page(db, boss, "open").rows
            queries.unread(db, boss, rows)
            queries.customers_of(db, rows)
        finally:
            event.remove(app.db.engine(), "before_cursor_execute", note)
        return count

    make.conversation(db, channel)
    few = asked()
    for _ in range(30):
        make.conversation(db, channel)
    assert asked() == few <= 5


def test_the_desk_shows_what_is_overdue_first(db: Session) -> None:
    boss, agent, channel = make.supervisor(db), make.agent(db), make.channel(db)
    late = inbox.escalate(db, make.conversation(db, channel), "other", "急がない", agent=agent)
    soon = inbox.escalate(db, make.conversation(db, channel), "safety", "急ぐ", agent=agent)
    assert [one.id for one in queries.desk(db, boss)] == [soon.id, late.id]


def test_a_message_is_found_with_its_thread(db: Session) -> None:
    boss, said = make.supervisor(db), make.customer_says(db, make.channel(db))
    assert queries.message_for(db, boss, said.id) == (said, make.thread_of(db, said))
