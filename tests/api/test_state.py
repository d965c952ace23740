"""What can be done to a conversation over the API is what can be done in the inbox."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from app.db import transaction
from app.inbox.escalations import TYPES
from app.models import Conversation, Label
from app.web.api.state import EscalationIn
from tests import factories
from tests.api.calling import Program, program

pytestmark = pytest.mark.usefixtures("committed")


def scene(*, bot: bool = False) -> tuple[Program, Conversation]:
    with transaction() as db:
        agent = factories.agent(db, "佐藤")
        thread = factories.conversation(db, factories.channel(db, bot=bot))
    return program(agent), thread


def test_it_is_assigned_given_to_a_team_and_given_back() -> None:
    caller, thread = scene()
    with transaction() as db:
        other = factories.agent(db)
        team = factories.team(db, other)
    path = f"/conversations/{thread.id}/assignment"
    told = caller.call("PUT", path, json={"agent_id": other.id})
    assert (told["assignee_id"], told["team_id"]) == (other.id, None)
    late = caller.refused("PUT", path, 409, json={"agent_id": None, "was": None})
    assert "meanwhile" in late["detail"]
    told = program(other).call("PUT", path, json={"team_id": team.id})
    assert (told["assignee_id"], told["team_id"]) == (other.id, team.id)
    caller.refused("PUT", path, 404, json={"agent_id": None})
    told = program(other).call("DELETE", path)
    assert (told["assignee_id"], told["team_id"]) == (None, None)
    assert caller.refused("PUT", path, 422, json={})["errors"][0]["field"] == "body.agent_id"
    assert caller.refused("PUT", path, 422, json={"agent_id": 999})["errors"][0]["field"] == "body.agent_id"


def test_it_is_taken_from_the_bot_and_handed_back() -> None:
    caller, thread = scene(bot=True)
    path = f"/conversations/{thread.id}/handover"
    assert caller.see(f"/conversations/{thread.id}")["owner"] == "bot"
    assert caller.call("PUT", path)["owner"] == "human"
    assert caller.call("DELETE", path)["owner"] == "bot"


def test_it_is_resolved_opened_again_snoozed_and_woken() -> None:
    caller, thread = scene()
    here = f"/conversations/{thread.id}"
    assert caller.call("PUT", here + "/closure")["status"] == "resolved"
    (case,) = caller.see("/cases", conversation_id=thread.id)["items"]
    assert case["status"] == "resolved"
    caller.refused("PUT", here + "/snooze", 409, json={"until": "2030-01-01T09:00:00+09:00"})
    assert caller.call("DELETE", here + "/closure")["status"] == "open"
    told = caller.call("PUT", here + "/snooze", json={"until": "2030-01-01T09:00:00+09:00"})
    assert (told["status"], told["snoozed_until"]) == ("snoozed", "2030-01-01T00:00:00Z")
    assert caller.call("DELETE", here + "/snooze")["status"] == "open"
    assert caller.refused("PUT", here + "/snooze", 422, json={"until": "2001-01-01T00:00:00Z"})[
        "type"
    ].endswith(":refused")


def test_what_a_program_has_not_seen_is_not_resolved() -> None:
    caller, thread = scene()
    here = f"/conversations/{thread.id}"
    seen = caller.see(here)["last_event_id"]
    with transaction() as db:
        factories.says_more(db, thread, "あと、もう一つ")
    caller.refused("PUT", f"{here}/closure?seen={seen}", 409)
    caller.refused("PUT", here + "/snooze", 409, json={"until": "2030-01-01T09:00:00+09:00", "seen": seen})
    caller.call("POST", here + "/replies", 201, json={"text": "はい", "resolve": True, "seen": seen})
    told = caller.see(here)
    assert told["status"] == "open"
    assert caller.call("PUT", f"{here}/closure?seen={told['last_event_id']}")["status"] == "resolved"


def test_labels_are_put_on_and_taken_off() -> None:
    caller, thread = scene()
    with transaction() as db:
        label = Label(name="急ぎ", hue=10)
        db.add(label)
    path = f"/conversations/{thread.id}/labels/{label.id}"
    for _ in range(2):
        assert caller.call("PUT", path)["labels"] == [{"id": label.id, "name": "急ぎ", "hue": 10}]
    assert caller.call("DELETE", path)["labels"] == []
    caller.refused("PUT", f"/conversations/{thread.id}/labels/999", 404)


def test_it_is_read() -> None:
    caller, thread = scene()
    assert caller.see(f"/conversations/{thread.id}")["unread"] == 1
    assert caller.call("PUT", f"/conversations/{thread.id}/read")["unread"] == 0


def test_it_is_escalated_and_the_supervisor_decides() -> None:
    caller, thread = scene()
    with transaction() as db:
        supervisor = factories.supervisor(db)
    body = {"type": "refund", "reason": "二重請求です"}
    made = caller.call("POST", f"/conversations/{thread.id}/escalations", 201, json=body)
    assert (made["state"], made["reason"], made["raised_by"]) == ("open", "二重請求です", "agent")
    caller.refused("GET", "/escalations", 403)
    desk = program(supervisor)
    assert [one["id"] for one in desk.see("/escalations")["items"]] == [made["id"]]
    assert desk.call("POST", f"/escalations/{made['id']}/taking")["taken_by"] == supervisor.id


def test_every_kind_of_escalation_can_be_named() -> None:
    assert get_args(get_type_hints(EscalationIn)["type"]) == TYPES
