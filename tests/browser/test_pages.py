"""Every page as people meet it: nothing for axe to find, nothing of anybody else's, by keyboard, on a narrow phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db as database
from app.models import Agent, Conversation, Message
from app.models.conversation import HUMAN, OPEN
from tests import factories
from tests.browser.cast import PATIENCE, Customer, Staff
from tests.converting import convert
from tests.examples import PART
from tests.serving import Served, serving, until

pytestmark = pytest.mark.browser

People = Callable[..., Any]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WIDE = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
NARROW = ViewportSize(width=360, height=740)
INBOX = ("/inbox", *(f"/inbox?view={view}" for view in ("open", "snoozed")))
THREADS = (
    "/inbox/18",
    "/inbox/26?view=open",
    "/escalations",
    "/search",
    "/search?q=返品",
    "/customers",
    "/customers?ordered=90&wrote=7",
    "/tasks?view=all",
    "/tasks?view=done",
    "/counter",
    "/calls/new",
    "/manual",
    "/manual/inbox",
    "/manual/api",
    "/manual/api/messages",
)
SETTINGS = (
    *("me", "faq", "faq/1", "faq/new", "rules", "rules/1", "replies", "replies/1", "labels", "labels/1"),
    *("general", "channels", "channels/1", "channels/new", "channels/new/webchat"),
    "channels/new/email?preset=google",
    *("people", "people/1", "people/new", "teams/1", "receipts", "receipts?view=all", "receipts/1", "audit"),
    *("webhooks", "webhooks/new", "tokens", "purposes", "attributes", "imports"),
    *("knowledge", "knowledge/import", "knowledge/evaluation", "knowledge/questions", "knowledge/versions/1"),
    *("knowledge/replay", "knowledge/proposals"),
)
INSIDE = (*INBOX, *THREADS, *(f"/settings/{page}" for page in SETTINGS))
OUTSIDE = ("/login", "/demo", "/demo/products", "/demo/products/wool-coat", "/demo/guide", "/demo/stores")
PAGES = (*INSIDE, *OUTSIDE)
PAIRS = [PAGES[at : at + 2] for at in range(0, len(PAGES), 2)]
READERS = ("ja-light-wide", "en-dark-phone")
LONG = "寿限無寿限無五劫の擦り切れ海砂利水魚の水行末雲来末風来末"


class House:
    """The installation with the demo that all tests here share."""

    def __init__(self, served: Served) -> None:
        self.served, self.base = served, served.base
        self.database = database.make_engine(f"sqlite:///{served.data_dir / 'madoguchi.db'}")

    def writing(self) -> Session:
        return Session(self.database.execution_options(writes=True), expire_on_commit=False)


class Admin(Staff):
    """Sees pages on a screen of that `size`, and remembers whom the browser asked; the `turn`-th reader."""

    hosts: set[str]
    size: ViewportSize
    turn: int

    def comes_in(self, base: str, email: str) -> Admin:
        self.hosts = set()
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        super().comes_in(base, email)
        return self


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo, one admin of each language, and what breaks narrow layouts: an endless name, an endless word."""
    with serving(tmp_path_factory.mktemp("house") / "data", "--demo") as served:
        made = House(served)
        with made.writing() as db, db.begin():
            for locale in ("ja", "en"):
                factories.agent(
                    db, f"Ada ({locale})", role="admin", email=f"{locale}@example.jp", locale=locale
                )
            factories.agent(db, "木下", email="kinoshita@example.jp")
            factories.customer_of(db, db.get_one(Conversation, 26)).name = LONG
            said = db.scalars(select(Message).where(Message.conversation_id == 26).order_by(Message.id)).all()
            said[0].text = "https://example.com/" + "a" * 400
            said[1].text = "とても長い文章です。" * 300
        yield made
        made.database.dispose()


@pytest.fixture(scope="module", params=READERS)
def admin(request: pytest.FixtureRequest, chromium: Browser, house: House) -> Iterator[Admin]:
    """An admin with a page of their own, by day in Japanese at a desk, at night in English on a phone."""
    locale, scheme, size = request.param.split("-")
    context = chromium.new_context(
        locale=locale, color_scheme=scheme, viewport=WIDE, timezone_id="Asia/Tokyo", reduced_motion="reduce"
    )
    context.add_init_script(path=AXE)
    made = Admin(context)
    made.size = WIDE if size == "wide" else PHONE
    made.turn = READERS.index(request.param)
    yield made.comes_in(house.base, f"{locale}@example.jp")
    context.close()


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_a_page_is_accessible_quiet_and_our_own_at_every_width(admin: Admin, pair: tuple[str, ...]) -> None:
    """Of two pages each reader sees one, in the long run both."""
    for path in pair if PART == 1 else (pair[admin.turn :] or pair)[:1]:
        admin.troubles.clear()
        admin.hosts.clear()
        _resize(admin.page, admin.size)
        admin.page.goto(admin.base + path)
        assert _found_by_axe(admin.page) == []
        _resize(admin.page, NARROW)
        assert _too_wide(admin.page) == []
        assert admin.troubles == []
        assert admin.hosts == {urlsplit(admin.base).netloc}


def test_a_page_that_is_not_there_says_so_accessibly(admin: Admin) -> None:
    for path in ("/nothing-here", "/inbox/999999", "/settings/faq/999999"):
        admin.page.goto(admin.base + path)
        assert _found_by_axe(admin.page) == []
        expect(admin.page.locator("a[href='/inbox']").first).to_be_visible()


def test_dialogs_and_menus_are_accessible_too(admin: Admin) -> None:
    admin.page.set_viewport_size(WIDE)
    admin.page.goto(f"{admin.base}/inbox/2?view=open")
    for keys, shown in (("?", "#shortcuts"), ("x", "#escalate"), ("Control+k", "#palette")):
        _press(admin.page, keys)
        expect(admin.page.locator(shown)).to_be_visible()
        assert _found_by_axe(admin.page) == [], shown
        admin.page.keyboard.press("Escape")
        expect(admin.page.locator(shown)).to_be_hidden()
    for key in "asl":
        _press(admin.page, key)
        expect(admin.page.locator(f".menu:has(> [data-key={key}]) > .pop")).to_be_visible()
        assert _found_by_axe(admin.page) == [], key
        admin.page.keyboard.press("Escape")
        expect(admin.page.locator(f"[data-key={key}]")).to_be_focused()


def test_on_a_phone_everything_is_in_the_menu_and_the_name_can_be_read(admin: Admin) -> None:
    admin.page.set_viewport_size(NARROW)
    admin.page.goto(f"{admin.base}/inbox/18")
    header = admin.page.locator("[data-part=header]")
    name = header.locator("h1").bounding_box()
    assert name is not None
    assert name["width"] > 140
    for key in "as":
        header.locator(".menu > button").last.click()
        assert _found_by_axe(admin.page) == []
        header.locator(f"[data-press*='key={key}']").click()
        pop = header.locator(f".menu:has(> [data-key={key}]) > .pop")
        expect(pop).to_be_visible()
        assert _found_by_axe(admin.page) == []
        admin.page.keyboard.press("Escape")
        expect(pop).to_be_hidden()


def test_the_drawer_of_the_customer_takes_the_focus_and_gives_it_back(admin: Admin) -> None:
    for size, path in ((NARROW, "/inbox/18"), (WIDE, "/escalations")):
        admin.page.set_viewport_size(size)
        admin.page.goto(admin.base + path)
        if path == "/escalations":
            _press(admin.page, "j")
            admin.page.keyboard.press("Enter")
        panel = admin.page.locator("[data-part=panel]")
        expect(admin.page.locator("[data-part=header]")).to_be_visible()
        expect(panel).to_be_hidden()
        _press(admin.page, "l")
        expect(panel.locator(".pop input")).to_be_focused()
        assert _found_by_axe(admin.page) == []
        admin.page.keyboard.press("Escape")
        expect(panel.locator("[data-key=l]")).to_be_focused()
        admin.page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(admin.page.get_by_role("log")).to_be_focused()


def test_an_agent_works_without_a_mouse(house: House, people: People) -> None:
    staff: Staff = people(Staff).comes_in(house.base, "kinoshita@example.jp")
    page = staff.page
    staff.looks_at("unassigned")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("j")
    expect(page.locator("[data-rows] .row").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(staff.composer).to_be_visible()
    _press(page, "t")
    expect(page.locator("[data-part=header] .sub b")).to_have_text("木下")

    _press(page, "n")
    page.keyboard.type("j k e は書けるだけ")
    page.keyboard.press("Control+Enter")
    expect(staff.log.locator(".note .b").last).to_have_text("j k e は書けるだけ")
    page.keyboard.press("Escape")
    expect(staff.log).to_be_focused()
    _press(page, "r")
    expect(staff.composer).to_be_focused()
    page.keyboard.type("かしこまりました。")
    page.keyboard.press("Control+Enter")
    expect(staff.composer).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("z")  # taken back
    expect(staff.composer).to_have_value("かしこまりました。")
    expect(page.locator("[data-draft-state]")).to_have_text("下書きを保存しました")
    staff.answers("かしこまりました。ただいま確認します。")
    staff.sees("かしこまりました。ただいま確認します。")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    _press(page, "e")
    expect(page.locator("[data-part=header]").get_by_text("再開")).to_be_visible()
    for keys, place in (("gf", "/settings/faq"), ("gs", "/settings/me"), ("gi", "/inbox")):
        page.keyboard.press(keys[0])
        page.keyboard.press(keys[1])
        page.wait_for_url(f"**{place}*")
        page.wait_for_selector("html[data-ready]")
    page.keyboard.press("/")
    expect(page.locator(".list .search input")).to_be_focused()
    assert staff.troubles == []


def test_japanese_words_find_canned_replies_commands_and_people(house: House, people: People) -> None:
    staff: Staff = people(Staff).comes_in(house.base, "kinoshita@example.jp")
    page = staff.page
    page.goto(f"{house.base}/inbox/2?view=open")
    _press(page, "r")
    page.keyboard.type("/")
    expect(page.locator("#suggest li").nth(1)).to_be_visible()
    convert(staff.context.new_cdp_session(page), "へんぴん", "返品")
    expect(page.locator("#suggest li").first).to_contain_text("返品")
    page.keyboard.press("Enter")
    expect(staff.composer).to_have_value(re.compile("返品"))
    staff.composer.fill("")
    page.keyboard.press("Escape")

    _press(page, "Control+k")
    convert(staff.context.new_cdp_session(page), "ほりゅう", "保留")
    expect(page.locator("#palette li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".menu:has(> [data-key=s]) > .pop")).to_be_visible()
    page.keyboard.press("Escape")
    _press(page, "a")
    convert(staff.context.new_cdp_session(page), "さとう", "佐藤")
    expect(page.locator(".menu:has(> [data-key=a]) .item:visible")).to_have_text(re.compile("佐藤"))
    expect(page.locator("[data-part=header]")).to_contain_text("未割当")
    assert staff.troubles == []


def test_a_message_shows_in_the_title_in_the_count_and_at_its_row(house: House, people: People) -> None:
    staff: Staff = people(Staff).comes_in(house.base, "kinoshita@example.jp")
    staff.looks_at("unassigned")
    count = staff.page.locator("[data-count=unassigned]").first
    staff.page.evaluate("document.hasFocus = () => false")

    def thread() -> int | None:
        with house.writing() as db:
            said = select(Message.conversation_id).where(Message.text == "オペレーターをお願いします")
            return db.scalar(said.order_by(Message.id.desc()).limit(1))

    taro: Customer = people(Customer).visit(f"{house.base}/demo")
    others = thread()
    taro.says("オペレーターをお願いします")
    until(lambda: thread() != others, "it is stored")
    row = staff.page.locator(f"#row-{thread()}")  # others may stand above it
    expect(row.locator("[data-unread]")).to_be_visible(timeout=PATIENCE)
    heads = select(func.count(Conversation.id)).where(Conversation.head_id == Conversation.id)
    waits = heads.where(
        Conversation.status == OPEN, Conversation.owner == HUMAN, Conversation.assignee_id.is_(None)
    )
    with house.writing() as db:
        waiting = db.scalar(waits)
    expect(count).to_have_text(str(waiting), timeout=PATIENCE)
    taro.says("いらっしゃいますか")
    expect(row.locator("[data-unread]")).to_have_text("2", timeout=PATIENCE)
    expect(staff.page).to_have_title(re.compile(r"^\(\d+\) "), timeout=PATIENCE)
    staff.page.evaluate("delete document.hasFocus; window.dispatchEvent(new Event('focus'))")
    expect(staff.page).not_to_have_title(re.compile(r"^\("))

    row.locator("a.row").hover()
    staff.page.mouse.down()
    taro.says("まだでしょうか")
    expect(count).to_have_text(str(waiting))
    staff.page.wait_for_timeout(700)  # it would have come: what is clicked on stays where it is
    expect(row.locator("[data-unread]")).to_have_text("2")
    staff.page.mouse.up()
    expect(staff.composer).to_be_visible(timeout=PATIENCE)
    staff.sees("まだでしょうか")


def test_while_the_server_is_gone_the_page_says_so_and_then_goes_on(house: House, people: People) -> None:
    staff: Staff = people(Staff).comes_in(house.base, "kinoshita@example.jp")
    staff.page.goto(f"{house.base}/inbox/2?view=open")
    banner = staff.page.locator("[data-offline]")
    expect(banner).to_be_hidden()
    keeper = psutil.Process(house.served.process.pid)
    keeper.suspend()  # else it starts the server again at once
    try:
        house.served.kill("web")
        expect(banner).to_be_visible(timeout=PATIENCE)
        expect(banner).to_contain_text("接続")
        staff.answers("サーバーが戻ったら届きます")
    finally:
        keeper.resume()
    expect(banner).to_be_hidden(timeout=PATIENCE)
    staff.sees("サーバーが戻ったら届きます")
    expect(staff.log.locator(".pending")).to_have_count(0, timeout=PATIENCE)
    with house.writing() as db:
        sent = db.scalars(select(Message).where(Message.text == "サーバーが戻ったら届きます")).all()
        assert len(sent) == 1
        assert db.get_one(Agent, sent[0].agent_id).name == "木下"


def _found_by_axe(page: Page) -> list[str]:
    """Each violation with where it is, as a line a person can act on."""
    found: list[str] = page.evaluate(
        "async () => (await axe.run({resultTypes: ['violations']})).violations"
        ".map(one => `${one.id}: ${one.nodes.map(node => node.target.join(' ')).join(', ')}`)"
    )
    return found


def _too_wide(page: Page) -> list[str]:
    """What can be pushed sideways: the page itself, or its main part."""
    found: list[str] = page.evaluate(
        "[document.scrollingElement, document.querySelector('.shell > main')]"
        ".filter(one => one && one.scrollWidth > one.clientWidth).map(one => one.tagName)"
    )
    return found


def _resize(page: Page, size: ViewportSize) -> None:
    """Another width, once everything has moved to its place."""
    page.set_viewport_size(size)
    page.evaluate("new Promise(done => setTimeout(() => requestAnimationFrame(done), 30))")


def _press(page: Page, keys: str) -> None:
    """A key of the page, once its scripts listen."""
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press(keys)
