"""Tasks over the API are those of the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import inbox
from app.db import now, transaction
from app.models import Agent, Conversation
from tests import factories
from tests.api.calling import PREFIX, Program, program

pytestmark = pytest.mark.usefixtures("committed")


def scene() -> tuple[Program, Agent, Conversation]:
    with transaction() as db:
        agent, thread = factories.agent(db, "田中"), factories.conversation(db)
    return program(agent), agent, thread


def wanted(**more: object) -> dict[str, object]:
    return {"text": "折り返す", "due_at": (now() + timedelta(hours=1)).isoformat(), "kind": "call", **more}


def test_one_is_added_changed_finished_and_opened_again() -> None:
    caller, agent, thread = scene()
    made = caller.call("POST", f"/conversations/{thread.id}/tasks", 201, json=wanted())
    assert (made["assignee_id"], made["kind"], made["done_at"]) == (agent.id, "call", None)
    path = f"/tasks/{made['id']}"
    assert caller.see(path) == made
    assert [one["id"] for one in caller.see("/tasks")["items"]] == [made["id"]]
    caller.refused("PATCH", path, 428, json={"text": "必ず折り返す"})
    seen = {"if-match": caller.get(PREFIX + path).headers["etag"]}
    assert caller.call("PATCH", path, json={"text": "必ず折り返す"}, headers=seen)["text"] == "必ず折り返す"
    caller.refused("PATCH", path, 412, json={"text": "もう一人"}, headers=seen)
    assert caller.call("PUT", path + "/completion")["done_by"] == agent.id
    assert caller.see("/tasks")["items"] == []
    assert [one["id"] for one in caller.see("/tasks", view="done")["items"]] == [made["id"]]
    caller.refused("PATCH", path, 409, json={"text": "やはり"}, headers={"if-match": "*"})
    assert caller.call("DELETE", path + "/completion")["done_at"] is None


def test_it_is_a_teams_or_comes_from_a_message_with_words_to_tell() -> None:
    caller, agent, thread = scene()
    with transaction() as db:
        team = factories.team(db, db.get_one(Agent, agent.id))
        other = factories.customer_says(db, factories.channel(db), "よその方", "somebody")
    said = caller.see(f"/conversations/{thread.id}/messages")["items"][0]["id"]
    body = wanted(team_id=team.id, message_id=said, kind="tell", words="入荷しました")
    made = caller.call("POST", f"/conversations/{thread.id}/tasks", 201, json=body)
    assert (made["team_id"], made["assignee_id"], made["message_id"], made["words"]) == (
        team.id, None, said, "入荷しました",
    )  # fmt: skip
    assert [one["id"] for one in caller.see("/tasks", view="teams")["items"]] == [made["id"]]
    path, seen = f"/tasks/{made['id']}", {"if-match": "*"}
    changed = caller.call("PATCH", path, json={"assignee_id": agent.id, "words": "届きました"}, headers=seen)
    assert (changed["team_id"], changed["assignee_id"], changed["words"]) == (None, agent.id, "届きました")
    back = caller.call("PATCH", path, json={"team_id": team.id}, headers=seen)
    assert (back["team_id"], back["assignee_id"], back["words"]) == (team.id, None, "届きました")
    for wrong in (
        {"message_id": other.id},
        {"team_id": 999},
        {"due_at": "2001-01-01T00:00:00Z"},
        {"text": ""},
    ):
        caller.refused("POST", f"/conversations/{thread.id}/tasks", 422, json=wanted(**wrong))


def test_an_outsider_has_none() -> None:
    caller, agent, thread = scene()
    made = caller.call("POST", f"/conversations/{thread.id}/tasks", 201, json=wanted())
    with transaction() as db:
        outsider, mine = factories.agent(db), db.get_one(Agent, agent.id)
        head = db.get_one(Conversation, thread.id)
        inbox.assign(db, mine, head, None, factories.team(db, mine), keep_team=False)
    stranger = program(outsider)
    for method, path in (("GET", ""), ("PUT", "/completion"), ("DELETE", "/completion")):
        stranger.refused(method, f"/tasks/{made['id']}{path}", 404)
    assert stranger.see("/tasks", view="all")["items"] == []
