"""What happens to a conversation over HTTP: each state is a resource one creates or deletes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app import inbox
from app.db import now, reading, transaction
from app.models import Agent, Conversation, Customer, Label
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def tanaka() -> Agent:
    with transaction() as db:
        return factories.agent(db, "田中 翔")


@pytest.fixture
def thread() -> Conversation:
    with transaction() as db:
        return factories.conversation(db, factories.channel(db, bot=True), "こんにちは")


def do(browser: Browser, thread: Conversation, method: str, resource: str, **form: Any) -> Any:
    options: dict[str, Any] = {"data": form} if form else {}
    headers = {"x-csrf-token": browser.csrf, "hx-request": "true"}
    return browser.request(method, f"/conversations/{thread.id}/{resource}", headers=headers, **options)


def now_of(thread: Conversation) -> Conversation:
    with reading() as db:
        return db.get_one(Conversation, thread.id)


def test_taking_over_and_handing_back(tanaka: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(tanaka)
    answer = do(browser, thread, "POST", "handover")
    assert 'data-part="header"' in answer.text
    assert (now_of(thread).owner, now_of(thread).assignee_id) == ("human", tanaka.id)
    do(browser, thread, "DELETE", "handover")
    assert (now_of(thread).owner, now_of(thread).assignee_id) == ("bot", None)


def test_a_press_that_arrives_late_takes_the_thread_from_nobody(tanaka: Agent, thread: Conversation) -> None:
    """As a process that was frozen carries it out, after it was pressed again and somebody took over."""
    browser = Browser().come_in(tanaka)

    def drawn() -> str:
        found = re.search(r"handover\?epoch=\d+", browser.see(f"/conversations/{thread.id}/header"))
        assert found
        return found[0]

    taking = drawn()
    do(browser, thread, "POST", taking)
    back = drawn()
    do(browser, thread, "DELETE", back)
    assert do(browser, thread, "DELETE", back).status_code == 200  # it is done already
    late = do(browser, thread, "POST", taking)
    assert (late.status_code, now_of(thread).owner) == (409, "bot")
    do(browser, thread, "POST", drawn())
    late = do(browser, thread, "DELETE", back)
    assert late.status_code == 409
    assert "ほかの担当者が先に引き継いでいます。" in late.text
    assert (now_of(thread).owner, now_of(thread).assignee_id) == ("human", tanaka.id)
    with transaction() as db:
        sato = factories.agent(db, "佐藤 恵")
    late = do(Browser().come_in(sato), thread, "POST", taking)
    assert late.status_code == 409
    assert "ほかの担当者が先に引き継いでいます。" in late.text
    assert now_of(thread).assignee_id == tanaka.id


def test_assigning_to_a_person_a_team_and_nobody(tanaka: Agent, thread: Conversation) -> None:
    with transaction() as db:
        sato = factories.agent(db, "佐藤 恵")
        team = factories.team(db, tanaka, sato)
    browser = Browser().come_in(tanaka)
    assert "佐藤 恵" in do(browser, thread, "POST", "assignment", agent_id=sato.id).text
    assert now_of(thread).assignee_id == sato.id
    do(browser, thread, "POST", "assignment", team_id=team.id)
    assert (now_of(thread).assignee_id, now_of(thread).team_id) == (None, team.id)
    do(browser, thread, "DELETE", "assignment")
    assert (now_of(thread).assignee_id, now_of(thread).team_id) == (None, None)
    assert do(browser, thread, "POST", "assignment", agent_id="999").status_code == 422
    assert f"/conversations/{thread.id}/assignment?was=0" in browser.see(f"/inbox/{thread.id}")
    with transaction() as db:
        other = factories.agent(db)
        inbox.assign(db, other, db.get_one(Conversation, thread.id), other)
    assert do(browser, thread, "POST", "assignment?was=0", agent_id=sato.id).status_code == 409
    assert do(browser, thread, "DELETE", "assignment?was=0").status_code == 409
    assert now_of(thread).assignee_id == other.id


def test_resolving_and_reopening(tanaka: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(tanaka)
    assert "再開" in do(browser, thread, "POST", "closure").text
    assert now_of(thread).status == "resolved"
    assert do(browser, thread, "DELETE", "closure").status_code == 200
    assert now_of(thread).status == "open"


@pytest.mark.parametrize(("what", "days"), [("closure", 0), ("snooze", 1)])
def test_what_was_not_seen_is_neither_resolved_nor_put_aside(
    tanaka: Agent, thread: Conversation, what: str, days: int
) -> None:
    browser = Browser().come_in(tanaka)
    wanted = {"until": (now() + timedelta(days=days)).isoformat()} if days else {}
    seen = now_of(thread).last_event_id
    with transaction() as db:
        factories.says_more(db, thread, "あと、もう一つ")
    late = do(browser, thread, "POST", what, seen=seen, **wanted)
    assert (late.status_code, now_of(thread).status) == (409, "open")
    assert "お客様から新しいメッセージが届いています" in late.text
    assert do(browser, thread, "POST", what, seen=now_of(thread).last_event_id, **wanted).status_code == 200
    assert now_of(thread).status != "open"


def test_snoozing_until_a_time_of_ones_own_zone(tanaka: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(tanaka)
    day = (now() + timedelta(days=30)).date()
    assert do(browser, thread, "POST", "snooze", local=f"{day}T09:00").status_code == 200
    until = now_of(thread).snoozed_until
    assert until is not None
    assert until.isoformat() == f"{day}T00:00:00+00:00"  # nine in Tokyo
    do(browser, thread, "DELETE", "snooze")
    assert now_of(thread).status == "open"


@pytest.mark.parametrize(
    "until",
    [
        "",
        "yesterday",
        "2020-01-01T00:00:00Z",
        "9999-99-99",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00+14:00",
    ],
)
def test_a_time_that_is_none_or_past_is_refused_with_a_sentence(
    tanaka: Agent, thread: Conversation, until: str
) -> None:
    answer = do(Browser().come_in(tanaka), thread, "POST", "snooze", until=until, x="1")
    assert (answer.status_code, now_of(thread).status) == (422, "open")
    assert "日時" in answer.text


def test_the_presets_lie_ahead(tanaka: Agent, thread: Conversation) -> None:
    html = Browser().come_in(tanaka).see(f"/inbox/{thread.id}")
    presets = re.findall(r'"until": "([^"]+)"', html)
    assert len(presets) == 4
    assert all(preset > (now() + timedelta(minutes=50)).isoformat() for preset in presets)


def test_labels_are_put_and_taken_off(tanaka: Agent, thread: Conversation) -> None:
    with transaction() as db:
        label = Label(name="返品", hue=0)
        db.add(label)
    browser = Browser().come_in(tanaka)
    assert "返品" in do(browser, thread, "POST", "labels", label_id=label.id).text
    assert "ラベル「返品」を外す" in browser.see(f"/conversations/{thread.id}/panel")
    do(browser, thread, "DELETE", f"labels/{label.id}")
    assert "ラベル「返品」を外す" not in browser.see(f"/conversations/{thread.id}/panel")
    assert do(browser, thread, "POST", "labels", label_id="999").status_code == 404


def test_escalating_needs_a_kind_and_a_reason(tanaka: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(tanaka)
    assert do(browser, thread, "POST", "escalation", type="refund", reason=" ").status_code == 422
    assert do(browser, thread, "POST", "escalation", type="magic", reason="なぜ").status_code == 422
    assert do(browser, thread, "POST", "escalation", type="refund", reason="期限外の返品").status_code == 200
    assert now_of(thread).escalated


def test_what_we_know_of_a_customer_is_kept(tanaka: Agent, thread: Conversation) -> None:
    do(Browser().come_in(tanaka), thread, "POST", "customer", note="紺色がお好き\x00")
    with reading() as db:
        assert db.get_one(Customer, thread.customer_id).note == "紺色がお好き"


def test_a_command_without_the_token_of_the_session_is_refused(tanaka: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(tanaka)
    browser.csrf = "somebody-elses-token"
    assert do(browser, thread, "POST", "closure").status_code == 403
    assert now_of(thread).status == "open"
