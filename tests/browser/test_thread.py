"""The thread, its head and the list beside it in a real browser: what comes meanwhile takes nothing out of one's hands,
and is not lost on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from app import inbox
from app.bot import ratings
from app.db import reading, transaction
from app.models import Channel, Conversation, Decision, Identity, Message
from tests import factories
from tests.browser.desk import PATIENT, Desk, at_the_desk
from tests.serving import until

pytestmark = pytest.mark.browser
HEAR = """frame => document.dispatchEvent(new CustomEvent(
    'htmx:wsBeforeMessage', {detail: {message: JSON.stringify(frame)}, cancelable: true}))"""


@pytest.fixture
def desk(committed: None, chromium: Browser) -> Iterator[Desk]:
    with at_the_desk(chromium) as made:
        yield made


def test_what_comes_while_a_thread_is_opened_stands_in_it(desk: Desk) -> None:
    row = desk.page.locator(f"#row-{desk.there.id}")

    def late(route: Route) -> None:
        drawn = route.fetch()
        with transaction() as db:
            said = db.scalars(select(Message).where(Message.text == "色違い")).one()
            who = db.get_one(Identity, said.identity_id).address
            factories.customer_says(db, db.get_one(Channel, said.channel_id), "まだですか", who)
        expect(row).to_contain_text("まだですか")  # it was told before the thread is there
        route.fulfill(response=drawn)

    desk.page.route(f"**/inbox/{desk.there.id}/pane", late)
    desk.opens(desk.there)
    expect(desk.page.locator("[data-log]")).to_contain_text(
        "まだですか", timeout=8000
    )  # a tick may take 20 s


def status(thread: Conversation) -> str:
    with reading() as db:
        return db.get_one(Conversation, thread.id).status


def says_more(desk: Desk) -> None:
    with transaction() as db:
        factories.says_more(db, db.get_one(Conversation, desk.here.id), "あと、もう一つ")


def is_refused(desk: Desk) -> None:
    expect(desk.page.locator(".toast")).to_contain_text("お客様から新しいメッセージが届いています")
    assert status(desk.here) == "open"


def marks(page: Page) -> dict[str, int]:
    """The newest event that the open thread was drawn with, that was told since, and that was seen."""
    found = page.evaluate("({...document.querySelector('.thread').dataset})")
    return {name: int(found[name]) for name in ("drawn", "lastEvent", "seen")}


def posted(page: Page, path: str) -> list[str]:
    """What is sent there from now on."""
    told: list[str] = []
    page.on("request", lambda one: told.append(one.method) if one.url.endswith(path) else None)
    return told


def test_a_message_drawn_anew_leaves_what_is_written_in_it_and_is_not_said_again(desk: Desk) -> None:
    with transaction() as db:
        factories.faq(db, "550円です", ["返品の送料はいくらですか"])
        thread = factories.conversation(db, factories.channel(db, bot=True), "返品の送料はいくらですか")
        answer = db.scalars(select(Decision.reply_id)).one()
        assert answer
        said = db.get_one(Message, answer)
        said.context = {**said.context, "rate": "ja"}
    page = desk.page
    page.goto(f"{desk.base}/inbox/{thread.id}?view=open")
    page.wait_for_selector("html[data-ready]")
    page.locator(f"[aria-controls=correct-{answer}]").click()
    field = page.locator(".correcting input[name=q]")
    expect(field).to_be_focused()
    page.keyboard.type("ref")
    page.locator(".b", has_text="550円です").evaluate("words => { words.said = true }")
    with transaction() as db:
        said = db.get_one(Message, answer)
        who = factories.identity_of(db, db.get_one(Conversation, thread.id))
        assert ratings.rate(db, db.get_one(Channel, said.channel_id), who, said, True)
    expect(page.locator(".judged")).to_be_visible()
    page.keyboard.type("und")  # of which no letter is a key of the page
    expect(field).to_have_value("refund")
    assert page.locator(".b", has_text="550円です").evaluate("words => words.said")


def test_an_open_menu_stays_with_what_is_typed_in_it_when_the_head_is_drawn_anew(desk: Desk) -> None:
    head = desk.page.locator("[data-part=header]")
    head.locator("[data-key=a]").click()
    desk.page.keyboard.type("佐")
    with transaction() as db:
        sato, suzuki = factories.agent(db, "佐藤"), factories.agent(db, "鈴木")
        inbox.assign(db, sato, db.get_one(Conversation, desk.here.id), suzuki)
    expect(head.locator(".sub b")).to_have_text("鈴木")
    desk.page.keyboard.type("藤")
    expect(head.locator(".pop:visible .search input")).to_have_value("佐藤")
    desk.page.keyboard.press("Enter")
    expect(head.locator(".sub b")).to_have_text("佐藤")


def test_a_key_held_down_and_a_second_press_do_what_was_meant_once(desk: Desk) -> None:
    page, head = desk.page, desk.page.locator("[data-part=header]")
    page.evaluate(
        "document.addEventListener('htmx:afterSettle', ({detail}) => {"
        " if (detail.target.dataset.part !== 'header') return;"
        " const box = document.querySelector('[data-part=header] [data-key=e]').getBoundingClientRect();"
        " const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
        " window.below = there.closest('button')?.dataset.key ?? 'none'; })"
    )
    head.locator("[data-key=t]").click()
    until(lambda: page.evaluate("window.below"), "the head is drawn anew")
    assert page.evaluate("window.below") == "none"
    told = posted(page, "/closure")
    head.locator("[data-key=e]").click()  # after a moment it can be pressed
    expect(head.locator("[data-key=e][hx-delete]")).to_be_visible()
    page.keyboard.down("e")
    expect(head.locator("[data-key=e].primary")).to_be_visible()
    page.keyboard.down("e")
    page.keyboard.up("e")
    assert told == ["POST", "DELETE"]


def test_what_comes_while_one_presses_resolve_is_looked_at_first(desk: Desk) -> None:
    page = desk.page
    page.evaluate(
        "document.addEventListener('customer:wrote',"
        " () => document.querySelector('[data-part=header] [data-key=e]').click())"
    )
    says_more(desk)
    is_refused(desk)
    expect(page.locator("[data-log]")).to_contain_text("あと、もう一つ")
    until(lambda: marks(page)["seen"] == marks(page)["lastEvent"] > marks(page)["drawn"], "it was seen")
    page.locator("[data-part=header] [data-key=e]").click()
    expect(page.locator("[data-part=header] [data-key=e][hx-delete]")).to_be_visible()
    assert status(desk.here) == "resolved"


def test_the_row_of_what_is_open_says_what_is_new_though_it_has_left_the_view(desk: Desk) -> None:
    page, row = desk.page, desk.page.locator(f"#row-{desk.here.id}")
    with page.expect_response("**/inbox/rows**"):  # where it has left, the list fetched anew is without it
        page.reload()
    before = [one.get_attribute("id") for one in page.locator("[data-rows] > li[id]").all()]
    page.locator("[data-part=header] [data-key=e]").click()
    expect(row).to_have_class("leaving")
    row.locator("a").focus()
    with transaction() as db:
        sato, suzuki = factories.agent(db, "佐藤"), factories.agent(db, "鈴木")
        inbox.assign(db, sato, db.get_one(Conversation, desk.here.id), suzuki)
    expect(row.get_by_role("img", name="担当: 鈴木")).to_be_visible()
    expect(row).to_have_class("leaving")
    expect(row.locator("a")).to_have_attribute("aria-current", "true")
    expect(row.locator("a")).to_be_focused()
    assert [one.get_attribute("id") for one in page.locator("[data-rows] > li[id]").all()] == before


def test_where_the_newest_part_is_not_loaded_what_comes_is_not_resolved(desk: Desk) -> None:
    page = desk.page
    page.evaluate(
        "document.querySelector('[data-log]').append(Object.assign(document.createElement('i'), {hidden: true}));"
        "document.querySelector('[data-log] > i').dataset.newer = ''"
    )
    says_more(desk)
    until(lambda: marks(page)["seen"] > marks(page)["drawn"], "it was told")
    page.locator("[data-part=header] [data-key=e]").click()
    is_refused(desk)


def test_an_answer_that_resolves_leaves_open_what_the_customer_wrote_meanwhile(desk: Desk) -> None:
    desk.field.fill("発送しました")
    desk.page.evaluate(PATIENT)
    desk.field.press("Control+Shift+Enter")
    says_more(desk)
    expect(desk.page.locator("[data-log]")).to_contain_text("あと、もう一つ")
    desk.page.evaluate("dispatchEvent(new Event('pagehide'))")  # what waits is sent with that
    expect(desk.page.locator(".toast", has_text="対応中のまま")).to_be_visible()
    assert status(desk.here) == "open"
    with reading() as db:
        assert db.scalars(select(Message.author).filter_by(text="発送しました")).all() == ["agent"]


def test_an_answer_goes_to_whoever_of_two_was_seen_writing_last(desk: Desk) -> None:
    page = desk.page
    with transaction() as db:
        both = [
            factories.customer_of(db, db.get_one(Conversation, one.id)) for one in (desk.there, desk.here)
        ]
        hers = factories.identity_of(db, desk.there)
        inbox.link(db, *both, evidence={})
    page.reload()
    page.wait_for_selector("html[data-ready]")
    says_more(desk)
    with reading() as db:
        mothers = factories.identity_of(db, desk.here)
        chat = db.scalars(select(Channel)).one()
    expect(page.locator(f"[data-reach][data-to='{mothers.id}']")).to_be_visible()
    with transaction() as db:
        factories.customer_says(db, chat, "娘です", hers.address)
    expect(page.locator(f"[data-reach][data-to='{hers.id}']")).to_be_visible()
    desk.field.fill("病院の件")
    page.evaluate("document.querySelector('[data-compose]').dataset.undo = 0")
    desk.field.press("Control+Enter")

    def to() -> list[int | None]:
        with reading() as db:
            return list(db.scalars(select(Message.identity_id).filter_by(kind="outbound")))

    until(lambda: to() == [hers.id], "it goes to her")


def test_another_time_of_snoozing_is_chosen_with_the_keyboard(desk: Desk) -> None:
    page, head = desk.page, desk.page.locator("[data-part=header]")
    told = posted(page, "/snooze")
    head.locator("[data-key=s]").press("Enter")
    times = head.locator(".pop:visible .item:visible")
    offered = times.count()
    head.locator(".snooze-own button").press("Enter")  # nothing is chosen yet
    assert (told, status(desk.here)) == ([], "open")
    head.locator("#snooze-at").fill("2030-01-02T10:00")
    assert times.count() == offered > 1
    head.locator("#snooze-at").press("Enter")
    until(lambda: status(desk.here) == "snoozed", "it sleeps")
    with reading() as db:
        until_then = db.get_one(Conversation, desk.here.id).snoozed_until
    assert until_then
    assert until_then.year == 2030


def test_why_a_form_was_refused_is_read_in_its_dialog(desk: Desk) -> None:
    page, dialog = desk.page, desk.page.locator("#task")
    page.set_viewport_size({"width": 360, "height": 640})
    page.locator("[data-open='#task'][hx-get$='/tasks/new']").first.dispatch_event("click")
    dialog.locator("[name=what]").fill("折り返す")
    dialog.locator("[data-own-time]").check()
    dialog.locator("form .btn.primary").click()
    told = page.locator(".toast.bad span")
    expect(told).to_be_visible()
    assert told.evaluate(
        "words => { const box = words.getBoundingClientRect();"
        " return words.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)); }"
    )
    box = dialog.bounding_box()
    assert box
    dialog.dispatch_event("mousedown", {"clientX": box["x"] + box["width"] - 2, "clientY": box["y"] + 200})
    expect(dialog).to_be_visible()  # its own scrollbar
    dialog.dispatch_event("mousedown", {"clientX": box["x"] - 2, "clientY": box["y"] + 200})
    expect(dialog).to_be_hidden()
    expect(told).to_be_visible()


def test_what_comes_while_the_list_is_fetched_stays_in_it(desk: Desk) -> None:
    rows = desk.page.locator("[data-rows]")

    def late(route: Route) -> None:
        drawn = route.fetch()
        with transaction() as db:
            factories.conversation(db, db.scalars(select(Channel)).one(), "たった今です")
        expect(rows).to_contain_text("たった今です")  # it was told before the answer is there
        route.fulfill(response=drawn)

    desk.page.route("**/inbox/rows**", late, times=1)
    rows.evaluate("list => (list.dataset.before = 'yes')")
    desk.page.evaluate("document.dispatchEvent(new CustomEvent('live:open'))")
    expect(desk.page.locator("[data-rows][data-before]")).to_have_count(0)
    expect(rows).to_contain_text("たった今です", timeout=1000)


def test_advice_that_is_begun_outlives_what_others_say_and_what_is_taken(desk: Desk) -> None:
    page = desk.page
    with transaction() as db:
        for thread in (desk.here, desk.there):
            sato = factories.agent(db)
            inbox.escalate(db, db.get_one(Conversation, thread.id), "refund", "返金の判断を", agent=sato)
    page.goto(f"{desk.base}/escalations")
    page.wait_for_selector("html[data-ready]")
    items = page.locator("#desk .rows > li[id]")
    items.nth(0).get_by_role("button", name="助言して戻す").click()
    page.keyboard.type("全額お返ししてください")
    page.keyboard.press("Escape")
    with page.expect_response("**/escalations/desk"), transaction() as db:
        factories.says_more(db, db.get_one(Conversation, desk.there.id), "まだですか")
    items.nth(1).get_by_role("button", name="引き受ける").press("Enter")
    expect(items.nth(1).locator(".row-actions .chip")).to_be_visible()
    expect(items.nth(1).get_by_role("button").first).to_be_focused()
    items.nth(0).get_by_role("button", name="助言して戻す").click()
    expect(page.locator("dialog[open] textarea")).to_have_value("全額お返ししてください")
    page.locator("dialog[open] .primary").click()
    expect(items).to_have_count(1)


def test_the_desk_drawn_anew_leaves_the_open_escalation_open_and_its_row_with_the_focus(desk: Desk) -> None:
    page = desk.page
    with transaction() as db:
        for thread in (desk.here, desk.there):
            sato = factories.agent(db)
            inbox.escalate(db, db.get_one(Conversation, thread.id), "refund", "返金の判断を", agent=sato)
    page.goto(f"{desk.base}/escalations")
    page.wait_for_selector("html[data-ready]")
    rows = page.locator("#desk .rows > li[id] a.row")
    page.keyboard.press("j")
    for nth, key in enumerate(("Enter", "j")):
        page.keyboard.press(key)
        expect(rows.nth(nth)).to_have_attribute("aria-current", "true")
    expect(rows.nth(1)).to_be_focused()
    with page.expect_response("**/escalations/desk"), transaction() as db:
        factories.says_more(db, db.get_one(Conversation, desk.there.id), "まだですか")
    page.wait_for_timeout(100)
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_have_attribute("aria-current", "true")
