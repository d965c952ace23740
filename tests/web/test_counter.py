"""The counter page, and how little of the house it opens. Cast: 中村 of the shop, who sees nothing else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from app import counter, search, tasks, tokens, web
from app.db import now, reading, transaction
from app.models import Agent, Conversation, Event, Message, Task
from tests import factories
from tests.api.calling import Program
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

NOTE = {"client_id": "client-of-a-phone", "asked": "傘はありますか", "answered": "2階です"}


@pytest.fixture
def scene() -> tuple[Browser, Agent, Conversation]:
    with transaction() as db:
        store = factories.channel(db, "store", name="本店")
        clerk = factories.agent(db, "中村 愛", role="store", store_id=store.id)
        thread = factories.conversation(db, text="内緒の相談です")
        customer = factories.customer_of(db, thread)
        customer.name = "山田 太郎"
        db.flush()
        search.index_customer(db, customer)
    return Browser().come_in(clerk), clerk, thread


def token_in(html: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found, html
    return found[1]


def test_staff_are_led_to_their_page(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, _, _ = scene
    for path in ("/", "/inbox"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/counter")
    page = browser.get("/counter")
    assert "本店" in page.text
    assert "camera=(self)" in page.headers["permissions-policy"]
    assert 'href="/inbox' not in page.text
    assert "camera=()" in browser.get("/manual/counter").headers["permissions-policy"]


def test_every_other_route_is_closed_to_staff(scene: tuple[Browser, Agent, Conversation]) -> None:
    """Whatever there is: what is added is closed too, until somebody opens it in the guard."""
    browser, _, thread = scene
    own_rules = r"/(api|help|hooks|link|pictures|shared|widget|widget\.js|static|healthz|readyz|metrics)(/|$)"
    public = r"/(login|demo|favicon\.ico|robots\.txt|manifest\.webmanifest|sw\.js)(/|$)"
    theirs = r"/(counter|manual|settings/me|session|logout)(/|$)|/(inbox)?$"
    tried = 0
    for route in web.routes():
        if not isinstance(route, Route) or re.match(f"{own_rules}|{public}|{theirs}", route.path):
            continue
        path = re.sub(r"\{\w+(:\w+)?\}", str(thread.id), route.path)
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = browser.request(method, path, headers={"x-csrf-token": browser.csrf})
            assert answer.status_code == 404, (method, path, answer.status_code)
            assert "内緒" not in answer.text
            tried += 1
    assert tried > 120


def test_a_program_of_theirs_may_nothing(scene: tuple[Browser, Agent, Conversation]) -> None:
    _, clerk, thread = scene
    with transaction() as db:
        token = tokens.make(db, db.get_one(Agent, clerk.id), "a program", tokens.SCOPES)[1]
    program = Program(token)
    for path in ("/me", "/conversations", f"/conversations/{thread.id}", "/tasks", "/events"):
        assert program.refused("GET", path, 403)["type"].endswith("insufficient-role")


def test_no_socket_opens_for_them(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, _, _ = scene
    assert "ws-connect" not in browser.see("/counter")
    with pytest.raises(WebSocketDisconnect) as refused, browser.websocket_connect("/inbox/socket"):
        pass
    assert refused.value.code == 4401


def test_a_visit_is_noted_and_stands_in_the_thread(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, clerk, thread = scene
    browser.see("/counter")
    found = browser.submit("/counter/lookup", {"q": "山田"})
    assert "内緒" not in found.text
    card = browser.submit("/counter/visitor", {"token": token_in(found.text)})
    assert "山田 太郎" in card.text
    assert card.text.count("内緒") <= 1  # the subject of their last matter, and nothing of the thread
    for _ in range(2):
        noted = browser.submit("/counter/notes", {**NOTE, "token": token_in(card.text)})
        assert noted.status_code == 200, noted.text
    assert "すでに記録されています" in noted.text
    with reading() as db:
        (said,) = db.scalars(select(Message).where(Message.kind == "store")).all()
        assert (said.conversation_id, said.agent_id) == (thread.id, clerk.id)
        kinds = db.scalars(select(Event.kind).where(Event.message_id == said.id)).all()
    assert sorted(kinds) == ["message.received", "visit.noted"]
    with transaction() as db:
        office = factories.agent(db)
    shown = Browser().come_in(office).see(f"/inbox/{thread.id}")
    assert "2階です" in shown
    assert "中村 愛" in shown


def test_a_promise_becomes_work_that_is_ticked_off_at_the_counter(
    scene: tuple[Browser, Agent, Conversation],
) -> None:
    browser, _, _ = scene
    due = (now() + timedelta(hours=2)).isoformat()
    noted = browser.submit("/counter/notes", {**NOTE, "promised": "取り置き", "when": due, "kind": "promise"})
    assert "取り置き" in noted.text
    with reading() as db:
        (task,) = db.scalars(select(Task)).all()
    assert "取り置き" in browser.see("/counter")
    done = browser.post(f"/counter/tasks/{task.id}/completion", headers={"x-csrf-token": browser.csrf})
    assert "この店舗のタスク" not in done.text
    with reading() as db:
        assert db.get_one(Task, task.id).done_at is not None


def test_work_of_others_is_not_there_for_them(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, _, thread = scene
    with transaction() as db:
        office = factories.agent(db)
        task = tasks.add(
            db, db.get_one(Conversation, thread.id), "内緒の用件", now() + timedelta(hours=1), office
        )
    assert "内緒の用件" not in browser.see("/counter")
    for id in (task.id, 987_654):
        answer = browser.post(f"/counter/tasks/{id}/completion", headers={"x-csrf-token": browser.csrf})
        assert answer.status_code == 404


def test_a_number_of_a_payment_card_is_taken_out_with_a_word_about_it(
    scene: tuple[Browser, Agent, Conversation],
) -> None:
    browser, _, _ = scene
    noted = browser.submit("/counter/notes", {**NOTE, "answered": "5555 5555 5555 4444 で返金"})
    assert "クレジットカード番号が含まれていた" in noted.text
    assert "5555 5555" not in noted.text


def test_a_card_nobody_has_begins_somebody_new(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, _, _ = scene
    asked = browser.submit("/counter/lookup", {"card": "0012-3456", "read": "1"})
    assert "まだ登録がありません" in asked.text
    browser.submit("/counter/notes", {**NOTE, "card": "0012-3456", "read": "1", "name": "高橋 実"})
    for again in ({"card": "00123456", "read": "1"}, {"q": "0012-3456"}):
        assert "高橋 実" in browser.submit("/counter/lookup", again).text
    assert "まだ登録がありません" in browser.submit("/counter/lookup", {"q": "7777-7777"}).text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({**NOTE, "asked": "", "answered": ""}, 422),
        ({**NOTE, "client_id": "short"}, 422),
        ({**NOTE, "token": "1-forged"}, 404),
        ({**NOTE, "promised": "明日", "when": "own", "local": "2001-01-01T00:00"}, 422),
        ({**NOTE, "promised": "明日", "when": "own", "local": ""}, 422),
    ],
)
def test_what_cannot_be_noted_is_refused_with_nothing_kept(
    form: dict[str, str], status: int, scene: tuple[Browser, Agent, Conversation]
) -> None:
    browser, _, _ = scene
    assert browser.submit("/counter/notes", form).status_code == status
    with reading() as db:
        assert db.scalars(select(Message).where(Message.kind == "store")).first() is None


def test_a_note_whose_place_somebody_took_meanwhile_is_noted_beside_theirs(
    monkeypatch: pytest.MonkeyPatch, scene: tuple[Browser, Agent, Conversation]
) -> None:
    browser, _, _ = scene
    note, first = counter.note, iter([NoResultFound()])

    def late(*told: Any) -> Any:
        for error in first:
            raise error
        return note(*told)

    monkeypatch.setattr(counter, "note", late)
    assert browser.submit("/counter/notes", NOTE).status_code == 200
    with reading() as db:
        assert len(db.scalars(select(Message).where(Message.kind == "store")).all()) == 1


def test_who_looks_up_too_many_is_told_to_wait(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, _, _ = scene
    answers = [browser.submit("/counter/lookup", {"q": "山田"}).status_code for _ in range(62)]
    assert (answers[0], answers[-1]) == (200, 429)


def test_without_a_store_the_page_says_what_to_do() -> None:
    with transaction() as db:
        clerk = factories.agent(db, role="store", store_id=12345)
    browser = Browser().come_in(clerk)
    assert "まだ店舗が設定されていません" in browser.see("/counter")
    assert browser.submit("/counter/lookup", {"q": "山田"}).status_code == 422
