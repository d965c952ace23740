"""Labels: one of each name, followed by the rules that put them, and gone from every conversation at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import inbox, labels
from app.db import reading, transaction
from app.models import Agent, BotRule, Conversation, ConversationLabel, Event, Label, Revision
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def yumi() -> Agent:
    with transaction() as db:
        return factories.supervisor(db, "高橋 由美")


@pytest.fixture
def browser(yumi: Agent) -> Browser:
    return Browser().come_in(yumi)


@pytest.fixture
def label(yumi: Agent) -> Label:
    with transaction() as db:
        return labels.add(db, yumi, "返品", 20)


def names() -> list[tuple[str, int]]:
    with reading() as db:
        return [(one.name, one.hue) for one in labels.all_labels(db)]


def carried(agent: Agent, label: Label, count: int) -> list[Conversation]:
    with transaction() as db:
        threads = [factories.conversation(db) for _ in range(count)]
        for thread in threads:
            inbox.put_label(db, thread, db.get_one(Label, label.id), agent=agent)
        return threads


def test_agents_change_no_labels(label: Label) -> None:
    with transaction() as db:
        kei = factories.agent(db)
    hers = Browser().come_in(kei)
    here = f"/settings/labels/{label.id}"
    assert hers.get("/settings/labels").status_code == 403
    assert hers.get(here).status_code == 403
    for path in ("/settings/labels", here, f"{here}/removal"):
        assert hers.submit(path, {"name": "x", "hue": "0"}).status_code == 403
    assert names() == [("返品", 20)]


def test_a_label_is_added_renamed_and_recoloured(browser: Browser, yumi: Agent) -> None:
    assert browser.submit("/settings/labels", {"name": " 配送 ", "hue": "150"}).status_code == 303
    assert names() == [("配送", 150)]
    with reading() as db:
        (label,) = db.scalars(select(Label))
    assert browser.submit(f"/settings/labels/{label.id}", {"name": "お届け", "hue": "210"}).status_code == 303
    assert names() == [("お届け", 210)]
    assert "お届け" in browser.see("/settings/labels")
    with reading() as db:
        events = db.scalars(select(Event).where(Event.kind.like("audit.label%")).order_by(Event.id)).all()
    assert [(one.kind, one.agent_id) for one in events] == [
        ("audit.label_added", yumi.id),
        ("audit.label_changed", yumi.id),
    ]
    assert (events[1].data["before"], events[1].data["name"]) == ("配送", "お届け")


@pytest.mark.parametrize("name", ["", " \x00 ", "長" * 41, "返品", "ﾍﾝﾋﾟﾝ", "VIP "])
def test_a_name_is_needed_and_taken_once(browser: Browser, label: Label, yumi: Agent, name: str) -> None:
    with transaction() as db:
        labels.add(db, yumi, "ヘンピン", 0)
        labels.add(db, yumi, "vip", 0)
    before = names()
    response = browser.submit("/settings/labels", {"name": name, "hue": "40"})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert 'value="40" checked' in response.text
    assert browser.submit(f"/settings/labels/{label.id}", {"name": "VIP", "hue": "0"}).status_code == 422
    assert names() == before


def test_a_colour_that_is_none_becomes_an_ordinary_one(browser: Browser) -> None:
    for name, hue in (("a", "9999"), ("b", "red"), ("c", "")):
        assert browser.submit("/settings/labels", {"name": name, "hue": hue}).status_code == 303
    assert names() == [("a", 210), ("b", 210), ("c", 210)]


def test_it_is_said_how_many_conversations_it_will_leave(browser: Browser, label: Label, yumi: Agent) -> None:
    threads = carried(yumi, label, 3)
    assert "3件の会話から外れます" in browser.see(f"/settings/labels/{label.id}")
    assert browser.submit(f"/settings/labels/{label.id}/removal").status_code == 303
    assert names() == []
    with reading() as db:
        assert db.scalars(select(ConversationLabel)).all() == []
        assert db.get_one(Conversation, threads[0].id).status == "open"
        (event,) = db.scalars(select(Event).where(Event.kind == "audit.label_removed"))
    assert event.data["conversations"] == 3


def a_rule_that_puts(label: Label) -> BotRule:
    with transaction() as db:
        params = {"label": label.name}
        rule = BotRule(
            position=1, name="返品の話", keywords=["返品"], pattern="", action="label", params=params
        )
        db.add(rule)
        return rule


def test_a_label_that_a_rule_puts_stays(browser: Browser, label: Label) -> None:
    rule = a_rule_that_puts(label)
    page = browser.see(f"/settings/labels/{label.id}")
    assert f'href="/settings/rules/{rule.id}"' in page
    assert f"/settings/labels/{label.id}/removal" not in page
    assert browser.submit(f"/settings/labels/{label.id}/removal").status_code == 409
    assert names() == [("返品", 20)]


def test_rules_follow_a_new_name(browser: Browser, label: Label) -> None:
    rule = a_rule_that_puts(label)
    assert (
        browser.submit(f"/settings/labels/{label.id}", {"name": "返品・交換", "hue": "20"}).status_code == 303
    )
    with reading() as db:
        assert db.get_one(BotRule, rule.id).params == {"label": "返品・交換"}
        (revision,) = db.scalars(select(Revision))  # so that the bot reads its book anew
    assert revision.data["params"] == {"label": "返品・交換"}


@pytest.mark.parametrize("path", ["999", "x", "9" * 40])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(f"/settings/labels/{path}").status_code == 404
    assert browser.submit(f"/settings/labels/{path}/removal").status_code == 404


def test_markup_in_a_name_stays_text(browser: Browser) -> None:
    browser.submit("/settings/labels", {"name": "<script>alert(1)</script>", "hue": "0"})
    assert "<script>alert" not in browser.see("/settings/labels")
