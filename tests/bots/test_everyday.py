"""What every question is worded with says nothing of what it is about."""

from __future__ import annotations

import pytest

from bots import Entry
from bots.index import Index

SHOP = {
    "営業時間を教えてください": "10時から19時まで営業しています。",
    "店舗はどこにありますか": "札幌駅南口から徒歩5分です。",
    "支払い方法は何がありますか": "カード、PayPay、代金引換が使えます。",
    "領収書は発行できますか": "マイページから発行できます。",
    "ギフト包装はできますか": "1点330円で承ります。",
    "ポイントの有効期限はいつまでですか": "最後のご利用から1年間です。",
}
FOREIGN = (
    "株価",
    "社長の年齢",
    "アルバイトの時給",
    "今日の天気",
    "会社の沿革",
    "近くのホテル",
    "電気代",
    "ワクチンの予約",
)
WORDED = (
    "%sを教えてください",
    "%sを教えて",
    "%sについて知りたい",
    "%sはありますか",
    "%sはいくらですか",
    "%sはいつまでですか",
)


def index() -> Index:
    return Index(
        [Entry(number, title, "ja", (), answer) for number, (title, answer) in enumerate(SHOP.items())], "ja"
    )


def test_a_foreign_subject_in_the_words_of_a_known_question_is_not_that_question() -> None:
    made = index()
    sure = {
        asked: found[0].probability
        for subject in FOREIGN
        for worded in WORDED
        if (found := made.search(asked := worded % subject))
    }
    assert sure
    assert {asked: high for asked, high in sure.items() if high >= 0.32} == {}


@pytest.mark.parametrize("title", SHOP)
def test_a_known_subject_is_found_in_other_words(title: str) -> None:
    subject = title.split("を")[0].split("は")[0]
    found = index().search(f"{subject}のことで聞きたいのですが")
    assert found[0].entry.title == title
    assert found[0].probability > 0.32


def test_an_opening_that_one_entry_alone_has_makes_nobody_sure() -> None:
    known = {
        "Shipping cost": ("How much is shipping?", "How much does delivery cost?"),
        "Where to find us": ("Where can I find your store?", "Where is the shop?"),
        "Gift wrapping": ("Do you have gift wrapping?",),
        "Returns": ("How do I return an order?", "Can I send it back?"),
        "Opening hours": ("What are your opening hours?",),
        "Points": ("When do my points expire?",),
    }
    entries = [Entry(number, title, "en", asked, "") for number, (title, asked) in enumerate(known.items())]
    made = Index(entries, "en")
    for subject in ("a driving licence", "the World Cup", "my electricity bill"):
        for opening in ("how much is", "where can I find", "do you have"):
            found = made.search(f"{opening} {subject}")
            assert not found or found[0].probability < 0.8, (opening, subject, found[0])
    for asked, title in (
        ("how much is shipping to Osaka", "Shipping cost"),
        ("do you have wrapping", "Gift wrapping"),
    ):
        found = made.search(asked)
        assert (found[0].entry.title, found[0].probability > 0.8) == (title, True), found[0]
