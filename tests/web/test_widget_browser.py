"""The widget in a real Chromium, on a shop's page of another origin with a strict policy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import select, update

from app import inbox, realtime, resuming
from app.db import now, reading, transaction
from app.models import Agent, Case, Conversation, Delivery, Message, Setting, Visitor
from tests import factories
from tests.converting import convert
from tests.serving import until
from tests.web.shop import House, Shop, Window

pytestmark = pytest.mark.browser
NO_STORAGE = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('blocked') }})"
NO_SOCKETS = """window.WebSocket = class {
    constructor() { setTimeout(() => this.onclose && this.onclose({}), 1) }
    close() {}
}"""
# Two attempts in vain, as in a restart; and what is polled for ends at once.
AWAY_AT_FIRST = """const real = window.WebSocket;
let away = 2;
window.WebSocket = function (url) {
    if (away-- > 0) { setTimeout(() => this.onclose({}), 1); this.close = () => {}; }
    else return new real(url);
};
Math.random = () => -1"""
FILL = "(el, n) => { el.value = 'あ'.repeat(n); el.dispatchEvent(new Event('input')) }"
SECRET = "the shop's own identity secret, long enough"


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The one browser; windows opened by the test are closed after it."""
    before = set(chromium.contexts)
    yield chromium
    for context in set(chromium.contexts) - before:
        context.close()


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    made = House()
    yield made
    made.stop()


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    made = Shop(house)
    with transaction() as db:
        factories.channel(
            db, key="shop", settings={"allowed_origins": [made.origin]}, secrets={"identity_secret": SECRET}
        )
    yield made
    made.stop()


def visit(browser: Browser, shop: Shop, path: str = "/", **options: Any) -> Window:
    """Somebody new, with a browser of their own."""
    context = browser.new_context(**{"locale": "ja", "timezone_id": "Asia/Tokyo", **options})
    return Window(context, shop.origin + path)


def answer(text: str) -> None:
    with transaction() as db:
        here = db.scalars(select(Conversation).order_by(Conversation.id.desc())).first()
        assert here is not None
        tanaka = db.scalar(select(Agent)) or factories.agent(db, "田中")
        factories.reply(db, tanaka, here, text)


def said() -> list[str]:
    """What customers have said, in the order of the thread."""
    with reading() as db:
        inbound = select(Message.text).where(Message.kind == "inbound").order_by(Message.sent_at, Message.id)
        return list(db.scalars(inbound))


def ratings() -> list[int]:
    with reading() as db:
        return [one for one in db.scalars(select(Case.rating)) if one]


def kept(window: Window) -> str:
    """What the shop's page keeps for the next one."""
    return str(window.page.evaluate("JSON.stringify(localStorage)"))


def delivered() -> list[str]:
    with reading() as db:
        return list(db.scalars(select(Delivery.state)))


def token_for(user: str) -> str:
    return jwt.encode({"sub": user, "aud": "shop", "exp": int(time.time()) + 600}, SECRET, "HS256")


def test_a_customer_chats_on_a_page_with_a_strict_policy(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    window.say("在庫はありますか？")
    until(lambda: said() == ["在庫はありますか？"], "the message is stored")
    answer("ございます")
    window.shows("ございます")
    assert window.troubles == []
    assert all(url.startswith((house.base, shop.origin)) for url in window.asked)


def test_included_twice_it_is_there_once(browser: Browser, house: House, shop: Shop) -> None:
    shop.page = shop.page.replace(
        b"<h1>", shop.page[shop.page.index(b"<script") : shop.page.index(b"</body>")] + b"<h1>"
    )
    window = visit(browser, shop).open()
    assert window.page.locator("madoguchi-chat").count() == 1
    assert window.troubles == []


def test_it_works_where_storage_is_blocked(browser: Browser, house: House, shop: Shop) -> None:
    context = browser.new_context(locale="ja")
    context.add_init_script(NO_STORAGE)
    window = Window(context, shop.origin).open()
    window.say("保存なし")
    until(lambda: said() == ["保存なし"], "the message is stored")
    assert window.troubles == []


def test_an_enter_that_confirms_a_conversion_does_not_send(
    browser: Browser, house: House, shop: Shop
) -> None:
    window = visit(browser, shop).open()
    window.chat.locator("#text").focus()
    keys = window.page.context.new_cdp_session(window.page)
    convert(keys, "ざいこ", "在庫", key=229)
    time.sleep(0.3)
    assert window.texts().count("在庫") == 0
    assert window.chat.locator("#text").input_value() == "在庫"
    window.page.keyboard.press("Shift+Enter")
    window.page.keyboard.press("Enter")
    window.shows("在庫")


def test_messages_written_while_the_server_is_away_arrive_once_and_in_order(
    browser: Browser, house: House, shop: Shop
) -> None:
    window = visit(browser, shop).open()
    window.say("前")
    until(lambda: said() == ["前"], "the first is stored")
    house.stop()
    for text in ("一", "二", "三"):
        window.say(text)
    window.chat.locator("#banner:not([hidden])").wait_for()
    house.start()
    until(lambda: said() == ["前", "一", "二", "三"], "all are stored", 30)
    for text in ("前", "一", "二", "三"):
        window.shows(text)


def test_unsent_messages_survive_a_reload_of_the_page(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    window.say("前")
    until(lambda: said() == ["前"], "the first is stored")
    house.stop()
    window.say("電車の中から")
    window.shows("電車の中から")
    house.start()
    window.page.reload()
    until(lambda: said() == ["前", "電車の中から"], "it is stored without the chat being opened", 30)


def test_a_draft_survives_the_next_page(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    window.chat.locator("#text").fill("書きかけ")
    until(lambda: "書きかけ" in kept(window), "the draft is kept")
    window.page.goto(f"{shop.origin}/next")
    window.open()
    assert window.chat.locator("#text").input_value() == "書きかけ"


def test_without_websockets_it_polls(browser: Browser, house: House, shop: Shop) -> None:
    context = browser.new_context(locale="ja")
    context.add_init_script(NO_SOCKETS)
    window = Window(context, shop.origin).open()
    window.say("ポーリング")
    until(lambda: said() == ["ポーリング"], "the message is stored")
    answer("届きました")
    window.shows("届きました")


def test_a_chat_that_came_to_poll_finds_back_to_a_socket(browser: Browser, house: House, shop: Shop) -> None:
    context = browser.new_context(locale="ja")
    context.add_init_script(AWAY_AT_FIRST)
    window = Window(context, shop.origin)
    with window.page.expect_websocket():
        window.launcher.click()
    assert any(url.endswith("/frames") for url in window.asked), "it polled before"
    window.chat.locator("body[data-line=open]").wait_for()
    window.say("届きますか")
    until(lambda: said() == ["届きますか"], "the message is stored")


def test_an_answer_missed_while_offline_comes_on_reconnecting(
    browser: Browser, house: House, shop: Shop
) -> None:
    window = visit(browser, shop).open()
    window.say("質問")
    until(lambda: said() == ["質問"], "the message is stored")
    house.stop()
    answer("留守中の返事")
    house.start()
    until(lambda: "留守中の返事" in window.texts(), "the answer is shown", 30)


def test_a_second_device_goes_on_by_code(browser: Browser, house: House, shop: Shop) -> None:
    first = visit(browser, shop).open()
    first.say("続きは電話で")
    first.shows("続きは電話で")
    first.chat.locator("nav button").click()
    code = first.chat.locator("output.code").inner_text()
    second = visit(browser, shop, viewport={"width": 390, "height": 844}, has_touch=True).open()
    second.chat.locator("[data-more=menu]").click()
    second.chat.locator("[role=menuitem]").nth(1).click()
    second.chat.locator("input[name=code]").fill(code)
    second.chat.locator(".card .go").click()
    second.shows("続きは電話で")
    second.say("携帯から")
    first.shows("携帯から")


def link_of(window: Window) -> str:
    """What the address of the QR code adds to that of the page."""
    window.chat.locator("nav button").click()
    window.chat.locator("img.qr").wait_for()
    window.chat.locator(".card .go").click()
    with reading() as db:
        visitor = db.scalars(select(Visitor).order_by(Visitor.id)).first()
    assert visitor is not None
    with transaction() as db:
        code = resuming.issue_link(db, visitor)
    return f"/#madoguchi={code}"


def test_who_opens_an_address_is_let_in_by_the_first_device_alone(
    browser: Browser, house: House, shop: Shop
) -> None:
    first = visit(browser, shop).open()
    first.say("続きは電話で")
    first.shows("続きは電話で")
    second = visit(browser, shop, link_of(first), viewport={"width": 390, "height": 844}, has_touch=True)
    second.chat.locator(".card .go").click()
    mark = second.chat.locator(".card output.code").inner_text()
    assert "続きは電話で" not in second.texts()
    assert first.chat.locator(".card output.code").inner_text() == mark
    first.chat.locator(".card [name=yes]").click()
    second.shows("続きは電話で")
    second.say("携帯から")
    first.shows("携帯から")


def test_who_is_not_let_in_sees_nothing(browser: Browser, house: House, shop: Shop) -> None:
    first = visit(browser, shop).open()
    first.say("秘密の相談")
    first.shows("秘密の相談")
    stranger = visit(browser, shop, link_of(first))
    stranger.chat.locator(".card .go").click()
    first.chat.locator(".card [name=no]").click()
    stranger.chat.locator("#banner:not([hidden])").wait_for()
    assert "秘密の相談" not in stranger.texts()


def test_two_customers_on_one_browser_never_see_each_other(
    browser: Browser, house: House, shop: Shop
) -> None:
    window = visit(browser, shop)
    window.launcher.wait_for()
    window.call("identify", {"jwt": token_for("yamada")})
    window.open().say("山田の秘密")
    until(lambda: said() == ["山田の秘密"], "the message is stored")
    window.chat.locator("#text").fill("山田の下書き")
    until(lambda: "山田の下書き" in kept(window), "the draft is kept")
    window.call("identify", {"jwt": token_for("suzuki")})
    window.chat.locator("body[data-line=open]").wait_for()
    assert window.texts() == ["こんにちは。ご用件をお聞かせください。"]
    assert window.chat.locator("#text").input_value() == ""


def test_who_signs_out_in_one_tab_is_signed_in_again_by_no_other(
    browser: Browser, house: House, shop: Shop
) -> None:
    window = visit(browser, shop)
    tabs = [window, Window(window.page.context, shop.origin)]
    for tab in tabs:
        tab.launcher.wait_for()
        tab.call("identify", {"jwt": token_for("yamada")})
        tab.open()
    window.say("山田の秘密")
    tabs[1].shows("山田の秘密")
    window.call("reset")
    tabs[1].shows("山田の秘密", 0)
    tabs[1].chat.locator("body[data-line=open]").wait_for()
    anybody = Window(window.page.context, shop.origin).open()
    anybody.shows("こんにちは。ご用件をお聞かせください。")
    assert anybody.texts() == ["こんにちは。ご用件をお聞かせください。"]
    with reading() as db:
        assert [one.proved_identity_id for one in db.scalars(select(Visitor).filter_by(revoked_at=None))] == [
            None
        ]


def test_a_signed_in_customer_finds_the_conversation_on_another_device(
    browser: Browser, house: House, shop: Shop
) -> None:
    for n, text in enumerate(("一台目", "二台目")):
        window = visit(browser, shop)
        window.launcher.wait_for()
        window.call("identify", {"jwt": token_for("yamada")})
        window.open()
        if n:
            window.shows("一台目")
        window.say(text)
        window.shows(text)


def test_a_closed_chat_counts_what_is_new(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    window.say("質問")
    until(lambda: said() == ["質問"], "the message is stored")
    window.chat.locator("#close").click()
    answer("返事です")
    until(lambda: window.launcher.locator("i").get_attribute("data-n") == "1", "one new message is counted")
    assert "1件" in (window.launcher.get_attribute("aria-label") or "")
    window.open()
    until(lambda: window.launcher.locator("i").get_attribute("data-n") == "", "nothing is new any more")
    until(lambda: delivered() == ["read"], "the answer is marked as read")


def test_typing_and_reading_are_shown(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    window.say("質問")
    until(lambda: said() == ["質問"], "the message is stored")
    answer("少々お待ちください")
    window.shows("少々お待ちください")
    with transaction() as db:
        tanaka, here = db.scalars(select(Agent)).one(), db.scalars(select(Conversation)).one()
        inbox.mark_read(db, tanaka, here)
    realtime.publish("typing", here.id, "agent", tanaka.id, True)
    window.chat.locator(".dots[aria-label='田中が入力しています']").wait_for()
    until(lambda: "既読" in window.chat.locator(".m.me .s").inner_text(), "it is marked as read")


def test_a_chat_in_the_background_takes_the_focus_from_nobody(
    browser: Browser, house: House, shop: Shop
) -> None:
    with transaction() as db:
        db.add(Setting(key="hours", value={"timezone": "Asia/Tokyo", "week": {}}))
    shop.page = shop.page.replace(b"<h1>", b"<input autofocus><h1>")
    window = visit(browser, shop).open()
    form = window.chat.locator("#form")
    form.wait_for()
    window.page.reload()
    form.wait_for(state="attached")
    assert window.page.evaluate("document.activeElement.tagName") == "INPUT"
    window.page.keyboard.type("shoes")
    assert window.page.locator("input").input_value() == "shoes"


def test_a_long_thread_is_paged_upwards(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    window.say("最初")
    until(lambda: said() == ["最初"], "the message is stored")
    for n in range(70):
        answer(f"返事{n}")
    window.page.reload()
    window.open()
    window.shows("返事69")
    assert "最初" not in window.texts()
    up = "el => { el.scrollTop = 200; el.scrollTop = 0 }"
    until(
        lambda: window.chat.locator("#log").evaluate(up) or "最初" in window.texts(),
        "the first is there",
        every=0.3,
    )
    assert window.texts() == ["最初", *(f"返事{n}" for n in range(70))]


def test_a_message_too_long_stays_in_the_box(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    window.chat.locator("#text").evaluate(FILL, 100_000)
    assert window.chat.locator("#send").is_disabled()
    assert "10000" in window.chat.locator("#note").inner_text()


def test_it_is_used_by_keyboard_alone(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop)
    window.launcher.focus()
    window.page.keyboard.press("Enter")
    window.chat.locator("body[data-line=open]").wait_for()
    window.chat.locator("#text:focus").wait_for()
    window.page.keyboard.type("hello")
    window.page.keyboard.press("Enter")
    window.shows("hello")
    window.page.keyboard.press("Escape")
    until(lambda: window.launcher.get_attribute("aria-expanded") == "false", "the chat is closed")
    assert window.launcher.evaluate("el => el.getRootNode().activeElement === el")


def test_a_menu_that_could_not_be_fetched_once_is_there_when_it_is_wanted_again(
    browser: Browser, house: House, shop: Shop
) -> None:
    window = visit(browser, shop).open()
    lost = ["words", "more"]

    def asked(route: Route) -> None:
        cut = next((part for part in lost if f"/{part}" in route.request.url), None)
        route.abort() if cut else route.continue_()
        if cut:
            lost.remove(cut)

    window.page.route("**/widget/**", asked)
    menu = window.chat.locator("header [data-more=menu]")
    menu.click()
    until(lambda: bool(window.texts()) and lost == ["words"], "the script was cut")
    window.chat.locator("#banner:not([hidden])").wait_for()
    menu.click()
    until(lambda: bool(window.texts()) and lost == [], "the words were cut")
    menu.click()
    window.chat.get_by_role("menuitem", name="コード").wait_for()
    window.chat.locator("#banner[hidden]").wait_for(state="attached")


def test_each_matter_that_is_over_is_rated(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    form = window.chat.locator("#rate:has(textarea)")
    for number in (1, 2):
        window.say(f"用件{number}")
        window.shows(f"用件{number}")
        until(lambda: f"用件{number}" in said(), "the message is stored")  # noqa: B023
        answer(f"回答{number}")  # what waits for one stays open
        window.shows(f"回答{number}")
        expect(form).to_have_count(0)
        window.chat.locator("header [data-more=menu]").click()
        window.chat.get_by_role("menuitem").last.click()
        form.locator(".stars button").last.click()
        form.locator(".go").click()
        expect(form).to_have_count(0)
        until(lambda: ratings() == [5] * number, "it is rated")  # noqa: B023
        with transaction() as db:
            db.execute(
                update(Case).values(resolved_at=now() - timedelta(days=5))
            )  # what comes is another matter


def test_markup_in_a_message_is_only_text(browser: Browser, house: House, shop: Shop) -> None:
    window = visit(browser, shop).open()
    nasty = '<img src=x onerror="parent.hacked=1"><b>太字</b>'
    window.say(nasty)
    window.shows(nasty)
    until(lambda: said() == [nasty], "the message is stored")
    answer("https://shop.example.jp/a?b=1。javascript:alert(1)")
    window.chat.locator("a[href='https://shop.example.jp/a?b=1']").wait_for()
    assert window.chat.locator("#log b").count() == 0
    assert window.troubles == []
