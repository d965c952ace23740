"""The main job, as told to people: a customer asks, the bot answers, an agent takes over, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app import drafting, verify
from app.models import Agent, Case, Conversation, Message
from tests.browser.cast import PATIENCE, Customer, Staff
from tests.browser.conftest import Shop
from tests.converting import convert
from tests.serving import until

pytestmark = pytest.mark.browser

People = Callable[..., Any]
DRAFT = "送料は、到着後14日以内でしたら当店が負担いたします。"


def test_two_customers_are_answered_by_the_bot_and_then_by_two_agents(shop: Shop, people: People) -> None:
    taro = people(Customer).visit(shop.host.origin + "/")
    marta = people(Customer, locale="en-GB").visit(shop.host.origin + "/en/")
    tanaka = people(Staff).comes_in(shop.served.base, "tanaka@example.jp")
    emma = people(Staff, locale="en-GB").comes_in(shop.served.base, "emma@example.jp")
    tanaka.looks_at("unassigned")
    emma.looks_at("unassigned")

    taro.says("返品の送料はいくらですか")
    taro.sees("14日以内は当店が負担")
    marta.says("How much is shipping?")
    marta.sees("free over 5,000 yen")
    expect(tanaka.row("当店が負担")).to_have_count(0)  # the bot has it: nobody is disturbed

    taro.says("人と話したい")
    expect(tanaka.row("担当者におつなぎ")).to_be_visible(timeout=PATIENCE)
    marta.says("Can I talk to a human please")
    expect(emma.page.locator("li[id^=row-]")).to_have_count(2, timeout=PATIENCE)

    tanaka.opens("担当者におつなぎ")
    tanaka.sees("返品の送料はいくらですか")
    tanaka.sees("14日以内は当店が負担")
    tanaka.takes_over()
    tanaka.answers("お待たせいたしました。田中です。")
    taro.sees("お待たせいたしました。田中です。")
    taro.says("ありがとうございます")
    tanaka.sees("ありがとうございます")

    emma.page.locator("li[id^=row-] a.row").first.click()
    emma.sees("Can I talk to a human please")
    emma.answers("Hello, this is Emma. How can I help?")
    marta.sees("this is Emma")

    assert taro.words()[1:] == tanaka.words()  # the greeting is the widget's own
    assert not any("Emma" in words or "human" in words for words in taro.words())
    tanaka.resolves()
    expect(tanaka.page.locator("[data-part=header]").get_by_text("再開")).to_be_visible(timeout=PATIENCE)
    for person in (taro, marta, tanaka, emma):
        assert person.serious() == []
    with shop.rows() as db:
        assert [case.status for case in db.scalars(select(Case).order_by(Case.id))] == ["resolved", "open"]
        said = verify.report(db)
        assert said.clean, str(said)


def test_an_agent_escalates_and_the_supervisor_takes_it(shop: Shop, people: People) -> None:
    taro = people(Customer).visit(shop.host.origin + "/")
    tanaka = people(Staff).comes_in(shop.served.base, "tanaka@example.jp")
    sato = people(Staff).comes_in(shop.served.base, "sato@example.jp")
    taro.says("オペレーターをお願いします")
    tanaka.looks_at("unassigned")
    tanaka.opens("担当者におつなぎ")
    tanaka.takes_over()
    sato.page.goto(shop.served.base + "/escalations")

    tanaka.page.locator("[data-part=header] [data-key=x]").click()
    dialog = tanaka.page.locator("dialog#escalate")
    dialog.locator("label").filter(has=tanaka.page.locator("[value=refund]")).click()
    dialog.locator("[name=reason]").fill("4万8千円の返金について判断をお願いします")
    dialog.locator(".foot .primary").click()

    expect(sato.page.get_by_text("4万8千円の返金")).to_be_visible(timeout=PATIENCE)
    sato.page.locator("#desk .row-actions .primary").click()
    expect(tanaka.log.get_by_text("佐藤").first).to_be_visible(timeout=PATIENCE)
    with shop.rows() as db:
        head = db.scalars(select(Conversation)).one()
        assert head.escalated
        assert head.assignee_id is not None


def test_a_second_agent_meets_the_lock_of_the_first_and_may_take_it_over(shop: Shop, people: People) -> None:
    taro = people(Customer).visit(shop.host.origin + "/")
    tanaka = people(Staff).comes_in(shop.served.base, "tanaka@example.jp")
    emma = people(Staff, locale="en-GB").comes_in(shop.served.base, "emma@example.jp")
    taro.says("オペレーターをお願いします")
    tanaka.looks_at("unassigned")
    emma.looks_at("open")
    tanaka.opens("担当者におつなぎ")
    emma.opens("担当者におつなぎ")

    tanaka.composer.press_sequentially("ただいま確認しております", delay=20)
    expect(emma.page.locator("[data-part=lock]")).to_contain_text("田中", timeout=PATIENCE)
    emma.page.locator("[data-take-lock]").click()
    emma.answers("I will take this one.")
    taro.sees("I will take this one.")
    expect(tanaka.composer).to_have_value("ただいま確認しております")  # what was typed is not lost


def test_a_cut_line_costs_nothing_on_either_side(shop: Shop, people: People) -> None:
    taro = people(Customer).visit(shop.host.origin + "/")
    tanaka = people(Staff).comes_in(shop.served.base, "tanaka@example.jp")
    taro.says("オペレーターをお願いします")
    tanaka.looks_at("unassigned")
    tanaka.opens("担当者におつなぎ")

    taro.context.set_offline(True)
    taro.says("一つ目です")
    taro.says("二つ目です")
    tanaka.answers("先に送った返事です")
    taro.context.set_offline(False)
    tanaka.sees("一つ目です")
    tanaka.sees("二つ目です")
    taro.sees("先に送った返事です")

    tanaka.context.set_offline(True)
    taro.says("三つ目です")
    taro.sees("三つ目です")
    until(lambda: _stored(shop, "三つ目です") == 1, "the message is stored")
    tanaka.context.set_offline(False)
    tanaka.sees("三つ目です")
    assert [words for words in taro.words() if "つ目" in words] == ["一つ目です", "二つ目です", "三つ目です"]
    assert [words for words in tanaka.words() if "つ目" in words] == [
        "一つ目です",
        "二つ目です",
        "三つ目です",
    ]


@pytest.mark.faults
def test_server_worker_and_redis_killed_in_the_middle_lose_and_double_nothing(
    shop: Shop, people: People
) -> None:
    taro = people(Customer).visit(shop.host.origin + "/")
    tanaka = people(Staff).comes_in(shop.served.base, "tanaka@example.jp")
    taro.says("オペレーターをお願いします")
    tanaka.looks_at("unassigned")
    tanaka.opens("担当者におつなぎ")
    expected: list[str] = []
    for victim in ("web", "worker", "redis", "web"):
        gone = shop.served.child(victim)
        taro.says(f"{victim} の前 {len(expected)}")
        gone.kill()
        taro.says(f"{victim} の後 {len(expected)}")
        expected += [f"{victim} の前 {len(expected)}", f"{victim} の後 {len(expected)}"]
        tanaka.sees(expected[-1])
        tanaka.answers(f"{victim} への返事 {len(expected)}")
        taro.sees(f"{victim} への返事 {len(expected)}")
        until(lambda: shop.served.pid_of(victim) not in (None, gone.pid), f"{victim} is back")  # noqa: B023
    asked = [words for words in taro.words() if "の前" in words or "の後" in words]
    assert asked == expected
    assert [words for words in tanaka.words() if "の前" in words or "の後" in words] == expected
    assert len([words for words in taro.words() if "への返事" in words]) == 4
    with shop.rows() as db:
        said = verify.report(db)
        assert said.clean, str(said)


def test_enter_that_confirms_a_conversion_sends_nothing(shop: Shop, people: People) -> None:
    taro = people(Customer).visit(shop.host.origin + "/")
    tanaka = people(Staff).comes_in(shop.served.base, "tanaka@example.jp")
    taro.field.focus()
    convert(taro.keyboard(), "へんぴん", "返品")
    expect(taro.field).to_have_value("返品")
    convert(taro.keyboard(), "したい", "したい")
    assert taro.chat.locator("#log .m.me").count() == 0
    taro.field.press("Enter")
    taro.sees("返品したい")

    taro.says("オペレーターをお願いします")
    tanaka.looks_at("unassigned")
    tanaka.opens("担当者におつなぎ")
    tanaka.composer.focus()
    convert(tanaka.context.new_cdp_session(tanaka.page), "しょうち", "承知", modifiers=2)
    expect(tanaka.composer).to_have_value("承知")
    assert tanaka.log.locator("article.pending").count() == 0
    with shop.rows() as db:
        texts = db.scalars(select(Message.text).where(Message.kind == "inbound").order_by(Message.id)).all()
        assert texts == ["返品したい", "オペレーターをお願いします"]


def test_the_conversation_goes_on_at_another_device(shop: Shop, people: People) -> None:
    desktop = people(Customer).visit(shop.host.origin + "/")
    phone = people(Customer, viewport={"width": 390, "height": 844}).visit(shop.host.origin + "/")
    desktop.says("返品の送料はいくらですか")
    desktop.sees("14日以内")
    desktop.chat.locator("nav [data-more=code]").click()
    code = desktop.chat.locator("output.code").inner_text()
    phone.chat.locator("header [data-more=menu]").click()
    phone.chat.get_by_role("menuitem", name="コード").click()
    phone.chat.locator("input[name=code]").fill(code)
    phone.chat.locator("input[name=code]").press("Enter")
    phone.sees("返品の送料はいくらですか")
    phone.says("スマホから続けます")
    desktop.sees("スマホから続けます")
    with shop.rows() as db:
        assert (
            len(db.scalars(select(Conversation).where(Conversation.last_message_id.is_not(None))).all()) == 1
        )


def _stored(shop: Shop, text: str) -> int:
    with shop.rows() as db:
        return len(db.scalars(select(Message).where(Message.text == text)).all())


def test_what_began_as_a_draft_of_a_model_is_marked_and_ones_own_words_are_not(
    shop: Shop, people: People
) -> None:
    taro = people(Customer).visit(shop.host.origin + "/")
    tanaka = people(Staff).comes_in(shop.served.base, "tanaka@example.jp")
    with shop.rows() as db:
        agent = db.scalars(select(Agent).filter_by(email="tanaka@example.jp")).one()
        drafting.change(db, agent, drafting.Manner(True, "https://model.example/v1", "small"))
    button = f'<button type="button" class="hint" data-insert="{DRAFT}" data-drafted="1">{DRAFT}</button>'
    drawn = f'<div class="hint-row" data-hint-row>{button}</div>'  # no model is asked
    tanaka.page.route("**/drafting", lambda route: route.fulfill(body=drawn, content_type="text/html"))
    taro.says("オペレーターをお願いします")
    tanaka.looks_at("unassigned")
    tanaka.opens("担当者におつなぎ")
    tanaka.takes_over()
    taro.says("返品の送料はいくらですか")
    marks = tanaka.log.get_by_text("AIの下書きから作成")

    tanaka.page.locator("[hx-post$=drafting]").first.click(timeout=PATIENCE)
    tanaka.page.locator("[data-drafted][data-insert]").click()
    expect(tanaka.composer).to_have_value(DRAFT)
    tanaka.composer.press("Control+Enter")
    tanaka.page.locator("[data-toasts] button").first.click()  # taken back: it is a draft still
    expect(tanaka.composer).to_have_value(DRAFT)
    tanaka.composer.press("End")
    tanaka.composer.press_sequentially("。")
    tanaka.composer.press("Control+Enter")
    tanaka.page.locator("[data-flush]").last.click()
    expect(marks).to_have_count(1, timeout=PATIENCE)
    tanaka.answers("ほかにございますか。")
    taro.sees("ほかにございますか。")
    expect(marks).to_have_count(1)
    taro.sees(DRAFT)
    assert not any("下書き" in words for words in taro.words())
