"""The audit trail: every change is a sentence with a name and a time, and nobody can touch it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import app
from app import audit, inbox, labels, people
from app.db import now, reading, transaction
from app.events import record
from app.i18n import gettext
from app.models import Agent, Event
from app.web.audit_words import SENTENCES
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

LIST = "/settings/audit"


@pytest.fixture
def osamu() -> Agent:
    with transaction() as db:
        return factories.agent(db, "北川 修", role="admin")


@pytest.fixture
def browser(osamu: Agent) -> Browser:
    return Browser().come_in(osamu)


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_only_admins_read_it(role: str) -> None:
    with transaction() as db:
        person = factories.agent(db, role=role)
    assert Browser().come_in(person).get(LIST).status_code == 403


def test_nobody_can_write_to_it(browser: Browser) -> None:
    assert browser.submit(LIST).status_code == 405
    assert browser.delete(LIST, headers={"x-csrf-token": browser.csrf}).status_code == 405


def test_what_was_done_is_a_sentence_with_a_name(browser: Browser, osamu: Agent) -> None:
    with transaction() as db:
        kei = people.add(db, osamu, email="kei@shop.example", name="佐藤 恵", password="long enough words")
        people.change_role(db, osamu, kei, "supervisor")
        label = labels.add(db, osamu, "返品", 0)
        labels.change(db, osamu, label, "返品・交換", 0)
        conversation = factories.conversation(db)
        inbox.assign(db, kei, conversation, kei)
        inbox.resolve(db, kei, conversation)
    page = browser.see(LIST)
    for sentence in (
        "佐藤 恵さんを担当者として追加しました。",
        "佐藤 恵さんの役割を「担当者」から「スーパーバイザー」に変更しました。",
        "ラベル「返品」の名前を「返品・交換」に変更しました。",
        "「佐藤 恵」に割り当てました。",
        "解決済みにしました。",
    ):
        assert sentence in page
    assert f'href="/inbox/{conversation.id}"' in page


def changes(db: Session, agent: Agent) -> None:
    for n in range(30):
        record(db, "audit.label_added", agent=agent, name=f"n{n}")
        record(db, "agent.changed", agent=agent, agent_id=agent.id, what="preferences")


def test_it_is_narrowed_by_person_and_kind(browser: Browser, osamu: Agent) -> None:
    with transaction() as db:
        kei = factories.agent(db, "佐藤 恵")
        record(db, "audit.label_added", agent=kei, name="恵の札")
        record(db, "audit.label_added", agent=osamu, name="修の札")
        record(db, "audit.channel_on", agent=osamu, name="二号店")
    mine = browser.see(f"{LIST}?person={osamu.id}&kind=settings")
    assert "修の札" in mine
    assert "恵の札" not in mine
    assert "二号店" not in mine
    assert "二号店" in browser.see(f"{LIST}?kind=channels&person=")
    assert browser.get(f"{LIST}?kind=nonsense").status_code == 404
    for odd in ("person=x", "after=-1", f"after={'9' * 18}", f"after={'9' * 40}", f"person={'9' * 18}"):
        assert browser.get(f"{LIST}?{odd}").status_code == 200


def test_pages_follow_each_other_and_leave_out_what_only_sockets_need(osamu: Agent) -> None:
    with transaction() as db:
        changes(db, osamu)
        changes(db, osamu)
    with reading() as db:
        first = audit.page(db, "settings", agent_id=osamu.id)
        second = audit.page(db, "settings", agent_id=osamu.id, after=first.after)
        everything = audit.page(db)
    assert (len(first.rows), len(second.rows), second.after) == (audit.PAGE, 10, None)
    ids = [one.id for one in (*first.rows, *second.rows)]
    assert ids == sorted(set(ids), reverse=True)
    assert "agent.changed" not in [one.kind for one in everything.rows]


def test_what_one_person_did_long_ago_stands_on_the_first_page_of_theirs(osamu: Agent) -> None:
    with transaction() as db:
        kei = factories.agent(db, "佐藤 恵")
        wanted = record(db, "audit.label_added", agent=kei, name="恵の札")
        for _ in range(audit.PAGE + 5):
            record(db, "audit.label_added", agent=osamu, name="修の札")
    with reading() as db:
        page = audit.page(db, agent_id=kei.id)
        everybody = audit.page(db)
    assert ([one.id for one in page.rows], page.after) == ([wanted], None)
    assert wanted not in [one.id for one in everybody.rows]


@pytest.mark.parametrize("kind", sorted({kind.partition("/")[0] for kind in SENTENCES}))
def test_an_event_that_lacks_everything_is_still_shown(browser: Browser, kind: str) -> None:
    with transaction() as db:
        record(db, kind)
        record(db, kind, before=None, after=3, agent_id=999, until="never", receipts=[], name="<script>x")
    page = browser.see(LIST)
    assert "<script>x" not in page


def test_every_change_of_the_workplace_has_a_sentence_and_a_group() -> None:
    """Whatever the product records as audit.… is told in the trail, in both languages."""
    told = {kind for kinds in audit.GROUPS.values() for kind in kinds}
    recorded = {
        node.value
        for path in Path(app.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        and node.value.startswith("audit.") and not node.value.endswith(".")
    }  # fmt: skip
    assert recorded - {kind for kind in SENTENCES if "/" in kind} <= told
    assert told <= set(SENTENCES)
    untranslated = [said for said in SENTENCES.values() if gettext("ja", said) == said]
    assert untranslated == []


def test_a_moment_is_told_in_the_readers_own_zone(browser: Browser, osamu: Agent) -> None:
    with transaction() as db:
        conversation = factories.conversation(db)
        inbox.snooze(db, osamu, conversation, now().replace(year=2030, month=1, day=1, hour=0, minute=30))
    assert "2030年1月1日（火） 09:30" in browser.see(f"{LIST}?kind=conversations")
    with reading() as db:
        assert db.scalar(select(Event.id).where(Event.kind == "snoozed")) is not None
