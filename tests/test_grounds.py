"""What a draft may say: what stands in the entry or the question, and nothing that can be looked up besides."""

from __future__ import annotations

import pytest

from app.drafting.grounds import invented, trouble

ENTRY = (
    "送料は全国一律550円です。5,000円以上のご購入で送料無料になります。返品は到着後7日以内にお願いします。"
    "詳しくは https://shop.example/ship をご覧ください。"
)
ASKED = "8000円くらい買うと送料はかかりますか"
ENGLISH = (
    "Returns are free within 30 days. Write to help@shop.example. Shipping is $5, free from $50. Open Monday."
)


@pytest.mark.parametrize(
    ("draft", "language"),
    [
        (
            "5,000円以上のご購入で送料は無料です。８,０００円のお買い上げでしたら送料はかかりません。",
            "ja",
        ),
        ("送料は一律五百五十円です。", "ja"),
        ("こちら https://shop.example/ship をご覧ください。送料は550円です。", "ja"),
        ("You can return it free of charge within thirty days.", "en"),
        ("Shipping is 5 dollars, and free from 50 dollars on.", "en"),
    ],
)
def test_the_entry_in_other_words_is_let_through(draft: str, language: str) -> None:
    entry, asked = (ENTRY, ASKED) if language == "ja" else (ENGLISH, "can i send back my coat")
    assert trouble(draft, entry, asked, language) == ""


@pytest.mark.parametrize(
    ("draft", "brought_in"),
    [
        ("送料は500円です。", "500 yen"),
        ("送料は7円です。", "7 yen"),  # a number of the entry, but not that amount
        ("返品は三日以内にお願いします。", "3 day"),
        ("返品は7日以内です。送料は2万円です。", "20000 yen"),
        ("明日までなら返品できます。", "明日"),
        ("水曜日までなら返品できます。", "wednesday"),
        ("返品は https://shop.example/shipping へ。", "https://shop.example/shipping"),
        ("返品は help@other.example へ。", "help@other.example"),
        ("返品は東京都港区の店舗へどうぞ。", "東京都港区"),
    ],
)
def test_what_neither_the_entry_nor_the_question_has_is_found(draft: str, brought_in: str) -> None:
    assert brought_in in list(invented(draft, (ENTRY, ASKED)))
    assert "neither" in trouble(draft, ENTRY, ASKED, "ja")


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        ("", "nothing"),
        ("返品。" * 500, "much more"),
        ("〔お名前〕様、送料は550円です。", "blank"),
        ("Shipping is free for you and the coat will be sent.", "another language"),
        ("富士山の標高は高く、登山客が景色を満喫しました。", "hardly about"),
    ],
)
def test_what_is_no_answer_from_the_entry_is_refused(draft: str, why: str) -> None:
    assert why in trouble(draft, ENTRY, ASKED, "ja")
