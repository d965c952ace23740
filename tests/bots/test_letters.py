"""By letter a form asks for everything at once, and reads several answers out of one."""

from __future__ import annotations

from datetime import date

import pytest

from bots import Book, Decision, Question, Situation, decide, flow_of
from bots.progress import Progress

RETURN = {
    "name": "返品",
    "language": "ja",
    "keywords": ["返品したい"],
    "steps": [
        {"name": "order", "label": "注文番号", "ask": "ご注文番号は？", "kind": "number", "pattern": r"\d{4,6}"},
        {"name": "size", "label": "理由", "ask": "返品の理由は？", "kind": "choice",
         "choices": [{"words": "サイズ"}, {"words": "不良品"}, {"words": "その他", "to": "person"}]},
        {"name": "more", "label": "状態", "ask": "商品の状態は？", "kind": "text"},
        {"name": "day", "label": "発送日", "ask": "いつ発送できますか？", "kind": "date", "ahead": True},
    ],
    "ending": {"confirm": True, "text": "{order}の返品を承りました。"},
}  # fmt: skip
BOOK = Book((), flows=[flow_of(7, RETURN)])
TODAY = Situation(on=date(2026, 11, 23))


def letter(text: str, flow: Progress | None = None) -> Decision:
    return decide(Question(text, "ja", situation=TODAY, flow=flow, letter=True), BOOK)


def test_one_letter_asks_for_everything() -> None:
    told = letter("先日の品を返品したいです。")
    assert told.text.splitlines()[1:] == [
        "1. 注文番号: ご注文番号は？",
        "2. 理由: 返品の理由は？",
        "   - サイズ",
        "   - 不良品",
        "   - その他",
        "3. 状態: 商品の状態は？",
        "4. 発送日: いつ発送できますか？",
    ]
    assert told.quick_replies == ()


def test_what_the_first_letter_tells_is_not_asked_for() -> None:
    told = letter("注文5521の品を返品したいです。サイズが合いませんでした。")
    assert told.flow is not None
    assert told.flow.values == {"order": "5521", "size": "サイズ"}
    assert told.text.splitlines()[1:] == ["1. 状態: 商品の状態は？", "2. 発送日: いつ発送できますか？"]


@pytest.mark.parametrize(
    "answer",
    [
        "1. 5521\n2. サイズ\n3. 未使用です\n4. 11月25日",
        "注文番号：5521\n理由: サイズ\n状態：未使用です\n発送日：あさって",
        "お世話になります。\n（1）5521\n（2）サイズです\n（3） 未使用です\n（4）11/25\n\n山田",
        "■ 注文番号: 5521\n1. 注文番号: 5521\n理由：サイズが合わない\n3）未使用です\n11月25日に出せます",
        "①5521\n②サイズ\n③未使用です\n④11月25日",
        "❶ 5521\n❷ サイズ\n❸ 未使用です\n❹ 11月25日",
    ],
)
def test_one_letter_answers_everything_and_is_told_back(answer: str) -> None:
    begun = letter("返品したいです。")
    told = letter(answer, begun.flow)
    assert told.flow is None
    assert [one.value for one in told.collected] == ["5521", "サイズ", "未使用です", "2026-11-25"]
    assert told.text.startswith("5521の返品を承りました。")
    assert "・状態: 未使用です" in told.text


def test_what_is_missing_is_asked_for_once_more_and_the_last_may_stand_alone() -> None:
    begun = letter("返品したいです。")
    told = letter("1. 5521\n2. 不良品\n4. 11月25日", begun.flow)
    assert told.text.splitlines()[1:] == ["1. 状態: 商品の状態は？"]
    ended = letter("袖口がほつれています。", told.flow)
    assert ended.flow is None
    assert ended.collected[2].value == "袖口がほつれています。"


def test_a_letter_that_answers_nothing_is_a_persons() -> None:
    begun = letter("返品したいです。")
    told = letter("よくわかりません。電話をください。", begun.flow)
    assert (told.action, told.flow) == ("hand_over", None)


def test_a_choice_that_leads_to_a_person_does_so_by_letter_too() -> None:
    begun = letter("返品したいです。")
    told = letter("1. 5521\n2. その他", begun.flow)
    assert (told.action, [one.value for one in told.collected]) == ("hand_over", ["5521", "その他"])
