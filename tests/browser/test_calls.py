"""A telephone rings, in a real browser: who calls shows, opens by a key, is noted with what is to be done next."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from app.auth import sign_in
from app.db import transaction
from app.models import Agent, Channel
from channels import signing
from tests import factories
from tests.web.shop import House

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SECRET = "a-shared-secret-of-the-telephone"


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    made = House()
    yield made
    made.stop()


def ring(house: House, line: Channel, event: str, **more: object) -> None:
    """The telephone system tells of the call."""
    told = {
        "call_id": "c-1",
        "event": event,
        "from": "090-1234-5678",
        "name": "山田 花子",
        "agent": "201",
        **more,
    }
    body, stamp = json.dumps(told).encode(), int(time.time())
    header = {signing.HEADER: f"t={stamp},v1={signing.sign(SECRET, stamp, body)}"}
    answer = httpx2.post(f"{house.base}/hooks/{line.key}", content=body, headers=header)
    assert answer.status_code == 200, answer.text


def inbox_of(house: House, chromium: Browser, agent: Agent) -> Page:
    """The list before this agent, in a browser of their own."""
    token = sign_in(agent.email, factories.PASSWORD, "127.0.0.1", "Chromium").token
    context = chromium.new_context(
        locale="ja-JP", viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    context.add_init_script(path=AXE)
    context.add_cookies([{"name": "madoguchi", "value": token, "url": house.base}])
    page = context.new_page()
    page.goto(f"{house.base}/inbox")
    return page


def faults(page: Page) -> list[str]:
    """What axe finds wrong on the page as it is."""
    found: list[str] = page.evaluate(
        "axe.run(document, {rules: {}}).then((found) => found.violations.map((one) => one.id))"
    )
    return found


def test_who_calls_shows_opens_by_a_key_and_is_noted_with_a_task(house: House, chromium: Browser) -> None:
    with transaction() as db:
        agent = factories.agent(db, "佐藤", extension="201")
        line = factories.channel(db, "call", name="代表電話", secrets={"secret": SECRET})
    page = inbox_of(house, chromium, agent)
    ring(house, line, "ringing")
    pop = page.locator(".pop-card")
    expect(pop).to_contain_text("山田 花子")
    expect(pop).to_contain_text("090-1234-5678")
    assert faults(page) == []
    ring(house, line, "ringing")
    expect(pop).to_have_count(1)

    page.keyboard.press("o")
    card = page.locator(".card.call")
    expect(card).to_contain_text("着信中")
    ring(house, line, "answered")
    expect(card).to_contain_text("通話中")
    expect(pop).to_have_count(0)

    card.get_by_role("button", name="メモを書く").click()
    note = page.locator(".call-note")
    note.get_by_label("通話の内容").fill("在庫のお問い合わせ")
    note.locator("summary").click()
    note.get_by_label("次にすること").fill("入荷のご連絡")
    note.locator("[name=due]").fill("2031-01-06T10:00")
    assert faults(page) == []
    note.get_by_role("button", name="メモを保存").click()
    expect(note).to_have_count(0)
    expect(card).to_contain_text("在庫のお問い合わせ")
    expect(page.locator("[data-part=tasks]")).to_contain_text("入荷のご連絡")

    ring(house, line, "ended", result="answered", talk_seconds=372)
    expect(card).to_contain_text("6分12秒")
    expect(card).to_have_count(1)
    page.context.close()
