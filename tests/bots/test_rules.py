"""The shop's own rules, and the patterns in them."""

from __future__ import annotations

import pytest

from bots import Question, Settings, Situation, check_pattern, decide
from bots.rule import RuleAction
from tests.bots.shop import ask, rule, ruled_by, title


def test_a_rule_comes_before_the_faq() -> None:
    decision = ask(
        "返品したいのですが",
        of=ruled_by(
            rule("answer", "返品", text="セール品は返品できません。", quick_replies="はい\n\nいいえ ")
        ),
    )
    assert (decision.action, decision.rule_id, decision.entry_id) == ("answer", 1, None)
    assert decision.text == "セール品は返品できません。"
    assert decision.quick_replies == ("はい", "いいえ")
    assert decision.phrase is None


def test_a_rule_comes_before_risk_and_the_wish_for_a_person() -> None:
    book = ruled_by(rule("answer", "オペレーター", text="電話は10時からです。"))
    assert ask("オペレーターと話したい", of=book).text == "電話は10時からです。"


def test_a_chosen_chip_comes_before_rules() -> None:
    book = ruled_by(rule("answer", "ポイント", text="?"))
    assert title(ask("ポイントの使い方", asked=(6, 7), of=book).entry_id) == "ポイントの使い方"


def test_rules_run_in_order_of_position() -> None:
    late = rule("answer", "返品", text="late", position=2, number=1)
    early = rule("answer", "返品", text="early", position=1, number=2)
    assert ask("返品", of=ruled_by(late, early)).text == "early"


@pytest.mark.parametrize("text", ["クーポン", "ｸｰﾎﾟﾝは使える？", "くーぽん", "COUPON code", "a coupon?"])
def test_a_keyword_is_found_whatever_its_spelling(text: str) -> None:
    assert ask(text, of=ruled_by(rule("answer", "クーポン", "Coupon", text="!"))).rule_id == 1


def test_an_english_keyword_is_a_whole_word() -> None:
    book = ruled_by(rule("answer", "ship", text="!"))
    assert ask("our relationship", of=book).rule_id is None
    assert ask("do you ship?", of=book).rule_id == 1


def test_a_rule_may_be_for_one_language() -> None:
    book = ruled_by(rule("answer", "LINE", language="ja", text="!"))
    assert ask("LINEで連絡できますか", of=book).rule_id == 1
    assert ask("do you have LINE or email?", of=book).rule_id is None


def test_a_pattern_is_searched_in_the_message() -> None:
    book = ruled_by(rule("answer", pattern=r"注文番号\s*\d{4,6}", text="!"))
    assert ask("注文番号　１２３４５です", of=book).rule_id == 1
    assert ask("注文番号12です", of=book).rule_id is None


def test_a_label_rule_labels_and_lets_the_rest_run() -> None:
    book = ruled_by(rule("label", "返品", label="返品"))
    decision = ask("返品したいのですが", of=book)
    assert (decision.label, title(decision.entry_id)) == ("返品", "返品・交換")


def test_an_equals_sign_may_be_a_full_width_one() -> None:
    book = ruled_by(rule("label", "返品", attributes="プラン＝お試し", set="関心　＝　返品"))
    on_trial = Situation(attributes={"プラン": "お試し"})
    assert decide(Question("返品", situation=on_trial), book).attributes == (("関心", "返品"),)
    assert decide(Question("返品"), book).attributes == ()


def test_a_label_alone_is_put_without_a_word() -> None:
    decision = ask("👍", of=ruled_by(rule("label", pattern="👍", label="good")))
    assert (decision.action, decision.label, decision.text) == ("label", "good", "")


def test_a_rule_hands_over() -> None:
    decision = ask("法人契約について", of=ruled_by(rule("hand_over", "法人")))
    assert (decision.action, decision.handover_reason, decision.phrase) == (
        "hand_over",
        "rule",
        "handing_over",
    )


def test_a_rule_escalates_with_its_type_and_reason() -> None:
    decision = ask("取材の依頼", of=ruled_by(rule("escalate", "取材", type="press", reason="A journalist")))
    assert (decision.action, decision.escalation_type) == ("escalate", "press")
    assert decision.escalation_reason == "A journalist"


def test_a_rule_asks_and_keeps_the_misses() -> None:
    book = ruled_by(rule("ask", "サイズ", text="どの商品ですか。", quick_replies="靴\n服"))
    decision = ask("サイズ", misses=1, of=book)
    assert (decision.action, decision.misses, decision.quick_replies) == ("ask", 1, ("靴", "服"))


@pytest.mark.parametrize("action", ["answer", "ask", "hand_over", "escalate"])
def test_a_rule_without_words_uses_the_bots_own(action: RuleAction) -> None:
    decision = ask("返品", of=ruled_by(rule(action, "返品")))
    assert decision.text
    assert decision.phrase


def test_a_rule_of_nothing_never_fires() -> None:
    for nothing in (rule("hand_over"), rule("hand_over", "", "！"), rule("hand_over", pattern="(")):
        assert ask("返品したいのですが", of=ruled_by(nothing)).rule_id is None


def test_a_rule_hears_languages_the_bot_does_not_speak() -> None:
    book = ruled_by(rule("answer", "안녕", text="hi"), settings=Settings())
    assert ask("안녕", of=book).text == "hi"


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "返品|交換",
        r"^\d{3}-\d{4}$",
        "(?:order|注文).{0,20}late",
        "(?i)refund",
        r"[^\]a-z]+x",
        "(?P<no>\\d+)",
        "(?:abc)+",
    ],
)
def test_an_ordinary_pattern_is_accepted(pattern: str) -> None:
    assert check_pattern(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a|aa)+$",
        "(.*a){20}",
        "((a*)b?)*c",
        "([a-z]+)*!",
        r"(a)\1",
        "(unclosed",
        "*",
        "[a",
        "a{2,1}",
        "[[a]",
        "(?R)",
        "x" * 301,
        "a{99999999999999999999}",
        "(?L)a",
    ],
)
def test_a_dangerous_or_broken_pattern_is_refused_in_a_sentence(pattern: str) -> None:
    sentence = check_pattern(pattern)
    assert sentence is not None
    assert sentence.startswith("The pattern")
    assert sentence.endswith(".")


def test_a_slow_pattern_is_given_up_on_and_does_not_fire() -> None:
    slow = ".*.*.*.*.*.*.*=!"
    assert check_pattern(slow) is None
    assert ask("a" * 4000, of=ruled_by(rule("hand_over", pattern=slow))).rule_id is None
