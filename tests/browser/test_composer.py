"""The composer in a real browser: whatever becomes of an answer, its words are never lost on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, WebSocketRoute, expect
from sqlalchemy import delete, select

from app import inbox
from app.auth import sign_in
from app.db import reading, transaction
from app.models import Agent, Case, Conversation, Draft, Message, Signin
from channels.base import Person
from tests import factories
from tests.browser.desk import Desk, at_the_desk
from tests.converting import OVER
from tests.serving import until

pytestmark = pytest.mark.browser
HEAR = """frame => document.dispatchEvent(new CustomEvent(
    'htmx:wsBeforeMessage', {detail: {message: JSON.stringify(frame)}, cancelable: true}))"""
AT_ONCE = "document.querySelector('[data-compose]').dataset.undo = 0"
ASKED = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
PASTE = """types => {
    const data = new DataTransfer();
    for (const type of types) data.setData(type, 'A1');
    data.items.add(new File(['...'], 'a.txt', {type: 'text/plain'}));
    const paste = new ClipboardEvent('paste', {clipboardData: data, cancelable: true});
    return document.querySelector('[data-compose] textarea').dispatchEvent(paste);
}"""
LEAVE = "dispatchEvent(new Event('pagehide'))"  # what waits to be sent is sent now


@pytest.fixture
def desk(committed: None, chromium: Browser) -> Iterator[Desk]:
    with at_the_desk(chromium) as made:
        yield made


def drafts() -> list[str]:
    with reading() as db:
        return list(db.scalars(select(Draft.text)))


def owners() -> list[int]:
    with reading() as db:
        return [id for id in db.scalars(select(Conversation.assignee_id)) if id]


def sent() -> list[str]:
    with reading() as db:
        return list(db.scalars(select(Message.text).where(Message.kind == "outbound")))


def test_what_is_written_on_while_the_answer_is_sent_is_there_when_one_comes_back(desk: Desk) -> None:
    desk.sends("お調べします。")
    desk.field.fill("追伸")
    until(lambda: drafts() == ["追伸"], "what was begun is kept")
    desk.opens(desk.there)
    desk.page.evaluate(LEAVE)
    until(lambda: sent() == ["お調べします。"], "the answer is stored")
    desk.opens(desk.here)
    expect(desk.field).to_have_value("追伸")


def test_answers_go_one_after_the_other(desk: Desk) -> None:
    held: list[Route] = []
    desk.page.route("**/replies", lambda route: held.append(route))
    for text in ("一通目です。", "二通目です。"):
        desk.field.fill(text)
        desk.page.evaluate("document.querySelector('[data-compose]').dataset.undo = 0")
        desk.field.press("Control+Enter")
        expect(desk.field).to_have_value("")

    def asked() -> int:
        desk.page.wait_for_timeout(200)
        return len(held)

    assert asked() == 1
    held[0].abort()  # it stays, and is tried again before what is said next
    expect(desk.page.locator(".state.bad")).to_have_count(2)
    assert asked() == 1
    desk.opens(desk.there)
    desk.opens(desk.here)
    expect(desk.page.locator(".state.bad button", has_text="もう一度試す")).to_have_count(2)
    desk.page.evaluate(AT_ONCE)
    desk.page.unroute("**/replies")
    desk.field.fill("三通目です。")
    desk.field.press("Control+Enter")
    until(lambda: len(sent()) == 3, "all of them")
    assert sent() == ["一通目です。", "二通目です。", "三通目です。"]


def test_answers_that_are_refused_come_back_in_their_order(desk: Desk) -> None:
    held: list[Route] = []
    desk.page.route("**/replies", lambda route: held.append(route))
    for text in ("一通目です。", "二通目です。"):
        desk.field.fill(text)
        desk.page.evaluate(AT_ONCE)
        desk.field.press("Control+Enter")
        expect(desk.field).to_have_value("")
    desk.field.fill("三")
    for nth in (0, 1):
        for _ in range(200):
            if len(held) <= nth:
                desk.page.wait_for_timeout(50)
        held[nth].fulfill(status=409, content_type="text/plain", body="No")
    expect(desk.field).to_have_value("一通目です。\n二通目です。\n三")


def lose(route: Route) -> None:
    """It is stored, and the answer to that does not arrive."""
    route.fetch()
    route.abort()


def test_what_is_written_anew_although_it_was_stored_is_not_sent_twice(desk: Desk) -> None:
    desk.page.route_web_socket("**/inbox/socket", lambda _: None)  # a line that is open and says nothing
    desk.page.reload()
    desk.page.wait_for_selector("html[data-ready]")
    desk.page.route("**/replies", lose, times=1)
    desk.page.evaluate(AT_ONCE)
    desk.field.fill("明日お届けします。")
    desk.field.press("Control+Enter")
    desk.page.locator("[data-log] .state.bad").get_by_role("button", name="編集").click()
    expect(desk.field).to_have_value("明日お届けします。")
    desk.field.fill("明後日お届けします。")
    desk.field.press("Control+Enter")
    expect(desk.page.locator("[data-problem]")).to_contain_text("実際には送信されていました")
    assert sent() == ["明日お届けします。"]
    desk.field.fill("訂正します。明後日お届けします。")
    desk.field.press("Control+Enter")
    until(lambda: len(sent()) == 2, "the correction is sent")


@pytest.mark.parametrize("late", ["the copy", "the failure"])
def test_an_answer_whose_own_copy_comes_is_sent_though_its_sending_was_not_answered(
    desk: Desk, late: str
) -> None:
    page, told = desk.page, desk.page.locator("[data-log] .state.bad")
    copy = page.locator("[data-log] article[data-message]", has_text="明日お届けします。")
    held: list[str | bytes] = []

    def hold(server: WebSocketRoute) -> None:
        def on_message(said: str | bytes) -> None:
            held.append(said)

        server.on_message(on_message)

    def heard() -> bool:
        """What was said in the meantime arrives."""
        page.wait_for_timeout(100)
        while held:
            page.evaluate(HEAR, json.loads(held.pop(0)))
        return copy.is_visible()

    if late == "the copy":  # what the server says waits
        page.route_web_socket("**/inbox/socket", lambda line: hold(line.connect_to_server()))
        page.reload()
        page.wait_for_selector("html[data-ready]")
    page.evaluate(AT_ONCE)
    lost: list[Route] = []

    def keep(route: Route) -> None:
        lost.append(route)
        route.fetch()

    page.route("**/replies", keep, times=1)
    desk.field.fill("明日お届けします。")
    desk.field.press("Control+Enter")
    if late == "the failure":
        expect(copy).to_be_visible()
        lost[0].abort()
    else:
        until(lambda: bool(sent()), "it is stored")
        lost[0].abort()
        expect(told).to_be_visible()
        until(heard, "the copy is here")
    until(lambda: not page.evaluate(ASKED), "nothing waits", seconds=10)  # a dead line is found after fifty
    expect(told).to_have_count(0)
    page.locator("[data-log]").press("e")
    until(lambda: status(desk) == "resolved", "it is resolved")
    assert sent() == ["明日お届けします。"]


@pytest.mark.parametrize(("key", "left"), [("e", "resolved"), ("s", "snoozed")])
def test_what_is_pressed_after_sending_happens_after_it(desk: Desk, key: str, left: str) -> None:
    head = desk.page.locator("[data-part=header]")
    desk.sends("ありがとうございました。")
    desk.page.locator("[data-log]").press(key)
    if key == "s":
        head.locator(".pop:visible .item").first.click()
    until(lambda: status(desk) == left, f"it is {left}")
    assert sent() == ["ありがとうございました。"]
    with reading() as db:
        assert len(db.scalars(select(Case.id).filter_by(conversation_id=desk.here.id)).all()) == 1


def test_what_is_pressed_after_sending_is_done_though_one_goes_on_at_once(desk: Desk) -> None:
    held: list[Route] = []
    desk.page.route("**/replies", lambda route: held.append(route))
    desk.sends("ありがとうございました。")
    desk.page.locator("[data-log]").press("e")
    desk.opens(desk.there)
    (answer,) = held
    answer.continue_()
    until(lambda: status(desk) == "resolved", "it is resolved")
    assert sent() == ["ありがとうございました。"]


def test_what_is_pressed_after_sending_is_what_is_done_in_a_head_drawn_anew(desk: Desk) -> None:
    with transaction() as db:
        suzuki = [factories.agent(db, name) for name in ("加藤", "鈴木")][1].id
    desk.page.reload()
    desk.page.wait_for_selector("html[data-ready]")
    held: list[Route] = []
    desk.page.route("**/replies", lambda route: held.append(route))
    desk.sends("鈴木がお調べします。")
    desk.page.locator("[data-log]").press("a")
    desk.page.locator("[data-part=header] .pop:visible .item", has_text="鈴木").click()
    desk.opens(desk.there)
    desk.opens(desk.here)
    (answer,) = held
    answer.continue_()
    until(lambda: owners() == [suzuki], "it is hers")


def test_where_the_answer_cannot_be_sent_nothing_else_is_done(desk: Desk) -> None:
    desk.sends("ありがとうございました。")
    desk.page.route("**/replies", lambda route: route.abort())
    desk.page.locator("[data-log]").press("e")
    expect(desk.page.locator(".toast", has_text="操作は行われませんでした")).to_be_visible()
    assert (status(desk), sent()) == ("open", [])
    desk.page.unroute("**/replies")
    desk.page.locator("[data-log]").press("e")
    until(lambda: status(desk) == "resolved", "it is resolved")
    assert sent() == ["ありがとうございました。"]


def status(desk: Desk) -> str:
    with reading() as db:
        return db.get_one(Conversation, desk.here.id).status


def test_the_last_words_are_kept_by_who_leaves_at_once(desk: Desk) -> None:
    desk.field.fill("お調べします。")
    until(lambda: drafts() == ["お調べします。"], "what was begun is kept")
    desk.field.fill("お調べします。追伸")
    desk.page.goto("about:blank")
    until(lambda: drafts() == ["お調べします。追伸"], "and so is what followed")


def test_an_answer_that_comes_back_after_one_went_on_is_a_draft_and_said_to_be(desk: Desk) -> None:
    with transaction() as db:
        sato = factories.agent(db, "佐藤")
        inbox.claim_lock(db, sato, db.get_one(Conversation, desk.here.id))
    desk.sends("お調べします。")
    desk.opens(desk.there)
    desk.page.evaluate(LEAVE)
    told = desk.page.locator("[data-toasts] .toast.bad")
    expect(told).to_contain_text("佐藤")
    expect(told).to_contain_text("下書きとして")
    assert drafts() == ["お調べします。"]
    told.get_by_role("button").click()
    expect(desk.field).to_have_value("お調べします。")

    desk.sends("お調べします。")
    desk.field.fill("追伸")
    until(lambda: drafts() == ["追伸"], "what was begun is kept")
    desk.opens(desk.there)
    desk.page.keyboard.press("z")  # taken back
    expect(told).to_contain_text("下書きとして")
    assert drafts() == ["お調べします。\n追伸"]
    assert sent() == []


def test_what_is_typed_while_a_mail_is_looked_through_stays_in_the_field(desk: Desk) -> None:
    with transaction() as db:
        box = factories.channel(db, "email", name="Mail", settings={"address": "shop@example.jp"})
        thread = factories.conversation(db, box, "ほつれ", Person("taro@example.jp", name="太郎"))
    desk.page.goto(f"{desk.base}/inbox/{thread.id}?view=open")
    desk.page.wait_for_selector("html[data-ready]")
    asked: list[Route] = []
    desk.page.route("**/check", lambda route: asked.append(route))
    desk.field.fill("お調べします。")
    with desk.page.expect_request("**/check"):
        desk.field.press("Control+Enter")
    desk.field.press("Control+End")
    desk.page.keyboard.type("追伸")
    asked[0].continue_()
    expect(desk.field).to_have_value("追伸")
    until(lambda: drafts() == ["追伸"], "it is kept")
    desk.page.evaluate(LEAVE)
    until(lambda: sent() == ["お調べします。"], "the answer is stored")
    assert drafts() == ["追伸"]


def test_enter_that_confirms_a_name_in_a_menu_chooses_nothing(desk: Desk) -> None:
    """As Safari tells it: the conversion has ended when the key comes."""
    desk.page.locator("[data-part=header] [data-key=a]").click()
    name = desk.page.locator("[data-part=header] .pop:visible .search input")
    name.evaluate(
        "field => {"
        "field.dispatchEvent(new CompositionEvent('compositionstart', {bubbles: true}));"
        "field.value = '田中';"
        "field.dispatchEvent(new CompositionEvent('compositionend', {bubbles: true}));"
        "const enter = {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true};"
        "field.dispatchEvent(new KeyboardEvent('keydown', enter)); }"
    )
    expect(name).to_be_visible()  # what is chosen closes it
    time.sleep(OVER)
    name.press("Enter")
    expect(name).to_be_hidden()
    until(lambda: bool(owners()), "the thread is given to somebody")


def test_the_words_of_a_second_screen_are_kept_instead_where_one_says_so(desk: Desk) -> None:
    other = desk.page.context.new_page()
    other.goto(f"{desk.base}/inbox/{desk.here.id}?view=open")
    other.wait_for_selector("html[data-ready]")
    desk.field.fill("机で")
    until(lambda: drafts() == ["机で"], "the first is kept")
    field = other.locator("[data-compose] textarea")
    field.fill("電話で")
    other.get_by_role("button", name="こちらを残す").click()
    until(lambda: drafts() == ["電話で"], "the second is kept instead")
    field.press_sequentially("す")
    until(lambda: drafts() == ["電話です"], "and goes on to be")


def test_what_was_just_typed_is_kept_when_the_thread_is_taken_away(desk: Desk) -> None:
    desk.field.fill("書きかけ")
    until(lambda: drafts() == ["書きかけ"], "it is kept")
    desk.field.press_sequentially("です")
    gone = {"t": "gone", "conversation": desk.here.id}
    with desk.page.expect_navigation():
        desk.page.evaluate(HEAR, gone)
    until(lambda: drafts() == ["書きかけです"], "the last of it, too")


def test_who_comes_back_while_an_answer_can_be_taken_back_does_not_find_it_twice(desk: Desk) -> None:
    desk.field.fill("確認します。")
    until(lambda: drafts() == ["確認します。"], "what was begun is kept")
    desk.sends("確認します。")
    desk.opens(desk.there)
    desk.opens(desk.here)
    expect(desk.field).to_have_value("")
    expect(desk.page.locator("[data-log] [id^='m-']", has_text="確認します。")).to_have_count(1)
    desk.page.locator("body").press("z")
    expect(desk.field).to_have_value("確認します。")
    expect(desk.page.locator("[data-log] [id^='m-']", has_text="確認します。")).to_have_count(0)


def test_who_signs_in_again_beside_the_page_goes_on_where_they_were(desk: Desk) -> None:
    desk.page.evaluate(AT_ONCE)
    desk.field.fill("お調べします。")  # where nothing is written, a page without a session leads to the door
    with transaction() as db:
        email = db.scalars(select(Agent.email)).one()
        db.execute(delete(Signin))
    desk.field.press("Control+Enter")
    told = desk.page.locator("[data-log] .state.bad")
    expect(told).to_contain_text("ログアウトされました")
    assert desk.page.evaluate(ASKED), "nobody leaves without being asked"
    desk.page.evaluate(f"htmx.ajax('GET', '/inbox/{desk.here.id}/pane', {{target: '#pane', swap: 'none'}})")
    expect(desk.page.locator("[data-toasts] .toast.bad").first).to_contain_text("ログアウトされました")
    token = sign_in(email, factories.PASSWORD, "127.0.0.1", "Chromium").token
    desk.page.context.add_cookies([{"name": "madoguchi", "value": token, "url": desk.base}])
    told.get_by_role("button", name="もう一度試す").click()
    until(lambda: sent() == ["お調べします。"], "the answer is stored")
    expect(told).to_have_count(0)
    assert not desk.page.evaluate(ASKED)
    desk.field.fill("追伸")
    until(lambda: drafts() == ["追伸"], "and what follows is kept")


def test_no_words_of_a_note_become_an_answer_when_one_is_taken_back(desk: Desk) -> None:
    box = desk.page.locator("[data-compose] .box")
    note, reply = (desk.page.locator(f"[data-kind-set={kind}]") for kind in ("note", "reply"))
    desk.sends("お調べします。")
    note.click()
    desk.field.fill("内緒")
    desk.page.locator("[data-log]").press("z")
    expect(desk.field).to_have_value("お調べします。\n内緒")
    expect(box).to_have_attribute("data-kind", "note")
    desk.field.fill("")
    reply.click()
    desk.sends("お調べします。")
    note.click()
    desk.page.locator("[data-log]").press("z")
    expect(desk.field).to_have_value("お調べします。")
    expect(box).to_have_attribute("data-kind", "reply")


def test_what_is_begun_is_there_with_its_files_when_one_comes_back(desk: Desk) -> None:
    desk.sends("はい")
    desk.field.fill("はい、そのとおりです")
    assert desk.page.evaluate(PASTE, ["text/plain", "text/html"]), "words of a table stay words"
    assert not desk.page.evaluate(PASTE, ["text/html"]), "a file is one"
    uploaded = desk.page.locator("[data-uploaded]")
    expect(uploaded).to_have_count(1)
    until(lambda: drafts() == ["はい、そのとおりです"], "what was begun is kept")
    desk.opens(desk.there)
    expect(uploaded).to_have_count(0)
    desk.opens(desk.here)
    expect(desk.field).to_have_value("はい、そのとおりです")
    expect(uploaded).to_have_count(1)
