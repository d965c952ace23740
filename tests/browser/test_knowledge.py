"""The shop's FAQ page becomes the bot's knowledge: read, asked, corrected, measured, published, brought back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.cast import PATIENCE, Customer, Staff
from tests.browser.conftest import Shop

pytestmark = pytest.mark.browser

FAQ = {
    "営業時間を教えてください": "10時から19時まで営業しています。",
    "店舗はどこにありますか": "札幌駅南口から徒歩5分です。",
    "支払い方法は何がありますか": "カード、PayPay、代金引換が使えます。",
    "領収書は発行できますか": "マイページから発行できます。",
    "ギフト包装はできますか": "1点330円で承ります。",
    "ポイントの有効期限はいつまでですか": "最後のご利用から1年間です。",
}
PAGE = "".join(
    f"<details><summary>Q. {asked}</summary><p>A. {said}</p></details>" for asked, said in FAQ.items()
)
ASKED = [
    ("何時まで営業していますか", "営業時間を教えてください"),
    ("店舗はどこですか", "店舗はどこにありますか"),
    ("支払い方法を知りたい", "支払い方法は何がありますか"),
    ("領収書を発行してほしい", "領収書は発行できますか"),
    ("ギフト包装をお願いしたい", "ギフト包装はできますか"),
    ("ポイントの期限は", "ポイントの有効期限はいつまでですか"),
    ("後払いは選べますか", "支払い方法は何がありますか"),
    ("プレゼント用にラッピングしてもらえますか", "ギフト包装はできますか"),
    ("今日の天気はどうですか", ""),
    ("社長の年齢を教えて", ""),
]
WRONG = [one for one in ASKED if one[0].startswith(("後払い", "プレゼント"))]


def settings(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="設定").get_by_role("link", name=name, exact=True).click()


def measured(page: Page) -> None:
    """Have it measured, and wait until the figures stand there."""
    page.get_by_role("button", name="測る").click()
    expect(page.locator(".run")).to_have_count(0, timeout=PATIENCE)


def figure(page: Page, name: str, count: int) -> None:
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))
    expect(row.locator("b")).to_have_text(str(count), timeout=PATIENCE)


def publishes(page: Page, version: int, reason: str) -> None:
    settings(page, "公開")
    page.get_by_label("この版の目的").fill(reason)
    page.get_by_role("button", name=f"版{version}として公開").click()
    holds = page.get_by_role("row").filter(has_text=f"版{version}").filter(has_text="現在")
    expect(holds).to_have_count(1, timeout=PATIENCE)


def test_an_faq_page_is_taken_over_corrected_measured_published_and_brought_back(
    shop: Shop, people: Callable[..., Any]
) -> None:
    staff: Staff = people(Staff)
    page = staff.comes_in(shop.served.base, "sato@example.jp").page
    page.goto(f"{shop.served.base}/settings/faq")
    page.get_by_role("link", name="取り込み", exact=True).click()
    page.get_by_text("ファイルから、または貼り付け").click()
    page.get_by_label("またはHTML・CSV・JSONを貼り付け").fill(PAGE)
    page.get_by_role("button", name="読み取る", exact=True).click()
    expect(page.locator(".found-item")).to_have_count(len(FAQ))
    page.get_by_role("button", name="チェックしたものを下書きに入れる").click()
    expect(page.get_by_text("まだ公開していない変更が6件あります")).to_be_visible()
    publishes(page, 3, "FAQページを取り込み")

    settings(page, "会話を試す")
    page.locator("#try").press_sequentially("後払いは選べますか")
    page.locator("#try").press("Enter")
    page.locator(".told-why > summary").click()
    page.locator(".told-why .scores a").first.click()
    expect(page.get_by_role("button", name="保存", exact=True)).to_be_visible()
    page.go_back()
    expect(page.locator("#trial .b.me")).to_have_text(
        "後払いは選べますか"
    )  # who comes back finds what was said

    settings(page, "評価")
    page.get_by_role("link", name="テスト質問", exact=True).click()
    page.get_by_text("ファイルからまとめて読み込む").click()
    page.get_by_label("または貼り付け").fill("\n".join("\t".join(one) for one in ASKED))
    page.get_by_role("button", name="読み込む", exact=True).click()
    expect(page.get_by_role("heading", name="10問")).to_be_visible()
    page.get_by_role("link", name="評価結果").click()
    measured(page)
    figure(page, "正しく対応", len(ASKED) - len(WRONG))
    expect(page.locator(".proof-case")).to_have_count(len(WRONG))

    for asked, title in WRONG:
        case = page.locator(".proof-case").filter(has_text=asked)
        case.locator("summary").click()
        expect(case.get_by_text("公開中", exact=True)).to_be_visible()  # why, on both sides
        case.get_by_role("link", name=f"この言い方を「{title}」に追加").click()
        page.get_by_role("button", name="保存", exact=True).click()
        expect(page.get_by_text("下書きに保存しました。")).to_be_visible()
        settings(page, "評価")
    measured(page)
    figure(page, "正しく対応", len(ASKED))
    expect(page.get_by_text("すべて正解です。").or_(page.locator(".proof-case").first)).to_be_visible()

    publishes(page, 4, "言い方を追加")
    customer: Customer = people(Customer)
    customer.visit(f"{shop.host.origin}/")
    customer.says(WRONG[0][0])
    customer.sees("カード、PayPay、代金引換が使えます。")

    page.get_by_role("link", name="版3", exact=True).click()
    page.get_by_label("戻す理由").fill("試しに戻す")
    page.get_by_role("button", name="版3に戻す").click()
    expect(page.get_by_text("版3に戻しました: 試しに戻す")).to_be_visible()
    again: Customer = people(Customer)
    again.visit(f"{shop.host.origin}/")
    again.says(WRONG[0][0])
    expect(again.chat.locator("#log .t")).not_to_have_count(1, timeout=PATIENCE)
    assert "代金引換が使えます" not in " ".join(again.words())
    assert staff.serious() == []
    assert customer.serious() == []
