"""Canned replies: kept for everybody, filled in for one customer, and never half wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from app import canned
from app.db import reading, transaction
from app.models import Agent, CannedReply, Event, Setting
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

GREETING = {
    "shortcut": "aisatsu",
    "title": "ごあいさつ",
    "body": "{お客様}\n{店名}の{担当}でございます。",
    "locale": "ja",
}


@pytest.fixture
def yumi() -> Agent:
    with transaction() as db:
        db.add(Setting(key="shop", value={"name": "北風洋品店"}))
        return factories.supervisor(db, "高橋 由美")


@pytest.fixture
def browser(yumi: Agent) -> Browser:
    return Browser().come_in(yumi)


def replies() -> list[CannedReply]:
    with reading() as db:
        return list(canned.find(db))


def notes() -> list[tuple[str, int | None]]:
    with reading() as db:
        found = db.scalars(select(Event).where(Event.kind.like("audit.reply%")).order_by(Event.id))
        return [(event.kind, event.agent_id) for event in found]


def test_agents_meet_them_in_the_composer_alone(browser: Browser) -> None:
    browser.submit("/settings/replies", GREETING)
    (reply,) = replies()
    with transaction() as db:
        kei = factories.agent(db, "佐藤 恵")
    hers = Browser().come_in(kei)
    here = f"/settings/replies/{reply.id}"
    for path in ("/settings/replies", "/settings/replies/new", here):
        assert hers.get(path).status_code == 403
    for path in ("/settings/replies", here, f"{here}/removal", "/settings/replies/preview"):
        assert hers.submit(path, GREETING).status_code == 403
    (offered,) = hers.get("/inbox/helpers").json()["replies"]
    assert offered["body"] == "{customer}\n北風洋品店の佐藤 恵でございます。"
    assert offered["locale"] == "ja"


def test_a_supervisor_adds_changes_and_removes_one(browser: Browser, yumi: Agent) -> None:
    assert browser.submit("/settings/replies", GREETING).status_code == 303
    (reply,) = replies()
    assert (reply.shortcut, reply.locale, reply.updated_by) == ("aisatsu", "ja", yumi.id)
    here = f"/settings/replies/{reply.id}"
    assert "高橋 由美" in browser.see(here)
    assert browser.submit(here, GREETING | {"title": "はじめに"}).status_code == 303
    assert replies()[0].title == "はじめに"
    assert browser.submit(f"{here}/removal").status_code == 303
    assert replies() == []
    assert notes() == [(f"audit.reply_{what}", yumi.id) for what in ("added", "changed", "removed")]


@pytest.mark.parametrize("typed", ["/Aisatsu", "／ＡＩＳＡＴＳＵ", " aisatsu "])
def test_a_shortcut_is_the_same_however_it_is_typed(browser: Browser, typed: str) -> None:
    browser.submit("/settings/replies", GREETING)
    response = browser.submit("/settings/replies", GREETING | {"shortcut": typed})
    assert response.status_code == 422
    assert "このショートカットはすでに使われています。" in response.text
    assert len(replies()) == 1


def test_another_ones_shortcut_is_not_taken_over(browser: Browser) -> None:
    browser.submit("/settings/replies", GREETING)
    browser.submit("/settings/replies", GREETING | {"shortcut": "owabi"})
    second = replies()[1]
    assert browser.submit(f"/settings/replies/{second.id}", GREETING).status_code == 422
    assert [one.shortcut for one in replies()] == ["aisatsu", "owabi"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shortcut", ""),
        ("shortcut", "two words"),
        ("shortcut", "a@b"),
        ("shortcut", "x" * 31),
        ("title", " \x00 "),
        ("title", "長" * 101),
        ("body", " \n "),
        ("body", "x" * 8001),
        ("body", "{お客さま} こんにちは"),
        ("body", "Dear {name},"),
    ],
)
def test_what_is_at_fault_is_said_and_what_was_typed_is_kept(
    browser: Browser, field: str, value: str
) -> None:
    form = GREETING | {"title": "のこる題", field: value}
    response = browser.submit("/settings/replies", form)
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert field == "title" or "のこる題" in response.text
    assert replies() == []


def test_braces_that_name_nothing_are_ordinary_text(browser: Browser) -> None:
    body = "返品番号 {1} と {} と ｛お客様｝ {{agent}}"
    assert browser.submit("/settings/replies", GREETING | {"body": body}).status_code == 303
    assert replies()[0].body == "返品番号 {1} と {} と {お客様} {{agent}}"


def test_somebody_elses_change_is_not_overwritten_unknowingly(browser: Browser, yumi: Agent) -> None:
    browser.submit("/settings/replies", GREETING)
    here = f"/settings/replies/{replies()[0].id}"
    seen = version_on(browser.see(here))
    with transaction() as db:
        reply = db.get_one(CannedReply, replies()[0].id)
        canned.save(db, yumi, reply, canned.Typed("aisatsu", "別の人の題", "別の人の文", "ja"))
    response = browser.submit(here, GREETING | {"title": "私の題", "seen": seen})
    assert response.status_code == 422
    assert "ほかの人がこの定型文を変更しました" in response.text
    assert "私の題" in response.text
    assert replies()[0].title == "別の人の題"
    again = GREETING | {"title": "私の題", "seen": version_on(response.text)}
    assert browser.submit(here, again).status_code == 303
    assert replies()[0].title == "私の題"


def version_on(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("wanted", "found"), [("ごあいさつ", 1), ("AISATSU", 1), ("/ais", 1), ("ｺﾞｻﾞｲﾏｽ", 1), ("返品", 0), ("", 1)]
)
def test_a_reply_is_found_by_any_of_its_words(browser: Browser, wanted: str, found: int) -> None:
    browser.submit("/settings/replies", GREETING)
    assert browser.see(f"/settings/replies?q={wanted}").count('class="cover shortcut"') == found


def test_the_preview_shows_what_the_customer_reads(browser: Browser) -> None:
    shown = browser.submit("/settings/replies/preview", GREETING).text
    assert "山田 花子 様\n北風洋品店の高橋 由美でございます。" in shown
    assert "Hanako Yamada" in browser.submit("/settings/replies/preview", GREETING | {"locale": "en"}).text


def test_markup_in_a_reply_stays_text(browser: Browser) -> None:
    evil: dict[str, Any] = GREETING | {
        "title": "<script>alert(1)</script>",
        "body": "<img src=x onerror=alert(2)>",
    }
    browser.submit("/settings/replies", evil)
    pages = browser.see("/settings/replies") + browser.see(f"/settings/replies/{replies()[0].id}")
    pages += browser.submit("/settings/replies/preview", evil).text
    assert "<script>alert" not in pages
    assert "<img src=x" not in pages


@pytest.mark.parametrize("path", ["999", "x", "9" * 40])
def test_who_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(f"/settings/replies/{path}").status_code == 404
    assert browser.submit(f"/settings/replies/{path}", GREETING).status_code == 404


def test_a_variable_without_a_value_stays_by_its_english_name() -> None:
    assert canned.filled("{お客様} {担当} {x}", {"agent": "恵"}) == "{customer} 恵 {x}"
