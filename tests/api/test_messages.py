"""Reading a thread and speaking in it, over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import inbox, intake
from app.db import now, reading, transaction
from app.models import Agent, Channel, Conversation, Message, RawReceipt
from channels import base
from tests import factories, letters
from tests.api.calling import Program, program
from tests.connectors import Ruled, installed_as

pytestmark = pytest.mark.usefixtures("committed")


def cast(kind: str = "webchat") -> tuple[Agent, Channel, Conversation]:
    with transaction() as db:
        agent, channel = factories.agent(db, "佐藤"), factories.channel(db, kind)
        return agent, channel, factories.conversation(db, channel, "在庫は？")


def texts(caller: Program, thread: Conversation, **query: object) -> list[str]:
    told = caller.see(f"/conversations/{thread.id}/messages", **query)
    return [one["text"] for one in told["items"] if one["kind"] != "system"]


def test_an_answer_is_in_the_thread_and_on_its_way() -> None:
    agent, channel, thread = cast()
    caller = program(agent)
    said = caller.call("POST", f"/conversations/{thread.id}/replies", 201, json={"text": "ございます。"})
    assert (said["kind"], said["author"], said["agent_id"]) == ("outbound", "agent", agent.id)
    assert (said["channel_id"], said["delivery"]["state"]) == (channel.id, "sent")
    assert caller.see(f"/messages/{said['id']}") == said
    assert texts(caller, thread) == ["在庫は？", "ございます。"]
    told = caller.see(f"/conversations/{thread.id}")
    assert (told["owner"], told["assignee_id"], told["unread"]) == ("human", agent.id, 0)


def test_an_answer_leaves_what_was_not_seen_and_goes_to_whom_it_names() -> None:
    agent, channel, thread = cast()
    caller, path = program(agent), f"/conversations/{thread.id}/replies"
    with transaction() as db:
        factories.says_more(db, thread, "やはり結構です")
        here = factories.identity_of(db, thread).id
        there = factories.identity_of(db, factories.conversation(db, channel)).id
    caller.refused("POST", path, 409, json={"text": "ございます。", "identity_id": there})
    said = {"text": "ございます。", "identity_id": here, "seen": thread.last_event_id}
    assert caller.call("POST", path, 201, json=said)["identity_id"] == here
    told = caller.see(f"/conversations/{thread.id}")
    assert (told["waiting_since"] is not None, told["unread"]) == (True, 1)


def test_the_same_answer_again_resolves_nothing_that_came_after_it() -> None:
    agent, _, thread = cast()
    caller, path = program(agent), f"/conversations/{thread.id}/replies"
    body = {"text": "発送しました。", "client_id": "order-1042-sent", "resolve": True}
    first = caller.call("POST", path, 201, json=body)
    assert caller.see(f"/conversations/{thread.id}")["status"] == "resolved"
    with transaction() as db:
        factories.says_more(db, thread, "まだ届きません")
    assert caller.call("POST", path, 201, json=body)["id"] == first["id"]
    told = caller.see(f"/conversations/{thread.id}")
    assert (told["status"], told["waiting_since"] is not None) == ("open", True)


def test_the_bot_is_given_back_nothing_unseen() -> None:
    agent, _, thread = cast()
    caller, path = program(agent), f"/conversations/{thread.id}/handover"
    with transaction() as db:
        factories.says_more(db, thread, "やけどしました")
    caller.refused("DELETE", f"{path}?seen={thread.last_event_id}", 409)
    assert caller.see(f"/conversations/{thread.id}")["owner"] == "human"


def test_an_answer_by_mail_has_copies_and_a_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    with letters.mail(monkeypatch):
        agent, _, thread = cast("post")
        body = {"text": "はい。", "subject": "在庫", "copies": [{"address": letters.TARO, "role": "bcc"}]}
        said = program(agent).call("POST", f"/conversations/{thread.id}/replies", 201, json=body)
        assert said["subject"] == "在庫"
        assert said["context"]["others"] == [{"address": letters.TARO, "name": "", "role": "bcc"}]
        body = {"text": "はい。", "copies": [{"address": "x@y\r\nBcc: z@w"}]}
        problem = program(agent).refused("POST", f"/conversations/{thread.id}/replies", 422, json=body)
        assert "is no address" in problem["detail"]


def test_a_template_goes_where_the_time_to_answer_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed_as(Ruled, monkeypatch, reply_window=timedelta(days=1)) as kind:
        ready = base.Template("ready", "ja", "{{1}}様、届きました。", ("1",))
        kind.offers = staticmethod(lambda: [ready])
        with transaction() as db:
            agent, channel = factories.agent(db, "佐藤"), factories.channel(db, "post")
            thread = factories.conversation(db, channel, at=now() - timedelta(days=2))
        caller, path = program(agent), f"/conversations/{thread.id}/replies"
        assert "only approved templates" in caller.refused("POST", path, 422, json={"text": "はい"})["detail"]
        template = {"name": "ready", "language": "ja", "values": {"1": "花子"}}
        body = {"template": template, "client_id": "mine-0001"}
        said = caller.call("POST", path, 201, json=body)
        assert said["text"] == "花子様、届きました。"
        assert said["context"]["template"] == template
        assert caller.call("POST", path, 201, json=body)["id"] == said["id"]
        key, other = caller.key(), {"template": template}
        said = caller.call("POST", path, 201, json=other, headers=key)
        with transaction() as db:  # switched off since: what was done is answered as it was
            db.get_one(Channel, channel.id).enabled = False
        assert caller.call("POST", path, 201, json=other, headers=key) == said
        assert caller.refused("POST", path, 422, json=other)["errors"][0]["field"] == "body.channel_id"
        with transaction() as db:
            db.get_one(Channel, channel.id).enabled = True
        problem = caller.refused("POST", path, 422, json={"template": {**template, "values": {}}})
        assert problem["detail"] == "The template needs a value for “{{1}}”."
        problem = caller.refused("POST", path, 422, json={"template": template, "text": "はい"})
        assert problem["detail"] == "A template has its own words: give no text."


def test_the_same_client_id_again_changes_nothing() -> None:
    agent, _, thread = cast()
    caller, body = program(agent), {"text": "はい。", "client_id": "mine-0001"}
    first = caller.call("POST", f"/conversations/{thread.id}/replies", 201, json=body)
    assert caller.call("POST", f"/conversations/{thread.id}/replies", 201, json=body)["id"] == first["id"]
    assert texts(caller, thread) == ["在庫は？", "はい。"]


def test_a_note_is_a_note_and_an_empty_one_is_refused() -> None:
    agent, _, thread = cast()
    caller = program(agent)
    assert (
        caller.call("POST", f"/conversations/{thread.id}/notes", 201, json={"text": "VIP"})["kind"] == "note"
    )
    problem = caller.refused("POST", f"/conversations/{thread.id}/notes", 422, json={"text": "  "})
    assert (problem["detail"], problem["type"]) == ("The note is empty.", "urn:madoguchi:problem:refused")


def test_a_thread_is_read_in_both_directions() -> None:
    agent, channel, thread = cast()
    with transaction() as db:
        identity = factories.identity_of(db, thread)
        for n in range(9):
            factories.customer_says(db, channel, f"{n}", identity.address)
    caller, path = program(agent), f"/conversations/{thread.id}/messages"
    newest = caller.see(path, limit=4)
    assert [one["text"] for one in newest["items"]] == ["5", "6", "7", "8"]
    before = caller.see(path, limit=4, before=newest["older"])
    assert [one["text"] for one in before["items"]] == ["1", "2", "3", "4"]
    start = caller.see(path, limit=8, after="start")
    assert [one["text"] for one in start["items"]][:2] == ["在庫は？", "0"]
    assert texts(caller, thread, after=start["newer"]) == ["7", "8"]
    around = caller.see(path, limit=4, around=before["items"][0]["id"])
    assert "1" in [one["text"] for one in around["items"]]
    assert caller.refused("GET", path, 422, params={"before": "x"})["errors"][0]["field"] == "query.before"


def test_a_file_is_uploaded_sent_and_fetched() -> None:
    agent, _, thread = cast()
    caller = program(agent)
    kept = caller.call("POST", "/attachments", 201, files={"file": ("メモ.txt", "内容".encode())})
    assert (kept["name"], kept["content_type"]) == ("メモ.txt", "text/plain")
    body = {"text": "ご覧ください", "attachment_ids": [kept["id"]]}
    said = caller.call("POST", f"/conversations/{thread.id}/replies", 201, json=body)
    assert said["attachments"] == [kept]
    fetched = caller.get(kept["url"])
    assert (fetched.status_code, fetched.content) == (200, "内容".encode())
    assert fetched.headers["content-disposition"].startswith("attachment")
    again = caller.refused("POST", f"/conversations/{thread.id}/replies", 409, json=body)
    assert "メモ.txt" in again["detail"]


def test_nobody_fetches_or_sends_anothers_file() -> None:
    agent, _, thread = cast()
    with transaction() as db:
        other = factories.agent(db)
    kept = program(agent).call("POST", "/attachments", 201, files={"file": ("a.txt", b"a")})
    program(other).refused("GET", f"/attachments/{kept['id']}", 404)
    program(other).refused("GET", f"/attachments/{kept['id']}/content", 404)
    body = {"text": "x", "attachment_ids": [kept["id"]]}
    problem = program(other).refused("POST", f"/conversations/{thread.id}/replies", 422, json=body)
    assert problem["errors"][0]["field"] == "body.attachment_ids"


def test_two_writers_of_a_draft_do_not_overwrite_each_other() -> None:
    agent, _, thread = cast()
    caller, path = program(agent), f"/conversations/{thread.id}/draft"
    tag = caller.get("/api/v1" + path).headers["etag"]
    assert caller.refused("PUT", path, 428, json={"text": "a"})["errors"][0]["field"] == "header.If-Match"
    kept = caller.put("/api/v1" + path, json={"text": "a"}, headers={"if-match": tag})
    assert kept.status_code == 200
    caller.refused("PUT", path, 412, json={"text": "b"}, headers={"if-match": tag})
    assert caller.see(path)["text"] == "a"
    assert kept.headers["etag"] == caller.get("/api/v1" + path).headers["etag"]
    caller.call("DELETE", path, 204, headers={"if-match": kept.headers["etag"]})
    assert caller.see(path)["text"] == ""


@pytest.mark.parametrize("where", ["replies", "notes"])
def test_what_a_program_says_leaves_a_draft_of_other_words(where: str) -> None:
    agent, _, thread = cast()
    with transaction() as db:
        inbox.save_draft(db, agent, thread, "書きかけ", kind="note", channel_id=None, version=0)
    caller, path = program(agent), f"/conversations/{thread.id}"
    caller.call("POST", f"{path}/{where}", 201, json={"text": "ございます。"})
    assert caller.see(f"{path}/draft")["text"] == "書きかけ"
    caller.call("POST", f"{path}/{where}", 201, json={"text": "書きかけ"})
    assert caller.see(f"{path}/draft")["text"] == ""


def test_a_draft_keeps_its_copies_and_its_subject() -> None:
    agent, _, thread = cast()
    caller, path = program(agent), f"/conversations/{thread.id}/draft"
    copies = [{"address": "boss@example.jp", "name": "上司", "role": "cc"}]
    tag = caller.get("/api/v1" + path).headers["etag"]
    body = {"text": "a", "copies": copies, "subject": "件名"}
    kept = caller.put("/api/v1" + path, json=body, headers={"if-match": tag})
    assert kept.status_code == 200
    told = caller.see(path)
    assert (told["copies"], told["subject"]) == (copies, "件名")
    caller.call("PUT", path, json={"text": "a"}, headers={"if-match": kept.headers["etag"]})
    told = caller.see(path)
    assert (told["copies"], told["subject"]) == ([], None)


def test_a_program_writes_as_a_customer_once() -> None:
    with transaction() as db:
        admin, agent = factories.agent(db, role="admin"), factories.agent(db)
        channel, chat = factories.channel(db, "api"), factories.channel(db)
    caller, path = program(admin), f"/channels/{channel.id}/messages"
    body = {"id": "form-1", "from": {"id": "u-1", "name": "山田 太郎"}, "text": "在庫は？"}
    first = caller.call("POST", path, 201, json=body)
    again = caller.call("POST", path, 200, json=body)
    assert (first["new"], again["new"], again["message_id"]) == (True, False, first["message_id"])
    told = caller.see(f"/messages/{first['message_id']}")
    assert (told["text"], told["author"], told["external_id"]) == ("在庫は？", "customer", "form-1")
    assert caller.see(f"/conversations/{first['conversation_id']}")["customer_name"] == "山田 太郎"
    with reading() as db:
        assert [one.state for one in db.scalars(select(RawReceipt))] == ["parsed", "parsed"]
    program(agent).refused("POST", path, 403, json=body)
    caller.refused("POST", f"/channels/{chat.id}/messages", 409, json=body)
    problem = caller.refused("POST", path, 422, json={"id": "form-2", "from": {"id": "u-1"}})
    assert problem["errors"][0]["field"] == "body.text"


def test_what_a_program_wrote_as_a_customer_can_be_read_again() -> None:
    with transaction() as db:
        admin, channel = factories.agent(db, role="admin"), factories.channel(db, "api")
    body = {"id": "form-1", "from": {"id": "u-1"}, "text": "在庫は？"}
    program(admin).call("POST", f"/channels/{channel.id}/messages", 201, json=body)
    with transaction() as db:
        receipt = db.scalars(select(RawReceipt)).one()
        receipt.state = "failed"
    assert intake.read_receipt(receipt.id).state == "parsed"
    with reading() as db:
        assert len(db.scalars(select(Message)).all()) == 1
