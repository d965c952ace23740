"""What the bot is measured with, what is published, why it answered, what is noted of customers: as programs see it."""

from __future__ import annotations

import pytest

from app import inbox
from app.db import transaction
from app.inbox.attributes import Attribute, define
from app.models import Agent, Conversation, Decision
from tests import factories
from tests.api.calling import PREFIX, Program, program

pytestmark = pytest.mark.usefixtures("committed")


def editor() -> Program:
    with transaction() as db:
        admin = factories.agent(db, role="admin")
    return program(admin)


def entry_of(caller: Program) -> int:
    body = {"title": "返品", "questions": ["返品したい"], "answer": "承ります。"}
    made = caller.call("POST", "/faq", 201, json=body)
    caller.call("POST", "/faq/publication", json={})
    return int(made["id"])


def test_a_question_is_kept_once_relabelled_and_removed() -> None:
    caller = editor()
    entry = entry_of(caller)
    body = {"text": "セール品も返せますか", "entry_id": entry}
    made = caller.call("POST", "/test-questions", 201, json=body)
    assert (made["entry_id"], made["language"], made["origin"]) == (entry, "ja", "imported")
    again = caller.call("POST", "/test-questions", 200, json={**body, "entry_id": None})
    assert (again["id"], again["entry_id"]) == (made["id"], None)
    path = f"/test-questions/{made['id']}"
    caller.refused("PATCH", path, 428, json={"entry_id": entry})
    seen = {"if-match": caller.get(PREFIX + path).headers["etag"]}
    assert caller.call("PATCH", path, json={"entry_id": entry}, headers=seen)["entry_id"] == entry
    assert [one["id"] for one in caller.see("/test-questions", entry_id=entry)["items"]] == [made["id"]]
    problem = caller.refused("POST", "/test-questions", 422, json={**body, "entry_id": 999})
    assert problem["errors"][0]["field"] == "body.entry_id"
    caller.call("DELETE", path, 204, headers={"if-match": "*"})
    assert caller.see("/test-questions")["items"] == []
    with transaction() as db:
        agent = factories.agent(db)
    program(agent).refused("GET", "/test-questions", 403)


def test_what_is_published_is_listed_and_found_as_readers_find_it() -> None:
    caller = editor()
    entry = entry_of(caller)
    (version, *_) = caller.see("/faq/versions")["items"]
    assert version["counts"]["added"] == 1
    (found,) = caller.see("/help-centre/search", q="返品したいです")["items"]
    assert (found["id"], found["answer"], found["path"]) == (
        entry,
        "承ります。",
        f"/help/ja/{entry}-%E8%BF%94%E5%93%81",
    )
    assert caller.see(f"/help-centre/entries/{entry}") == found
    assert caller.see("/help-centre/search", q="返品", language="en")["items"] == []
    seen = {"if-match": "*"}
    caller.call("PATCH", f"/faq/{entry}", json={"listed": False}, headers=seen)
    caller.call("POST", "/faq/publication", json={})
    caller.refused("GET", f"/help-centre/entries/{entry}", 404)


def test_why_the_bot_answered_is_told_to_who_may_see_the_thread() -> None:
    with transaction() as db:
        agent, outsider = factories.agent(db), factories.agent(db)
        said = factories.customer_says(db, factories.channel(db), "返品したい", "somebody")
        considered = [{"entry_id": 7, "title": "返品", "question": "返品したい", "score": 91.0}]
        db.add(
            Decision(
                conversation_id=said.conversation_id,
                message_id=said.id,
                version=0,
                epoch=0,
                action="answer",
                entry_id=7,
                score=91.0,
                detail={"considered": considered, "question": "返品したい"},
            )
        )
        plain = factories.customer_says(db, factories.channel(db), "はい", "somebody else")
    told = program(agent).see(f"/messages/{said.id}/decision")
    assert (told["action"], told["entry_id"], told["considered"]) == ("answer", 7, considered)
    program(agent).refused("GET", f"/messages/{plain.id}/decision", 404)
    with transaction() as db:
        team = factories.team(db, db.get_one(Agent, agent.id))
        head = db.get_one(Conversation, said.conversation_id)
        inbox.assign(db, db.get_one(Agent, agent.id), head, None, team, keep_team=False)
    program(outsider).refused("GET", f"/messages/{said.id}/decision", 404)


def test_attributes_with_a_type_and_purposes_are_listed() -> None:
    with transaction() as db:
        admin = factories.agent(db, role="admin")
        define(db, admin, Attribute("rank", "ランク", "Rank", "choice", ("金", "銀")))
    caller = program(admin, "customers:read")
    (rank,) = caller.see("/attributes")["items"]
    assert (rank["name"], rank["type"], rank["choices"]) == ("rank", "choice", ["金", "銀"])
    assert [(one["key"], one["opt_in"]) for one in caller.see("/purposes")["items"]] == [
        ("service", False), ("notices", False), ("marketing", True),
    ]  # fmt: skip
