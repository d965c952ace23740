"""A customer's phone in a real browser: writing Japanese, tapping, taking back, blocking; nothing for axe to find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.converting import convert
from tests.sandbox import TAKASHI, Sandbox
from tests.sandbox.conftest import Bot

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PHOTO = Path(__file__).parents[2] / "static" / "docs"
TOKEN = {"Authorization": "Bearer sandbox-line-token"}
SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 390, "height": 844},
    "desk": {"width": 1280, "height": 800},
}


class Phone:
    """The page of a customer, TAKASHI on LINE unless another is named. `strange`: what it asked for elsewhere;
    `errors`: what the browser complained of."""

    def __init__(self, page: Page, sandbox: Sandbox, on: str = "line", user: str = TAKASHI) -> None:
        self.page, self.strange, self.errors = page, list[str](), list[str]()
        page.on(
            "request", lambda one: None if one.url.startswith(sandbox.base) else self.strange.append(one.url)
        )
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.goto(f"{sandbox.base}/phone/{on}?user={user}")
        expect(self.log.locator("li")).not_to_have_count(0)

    @property
    def field(self) -> Locator:
        return self.page.locator("textarea")

    @property
    def log(self) -> Locator:
        return self.page.locator("[data-log]")

    def said(self, who: str) -> Locator:
        """The bubbles of "customer" or "shop"."""
        return self.log.locator(f".said.{who} .bubble")

    def violations(self) -> list[str]:
        """What axe finds."""
        self.page.add_script_tag(path=AXE)
        found = self.page.evaluate("async () => (await axe.run()).violations.map((one) => one.id)")
        return [str(one) for one in found]


def push(sandbox: Sandbox, *messages: dict[str, object]) -> None:
    told = {"to": TAKASHI, "messages": messages}
    sandbox.http.post("/api.line.me/v2/bot/message/push", json=told, headers=TOKEN).raise_for_status()


@pytest.fixture(params=list(SIZES))
def phone(request: pytest.FixtureRequest, chromium: Browser, sandbox: Sandbox) -> Iterator[Phone]:
    """Opened narrow, and as a frame on a wide screen."""
    context = chromium.new_context(viewport=SIZES[str(request.param)], locale="ja-JP", bypass_csp=True)
    context.set_default_timeout(10_000)
    opened = Phone(context.new_page(), sandbox)
    yield opened
    assert opened.strange == []
    assert opened.errors == []
    context.close()


def test_a_customer_chats_on_the_phone(phone: Phone, sandbox: Sandbox, bot: Bot) -> None:
    phone.field.fill("在庫はありますか")
    phone.field.press("Enter")
    expect(phone.said("customer")).to_have_count(1)
    assert bot.texts(1) == ["在庫はありますか"]
    expect(phone.field).to_have_value("")
    actions = [
        {"type": "action", "action": {"type": "message", "label": word, "text": word}} for word in ("M", "L")
    ]
    push(sandbox, {"type": "text", "text": "どのサイズでしょう", "quickReply": {"items": actions}})
    expect(phone.said("shop")).to_have_text(["お店どのサイズでしょう"])
    assert phone.violations() == []
    phone.page.get_by_role("button", name="L", exact=True).click()
    assert bot.texts(2)[1] == "L"
    expect(phone.page.locator("[data-chips]")).to_be_hidden()


def test_the_enter_that_confirms_a_conversion_sends_nothing(phone: Phone, bot: Bot) -> None:
    phone.field.focus()
    keyboard = phone.page.context.new_cdp_session(phone.page)
    convert(keyboard, "かえしたい", "返したい")
    expect(phone.field).to_have_value("返したい")
    expect(phone.said("customer")).to_have_count(0)
    phone.field.press("Enter")
    expect(phone.said("customer")).to_have_text(["あなた返したい"])
    assert bot.texts(1) == ["返したい"]


def test_stickers_photos_and_places_are_sent(phone: Phone, sandbox: Sandbox, bot: Bot) -> None:
    phone.page.get_by_role("button", name="スタンプ").click()
    phone.page.get_by_role("button", name="お願いします").click()
    expect(phone.said("customer")).to_have_count(1)
    bot.events(1)
    photo = next(PHOTO.glob("*.webp"))
    phone.page.locator("[data-file]").set_input_files([photo, photo])
    expect(phone.said("customer")).to_have_count(3)
    phone.page.get_by_role("button", name="その他").click()
    phone.page.get_by_role("button", name="位置情報").click()
    sticker, first, second, place = (event.message for event in bot.events(4))
    assert sticker.keywords[0] == "お願いします"
    assert first.image_set.id == second.image_set.id
    assert (first.image_set.index, second.image_set.index) == (1, 2)
    assert place.title == "北風洋品店 神戸店"
    shown = phone.log.locator("img.picture").first
    shown.scroll_into_view_if_needed()
    phone.page.wait_for_function("(image) => image.naturalWidth > 0", arg=shown.element_handle())


def test_read_marks_dots_and_what_is_taken_back(phone: Phone, sandbox: Sandbox, bot: Bot) -> None:
    phone.field.fill("間違い")
    phone.field.press("Enter")
    token = bot.events(1)[0].message.mark_as_read_token
    told = {"markAsReadToken": token}
    sandbox.http.post("/api.line.me/v2/bot/chat/markAsRead", json=told, headers=TOKEN).raise_for_status()
    expect(phone.log.locator(".meta")).to_contain_text("既読")
    loading = {"chatId": TAKASHI, "loadingSeconds": 60}
    sandbox.http.post(
        "/api.line.me/v2/bot/chat/loading/start", json=loading, headers=TOKEN
    ).raise_for_status()
    expect(phone.log.locator(".dots")).to_be_visible()
    push(sandbox, {"type": "text", "text": "はい"})
    expect(phone.log.locator(".dots")).to_have_count(0)
    mine = phone.log.locator(".said.customer")
    mine.hover()
    mine.locator("summary").click()
    mine.get_by_role("button", name="送信取消").click()
    expect(phone.log.locator(".note")).to_have_text("メッセージの送信を取り消しました")
    assert bot.events(2)[1].type == "unsend"


def test_blocking_and_unblocking(phone: Phone, sandbox: Sandbox, bot: Bot) -> None:
    phone.page.get_by_role("button", name="ブロック", exact=True).click()
    expect(phone.field).to_be_hidden()
    assert phone.violations() == []
    phone.page.locator("[data-unblock]").click()
    expect(phone.field).to_be_visible()
    assert [event.type for event in bot.events(2)] == ["unfollow", "follow"]


def test_what_was_not_sent_is_kept_and_said(phone: Phone, sandbox: Sandbox) -> None:
    phone.page.evaluate("() => { window.fetch = async () => { throw new Error('offline'); }; }")
    phone.field.fill("消えないで")
    phone.field.press("Enter")
    expect(phone.page.locator("[data-trouble]")).to_contain_text("offline")
    expect(phone.field).to_have_value("消えないで")


@pytest.mark.parametrize("locale", ["ja-JP", "en-GB"])
def test_the_front_page_makes_things_go_wrong(
    chromium: Browser, sandbox: Sandbox, bot: Bot, locale: str
) -> None:
    context = chromium.new_context(viewport=SIZES["phone"], locale=locale, bypass_csp=True)
    page = context.new_page()
    page.goto(sandbox.base)
    page.locator("select[name=fault]").select_option("duplicate")
    page.locator("[data-rule] button").click()
    expect(page.locator("[data-rules] li")).to_have_count(1)
    sandbox.says(TAKASHI, "x")
    assert len(bot.events(2)) == 2
    expect(page.locator("tr.fault")).to_have_count(1)
    page.add_script_tag(path=AXE)
    assert page.evaluate("async () => (await axe.run()).violations.map((one) => one.id)") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-behave]").click()
    expect(page.locator("[data-rules] li")).to_have_count(0)
    context.close()
