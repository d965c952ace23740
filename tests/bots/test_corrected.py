"""What is said in a form beside its answers: what corrects one, agrees, and gives up."""

from __future__ import annotations

import pytest

from bots.correcting import Corrected, correction, named
from bots.flow import Step
from bots.values import Reader
from tests.bots.forms import REPAIRS, TO_DAY, TO_WISH, answers, talk


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


@pytest.mark.parametrize(
    "said", ["28日の20時", "やっぱり28日の16時", "金曜の16時", "11/28 16時", "3名で28日", "28日3名"]
)
def test_of_two_answers_at_once_none_is_changed_as_if_it_were_all(said: str) -> None:
    summed = (*TO_WISH, "試着")
    decision = talk(*summed, said, book=REPAIRS)
    assert answers(decision) == answers(talk(*summed, book=REPAIRS))
    assert "直しました" not in decision.text


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


@pytest.mark.parametrize("said", ["wrong item", "the wrong item", "a wrong item", "Wrong item arrived"])
def test_the_wrong_item_is_a_reason_and_takes_no_item_back(said: str) -> None:
    assert answers(talk(*TO_DAMAGE, said, book=REPAIRS, language="en"))["fault"] == said
    assert answers(talk(*TO_DAMAGE[:-1], said, book=REPAIRS, language="en"))["item"] == "Coat"


@pytest.mark.parametrize("said", ["商品を間違えて注文しました", "商品を間違えて購入", "商品を間違えてる"])
def test_what_was_bought_by_mistake_is_a_reason_and_takes_no_item_back(said: str) -> None:
    assert answers(talk(*TO_DAY[:-1], "不良品です", said))["damage"] == said
    assert answers(talk(*TO_DAY[:-1], said))["item"] == "コート"


@pytest.mark.parametrize("said", ["sorry, wrong item", "I gave you the wrong item", "change the item"])
def test_a_slip_in_what_was_written_is_taken_back_beside_a_reason_too(said: str) -> None:
    assert "item" not in answers(talk(*TO_DAMAGE, said, book=REPAIRS, language="en"))


@pytest.mark.parametrize("said", ["お直しです", "お直しで", "お直し", "お直しに変更してください"])
@pytest.mark.parametrize("before", [TO_WISH, (*TO_WISH, "試着")])
def test_a_polite_letter_names_no_answer(before: tuple[str, ...], said: str) -> None:
    assert answers(talk(*before, said, book=REPAIRS)) == {
        **answers(talk(*before, book=REPAIRS)),
        "wish": "お直し",
    }
    assert "time" not in answers(talk(*before, "時間を直したい", book=REPAIRS))


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
        "cancel my return", "cancel the return request, please", "I don't want to return it anymore",
    ],
)  # fmt: skip
def test_giving_up_ends_it(words: str) -> None:
    decision = talk("返品したい", "5512", words)
    assert (decision.action, decision.flow, decision.label) == ("answer", None, None)
    assert "中止しました" in decision.text


REASONS = (
    "I changed my mind",
    "I don't want it",
    "I don't want it anymore",
    "I don't want to wear it anymore",
)


@pytest.mark.parametrize("words", REASONS)
def test_why_something_is_sent_back_is_an_answer_where_a_reason_is_asked(words: str) -> None:
    assert answers(talk(*TO_DAMAGE, words, book=REPAIRS, language="en"))["fault"] == words
    assert talk(*TO_DAMAGE[:-1], words, book=REPAIRS, language="en").flow is not None
    assert talk(*TO_DAMAGE[:2], words, book=REPAIRS, language="en").text.startswith(
        "All right, I've stopped."
    )


@pytest.mark.parametrize(
    "words", ["大丈夫です", "返品したい", "キャンセル料はいくらですか", "注文をキャンセルしたい"]
)
def test_what_only_holds_such_words_gives_nothing_up(words: str) -> None:
    assert talk("返品したい", "5512", words).flow is not None


@pytest.mark.parametrize(("words", "label"), [("Friday 4pm", ""), ("the day", "Day"), ("people", "People")])
def test_a_label_inside_another_word_names_no_answer(words: str, label: str) -> None:
    steps = [Step("day", "Day", "When?", "date"), Step("people", "People", "How many?", "number")]
    step = named(steps, words)
    assert (step.label if step else "") == label


def test_a_wrong_name_is_asked_again_where_no_reason_is_asked() -> None:
    name, address = Step("name", "お名前", "お名前は？"), Step("address", "住所", "ご住所は？")
    told = correction("お名前を間違えました", [name], {"name": "山田"}, address, Reader(language="ja"))
    assert told == Corrected(name, None)
