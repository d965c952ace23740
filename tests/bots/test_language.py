"""Which language a message of Chinese characters alone is in."""

from __future__ import annotations

import pytest

from bots.language import guess
from tests.bots.shop import ask

JAPANESE = """
返品不能 操作不能 使用不能 再生不能 交換不可 目的地変更 一般的料金 定期的配送 使用目的 許可以外 予想要因 怪我要確認
営業時間 返品希望😢 発送遅延？ 髙島屋商品券利用可否 渡邊様宛配送状況 店舗一覧 料金改定後価格 不良品交換希望 水没有無
機能不能 多少天候不良 支給我慢
"""
CHINESE = """
你好，请问我的订单在哪里？ 怎么退货 运费多少 商品不能退款吗 可以退货 我想换货 没有收到 订单的状态 这个多少钱 谢谢
請問運費多少 我的訂單還沒到 怎麼退貨 可以退款 訂單的狀態 不能登入 為什麼不能取消 謝謝 想要退貨 商品的尺寸 已經付款
"""


@pytest.mark.parametrize("hint", ["ja", "ja-JP", None, "en"])
def test_japanese_without_kana_is_japanese(hint: str | None) -> None:
    assert [text for text in JAPANESE.split() if guess(text, hint, ("ja", "en")).language != "ja"] == []


@pytest.mark.parametrize("hint", ["ja", None, "en", "zh-TW"])
def test_chinese_is_chinese_in_both_of_its_scripts(hint: str | None) -> None:
    assert [text for text in CHINESE.split() if guess(text, hint, ("ja", "en")).language != "zh"] == []


def test_who_writes_kanji_alone_is_not_handed_over_as_a_foreigner() -> None:
    assert ask("返品不能").handover_reason != "language"
    assert ask("怎么退货").handover_reason == "language"


@pytest.mark.parametrize(
    ("hint", "texts", "language"),
    [
        (
            "ja",
            "PayPay 対応|iPhone 修理|Amazon Pay 利用|Windows 11 対応|T-shirt 交換|QR決済 PayPay|refund 返金",
            "ja",
        ),
        ("en", "refund 返金|MacBook 在庫", "ja"),
        ("ja", "<script>alert(1)</script>送料は?|ー|〆切|Do 返品", "ja"),
        ("en", "Pokémon cards|café table|Beyoncé t-shirt|jalapeño sauce|Malmö store|José", "en"),
        (
            "en",
            "Is 抹茶ラテ vegan?|where is 渋谷店|Price of ルイボスティー?|When does 福袋 start?|how much is 送料",
            "en",
        ),
        ("en", "送料はいくら|I ♥ NYのTシャツ", "ja"),
        ("en", "¿Cuánto cuesta el envío?|donde esta mi pedido|Wo ist meine Bestellung", "other"),
        ("ja", "¿Cuánto cuesta el envío?|Wo ist meine Bestellung", "other"),
        ("ja", "iPhone 维修", "zh"),
        (None, "São", "other"),
    ],
)
def test_names_in_other_letters_are_no_other_language(hint: str | None, texts: str, language: str) -> None:
    found = {text: guess(text, hint, ("ja", "en")).language for text in texts.split("|")}
    assert found == dict.fromkeys(texts.split("|"), language)
