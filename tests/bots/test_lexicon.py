"""Words that are read as others: the shop's, and what every shop's customers write in several ways."""

from __future__ import annotations

import pytest

from bots import Book, Entry, Question, look_up
from bots.lexicon import Lexicon, Reading
from bots.spelling import spelled
from bots.text import fold

SHOP = Lexicon(
    same=(("送料", "運賃", "shipping fee"), ("カード", "クレカ"), ("クレジットカード", "信用札")),
    names=(("北風コート", "きたかぜ外套", "KZ-100"), ("Zephir",)),
    stops=("アプリから失礼します", "by the way"),
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("申し込みたい", "申込みたい"),
        ("お問い合わせ先", "お問合せ先"),
        ("取り消してください", "取消して下さい"),
        ("お支払い方法", "お支払方法"),
        ("引っ越し", "引っ越し"),
        ("ｷｬﾝｾﾙ", "キャンセル"),
        ("サーバー", "サーバ"),
        ("國會圖書館の變更", "国会図書館の変更"),
        ("子どもの服", "子供の服"),
    ],
)
def test_japanese_words_with_several_spellings_are_one(one: str, other: str) -> None:
    assert spelled(fold(one), "ja") == spelled(fold(other), "ja")


@pytest.mark.parametrize(
    ("one", "other"),
    [("what colour", "what color"), ("my e-mail", "my mail"), ("log in", "login"), ("cancelled", "canceled")],
)
def test_english_words_with_several_spellings_are_one(one: str, other: str) -> None:
    assert Reading(Lexicon(), "en")(one) == Reading(Lexicon(), "en")(other)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("運賃はいくら", "送料はいくら"),
        ("クレカは使える", "かどは使える"),
        ("クレジットカードは使える", "くれじっとかどは使える"),
        ("KZ100とＫＺ－１００", "kz100と北風こと"),
        ("アプリから失礼します。送料は", "送料は"),
        ("アプリから失礼します", "あぷりから失礼します"),
    ],
)
def test_the_shops_words_are_read_as_the_first_of_their_group(text: str, read: str) -> None:
    assert Reading(SHOP, "ja")(text) == read


def test_latin_words_are_read_whole() -> None:
    read = Reading(Lexicon(same=(("postage", "ship"),)), "en")
    assert read("ship my relationship, shipは") == "postage my relationship postageは"


def test_a_synonym_finds_the_entry_and_counts_as_its_very_words() -> None:
    entries = [
        Entry(1, "Postage", "en", ("how much is postage",), "5"),
        Entry(2, "Returns", "en", ("can I return it",), "Yes"),
    ]
    question = Question("by the way how much is the carriage", "en")
    words = Lexicon(same=(("postage", "the carriage"),), stops=("by the way",))
    found = look_up(question, Book(entries, lexicon=words)).answer
    assert found is not None
    assert (found.entry.id, found.score) == (1, 100)
    assert look_up(question, Book(entries)).matches[0].score < 100


def test_a_product_is_not_taken_for_a_typing_mistake() -> None:
    entries = [
        Entry(1, "Zephyr", "en", ("how warm is the zephyr",), "warm"),
        Entry(2, "Returns", "en", ("can I return it",), "yes"),
    ]
    asked = Question("zephir", "en")
    mended, named = look_up(asked, Book(entries)), look_up(asked, Book(entries, lexicon=SHOP))
    assert mended.matches[0].score > named.matches[0].score
