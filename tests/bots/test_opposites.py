"""What is denied is not answered with its opposite, and two questions in one message are both answered."""

from __future__ import annotations

import pytest

from bots import Book, Decision, Entry, Question, decide, look_up
from bots.several import questions
from tests.bots.shop import ask, title

JAPANESE = (
    ("解約", ("解約したい", "解約の方法を教えてください")),
    ("継続", ("解約したくない", "やっぱり解約したくないです")),
    ("未着", ("商品が届いていません", "荷物がまだ届きません")),
    ("届いた後", ("商品が届いたあとの手続き", "届いた商品の確認方法")),
    ("ログイン", ("ログインの方法", "ログインするには")),
)
ENGLISH = (
    ("Cancelling", ("I want to cancel my subscription", "how do I cancel my subscription")),
    ("Charges", ("I was charged twice", "when do you charge my card")),
    ("Signing in", ("how do I log in", "how to sign in")),
)


def book(*known: tuple[str, tuple[str, ...]], language: str) -> Book:
    return Book(Entry(number, name, language, asked, name) for number, (name, asked) in enumerate(known, 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("解約したくないのですが", "継続"),
        ("解約したいのですが", "解約"),
        ("まだ商品が届いていません", "未着"),
        ("商品が届いた後はどうすれば", "届いた後"),
        ("ログインできません", "ログイン"),
    ],
)
def test_of_two_opposite_entries_the_right_one_is_first(text: str, expected: str) -> None:
    assert look_up(Question(text, "ja"), book(*JAPANESE, language="ja")).matches[0].entry.title == expected


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("解約したくないです", "継続"),
        ("解約するつもりはありません", "継続"),
        ("商品が届いていないです", "未着"),
    ],
)
def test_without_an_entry_for_it_the_opposite_is_not_given_as_the_answer(text: str, missing: str) -> None:
    known = [one for one in JAPANESE if one[0] != missing]
    assert look_up(Question(text, "ja"), book(*known, language="ja")).answer is None


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("I don't want to cancel my subscription", "ask"),
        ("please do not cancel my subscription", "ask"),
        ("I want to cancel my subscription", "answer"),
        ("can't log in", "answer"),
    ],
)
def test_in_english_what_is_not_wanted_is_not_answered_as_if_it_were(text: str, action: str) -> None:
    known = book(*ENGLISH, language="en")
    answered = look_up(Question(text, "en"), known).answer is not None
    assert answered is (action == "answer")


@pytest.mark.parametrize(
    "text",
    ["キャンセルできませんか", "送料はかからないですか", "why don't you ship abroad", "can you not do that"],
)
def test_polite_questions_deny_nothing(text: str) -> None:
    from bots.negation import denies

    assert not denies(text, "en" if text.isascii() else "ja")


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("送料はいくらですか？あと返品したいのですが", "送料", "返品・交換"),
        ("送料はいくらですか、それから領収書ください", "送料", "領収書"),
        ("領収書を発行してもらえますか。\n営業時間を教えてください。", "領収書", "店舗の営業時間"),
        ("How much is shipping and how do I return an item?", "Shipping cost", "Returns"),
        ("Where is my order? Also, how do I use my points?", "Tracking", "Using points"),
        ("営業時間と送料を教えて", "店舗の営業時間", "送料"),
        ("返品したいのと送料も知りたい", "返品・交換", "送料"),
        ("返品と送料について", "返品・交換", "送料"),
        ("送料と届くまでの日数は？", "送料", "お届け日数"),
        ("shipping cost and returns", "Shipping cost", "Returns"),
        ("delivery time and where is my order", "Delivery time", "Tracking"),
    ],
)
def test_two_questions_are_both_answered(text: str, first: str, second: str) -> None:
    decision = ask(text)
    assert (decision.action, title(decision.entry_id)) == ("answer", first)
    assert [title(one) for one in decision.also] == [second]
    assert decision.text == f"{first}!\n\n{second}!"
    assert [link.label for link in decision.links] == [first, second]


@pytest.mark.parametrize(
    "text",
    [
        "送料はいくらですか？ところで宇宙人はいますか？",
        "返品したいです。サイズが合わなかったので返品できますか？",
        "注文した服が届きました。返品したいのですが",
        "送料はいくらですか",
        "返品と交換について",
        "注文と違う商品が届いたので返品したい",
        "友達と送料について話したい",
        "海外だと送料はいくらですか",
        "キャンセルすると送料はかかりますか",
        "返品しないと交換はできませんか",
        "領収書がないと返品はできませんか",
        "My order came and the return label is missing",
        "shipping cost and handling",
    ],
)
def test_one_matter_or_one_without_an_answer_is_not_two_answers(text: str) -> None:
    decision: Decision = ask(text)
    assert decision.also == ()


def test_a_long_story_is_not_taken_to_pieces_without_end() -> None:
    assert len(list(questions("送料は？" * 10_000))) <= 200
    assert decide(Question("送料は？" * 10_000, "ja"), book(*JAPANESE, language="ja")).also == ()
