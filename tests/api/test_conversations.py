"""Conversations over the API: what one finds, and what one does not."""

from __future__ import annotations

import pytest

from app import inbox
from app.db import transaction
from app.models import Label
from tests import factories
from tests.api.calling import program

pytestmark = pytest.mark.usefixtures("committed")


def test_a_conversation_is_found_by_what_is_known_of_it() -> None:
    with transaction() as db:
        agent, label = factories.agent(db, "佐藤"), Label(name="急ぎ", hue=10)
        db.add(label)
        shop, desk = factories.channel(db), factories.channel(db)
        first = factories.conversation(db, shop, "在庫は？")
        second = factories.conversation(db, desk, "返品したい")
        inbox.put_label(db, first, label, agent=agent)
        inbox.assign(db, agent, second, agent)
    caller = program(agent)

    def ids(**query: object) -> list[int]:
        return [one["id"] for one in caller.see("/conversations", **query)["items"]]

    assert ids() == [second.id, first.id]
    assert ids(label=label.id) == [first.id]
    assert ids(assignee="me") == ids(assignee=agent.id) == ids(view="mine") == [second.id]
    assert ids(assignee="none") == [first.id]
    assert ids(channel=shop.id) == [first.id]
    assert ids(customer=second.customer_id) == [second.id]
    assert ids(status="resolved") == []
    assert ids(updated_since="2100-01-01T00:00:00Z") == []
    assert ids(updated_since="2000-01-01T00:00:00Z", team="none", escalated="false") == [second.id, first.id]


def test_pages_of_a_list_hold_everything_once() -> None:
    with transaction() as db:
        agent, shop = factories.agent(db), factories.channel(db)
        made = [factories.conversation(db, shop).id for _ in range(7)]
    caller, seen, after = program(agent), [], ""
    while True:
        page = caller.see("/conversations", limit=3, **({"after": after} if after else {}))
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == made[::-1]


def test_a_conversation_tells_what_its_row_in_the_inbox_tells() -> None:
    with transaction() as db:
        agent = factories.agent(db)
        thread = factories.conversation(db, text="在庫は？")
    told = program(agent).see(f"/conversations/{thread.id}")
    assert (told["status"], told["owner"], told["preview"], told["unread"]) == (
        "open",
        "human",
        "在庫は？",
        1,
    )
    assert told["created_at"].endswith("Z")
    assert told["updated_at"] >= told["created_at"]


def test_another_teams_conversation_does_not_exist() -> None:
    with transaction() as db:
        insider, outsider = factories.agent(db), factories.agent(db)
        ours = factories.team(db, insider)
        thread = factories.conversation(db)
        inbox.assign(db, insider, thread, None, ours, keep_team=False)
    assert program(outsider).see("/conversations")["items"] == []
    problem = program(outsider).refused("GET", f"/conversations/{thread.id}", 404)
    assert problem["title"] == "Not Found"
    assert program(insider).see(f"/conversations/{thread.id}")["id"] == thread.id


def test_the_events_of_a_conversation_come_in_order() -> None:
    with transaction() as db:
        agent = factories.agent(db)
        thread = factories.conversation(db)
        factories.reply(db, agent, thread)
    told = program(agent).see(f"/conversations/{thread.id}/events")["items"]
    assert [one["kind"] for one in told][:1] == ["message.received"]
    assert [one["previous_id"] for one in told][1:] == [one["id"] for one in told][:-1]
