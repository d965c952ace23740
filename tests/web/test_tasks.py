"""Tasks on their page and in a thread, over HTTP. Cast: 田中 who promises, 佐藤 of another team, who sees nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import inbox, queries, tasks
from app.db import now, reading, transaction
from app.models import Agent, Channel, Conversation, Draft, Message, Task
from app.tasks import Telling
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def scene() -> tuple[Browser, Agent, Conversation]:
    with transaction() as db:
        tanaka = factories.agent(db, "田中 翔")
        thread = factories.conversation(db, text="入荷したら教えてください")
    return Browser().come_in(tanaka), tanaka, thread


def form(tanaka: Agent, **more: Any) -> dict[str, Any]:
    due = (now() + timedelta(hours=1)).isoformat()
    return {"what": "折り返す", "kind": "call", "when": due, "whose": f"a{tanaka.id}", **more}


def only() -> Task:
    with reading() as db:
        return db.scalars(select(Task)).one()


def test_a_task_is_made_in_the_thread_and_stands_in_its_panel_and_on_the_page(
    scene: tuple[Browser, Agent, Conversation],
) -> None:
    browser, tanaka, thread = scene
    assert "お約束はありません" in browser.see(f"/inbox/{thread.id}")
    begun = browser.see(f"/conversations/{thread.id}/tasks/new?text=伝言")
    assert "伝言" in begun
    assert "翌営業日" in begun
    section = browser.submit(f"/conversations/{thread.id}/tasks", form(tanaka))
    assert "折り返す" in section.text
    page = browser.see(f"/inbox/{thread.id}")
    assert "田中 翔がタスクを追加しました" in page
    assert "折り返す" in browser.see("/tasks")


def test_one_that_comes_from_a_message_is_tied_to_it(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, tanaka, thread = scene
    with transaction() as db:
        said = db.scalars(select(Message).filter_by(conversation_id=thread.id, kind="inbound")).one()
        other = factories.customer_says(db, factories.channel(db), "よその方", "somebody")
    assert "入荷したら" in browser.see(f"/conversations/{thread.id}/tasks/new?message={said.id}")
    assert browser.get(f"/conversations/{thread.id}/tasks/new?message={other.id}").status_code == 404
    browser.submit(f"/conversations/{thread.id}/tasks", form(tanaka, message=said.id))
    assert only().message_id == said.id


def test_it_is_finished_and_opened_again_from_the_page(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, tanaka, thread = scene
    browser.submit(f"/conversations/{thread.id}/tasks", form(tanaka))
    path = f"/tasks/{only().id}/completion?place=page&view=mine"
    done = browser.post(path, headers={"x-csrf-token": browser.csrf})
    assert "残っているタスクはありません" in done.text
    assert "折り返す" in browser.see("/tasks?view=done")
    again = browser.delete(path, headers={"x-csrf-token": browser.csrf})
    assert "折り返す" in again.text


def test_it_is_changed(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, tanaka, thread = scene
    browser.submit(f"/conversations/{thread.id}/tasks", form(tanaka))
    id = only().id
    assert "折り返す" in browser.see(f"/tasks/{id}")
    with transaction() as db:
        team = factories.team(db, tanaka, name="倉庫")
    local = "2099-01-01T09:30"
    wrong = browser.submit(f"/tasks/{id}", form(tanaka, when="own", local=local))
    assert wrong.status_code == 422
    soon = (now() + timedelta(days=3)).strftime("%Y-%m-%dT09:30")
    changed = browser.submit(
        f"/tasks/{id}", form(tanaka, what="必ず折り返す", when="own", local=soon, whose=f"t{team.id}")
    )
    assert "必ず折り返す" in changed.text
    assert "倉庫" in changed.text
    assert (only().team_id, only().assignee_id, only().due_at.strftime("%H:%M")) == (team.id, None, "00:30")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"what": " "}, "何をするかを入力してください"),
        ({"when": "own", "local": ""}, "期限を選んでください"),
        ({"when": "2001-01-01T00:00:00+00:00"}, "これからの日時を選んでください"),
        ({"whose": "a999999"}, "担当を選んでください"),
        ({"kind": "nothing"}, "タスクの種類を選んでください"),
    ],
)
def test_what_makes_no_task_is_refused_with_a_sentence(
    wrong: dict[str, str], sentence: str, scene: tuple[Browser, Agent, Conversation]
) -> None:
    browser, tanaka, thread = scene
    answer = browser.submit(
        f"/conversations/{thread.id}/tasks", form(tanaka, **wrong), headers={"hx-request": "true"}
    )
    assert answer.status_code == 422
    assert sentence in answer.text
    with reading() as db:
        assert db.scalars(select(Task)).first() is None


def test_what_was_to_be_told_is_sent_with_one_press_or_goes_into_the_draft(
    scene: tuple[Browser, Agent, Conversation],
) -> None:
    browser, tanaka, thread = scene
    with transaction() as db:
        head, agent = db.get_one(Conversation, thread.id), db.get_one(Agent, tanaka.id)
        first, second = (
            tasks.add(db, head, "入荷の連絡", now() + timedelta(hours=1), agent, kind="tell",
                      telling=Telling("入荷しました。"))
            for _ in range(2)
        )  # fmt: skip
    shown = browser.see(f"/tasks/{first.id}/telling")
    assert "入荷しました。" in shown
    (seen,) = re.findall(r'name="seen" value="(\d+)"', shown)
    with transaction() as db:
        more = factories.says_more(db, thread, "やはり結構です")
    browser.submit(f"/tasks/{first.id}/telling", {"words": "本日入荷しました。", "seen": seen})
    edit = browser.submit(f"/tasks/{second.id}/telling", {"words": "入荷の件です。", "edit": "1"})
    assert edit.headers["location"] == f"/inbox/{thread.id}"
    with reading() as db:
        sent = db.scalars(select(Message).where(Message.kind == "outbound")).one()
        assert sent.text == "本日入荷しました。"
        assert db.get_one(Conversation, thread.id).waiting_since == more.sent_at
        assert db.get_one(Task, first.id).done_by == tanaka.id
        assert db.get_one(Task, second.id).done_at is None
        assert db.get_one(Draft, (tanaka.id, thread.id)).text == "入荷の件です。"


def test_what_is_told_from_the_list_answers_nothing_that_its_teller_has_not_read(
    scene: tuple[Browser, Agent, Conversation],
) -> None:
    browser, tanaka, thread = scene
    with transaction() as db:
        head, agent = db.get_one(Conversation, thread.id), db.get_one(Agent, tanaka.id)
        inbox.mark_read(db, agent, head)
        told = [
            tasks.add(
                db, head, "連絡", now() + timedelta(hours=1), agent, kind="tell", telling=Telling("入荷")
            )
            for _ in range(2)
        ]
        more = factories.says_more(db, thread, "やっぱりキャンセルしてください")
        factories.says_more(db, thread, "急ぎです")
    for task, waits in zip(told, (more.sent_at, None), strict=True):
        shown = browser.see(f"/tasks/{task.id}/telling?place=page")
        assert ("急ぎです" in shown) is bool(waits)
        sent = dict(re.findall(r'name="(seen|to)" value="(\d+)"', shown))
        browser.submit(f"/tasks/{task.id}/telling?place=page", {"words": "入荷", **sent})
        with transaction() as db:
            head = db.get_one(Conversation, thread.id)
            assert (head.waiting_since, queries.unread(db, agent, [head])[head.id]) == (
                waits,
                2 if waits else 0,
            )
            inbox.mark_read(db, agent, head)


def test_what_is_told_from_the_list_answers_the_one_message_that_it_shows(
    scene: tuple[Browser, Agent, Conversation],
) -> None:
    browser, tanaka, thread = scene
    with transaction() as db:
        head, agent = db.get_one(Conversation, thread.id), db.get_one(Agent, tanaka.id)
        due = now() + timedelta(hours=1)
        task = tasks.add(db, head, "連絡", due, agent, kind="tell", telling=Telling("入荷"))
    shown = browser.see(f"/tasks/{task.id}/telling?place=page")
    assert "未読のメッセージ：入荷したら教えてください" in shown
    sent = dict(re.findall(r'name="(seen|to)" value="(\d+)"', shown))
    browser.submit(f"/tasks/{task.id}/telling?place=page", {"words": "入荷", **sent})
    with reading() as db:
        assert db.get_one(Conversation, thread.id).waiting_since is None


def test_a_promise_is_told_to_whom_it_was_made(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, tanaka, thread = scene
    with transaction() as db:
        channel = db.get_one(Channel, thread.last_channel_id or 0)
        said = factories.customer_says(db, channel, "病院の件です", "daughter")
        hers = factories.thread_of(db, said)
        inbox.link(db, factories.customer_of(db, hers), factories.customer_of(db, thread), evidence={})
        head, agent = db.get_one(Conversation, thread.id), db.get_one(Agent, tanaka.id)
        task = tasks.add(
            db,
            head,
            "連絡",
            now() + timedelta(hours=1),
            agent,
            kind="tell",
            telling=Telling("はい"),
            message=said,
        )
        factories.says_more(db, thread, "母です")
    shown = browser.see(f"/tasks/{task.id}/telling")
    sent = dict(re.findall(r'name="(seen|to)" value="(\d+)"', shown))
    browser.submit(f"/tasks/{task.id}/telling", {"words": "空いています。", **sent})
    with reading() as db:
        answer = db.scalars(select(Message).where(Message.kind == "outbound")).one()
        assert answer.identity_id == said.identity_id


def test_what_is_due_is_counted_on_the_rail(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, tanaka, thread = scene
    assert browser.get("/inbox/counts").json()["tasks"] == 0
    with transaction() as db:
        head, agent = db.get_one(Conversation, thread.id), db.get_one(Agent, tanaka.id)
        tasks.add(db, head, "今", now() - timedelta(minutes=1), agent)
    assert browser.get("/inbox/counts").json()["tasks"] == 1


def test_an_outsider_finds_none_of_it(scene: tuple[Browser, Agent, Conversation]) -> None:
    browser, tanaka, thread = scene
    with transaction() as db:
        sato = factories.agent(db, "佐藤 葵")
        team = factories.team(db, db.get_one(Agent, tanaka.id))
        inbox.assign(db, tanaka, db.get_one(Conversation, thread.id), None, team, keep_team=False)
    browser.submit(f"/conversations/{thread.id}/tasks", form(tanaka))
    id, outsider = only().id, Browser().come_in(sato)
    for view in tasks.VIEWS:
        assert "折り返す" not in outsider.see(f"/tasks?view={view}")
    for path in (f"/tasks/{id}", f"/tasks/{id}/telling", f"/conversations/{thread.id}/tasks/new"):
        assert outsider.get(path).status_code == 404
    for path in (f"/tasks/{id}", f"/tasks/{id}/completion", f"/tasks/{id}/telling"):
        assert outsider.submit(path, form(tanaka)).status_code == 404
    assert only().done_at is None


def test_who_has_the_work_but_not_the_thread_can_finish_it_and_open_nothing(
    scene: tuple[Browser, Agent, Conversation],
) -> None:
    _, tanaka, thread = scene
    with transaction() as db:
        sato, head = factories.agent(db, "佐藤 葵"), db.get_one(Conversation, thread.id)
        inbox.assign(
            db, tanaka, head, None, factories.team(db, db.get_one(Agent, tanaka.id)), keep_team=False
        )
        task = tasks.add(db, head, "倉庫に聞く", now() + timedelta(hours=1), tanaka, sato)
    browser = Browser().come_in(sato)
    page = browser.see("/tasks")
    assert "倉庫に聞く" in page
    assert f'href="/inbox/{thread.id}' not in page
    assert browser.get(f"/tasks/{task.id}/telling").status_code == 404
    assert browser.submit(f"/tasks/{task.id}/completion?place=page").status_code == 200
    assert only().done_by == sato.id
