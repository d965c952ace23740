"""The README's tour, walked as it is told: a fresh installation with the demo, two windows, one minute."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.cast import PATIENCE, Customer, Staff
from tests.serving import Served, clean_environment, serving

pytestmark = pytest.mark.browser

People = Callable[..., Any]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as served:
        yield served


def comes_in_with_a_click(person: Staff, base: str, name: str) -> Staff:
    """The sign-in page of a demo offers everybody."""
    person.base = base
    person.page.goto(f"{base}/inbox")
    person.page.locator("form").filter(has_text=name).get_by_role("button").click()
    person.page.wait_for_url("**/inbox*")
    return person


def test_the_tour_goes_as_the_readme_tells_it(house: Served, people: People) -> None:
    guest = people(Customer).visit(f"{house.base}/demo")
    guest.says("返品したい")
    guest.sees("到着後14日以内でしたら返品を承ります")
    guest.says("人と話したい")
    guest.sees("担当者におつなぎします")

    tanaka = comes_in_with_a_click(people(Staff), house.base, "田中 美咲")
    tanaka.looks_at("unassigned")
    tanaka.page.locator("li[id^=row-] a.row").first.click()
    tanaka.sees("人と話したい")
    tanaka.page.keyboard.press("t")
    expect(tanaka.log.get_by_text("田中 美咲").first).to_be_visible(timeout=PATIENCE)
    tanaka.answers("お待たせいたしました。田中でございます。")
    guest.sees("お待たせいたしました")
    guest.says("セーターを返品したいです")
    tanaka.sees("セーターを返品したいです")
    assert guest.serious() == []
    assert tanaka.serious() == []


def test_a_customer_of_the_shop_finds_their_conversation_on_another_device(
    house: Served, people: People
) -> None:
    first, second = people(Customer), people(Customer)
    for device in (first, second):
        device.page.goto(f"{house.base}/demo/mypage")
        device.page.get_by_role("button", name="中村 美穂").click()
        device.page.wait_for_load_state()
        device.launcher.click()
        device.sees("裏地はどうなりますか？")
    first.says("袖も同じくらい詰められますか？")
    second.sees("袖も同じくらい詰められますか？")

    second.launcher.click()  # the open chat lies over the page
    second.page.get_by_role("button", name="ログアウト").click()
    second.page.wait_for_load_state()
    second.launcher.click()
    second.sees("裏地はどうなりますか？", times=0)
    expect(second.chat.locator("#log")).to_contain_text("いらっしゃいませ", timeout=PATIENCE)


def test_a_newcomer_writes_from_line_and_is_answered_there(house: Served, people: People) -> None:
    guest = people(Customer)
    guest.page.goto(f"{house.base}/demo")
    with guest.page.expect_popup() as opened:
        guest.page.get_by_role("link", name="お客様として LINE から書く").click()
    phone = opened.value
    expect(phone.locator("[data-log]")).to_contain_text("まだ何もありません", timeout=PATIENCE)
    for said, answer in (("返品したい", "到着後14日以内"), ("人と話したい", "担当者におつなぎ")):
        phone.locator("textarea").fill(said)
        phone.locator("textarea").press("Enter")
        expect(phone.locator(".said.shop").last).to_contain_text(answer, timeout=PATIENCE)

    sato = comes_in_with_a_click(people(Staff), house.base, "佐藤 健")
    sato.looks_at("unassigned")
    sato.page.locator("li[id^=row-] a.row").filter(has_text="担当者におつなぎ").first.click()
    sato.sees("返品したい")
    sato.answers("佐藤でございます。承ります。")
    expect(phone.locator(".said.shop").last).to_contain_text("佐藤でございます", timeout=PATIENCE)
    expect(phone.locator(".said.customer .meta").last).to_contain_text("既読", timeout=PATIENCE)


def test_the_chat_works_on_the_page_with_the_strict_policy(house: Served, people: People) -> None:
    guest = people(Customer, locale="en-GB")
    guest.page.goto(f"{house.base}/demo/strict")
    guest.page.locator("[data-chat]").click()
    guest.says("How long does delivery take?")
    guest.sees("Orders placed before 14:00")
    assert guest.serious() == []


def test_the_books_of_the_demo_add_up(house: Served, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "app.cli", "--data-dir", str(house.data_dir), "verify"],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(),
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_wrong_merge_is_previewed_made_and_undone(house: Served, people: People) -> None:
    tanaka = comes_in_with_a_click(people(Staff), house.base, "田中 美咲")
    tanaka.page.goto(f"{house.base}/search?q=山田")
    tanaka.page.locator("a.hit").filter(has_text="山田 太郎").first.click()
    tanaka.page.wait_for_url("**/inbox/*")
    here = tanaka.page.url.split("?")[0]
    before = tanaka.log.locator("article").count()

    tanaka.page.get_by_role("button", name="同じ方を探す…").click()
    dialog = tanaka.page.get_by_role("dialog")
    dialog.get_by_role("searchbox").fill("小林 健太")
    dialog.get_by_role("button", name="小林 健太").click()
    expect(dialog.get_by_text("異なる内容と、表示されるほう")).to_be_visible(timeout=PATIENCE)
    dialog.get_by_role("button", name="まとめる", exact=True).press("Enter")

    panel = tanaka.page.locator("[data-part=panel]")
    undo = panel.locator(".bond").filter(has_text="小林 健太").get_by_role("button", name="元に戻す")
    expect(undo).to_be_visible(timeout=PATIENCE)
    expect(tanaka.log.get_by_text("同じ方としてまとめました").first).to_be_visible(timeout=PATIENCE)
    assert tanaka.log.locator("article").count() > before
    tanaka.page.once("dialog", lambda asked: asked.accept())
    undo.click()
    expect(undo).to_have_count(0, timeout=PATIENCE)
    tanaka.page.goto(here)
    assert tanaka.log.locator("article").count() == before + 2  # the lines that tell of it
    assert tanaka.serious() == []


def test_one_customer_is_met_everywhere_in_one_thread(house: Served, people: People, tmp_path: Path) -> None:
    """The README's five steps."""
    tanaka = comes_in_with_a_click(people(Staff), house.base, "田中 美咲")
    tanaka.page.goto(f"{house.base}/search?q=佐々木")
    tanaka.page.locator("a.hit").filter(has_text="佐々木 真理").first.click()
    tanaka.page.wait_for_url("**/inbox/*")
    hers = tanaka.page.url.split("?")[0]
    log, panel = tanaka.log, tanaka.page.locator("[data-part=panel]")
    for way, said in {
        "chat": "まだでしょうか。土曜に必要なんです。",
        "LINE": "外出先なので LINE に切り替えました",
        "mail": "自宅ではなく勤務先で受け取れますでしょうか",
        "telephone": "「交換品の発送連絡がまだ来ない」とのこと",
        "store": "交換品のパンツを、本店で受け取れるか",
    }.items():
        expect(log.get_by_text(said).first, way).to_be_visible(timeout=PATIENCE)
    expect(panel.get_by_text("ログイン済み")).to_have_count(4)
    expect(panel.get_by_text("コード確認済み")).to_have_count(1)

    guest = people(Customer)
    guest.page.goto(f"{house.base}/demo")
    home = guest.page.locator("section.one")
    with guest.page.expect_popup() as opened:
        home.get_by_role("link", name="佐々木 真理として LINE から書く").click()
    expect(opened.value.locator("[data-log]")).to_contain_text("まだ何もありません", timeout=PATIENCE)
    opened.value.locator("textarea").fill("LINE でもお待ちしています。")
    opened.value.locator("textarea").press("Enter")
    tanaka.sees("LINE でもお待ちしています。")
    with guest.page.expect_popup() as opened:
        home.get_by_role("link", name="店に電話する").click()
    caller = opened.value
    caller.get_by_label("かける人").select_option("C-10871")
    tanaka.page.goto(f"{house.base}/inbox")
    tanaka.page.locator("html[data-ready=yes]").wait_for()
    caller.get_by_role("button", name="電話をかける", exact=True).click()
    expect(tanaka.page.locator(".pop-card")).to_contain_text("佐々木 真理", timeout=PATIENCE)
    tanaka.page.keyboard.press("o")
    tanaka.page.wait_for_url(f"{hers}*")
    caller.get_by_role("button", name="切る", exact=True).click()

    ai = people(Staff, viewport={"width": 390, "height": 844}).page
    ai.goto(f"{house.base}/login")
    ai.locator("form").filter(has_text="中村 愛").get_by_role("button").click()
    ai.wait_for_url("**/counter*")
    ai.get_by_role("searchbox").fill("佐々木 真理")
    ai.get_by_role("searchbox").press("Enter")
    ai.locator("button.hit").filter(has_text="佐々木 真理").click()
    ai.locator("[name=asked]").fill("裾上げもお願いできるか")
    ai.locator("[name=answered]").fill("1週間で承るとお伝えした")
    ai.locator(".visit .primary").click()
    expect(log.locator(".e.store").filter(has_text="裾上げもお願いできるか")).to_have_count(
        1, timeout=PATIENCE
    )

    strange = log.get_by_text("ありがとうございます。グレーでお願いします。")
    expect(strange).to_have_count(1)
    tanaka.page.once("dialog", lambda asked: asked.accept())
    panel.locator(".bond").filter(has_text="佐々木 麻里").get_by_role("button", name="元に戻す").click()
    expect(strange).to_have_count(0, timeout=PATIENCE)
    expect(log.get_by_text("裾上げもお願いできるか")).to_have_count(1)
    tanaka.page.goto(f"{house.base}/search?q=グレーでお願いします")
    tanaka.page.locator("a.hit").first.click()
    expect(tanaka.log.get_by_text("長野の佐々木麻里と申します").first).to_be_visible(timeout=PATIENCE)
    expect(tanaka.log.get_by_text("土曜に必要なんです")).to_have_count(0)

    boss = comes_in_with_a_click(people(Staff), house.base, "高橋 由美").page
    file = tmp_path / "calls.csv"
    file.write_bytes(boss.request.get(f"{house.base}/demo/call-log.csv").body())
    assert "佐々木 真理" in file.read_bytes().decode("cp932")
    boss.goto(f"{house.base}/settings/imports")
    boss.get_by_label("通話ログ").set_input_files(file)
    boss.get_by_role("button", name="ファイルの中身を見る").click()
    boss.get_by_role("button", name="ファイル全体を確認する").click()
    boss.get_by_role("button", name="通話を取り込む").click(timeout=PATIENCE)
    expect(boss.locator(".tiles")).to_contain_text("取り込んだ通話", timeout=PATIENCE)
    expect(boss.locator("#import-bar")).to_have_count(0, timeout=PATIENCE)
    tanaka.page.goto(hers)
    for memo in ("お届け予定を案内", "交換品の到着を確認、お礼"):
        tanaka.page.goto(f"{house.base}/search?q={memo}")
        tanaka.page.locator("a.hit").filter(has_text="佐々木 真理").first.click()
        tanaka.page.wait_for_url(f"{hers}*")
    assert tanaka.serious() == []
