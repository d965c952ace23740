"""Telephone calls by the API: read, noted, changed, and not there for who may not see the thread."""

from __future__ import annotations

import pytest

from app.db import transaction
from app.models import Agent, Conversation
from tests import factories
from tests.api.calling import PREFIX, Program, program
from tests.calls.told import call

pytestmark = pytest.mark.usefixtures("committed")
SEEN = {"if-match": "*"}


def scene() -> tuple[Program, Agent, Conversation]:
    with transaction() as db:
        agent, thread = factories.agent(db, "田中"), factories.conversation(db)
    return program(agent), agent, thread


def test_one_is_noted_once_and_its_note_changed() -> None:
    caller, agent, thread = scene()
    body = {"client_id": "x", "text": "在庫をご案内", "number": "+81312345678", "talk_seconds": 72}
    made = caller.call("POST", f"/conversations/{thread.id}/calls", 201, json=body)
    assert (made["result"], made["talk_seconds"], made["agent_id"], made["state"]) == (
        "answered", 72, agent.id, "ended",
    )  # fmt: skip
    assert caller.call("POST", f"/conversations/{thread.id}/calls", 201, json=body) == made
    assert [one["id"] for one in caller.see(f"/conversations/{thread.id}/calls")["items"]] == [made["id"]]
    note = {"text": "在庫なし", "disposition": "折り返し待ち"}
    caller.refused("PUT", f"/calls/{made['id']}/note", 428, json=note)
    seen = {"if-match": caller.get(f"{PREFIX}/calls/{made['id']}").headers["etag"]}
    changed = caller.call("PUT", f"/calls/{made['id']}/note", json=note, headers=seen)
    caller.refused("PUT", f"/calls/{made['id']}/note", 412, json=note, headers=seen)
    assert (changed["text"], changed["disposition"]) == ("在庫なし", "折り返し待ち")
    assert caller.see(f"/calls/{made['id']}") == changed


def test_what_a_telephone_system_told_is_read_and_noted_by_who_may_see_it() -> None:
    caller, _, _ = scene()
    with transaction() as db:
        line = factories.channel(db, "call", secrets={"secret": "s" * 20})
        factories.accept(db, line, call("ended", 9, result="missed"))
        other = factories.agent(db)
    (thread,) = [one for one in caller.see("/conversations")["items"] if one["channel_id"] == line.id]
    (told,) = caller.see(f"/conversations/{thread['id']}/calls")["items"]
    assert (told["result"], told["external_id"], told["noted_by"]) == ("missed", "c-1", None)
    caller.call("PUT", f"/calls/{told['id']}/note", json={"text": "折り返し済み"}, headers=SEEN)
    program(other).refused("PUT", f"/calls/{told['id']}/note", 403, json={"text": "他人"}, headers=SEEN)
    with transaction() as db:
        db.get_one(Conversation, thread["id"]).team_id = factories.team(db).id
    for method, path in (("GET", ""), ("PUT", "/note")):
        program(other).refused(
            method, f"/calls/{told['id']}{path}", 404, json={"text": "x"} if path else None
        )
