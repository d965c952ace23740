"""Calls on the pages: the card, the note, who is calling, and the address that telephones open."""

from __future__ import annotations

import re
import time

import pytest
from sqlalchemy import select

from app.db import now, reading, transaction
from app.models import Agent, Call, Channel, Conversation, Event, Message, Task
from app.web import calls
from channels import base, call, signing
from channels.events import CallState
from tests import factories as make
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
SECRET = "a-shared-secret-of-the-telephone"
NUMBER = "+819012345678"


@pytest.fixture
def desk() -> tuple[Browser, Agent, Channel]:
    """Somebody signed in whose extension is 201, and the line."""
    with transaction() as db:
        agent = make.agent(db, "佐藤", extension="201")
        line = make.channel(db, "call", name="代表電話", secrets={"secret": SECRET})
    return Browser().come_in(agent), agent, line


def told(line: Channel, state: CallState, id: str = "c-1", number: str = NUMBER, **fields: object) -> int:
    """The thread in which a call stands after it was told."""
    with transaction() as db:
        sender = base.Person(number, kind="phone", name="" if not number else "山田花子")
        event = base.Call(id, sender, state, at=now(), **fields)  # type: ignore[arg-type]
        (outcome,) = make.accept(db, line, event)
        return make.thread_of(db, db.get_one(Message, outcome["message"])).id


def only_call() -> Call:
    with reading() as db:
        return db.scalars(select(Call)).one()


def test_the_card_tells_what_became_of_a_call(desk: tuple[Browser, Agent, Channel]) -> None:
    page, _, line = desk
    thread = told(
        line, "ended", result="answered", agent="201", talk_seconds=372, disposition="返品", text="返品の相談"
    )
    shown = page.see(f"/inbox/{thread}")
    for words in ("着信", "6分12秒", "佐藤", "返品の相談", "090-1234-5678"):
        assert words in shown
    told(line, "ended", "c-2", result="missed")
    shown = page.see(f"/inbox/{thread}")
    assert "card call missed" in shown
    assert "不在着信" in page.see("/inbox?view=unassigned").partition('id="pane"')[0]


def test_who_calls_shows_for_whose_extension_it_is_until_it_goes_on(
    desk: tuple[Browser, Agent, Channel],
) -> None:
    page, _, line = desk
    with transaction() as db:
        other = make.agent(db, extension="202")
    elsewhere = Browser().come_in(other)
    thread = told(line, "ringing", agent="201")
    assert f'href="/inbox/{thread}"' in page.see("/calls/ringing")
    assert elsewhere.see("/calls/ringing").strip() == ""
    told(line, "answered", agent="201")
    assert page.see("/calls/ringing").strip() == ""


def test_where_nobody_has_the_extension_it_shows_for_all_who_may_see(
    desk: tuple[Browser, Agent, Channel],
) -> None:
    page, _, line = desk
    thread = told(line, "ringing", agent="999")
    assert f'href="/inbox/{thread}"' in page.see("/calls/ringing")
    with transaction() as db:
        db.get_one(Conversation, thread).team_id = make.team(db).id
    assert page.see("/calls/ringing").strip() == ""


def test_a_call_that_rang_for_too_long_shows_no_more(desk: tuple[Browser, Agent, Channel]) -> None:
    page, _, line = desk
    told(line, "ringing", started_at=now().replace(year=2025))
    assert page.see("/calls/ringing").strip() == ""


def test_a_note_by_hand_stands_in_the_thread_with_its_task(desk: tuple[Browser, Agent, Channel]) -> None:
    page, agent, line = desk
    thread = told(line, "ended", result="missed")
    form = page.see(f"/conversations/{thread}/calls/new")
    assert "090-1234-5678" in form
    said = {
        "client_id": "client-x1", "direction": "out", "number": NUMBER, "length": "6:12", "result": "answered",
        "disposition": "解決", "text": "在庫をご案内", "what": "入荷のご連絡", "due": "2031-01-06T10:00",
    }  # fmt: skip
    for _ in range(2):
        assert page.submit(f"/conversations/{thread}/calls", said).status_code == 200
    with reading() as db:
        noted = db.scalars(select(Call).where(Call.external_id.is_(None))).one()
        assert (noted.result, noted.talk_seconds, noted.agent_id) == ("answered", 372, agent.id)
        assert db.get_one(Conversation, thread).waiting_since is None
        assert db.scalars(select(Task.text)).all() == ["入荷のご連絡"]
    assert "在庫をご案内" in page.see(f"/inbox/{thread}")


def test_the_note_of_a_call_that_the_system_told_of_completes_it(
    desk: tuple[Browser, Agent, Channel],
) -> None:
    page, agent, line = desk
    thread = told(line, "answered", agent="201")
    noted = only_call()
    assert 'role="timer"' in page.see(f"/calls/{noted.id}/note")
    said = {"text": "通話中のメモ", "disposition": "解決"}
    assert page.submit(f"/calls/{noted.id}/note", said).status_code == 200
    told(line, "ended", text="電話システムのメモ", result="answered", disposition="不明")
    found = only_call()
    with reading() as db:
        assert db.get_one(Message, found.message_id).text == "通話中のメモ"
        assert db.get_one(Conversation, thread).waiting_since is None
    assert (found.state, found.disposition, found.noted_by) == ("ended", "解決", agent.id)


def test_a_note_is_changed_by_who_wrote_it_and_the_change_is_kept(
    desk: tuple[Browser, Agent, Channel],
) -> None:
    page, _, line = desk
    told(line, "ended", result="answered")
    where = f"/calls/{only_call().id}/note"
    page.submit(where, {"text": "はじめ"})
    page.submit(where, {"text": "なおした"})
    with transaction() as db:
        other = make.agent(db)
    refused = Browser().come_in(other)
    assert refused.get(where).status_code == 403
    assert refused.submit(where, {"text": "他人"}).status_code == 403
    with reading() as db:
        message = db.get_one(Message, only_call().message_id)
        was = [
            one.data.get("was", {}).get("text")
            for one in db.scalars(select(Event).filter_by(kind="call.noted"))
        ]
    assert (message.text, message.edited_at is not None, was) == ("なおした", True, ["", "はじめ"])


@pytest.mark.parametrize(
    "wrong",
    [{"length": "six"}, {"result": "dancing"}, {"recording_url": "javascript:x"}, {"what": "x", "due": ""}],
)
def test_what_cannot_be_noted_says_why(desk: tuple[Browser, Agent, Channel], wrong: dict[str, str]) -> None:
    page, _, line = desk
    thread = told(line, "ended", result="answered")
    said = {"client_id": "client-x1", "text": "メモ", **wrong}
    answer = page.submit(f"/conversations/{thread}/calls", said, headers={"hx-request": "true"})
    assert answer.status_code == 422
    with reading() as db:
        assert len(db.scalars(select(Call)).all()) == 1


def test_a_recording_is_uploaded_with_the_note(desk: tuple[Browser, Agent, Channel]) -> None:
    page, _, line = desk
    thread = told(line, "ended", result="answered")
    sound = b"ID3\x03" + bytes(200)
    files = {"recording": ("c.mp3", sound, "audio/mpeg")}
    where = f"/calls/{only_call().id}/note"
    assert page.post(where, data={"csrf": page.csrf, "text": "録音あり"}, files=files).status_code == 200
    assert "<audio" in page.see(f"/inbox/{thread}")


def test_a_call_from_nowhere_begins_by_its_number_or_withheld(desk: tuple[Browser, Agent, Channel]) -> None:
    page, _, line = desk
    thread = told(line, "ended", result="answered")
    assert (
        page.submit("/calls", {"number": "090-1234-5678"}).headers["location"] == f"/inbox/{thread}?note=call"
    )
    first, second = (page.submit("/calls", {"withheld": "1"}).headers["location"] for _ in range(2))
    assert first != second
    assert "番号" in page.submit("/calls", {"number": "abc"}).text
    assert re.search(r'<input[^>]* id="number"[^>]* autofocus', page.see("/calls/new"))


def test_a_telephone_opens_the_thread_of_who_calls(desk: tuple[Browser, Agent, Channel]) -> None:
    page, _, line = desk

    def pop(**more: str) -> str:
        asked = {"phone": NUMBER, "call_id": "c-1", "agent": "201", "dir": "in", **more}
        stamp = int(time.time())
        sig = signing.sign(SECRET, stamp, "\n".join(asked[name] for name in call.POP).encode())
        answer = page.get("/cti/pop", params={**asked, "ts": str(stamp), "sig": sig})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    assert pop() == "/calls/new?phone=%2B819012345678"
    thread = told(line, "ringing")
    assert pop() == pop(call_id="another") == f"/inbox/{thread}"
    assert pop(phone="非通知", call_id="x") == "/calls/new"
    assert page.get("/cti/pop", params={"phone": NUMBER, "ts": "1", "sig": "0" * 64}).status_code == 403
    assert Browser().get("/cti/pop?phone=1").status_code == 303


def test_two_people_cannot_have_one_extension(desk: tuple[Browser, Agent, Channel]) -> None:
    with transaction() as db:
        other = make.agent(db)
    page = Browser().come_in(other)
    fields = {"name": "別人", "locale": "ja", "timezone": "Asia/Tokyo", "theme": "auto", "send_key": "enter"}
    assert page.submit("/settings/me", {**fields, "extension": "201"}).status_code == 422
    assert page.submit("/settings/me", {**fields, "extension": "203"}).status_code == 303


def test_an_admin_says_what_can_come_of_a_call(desk: tuple[Browser, Agent, Channel]) -> None:
    page, _, line = desk
    thread = told(line, "ended", result="answered")
    assert 'value="解決"' in page.see(f"/conversations/{thread}/calls/new")
    with transaction() as db:
        boss = make.agent(db, role="admin")
    admin = Browser().come_in(boss)
    assert (
        admin.submit("/settings/general/calls", {"dispositions": "修理受付\n修理受付\n在庫照会"}).status_code
        == 303
    )
    assert admin.submit("/settings/general/calls", {"dispositions": "あ" * 81}).status_code == 422
    form = page.see(f"/conversations/{thread}/calls/new")
    assert form.count('value="修理受付"') == 1
    assert 'value="解決"' not in form
    assert page.submit("/settings/general/calls", {"dispositions": ""}).status_code == 403


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("６", 360), ("6分", 360), ("６：１２", 372), ("6分12秒", 372), ("1:02:03", 3723), ("", None)],
)
def test_a_length_is_understood_as_it_is_typed(written: str, seconds: int | None) -> None:
    assert calls.seconds_of(written) == seconds
