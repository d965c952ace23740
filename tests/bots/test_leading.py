"""A form begins where the bot is sure that it is meant, and after an answer that leads to it."""

from __future__ import annotations

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
