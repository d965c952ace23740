"""Forms that the bot goes through: answers, questions of another kind, and the end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots import (
    Book,
    Ending,
    Flow,
    Progress,
    Question,
    Rule,
    Situation,
    Step,
    check_flow,
    decide,
    progress_of,
)
from bots.flowing import ASIDES, TRIES
from tests.bots.forms import BOOK, FEE, REPAIRS, RETURN, SUNDAY, TO_COUNT, TO_DAY, TO_TIME, answers, talk
from tests.examples import some


def test_a_form_is_gone_through_and_its_end_is_what_the_shop_wants() -> None:
    summed = talk(*TO_DAY, "来週の火曜", "mail@example.jp")
    assert "・発送日: 2026年11月24日（火）" in summed.text
    assert summed.quick_replies == ("はい", "訂正する", "やめる")
    done = talk(*TO_DAY, "来週の火曜", "mail@example.jp", "はい")
    assert (done.action, done.handover_reason, done.team_id) == ("hand_over", "flow", 3)
    assert done.text == "5512の返品を2026年11月24日（火）に承りました。"
    assert (done.label, done.attributes) == ("返品", (("メール", "mail@example.jp"),))
    assert (done.task, done.flow) == ("5512の返品を確認する", None)


def test_what_the_first_words_tell_is_not_asked_again() -> None:
    assert talk("返品したいです。注文は5512です").text == "どの商品でしょうか。"


def test_a_choice_leads_another_way() -> None:
    assert talk("返品したい", "5512", "コート", "不良品です").text == "どのような不具合でしょうか。"
    assert talk(*TO_DAY).text == "いつ発送できますか。"


def test_a_question_of_another_kind_is_answered_and_the_form_goes_on() -> None:
    decision = talk("返品したい", "5512", "送料はいくらですか？")
    assert decision.text == "600円です。\n\nでは、続けます。\n\nどの商品でしょうか。"
    assert (decision.entry_id, answers(decision)) == (1, {"order": "5512"})
    assert talk("返品したい", "5512", "送料はいくらですか？", "コート").quick_replies[0] == "サイズが合わない"


@pytest.mark.parametrize(
    "words",
    [
        "5512です。あと送料はいくらですか？",
        "送料はいくらですか？注文番号は5512です",
        "5512ですが、送料はいくらですか？",
        "5512、送料はいくらですか？",
    ],
)
def test_what_is_answered_beside_a_question_is_not_asked_again(words: str) -> None:
    decision = talk("返品したい", words)
    assert decision.text == "600円です。\n\nでは、続けます。\n\nどの商品でしょうか。"
    assert answers(decision) == {"order": "5512"}


@pytest.mark.parametrize(
    ("before", "words", "told"),
    [
        (TO_TIME, "送料はいくらですか。14時に行きます", {"time": "14:00"}),
        (TO_TIME, "14時でお願いします。送料はいくらですか？", {"time": "14:00"}),
        (TO_TIME, "送料はいくらですか。28日の14時に行きます", {"day": "2026-11-28", "time": "14:00"}),
        (TO_TIME, "14時、送料はいくらですか？", {"time": "14:00"}),
        (TO_TIME, "28日の14時、送料はいくらですか？", {"day": "2026-11-28", "time": "14:00"}),
        (TO_TIME, "明日16時、送料はいくらですか？", {"day": "2026-11-23", "time": "16:00"}),
        (TO_TIME, "14時か15時に行きます。送料はいくらですか？", {}),
        (TO_COUNT, "送料はいくらですか？2名です", {"people": "2"}),
        (TO_COUNT, "2人で行きます。送料はいくらですか", {"people": "2"}),
        (TO_TIME, "明日の10時に荷物が届きます。送料はいくらですか", {}),
        (TO_TIME, "15時は無理です。送料はいくらですか？", {}),
        (TO_COUNT, "身長は160cmです。送料はいくらですか", {}),
        (TO_COUNT, "会員番号は12345です。送料はいくらですか", {}),
        (TO_COUNT, "3日前に買いました。送料はいくらですか", {}),
        (TO_COUNT, "5000円のコートです。送料はいくらですか", {}),
    ],
)
def test_a_time_or_a_count_beside_a_question_is_not_asked_again(
    before: tuple[str, ...], words: str, told: dict[str, str]
) -> None:
    decision = talk(*before, words, book=REPAIRS)
    assert decision.text.startswith("600円です。")
    assert answers(decision) == {**answers(talk(*before, book=REPAIRS)), **told}


def test_the_day_that_is_told_with_a_time_is_its_day() -> None:
    told = (*TO_TIME, "26日の15時")
    assert answers(talk(*told, book=REPAIRS)) == {"day": "2026-11-26", "time": "15:00"}


@pytest.mark.parametrize("when", ["明日の15時", "金曜の15時", "11月20日の15時"])
def test_the_time_of_a_call_does_not_move_the_day_of_purchase(when: str) -> None:
    told = ("修理の申し込み", "3", "昨日", when)
    assert answers(talk(*told, book=REPAIRS)) == {"count": "3", "bought": "2026-11-21", "time": "15:00"}


def test_a_number_of_north_america_is_read_in_an_english_form() -> None:
    decision = talk("where is my order", "5512", "(415) 555-0123", language="en")
    assert answers(decision) == {"order": "5512", "phone": "4155550123"}


def test_thanks_are_no_answer() -> None:
    decision = talk("返品したい", "5512", "ありがとうございます")
    assert (decision.text, answers(decision)) == ("どの商品でしょうか。", {"order": "5512"})


def test_what_answers_by_itself_is_not_answered() -> None:
    flow = Progress(1, {"order": "5512"})
    decision = decide(Question("これは自動返信です。", "ja", flow=flow), BOOK)
    assert (decision.action, decision.flow) == ("silent", flow)


def test_what_cannot_be_read_is_asked_again_and_then_a_person_goes_on() -> None:
    assert "番号として読み取れませんでした" in talk("返品したい", "ええと").text
    decision = talk("返品したい", *["ええと"] * TRIES)
    assert (decision.action, decision.handover_reason, decision.flow) == ("hand_over", "misses", None)


def test_a_person_is_called_with_what_was_collected() -> None:
    decision = talk("返品したい", "5512", "人と話したい")
    assert (decision.action, decision.handover_reason, answers(decision)) == (
        "hand_over",
        "asked",
        {"order": "5512"},
    )


def test_a_rule_that_hands_over_holds_in_a_form() -> None:
    rule = Rule(4, "Law", "", ("弁護士",), "", "escalate", {"type": "legal"})
    book = Book([FEE], [rule], flows=[RETURN])
    decision = talk("返品したい", "5512", "弁護士に相談します", book=book)
    assert (decision.action, decision.rule_id, answers(decision)) == ("escalate", 4, {"order": "5512"})


def test_a_day_that_is_over_is_asked_again() -> None:
    assert "今日以降" in talk(*TO_DAY, "2026年11月21日").text


def test_an_end_may_ask_another_system() -> None:
    decision = talk("where is my order", "5512", "03-1234-5678", language="en")
    assert decision.call is not None
    assert decision.call.webhook == 9
    assert answers(decision) == {"order": "5512", "phone": "0312345678"}


def test_after_hours_it_says_that_it_goes_on() -> None:
    flow = Progress(1, {"order": "5512"})
    decision = decide(Question("コート", "ja", flow=flow, resumed=True), BOOK)
    assert decision.text.startswith("先ほどの続きからご案内します。\n返品の理由を")


def test_a_form_that_was_published_otherwise_goes_on_from_what_is_known() -> None:
    shorter = Flow(1, "返品", "ja", (), (RETURN.steps[0], RETURN.steps[4]), Ending(text="ok"))
    book = Book([FEE], flows=[shorter])
    later = Progress(1, {"order": "5512", "item": "コート"})
    on = Question("明日", "ja", flow=later, situation=Situation(on=SUNDAY))
    assert decide(on, book).text.startswith("以下の内容で")
    assert decide(Question("送料について", "ja", flow=later), Book([FEE])).text == "600円です。"


def test_a_flow_with_no_way_out_is_refused_with_the_place() -> None:
    round_ = Flow(
        1, "x", "ja", (), (Step("a", "A", "a?", to="b"), Step("b", "B", "b?", to="a")), Ending(text="ok")
    )
    (problem,) = check_flow(round_)
    assert (problem.place, str(problem)) == (
        "b",
        "No way out: “B” leads back to “A”, which was asked before it.",
    )


@pytest.mark.parametrize(
    ("steps", "place", "words"),
    [
        ((), "", "at least one question"),
        ((Step("a", "A", "a?", "choice"),), "a", "no choices"),
        ((Step("a", "A", "a?", to="gone"),), "a", "not there"),
        ((Step("a", "A", "a?", to="end"), Step("b", "B", "b?")), "b", "No way leads"),
        ((Step("a", "A", "a?", "number", "(a+)+b"),), "a", "repeats a group"),
        ((Step("a", "A", "a?"), Step("a", "B", "b?")), "a", "Two questions"),
    ],
)
def test_what_cannot_work_is_told_with_its_place(steps: tuple[Step, ...], place: str, words: str) -> None:
    (problem,) = check_flow(Flow(1, "x", "ja", (), steps, Ending(text="ok")))
    assert problem.place == place
    assert words in str(problem)


WORDS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            *TO_DAY,
            "はい",
            "いいえ",
            "訂正する",
            "やめる",
            "明日",
            "なし",
            "5512じゃなくて5521",
            "送料について",
            "人と話したい",
        ]
    ),
)


@given(st.lists(WORDS, max_size=12))
@settings(max_examples=some(150), deadline=None)
def test_any_talk_goes_on_is_tried_again_or_ends(said: list[str]) -> None:
    """Nothing raises; the same gives the same; and never is somebody held: the counts end it."""
    flow: Progress | None = Progress(1)
    for text in said:
        question = Question(text, "ja", situation=Situation(on=SUNDAY), flow=flow)
        decision = decide(question, BOOK)
        assert decision == decide(question, BOOK)
        if decision.flow is not None and flow is not None and decision.action != "silent":
            assert decision.flow.tries <= TRIES
            assert decision.flow.asides < ASIDES
            assert decision.text
            assert progress_of(decision.flow.stored()) == decision.flow
        flow = decision.flow or Progress(1)
