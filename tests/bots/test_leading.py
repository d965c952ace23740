"""A form begins where the bot is sure that it is meant, and after an answer that leads to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bots import Book, Entry, Flow, Question, Step, decide, look_up
from bots.flow import Ending

EXAMPLES = ("注文した物がまだ届かない", "荷物が届きません", "いつ届くか調べてほしい", "配達状況を知りたい")
STATUS = Flow(
    7,
    "お届け状況の確認",
    "ja",
    (),
    (Step("order", "注文番号", "ご注文番号を教えてください。", "number", r"\d{4,6}"),),
    Ending(text="お調べします。"),
    EXAMPLES,
)
ENTRIES = (
    Entry(1, "送料", "ja", ("送料はいくらですか", "配送料はかかりますか"), "550円です"),
    Entry(2, "返品", "ja", ("返品できますか", "商品を返したい"), "30日以内なら返品できます", flow=7),
    Entry(3, "営業時間", "ja", ("何時まで開いていますか", "営業時間を教えて"), "10時から19時です"),
)
BOOK = Book(ENTRIES, flows=(STATUS,))


def test_what_means_a_form_begins_it() -> None:
    decision = decide(Question("荷物がまだ届かないんですが"), BOOK)
    assert (decision.text, decision.flow_id, decision.entry_id) == ("ご注文番号を教えてください。", 7, None)
    assert decision.score > 40
    assert decision.considered[0].entry_id == 0
    assert decision.considered[0].title == "お届け状況の確認"


def test_what_the_message_tells_already_is_not_asked_again() -> None:
    decision = decide(Question("荷物が届きません。注文番号は5521です"), BOOK)
    assert decision.flow is not None
    assert decision.flow.values == {"order": "5521"}


def test_an_answer_leads_to_its_form() -> None:
    decision = decide(Question("返品できますか"), BOOK)
    assert decision.text == "30日以内なら返品できます\nご注文番号を教えてください。"
    assert (decision.entry_id, decision.flow_id, decision.action) == (2, 7, "ask")


def test_in_the_middle_of_a_form_an_answer_leads_nowhere_else() -> None:
    begun = decide(Question("荷物が届きません"), BOOK)
    beside = decide(Question("返品できますか？", flow=begun.flow), BOOK)
    assert beside.text.startswith("30日以内なら返品できます\n\n")
    assert beside.flow is not None
    assert (beside.flow.flow, beside.flow.asides) == (7, 1)


def test_a_form_that_is_offered_is_begun_when_it_is_chosen() -> None:
    asked = decide(Question("お届け状況の確認", asked=(-7, 1)), BOOK)
    assert (asked.flow_id, asked.entry_id) == (7, None)


def test_an_evaluation_counts_no_form_as_an_entry() -> None:
    found = look_up(Question("荷物がまだ届かないんですが"), BOOK)
    assert found.answer is None
    assert all(match.entry.id > 0 for match in found.matches)


def test_a_form_without_examples_is_never_weighed() -> None:
    plain = Book(ENTRIES, flows=(Flow(7, "x", "ja", (), STATUS.steps, STATUS.ending),))
    assert decide(Question("荷物がまだ届かないんですが"), plain).flow_id is None


def _visit(*words: str) -> Flow:
    return Flow(8, "来店予約", "en" if words[0].isascii() else "ja", words, STATUS.steps, STATUS.ending)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "来店予約をキャンセルしたい",
            "来店の予約を変更したい",
            "来店予約なしでも行けますか",
            "試着の予約は必要ですか",
        ),
        *("返品の申し込みをしたのに返事がない", "返品の手続きはもう済ませました"),
        *("cancel my return request", "do I need to book a visit?", "I already made a return request"),
    ],
)
def test_who_speaks_of_a_form_does_not_begin_it(text: str) -> None:
    words = ("来店予約", "来店の予約", "試着の予約", "返品の申し込み", "返品の手続き")
    of = Book(ENTRIES, flows=(_visit(*words), replace(_visit("return request", "book a visit"), id=9)))
    assert decide(Question(text), of).flow_id is None


@pytest.mark.parametrize(
    "text",
    [
        *("来店予約したい", "試着の予約をお願いします", "注文をキャンセルしたので、返品の手続きをしたいです"),
        *("I want to book a visit", "I changed my mind, so a return request please"),
    ],
)
def test_who_wants_a_form_begins_it(text: str) -> None:
    words = ("来店予約", "試着の予約", "返品の手続き")
    of = Book(ENTRIES, flows=(_visit(*words), replace(_visit("return request", "book a visit"), id=9)))
    assert decide(Question(text), of).flow_id in (8, 9)


def test_a_question_of_the_faq_begins_no_form_by_its_words() -> None:
    cancelled = Entry(
        4, "予約の取消", "ja", ("来店予約の取り消し方", "来店予約はどこでしますか"), "お電話で承ります。"
    )
    of = Book((*ENTRIES, cancelled), flows=(_visit("来店予約"),))
    assert decide(Question("来店予約はどこでしますか"), of).text == "お電話で承ります。"
    assert decide(Question("来店予約"), of).flow_id == 8
