"""The rules of platforms in a real browser: a way that is closed, its templates, and what a text costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app import deliver, inbox
from app.auth import sign_in
from app.db import now, reading, transaction
from app.models import Agent, Channel, Conversation, Message
from channels import base
from tests import factories
from tests.connectors import Charged, Post, Ruled, installed_as
from tests.converting import convert
from tests.serving import until
from tests.web.shop import House

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
READY = base.Template(
    "pickup_ready",
    "ja",
    "{{1}}様\n\nお取り置きの品が{{2}}に届きました。お受け取りをお待ちしております。",
    ("1", "2"),
    {"1": "山田", "2": "青山店"},
)
MOVED = base.Template("date_moved", "ja", "{{1}}様、お届けの日が変わりました。", ("1",))
SALE = base.Template("sale", "en_US", "Hello {{name}}, our sale has begun.", ("name",))
READ = "花子様\n\nお取り置きの品が渋谷店に届きました。お受け取りをお待ちしております。"


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    made = House()
    yield made
    made.stop()


@pytest.fixture
def platform(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Ruled]]:
    with installed_as(Ruled, monkeypatch, reply_window=timedelta(days=1), max_length=40) as kind:
        kind.offers = staticmethod(lambda: [READY, MOVED, SALE])
        yield kind


def opened(
    house: House,
    chromium: Browser,
    thread: Conversation,
    agent: Agent,
    scheme: Literal["light", "dark"] = "light",
) -> Page:
    """The conversation before this agent, in a browser of their own."""
    token = sign_in(agent.email, factories.PASSWORD, "127.0.0.1", "Chromium").token
    context = chromium.new_context(
        locale="ja-JP",
        viewport={"width": 1280, "height": 800},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    context.add_init_script(path=AXE)
    context.add_cookies([{"name": "madoguchi", "value": token, "url": house.base}])
    page = context.new_page()
    page.goto(f"{house.base}/inbox/{thread.id}")
    page.wait_for_selector("html[data-ready]")
    return page


def found_by_axe(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "async () => (await axe.run({resultTypes: ['violations']})).violations"
        ".map(one => `${one.id}: ${one.nodes.map(node => node.target.join(' ')).join(', ')}`)"
    )
    return found


def written(channel: Channel, age: timedelta) -> Conversation:
    """A customer wrote there so long ago."""
    with transaction() as db:
        person = base.Person("u1", name="花子")
        return factories.conversation(db, channel, "取り置きをお願いします", person, at=now() - age)


def on(kind: str = "post", name: str = "WhatsApp") -> tuple[Channel, Agent]:
    with transaction() as db:
        return factories.channel(db, kind, name=name), factories.agent(db, "田中 翔")


def test_on_a_closed_way_a_template_is_found_filled_in_and_sent_by_keyboard_alone(
    house: House, platform: type[Ruled], chromium: Browser
) -> None:
    channel, agent = on()
    page = opened(house, chromium, written(channel, timedelta(days=3)), agent)
    expect(page.locator("form[data-compose] textarea")).to_be_hidden()
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="テンプレートを選ぶ")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("テンプレートを検索")).to_be_focused()
    convert(page.context.new_cdp_session(page), "とりおき", "取り置き")
    expect(page.locator("[data-approved-name]:visible")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-approved-name=pickup_ready]")).to_be_focused()
    page.keyboard.press("Enter")
    fields = page.locator("[data-variable]")
    expect(fields.nth(0)).to_have_value("花子")
    expect(fields.nth(1)).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("空欄を入力してください。")).to_be_visible()
    convert(page.context.new_cdp_session(page), "しぶやてん", "渋谷店", key=229)
    expect(fields.nth(1)).to_be_focused()  # the Enter of the conversion goes nowhere
    expect(page.locator(".approved-read")).to_have_text(READ)
    page.keyboard.press("Enter")
    expect(page.locator("[data-approved-send]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="テンプレートを選ぶ")).to_be_focused()
    page.locator("[data-flush]").click()
    expect(page.locator("article.outbound:not(.pending) .b")).to_have_text(READ)
    until(lambda: bool(deliver.drain(channel.id)) or bool(platform.sent), "it is sent")
    assert platform.sent[0].template == base.FilledTemplate(
        "pickup_ready", "ja", {"1": "花子", "2": "渋谷店"}
    )
    page.context.close()


def test_a_template_taken_back_stands_there_again_as_it_was_filled_in(
    house: House, platform: type[Ruled], chromium: Browser
) -> None:
    channel, agent = on()
    page = opened(house, chromium, written(channel, timedelta(days=3)), agent)
    page.get_by_role("button", name="テンプレートを選ぶ").click()
    page.locator("[data-approved-name=date_moved]").click()
    page.locator("[data-variable='1']").fill("鈴木 花子")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.pending")).to_have_count(1)
    page.keyboard.press("z")
    expect(page.locator("[data-variable='1']")).to_have_value("鈴木 花子")
    expect(page.locator(".approved-read")).to_have_text("鈴木 花子様、お届けの日が変わりました。")
    with reading() as db:
        assert db.scalar(select(Message).where(Message.kind == "outbound")) is None
    page.context.close()


def test_what_was_begun_for_another_way_outlives_a_template(
    house: House, platform: type[Ruled], chromium: Browser
) -> None:
    channel, agent = on()
    thread = written(channel, timedelta(days=3))
    with transaction() as db:
        site = factories.channel(db, name="Site")
        said = factories.customer_says(db, site, "別件です", base.Person("v1"), at=now() - timedelta(days=5))
        one = factories.customer_of(db, factories.thread_of(db, said))
        inbox.link(db, one, factories.customer_of(db, db.get_one(Conversation, thread.id)), evidence={})
    page = opened(house, chromium, thread, agent)
    field, way = page.locator("form[data-compose] textarea"), page.locator("[name=channel_id]")
    expect(page.get_by_text("WhatsAppには今は送れません ·")).to_be_visible()
    field.fill("サイトでのご案内ですが")
    expect(page.get_by_text("下書きを保存しました")).to_be_visible()
    way.select_option(str(channel.id))
    page.get_by_role("button", name="テンプレートを選ぶ").click()
    page.locator("[data-approved-name=date_moved]").click()
    page.locator("[data-variable='1']").fill("花子")
    page.locator("[data-approved-send]").click()
    page.locator("[data-flush]").click()
    expect(page.locator("article.outbound:not(.pending)")).to_have_count(1)
    page.get_by_role("button", name="Siteで返信").click()
    expect(field).to_have_value("サイトでのご案内ですが")
    field.press_sequentially("、")
    expect(page.get_by_text("下書きを保存しました")).to_be_visible()
    page.reload()
    expect(field).to_have_value("サイトでのご案内ですが、")
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(
    house: House, platform: type[Ruled], chromium: Browser, scheme: Literal["light", "dark"]
) -> None:
    channel, agent = on()
    page = opened(house, chromium, written(channel, timedelta(days=3)), agent, scheme)
    assert found_by_axe(page) == []
    page.get_by_role("button", name="テンプレートを選ぶ").click()
    page.locator("[data-approved-name=pickup_ready]").wait_for()
    assert found_by_axe(page) == []
    page.locator("[data-approved-name=pickup_ready]").click()
    page.locator(".approved-read").wait_for()
    assert found_by_axe(page) == []
    page.context.close()


def test_the_field_is_back_once_the_customer_writes_and_goes_when_the_time_is_over(
    house: House, platform: type[Ruled], chromium: Browser
) -> None:
    channel, agent = on()
    thread = written(channel, timedelta(days=3))
    page = opened(house, chromium, thread, agent)
    field = page.locator("form[data-compose] textarea")
    expect(field).to_be_hidden()
    with transaction() as db:
        factories.customer_says(db, channel, "まだですか", base.Person("u1"))
    expect(field).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="テンプレート", exact=True).click()
    expect(page.locator("[data-approved-name]")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
    page.clock.install()
    page.clock.fast_forward("25:00:00")
    expect(field).to_be_hidden()
    page.context.close()


def test_what_will_be_split_is_said_before_it_is_sent(
    house: House, platform: type[Ruled], chromium: Browser
) -> None:
    channel, agent = on()
    page = opened(house, chromium, written(channel, timedelta(hours=1)), agent)
    field = page.locator("form[data-compose] textarea")
    field.fill("あ" * 40)
    field.press_sequentially("い")
    expect(page.get_by_text("2通に分けて送られます（1通は40文字まで）")).to_be_visible()
    field.press("Backspace")
    expect(page.locator(".measure .parts")).to_have_count(0)
    page.context.close()


def test_how_it_will_be_read_is_seen_by_keyboard_alone(
    house: House, platform: type[Ruled], chromium: Browser
) -> None:
    """The button stands beside the field; Escape goes back to what was being written."""
    channel, agent = on()
    page = opened(house, chromium, written(channel, timedelta(0)), agent)
    field = page.locator("[data-compose] textarea")
    field.fill(
        "**本日**発送いたしました。到着まで二日ほどお待ちください。伝票の番号は後ほどお知らせいたします。"
    )
    expect(page.locator(".measure")).to_contain_text("書式は外して送られます")
    expect(page.locator(".measure")).to_contain_text("2通に分けて送られます")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-preview-toggle]')"):
            break
    page.keyboard.press("Enter")
    shown = page.get_by_role("region", name="プレビュー")
    expect(shown).to_be_focused()
    expect(shown.locator(".b")).to_have_text(
        ["本日発送いたしました。到着まで二日ほどお待ちください。", "伝票の番号は後ほどお知らせいたします。"]
    )
    assert found_by_axe(page) == []
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
    expect(shown).to_be_hidden()
    page.context.close()


def test_what_a_text_costs_is_counted_while_it_is_written(
    house: House, committed: None, monkeypatch: pytest.MonkeyPatch, chromium: Browser
) -> None:
    with installed_as(Charged, monkeypatch, push=True):
        channel, agent = on(name="SMS")
        page = opened(house, chromium, written(channel, timedelta(hours=1)), agent)
        expect(page.get_by_text("They cannot answer.")).to_be_visible()
        page.locator("form[data-compose] textarea").press_sequentially("ありがとうございました")
        expect(page.locator(".measure .parts")).to_have_text("2通・残り9文字")
        page.context.close()


def test_how_many_messages_are_left_counts_down_and_the_last_one_closes_the_way(
    house: House, monkeypatch: pytest.MonkeyPatch, chromium: Browser
) -> None:
    with installed_as(Post, monkeypatch, reply_window=timedelta(days=2), window_messages=2):
        channel, agent = on(name="TikTok")
        thread = written(channel, timedelta(minutes=5))
        page = opened(house, chromium, thread, agent)
        left, field = page.locator("[data-part=reaches]"), page.locator("form[data-compose] textarea")
        expect(left).to_contain_text("残り2/2通")
        with transaction() as db:
            factories.reply(db, db.get_one(Agent, agent.id), db.get_one(Conversation, thread.id), "一")
        expect(left).to_contain_text("残り1/2通")
        with transaction() as db:
            factories.reply(db, db.get_one(Agent, agent.id), db.get_one(Conversation, thread.id), "二")
        expect(left).to_contain_text("上限の2通を送信済みです")
        expect(field).to_be_hidden()
        assert found_by_axe(page) == []
        with transaction() as db:
            factories.customer_says(db, db.get_one(Channel, channel.id), "はい", base.Person("u1"))
        expect(left).to_contain_text("残り2/2通")
        expect(field).to_be_visible()
        page.context.close()
