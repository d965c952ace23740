"""Following everything by asking: `GET /events`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app import inbox, tasks, webhooks
from app.calls.noting import Written, rewrite, write
from app.db import now, transaction
from app.events import record
from app.models import Agent, Conversation
from tests import factories
from tests.api.calling import Program, program

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def admin() -> Agent:
    with transaction() as db:
        return factories.agent(db, role="admin")


@pytest.fixture
def thread(admin: Agent) -> Conversation:
    with transaction() as db:
        head = factories.conversation(db, text="送料はいくらですか")
        factories.reply(db, db.get_one(Agent, admin.id), head, "550円です")
        record(db, "faq_entry.saved", noun_id=1)
        return head


def follow(caller: Program, limit: int = 2, **query: object) -> list[dict[str, Any]]:
    """Everything, page by page."""
    items: list[dict[str, Any]] = []
    after, more = 0, True
    while more:
        page = caller.see("/events", after=after, limit=limit, **query)
        items, after, more = [*items, *page["items"]], page["next"], page["more"]
    return items


def test_everything_comes_once_in_order_with_what_was_said(admin: Agent, thread: Conversation) -> None:
    items = follow(program(admin))
    cursors = [one["cursor"] for one in items]
    assert cursors == sorted(set(cursors))
    said = [one for one in items if one["kind"] in ("message.received", "message.sent")]
    assert [one["message"]["text"] for one in said] == ["送料はいくらですか", "550円です"]
    assert {one["conversation"]["id"] for one in said} == {thread.id}


def test_the_next_page_is_empty_until_something_happens(admin: Agent, thread: Conversation) -> None:
    caller = program(admin)
    end = caller.see("/events", after=0, limit=100)["next"]
    assert caller.see("/events", after=end) == {"items": [], "next": end, "more": False}
    with transaction() as db:
        head = inbox.hold(db, db.get_one(Conversation, thread.id))
        record(db, "woken", head)
    assert [one["kind"] for one in caller.see("/events", after=end)["items"]] == ["woken"]


def test_kinds_and_one_conversation_can_be_asked_for(admin: Agent, thread: Conversation) -> None:
    with transaction() as db:
        factories.conversation(db)
    caller = program(admin)
    kinds = ["message.received", "faq_entry.saved"]
    assert {one["kind"] for one in follow(caller, kinds=kinds)} == set(kinds)
    assert {one["conversation_id"] for one in follow(caller, conversation=thread.id)} == {thread.id}
    assert follow(caller, conversation=9_999) == []


def test_a_token_for_events_alone_is_not_told_what_was_said(admin: Agent, thread: Conversation) -> None:
    items = follow(program(admin, "events:read"))
    assert {one["kind"] for one in items} >= {"message.received"}
    assert all(one["message"] is None and one["conversation"] is None for one in items)


def test_it_is_told_no_address_and_nothing_written_in_a_thread(admin: Agent, thread: Conversation) -> None:
    with transaction() as db:
        me, head = db.get_one(Agent, admin.id), db.get_one(Conversation, thread.id)
        tasks.add(db, head, "田中様に折り返す", now() + timedelta(hours=1), me)
        call, _ = write(db, me, head, Written("返金の相談", number="090-1234-5678"), "a-note")
        rewrite(db, me, call, Written("やり直し"))
        theirs = factories.customer_of(db, factories.conversation(db))
        proof = {"proof": "address", "kind": "email", "address": "taro@example.jp"}
        inbox.link(db, theirs, factories.customer_of(db, head), agent=me, evidence=proof)
        handed = inbox.hold(db, head)
        record(db, "handover", handed, to="human", reason="misses", epoch=4)
    told = {one["kind"]: one["data"] for one in follow(program(admin, "events:read"))}
    trail = {"group": "conversations", "limit": 100}
    for secret in ("田中様", "返金", "taro@example.jp"):
        assert secret not in str([told, program(admin, "events:read").see("/audit", **trail)])
        assert secret in str(follow(program(admin)))
        assert secret in str(program(admin).see("/audit", **trail))
    assert told["task.added"].keys() >= {"task", "due", "assignee"}
    assert told["linked"].keys() == {"link", "child"}
    assert told["call.noted"]["state"]
    assert told["handover"] == {"to": "human", "reason": "misses", "epoch": 4}


def test_who_may_not_see_a_conversation_is_not_told_of_it(admin: Agent, thread: Conversation) -> None:
    with transaction() as db:
        outsider, team = factories.agent(db), factories.team(db)
        boss, head = db.get_one(Agent, admin.id), db.get_one(Conversation, thread.id)
        inbox.assign(db, boss, head, None, team, keep_team=False)
    assert follow(program(outsider)) == []
    assert follow(program(outsider), conversation=thread.id) == []


def test_a_cursor_of_another_installation_is_told_from_waiting(admin: Agent, thread: Conversation) -> None:
    told = program(admin).refused("GET", "/events", 422, params={"after": 123_456})
    assert told["errors"][0]["field"] == "query.after"
    assert "beyond" in told["errors"][0]["detail"]


def test_all_kinds_but_one_can_be_asked_for(admin: Agent, thread: Conversation) -> None:
    kinds = sorted(webhooks.KINDS - {"message.received"})
    told = program(admin).see("/events", kinds=kinds)["items"]
    assert told
    assert {one["kind"] for one in told} <= set(kinds)


def test_a_kind_that_is_none_is_refused(admin: Agent) -> None:
    told = program(admin).refused("GET", "/events", 422, params={"kinds": "message.recieved"})
    assert told["errors"][0]["field"] == "query.kinds"


def test_it_takes_the_scope(admin: Agent) -> None:
    program(admin, "conversations:read").refused("GET", "/events", 403)
