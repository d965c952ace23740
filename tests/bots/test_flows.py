"""Forms that the bot goes through: answers, corrections, giving up, questions of another kind, and the end."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots import (
    Book,
    Choice,
    Decision,
    Ending,
    Entry,
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
from tests.examples import some

SUNDAY = date(2026, 11, 22)
RETURN = Flow(
    1,
    "返品",
    "ja",
    ("返品したい",),
    (
        Step("order", "注文番号", "ご注文番号を教えてください。", "number", r"\d{4,6}"),
        Step("item", "商品", "どの商品でしょうか。"),
        Step(
            "reason",
            "理由",
            "返品の理由をお選びください。",
            "choice",
            choices=(Choice("サイズが合わない"), Choice("イメージと違う"), Choice("不良品", to="damage")),
            to="day",
        ),
        Step("damage", "状態", "どのような不具合でしょうか。"),
        Step("day", "発送日", "いつ発送できますか。", "date", ahead=True),
        Step("mail", "メール", "メールアドレスを教えてください。", "email", optional=True),
    ),
    Ending(
        text="{order}の返品を{day}に承りました。",
        label="返品",
        attributes={"メール": "mail"},
        task="{order}の返品を確認する",
        team=3,
        hand_over=True,
    ),
)
ORDER = Flow(
    2,
    "Where is it",
    "en",
    ("where is my order",),
    (
        Step("order", "Order number", "What is your order number?", "number", r"\d{4}"),
        Step("phone", "Phone", "Which phone number did you give us?", "phone"),
    ),
    Ending(confirm=False, webhook=9),
)
FEE = Entry(1, "送料", "ja", ("送料はいくらですか", "送料について"), "600円です。")
BOOK = Book([FEE], flows=[RETURN, ORDER])
TO_DAY = ("返品したい", "5512", "コート", "サイズが合わない")


def talk(*said: str, book: Book = BOOK, language: str = "ja") -> Decision:
    """The bot's last words after all of these."""
    flow, decision = None, None
    for text in said:
        decision = decide(Question(text, language, situation=Situation(on=SUNDAY), flow=flow), book)
        flow = decision.flow
    assert decision is not None
    return decision


def answers(decision: Decision) -> dict[str, str]:
    return {one.name: one.value for one in decision.collected}


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


@pytest.mark.parametrize(
    ("correction", "changed"),
    [
        ("いや、5512じゃなくて5521", {"order": "5521"}),
        ("すみません、5512ではなく5521でした", {"order": "5521"}),
        ("注文番号は5521です", {"order": "5521"}),
        ("注文番号を5521に変更してください", {"order": "5521"}),
        ("5512→5521", {"order": "5521"}),
        ("コートじゃなくてマフラーです", {"item": "マフラー"}),
        ("理由は不良品です", {"reason": "不良品"}),
    ],
)
def test_any_earlier_answer_is_corrected_in_words(correction: str, changed: dict[str, str]) -> None:
    before = {"order": "5512", "item": "コート", "reason": "サイズが合わない"}
    decision = talk(*TO_DAY, correction)
    assert answers(decision) == {**before, **changed}
    assert "直しました" in decision.text


@pytest.mark.parametrize(
    "told",
    [
        "商品が壊れていました",
        "商品に傷がありました",
        "商品は届いたときから壊れていました",
        "商品が違っていました",
    ],
)
@pytest.mark.parametrize("before", [("5512", "コート"), ("5512", "コート", "不良品です")])
def test_who_answers_in_words_that_name_an_earlier_answer_does_not_change_it(
    before: tuple[str, ...], told: str
) -> None:
    kept = answers(talk("返品したい", *before, told))
    assert kept["item"] == "コート"
    if len(before) == 3:
        assert kept["damage"] == told


REPAIR = Flow(
    3,
    "修理",
    "ja",
    ("修理の申し込み",),
    (
        Step("count", "個数", "何個ですか。", "number"),
        Step("bought", "購入日", "いつ購入されましたか。", "date"),
        Step("time", "希望時間", "何時がよいですか。", "time"),
        Step("colour", "色", "色は？", "choice", choices=(Choice("赤"), Choice("青"))),
        Step("fault", "状態", "どのような状態ですか。"),
    ),
    Ending(text="ok"),
)
FIX = Flow(
    4,
    "Repair",
    "en",
    ("start a repair",),
    (
        Step("item", "Item", "Which item?"),
        Step("count", "Quantity", "How many?", "number"),
        Step("bought", "Bought on", "When did you buy it?", "date"),
        Step("fit", "Reason", "Why?", "choice", choices=(Choice("It does not fit"), Choice("Damaged"))),
        Step("fault", "Damage", "What is wrong with it?"),
    ),
    Ending(text="ok"),
)
REPAIRS = Book([FEE], flows=[REPAIR, FIX])
TO_FAULT = ("修理の申し込み", "3", "昨日", "15時", "赤")
TO_DAMAGE = ("start a repair", "Coat", "3", "yesterday", "Damaged")


@pytest.mark.parametrize(
    ("before", "told"),
    [
        *((TO_FAULT, told) for told in (
            "すみません、2個とも割れていました", "すみません、1週間前に届いたのに動きません",
            "すみません、10時に電源を入れたら煙っぽい", "すみません、青いランプが点滅します",
            "個数は2個しか入っていませんでした", "個数を間違えて送られました",
        )),
        *((TO_DAMAGE, told) for told in (
            "Sorry, 2 of them are broken", "No, since Monday it beeps 3 times", "Wait, it does not fit either",
            "Item was wrong", "please change it to a new one",
        )),
    ],
)  # fmt: skip
def test_an_answer_that_begins_politely_is_an_answer(before: tuple[str, ...], told: str) -> None:
    language = "ja" if before is TO_FAULT else "en"
    kept = answers(talk(*before, book=REPAIRS, language=language))
    assert answers(talk(*before, told, book=REPAIRS, language=language)) == {**kept, "fault": told}


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("やっぱり2個です", {"count": "2"}),
        ("すみません。2個です", {"count": "2"}),
        ("いや、一昨日で", {"bought": "2026-11-20"}),
        ("やっぱり16時で", {"time": "16:00"}),
        ("16時に変更してください", {"time": "16:00"}),
        ("いえ、青です", {"colour": "青"}),
    ],
)
def test_a_value_and_nothing_else_is_what_is_corrected(said: str, changed: dict[str, str]) -> None:
    assert answers(talk(*TO_FAULT, said, book=REPAIRS)) == {
        **answers(talk(*TO_FAULT, book=REPAIRS)),
        **changed,
    }


def test_a_coat_instead_of_which_a_jacket_came_is_no_correction() -> None:
    complaint = "コートではなくジャケットが届いた"
    assert answers(talk("返品したい", "5512", "コート", "不良品です", complaint))["item"] == "コート"
    corrected = talk("返品したい", "5512", "コート", "不良品です", "いや、商品はマフラーです")
    assert answers(corrected)["item"] == "マフラー"


@pytest.mark.parametrize(
    "correction",
    ["no, not 5512 but 5521", "5521, not 5512", "actually it's 5521", "change the order number to 5521"],
)
def test_english_corrections(correction: str) -> None:
    decision = talk("where is my order", "5512", correction, language="en")
    assert answers(decision) == {"order": "5521"}
    assert decision.text.endswith("Which phone number did you give us?")


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("can you change it to Friday?", {"bought": "2026-11-27"}),
        ("Friday", {"bought": "2026-11-27"}),
        ("make it Friday", {"bought": "2026-11-27"}),
        ("yes but the quantity is 2", {"count": "2"}),
        ("No, it's 2", {"count": "2"}),
    ],
)
def test_it_is_no_name_of_an_answer(said: str, changed: dict[str, str]) -> None:
    summed = (*TO_DAMAGE, "torn")
    kept = answers(talk(*summed, book=REPAIRS, language="en"))
    assert answers(talk(*summed, said, book=REPAIRS, language="en")) == {**kept, **changed}
    asked = talk(*summed, "I want to change it", book=REPAIRS, language="en")
    assert asked.text == "Which one should I change?"


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("5521", {"order": "5521"}),
        ("はい、でも5521です", {"order": "5521"}),
        ("25日", {"day": "2026-11-25"}),
        ("明後日にしてください", {"day": "2026-11-24"}),
        ("発送日を明後日に", {"day": "2026-11-24"}),
    ],
)
def test_what_is_said_to_the_summary_corrects_what_it_can_only_be(said: str, changed: dict[str, str]) -> None:
    summed = (*TO_DAY, "明日", "なし")
    assert answers(talk(*summed, said)) == {**answers(talk(*summed)), **changed}
    assert "でよろしいですか" in talk(*summed, said).text


@pytest.mark.parametrize(
    ("before", "said", "language"),
    [
        (("返品したい", "5512"), "注文番号を間違えました", "ja"),
        (("where is my order", "5512"), "sorry, wrong order number", "en"),
        (("where is my order", "5512"), "The order number is wrong", "en"),
    ],
)
def test_a_slip_of_ones_own_is_asked_again(before: tuple[str, ...], said: str, language: str) -> None:
    assert "order" not in answers(talk(*before, said, language=language))


def test_what_is_wrong_may_be_named_first_and_told_then() -> None:
    summed = (*TO_DAY, "明日", "なし")
    assert talk(*summed, "訂正する").quick_replies == ("注文番号", "商品", "理由", "発送日", "メール")
    assert talk(*summed, "訂正する", "発送日").text == "いつ発送できますか。"
    decision = talk(*summed, "日付を変えたい", "12月24日")
    assert answers(decision)["day"] == "2026-12-24"
    assert decision.text.startswith("以下の内容でよろしいですか。")


@pytest.mark.parametrize(
    "words",
    [
        "はい、大丈夫です", "はい、よろしくお願いします", "大丈夫です。お願いします", "はい、それでお願いします",
        "OKです", "オーケー", "はい、間違いありません。ありがとうございます",
        "Yes, that's correct", "Yes, go ahead", "Yes, thank you", "looks good to me",
        "はい、お願いいたします", "お願い致します", "よろしくお願い致します", "はい、問題ございません",
        "相違ございません", "承知しました", "それでいいです", "はい、その内容でお願いします", "はいお願いします",
        "おねがいします", "👍", "👍🏻",
        "はい、確認しました", "それで結構です", "That's all correct, thanks", "looks right", "sounds good",
        "Everything is correct", "ok great", "yes, go ahead and submit", "that works", "confirmed",
    ],
)  # fmt: skip
def test_a_yes_in_more_words_is_a_yes(words: str) -> None:
    assert talk(*TO_DAY, "明日", "なし", words).task == "5512の返品を確認する"


@pytest.mark.parametrize("words", ["はい、でも5521です", "ありがとうございます", "no", "👎", "はいじゃない"])
def test_what_is_no_yes_ends_nothing(words: str) -> None:
    assert talk(*TO_DAY, "明日", "なし", words).task == ""


@pytest.mark.parametrize(
    "words",
    [
        "結構です",
        "けっこうです",
        "大丈夫です",
        "いいえ",
        "特にないです",
        "no thanks",
        "もういいです",
        "やっぱり大丈夫です",
    ],
)
def test_who_needs_not_say_more_loses_nothing(words: str) -> None:
    summed = talk(*TO_DAY, "明日", words)
    assert summed.text.startswith("以下の内容でよろしいですか。")
    assert answers(summed)["order"] == "5512"
    assert "mail" not in answers(summed)


@pytest.mark.parametrize(
    "words",
    [
        "やめる", "やっぱりやめます", "キャンセル", "もういいです", "cancel", "返品をやめます", "やっぱり返品やめます",
        "返品しません", "やめときます", "今回はやめます", "一旦やめます", "取消", "キャンセル希望",
        "やっぱり大丈夫です", "予約をキャンセルしたいです",
        "cancel my return", "cancel the return request, please", "I changed my mind",
        "I don't want to return it anymore",
    ],
)  # fmt: skip
def test_giving_up_ends_it(words: str) -> None:
    decision = talk("返品したい", "5512", words)
    assert (decision.action, decision.flow, decision.label) == ("answer", None, None)
    assert "中止しました" in decision.text


@pytest.mark.parametrize(
    "words", ["大丈夫です", "返品したい", "キャンセル料はいくらですか", "注文をキャンセルしたい"]
)
def test_what_only_holds_such_words_gives_nothing_up(words: str) -> None:
    assert talk("返品したい", "5512", words).flow is not None


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
    ],
)
def test_what_is_answered_beside_a_question_is_not_asked_again(words: str) -> None:
    decision = talk("返品したい", words)
    assert decision.text == "600円です。\n\nでは、続けます。\n\nどの商品でしょうか。"
    assert answers(decision) == {"order": "5512"}


def test_the_day_that_is_told_with_a_time_is_its_day() -> None:
    told = ("修理の申し込み", "3", "昨日", "11月20日の15時")
    assert answers(talk(*told, book=REPAIRS)) == {"count": "3", "bought": "2026-11-20", "time": "15:00"}


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
