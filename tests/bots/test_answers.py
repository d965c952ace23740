"""What the bot makes of questions: answers, asks back, or says it does not know."""

from __future__ import annotations

import pytest

from bots import Book, Entry, Link, Question, Settings, decide
from tests.bots.shop import ask, book, entries, title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("送料はいくらですか？", "送料"),
        ("送料", "送料"),
        ("配送料いくら", "送料"),
        ("返品って可能でしょうか？", "返品・交換"),
        ("買った服が小さかったので交換したい", "返品・交換"),
        ("いつ届く？", "お届け日数"),
        ("お店は何時から？", "店舗の営業時間"),
        ("領収書ください", "領収書"),
        ("where is my oder", "Tracking"),
        ("wheres my order", "Tracking"),
        ("can I return these items?", "Returns"),
        ("how long does delivery take to Osaka", "Delivery time"),
    ],
)
def test_a_question_in_other_words_finds_its_entry(text: str, expected: str) -> None:
    decision = ask(text)
    assert (decision.action, title(decision.entry_id)) == ("answer", expected)


@pytest.mark.parametrize(
    "text",
    [
        "ﾎﾟｲﾝﾄの有効期限",
        "ぽいんとの有効期限",
        "ポイントの有効期限！！",
        "  ポイントの有効期限\n",
        "ポイ\u200bントの有効期限",
    ],
)
def test_width_kana_punctuation_and_hidden_characters_make_no_difference(text: str) -> None:
    assert title(ask(text).entry_id) == "ポイントの有効期限"


@pytest.mark.parametrize("text", ["how much is shiping", "How much is SHIPPING???", "how much is shippng"])
def test_typing_mistakes_in_english_are_read_through(text: str) -> None:
    assert title(ask(text).entry_id) == "Shipping cost"


@pytest.mark.parametrize(
    "text",
    [
        "こんにちは、返品したいのですが",
        "お世話になっております。返品したいのですが。よろしくお願いいたします。",
    ],
)
def test_courtesy_around_a_question_does_not_hide_it(text: str) -> None:
    assert title(ask(text).entry_id) == "返品・交換"


def test_an_answer_brings_its_links_chips_and_version_and_forgets_misses() -> None:
    decision = ask("返品したいのですが", misses=1)
    assert decision.text == "返品・交換!"
    assert decision.links == (Link("返品・交換", "https://shop.example/4"),)
    assert decision.quick_replies == ("返品・交換",)
    assert (decision.version, decision.misses, decision.score) == (7, 0, 100.0)


def test_an_answer_tells_what_else_was_considered_best_first() -> None:
    considered = ask("ポイントの期限").considered
    assert considered[0].title == "ポイントの有効期限"
    assert considered[0].question in ("ポイントの有効期限", "ポイントの期限を知りたい")
    scores = [one.score for one in considered]
    assert scores == sorted(scores, reverse=True)
    assert len(considered) <= 5


@pytest.mark.parametrize(
    ("text", "chips"),
    [
        ("ポイント", {"ポイントの有効期限", "ポイントの使い方", "どれでもない"}),
        ("my points", {"Points expiry", "Using points", "None of these"}),
    ],
)
def test_between_close_entries_the_bot_asks_with_chips(text: str, chips: set[str]) -> None:
    decision = ask(text)
    assert (decision.action, decision.phrase) == ("ask", "ask")
    assert set(decision.quick_replies) == chips
    assert {title(entry_id) for entry_id in decision.asked} | {decision.quick_replies[-1]} == chips


def test_a_single_doubtful_entry_is_asked_about_by_name() -> None:
    decision = ask("hjkl returns asdf")
    assert (decision.action, decision.phrase) == ("ask", "ask_one")
    assert "“Returns”" in decision.text
    assert decision.quick_replies == ("Yes", "No")


@pytest.mark.parametrize(
    "text",
    [
        "今日の天気は？",
        "株価を教えて",
        "パスタの作り方",
        "who is the ceo",
        "what's the weather like",
        "12345",
    ],
)
def test_outside_the_faq_the_bot_says_it_does_not_know(text: str) -> None:
    decision = ask(text)
    assert (decision.action, decision.phrase, decision.misses) == ("unknown", "unknown", 1)
    assert decision.entry_id is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "asdfghjkl",
            "qwerty uiop",
            "ksjdhfksjdh oiweur",
            "ｗｗｗｗｗ",
            "あああああああ",
            "さああああ？？？",
            "あsdふぁsdf",
        ),
        *("ですか", "ください", "do you have my", "for the of", "<script>alert(1)</script>", "' OR 1=1 --"),
        *("SELECT * FROM users", "Z̴̢a̷l̵g̶o̸ t̷e̵x̶t̷", "1+1は？", "test", "テスト", "ᔕᑌᑎ", "🄰🄱🄲 ???"),
    ],
)
def test_gibberish_code_and_empty_phrases_are_never_answered(text: str) -> None:
    decision = ask(text)
    assert (decision.action, decision.entry_id) in (("unknown", None), ("hand_over", None))


@pytest.mark.parametrize("text", ["返̷品̶し̵た̴い̷", "R̶e̶t̶u̶r̶n̶s̶", "𝐑𝐞𝐭𝐮𝐫𝐧𝐬"])
def test_words_under_stacked_accents_or_in_fancy_letters_are_read(text: str) -> None:
    assert title(ask(text).entry_id) in ("返品・交換", "Returns")


def test_the_chip_offered_with_not_knowing_leads_to_a_person() -> None:
    for text in ("今日の天気は？", "what's the weather like"):
        chip = ask(text).quick_replies[-1]
        assert ask(chip).action == "hand_over"


def test_the_second_miss_hands_over() -> None:
    decision = ask("今日の天気は？", misses=1)
    assert (decision.action, decision.handover_reason) == ("hand_over", "misses")
    assert decision.phrase == "handing_over_misses"


def test_how_many_misses_are_borne_is_a_setting() -> None:
    patient = Book(entries(), settings=Settings(max_misses=3))
    assert ask("今日の天気は？", misses=1, of=patient).action == "unknown"
    assert ask("今日の天気は？", misses=2, of=patient).action == "hand_over"


def test_the_thresholds_are_settings() -> None:
    strict = Book(entries(), settings=Settings(threshold_answer=101, threshold_ask=101))
    eager = Book(entries(), settings=Settings(threshold_answer=1, threshold_ask=1))
    assert ask("送料はいくらですか", of=strict).action == "unknown"
    assert ask("クレカ", of=eager).action == "answer"


def test_an_entry_answers_only_in_its_own_language() -> None:
    assert title(ask("How do I return an item?").entry_id) == "Returns"
    assert ask("How do I return an item?").language == "en"
    assert ask("返品したいのですが", language="en").language == "ja"


def test_a_word_in_no_certain_language_is_looked_up_in_all() -> None:
    wifi = Book((Entry(1, "Wi-Fi", "ja", ("Wi-Fiは使えますか",), "使えます"),))
    for hint in ("ja", "en", None):
        assert ask("Wi-Fi", language=hint, of=wifi).entry_id == 1


@pytest.mark.parametrize("text", ["2", "100", "10", "000", "い", "ー"])
def test_a_number_or_a_letter_alone_is_no_question(text: str) -> None:
    hours = Entry(1, "営業時間", "ja", ("何時まで開いていますか",), "10時から19時です。100円から。い")
    times = Entry(2, "Opening hours", "en", ("When are you open?",), "10 to 7, 100 yen, 2 days.")
    named = Entry(3, "5512", "ja", ("5512",), "それです。")
    for hint in ("ja", "en"):
        decision = ask(text, language=hint, of=Book((hours, times, named)))
        assert (decision.phrase, decision.language) == ("unknown", "ja" if text in "いー" else hint)
    assert ask("5512", of=Book((hours, named))).entry_id == 3


def test_words_of_no_certain_language_are_first_looked_up_in_that_of_the_visitor() -> None:
    both = Book(
        (
            Entry(1, "PayPay", "ja", ("PayPayでの支払い", "PayPayは使えますか"), "使えます。"),
            Entry(2, "PayPay", "en", ("Can I pay with PayPay here?", "paypay"), "Yes."),
            Entry(3, "Visa card", "en", ("Visa card",), "Yes."),
        )
    )
    assert ask("PayPay", language="ja", of=both).entry_id == 1
    assert ask("Visa card", language="ja", of=both).entry_id == 3


def test_an_empty_book_knows_nothing_and_says_so() -> None:
    assert decide(Question("送料は？"), Book(())).action == "unknown"


def test_the_book_knows_its_entries() -> None:
    assert book().entry(1) is not None
    assert book().entry(999) is None


def test_the_shops_own_entry_for_a_greeting_is_preferred_to_the_bots_words() -> None:
    polite = Book((*entries(), Entry(500, "Greeting", "en", ("hello",), "Welcome to the shop!")))
    assert ask("Hello!", of=polite).text == "Welcome to the shop!"
    assert ask("Good morning", of=polite).phrase == "greeting"


def test_an_english_question_about_foreign_words_is_answered() -> None:
    known = Book((*entries(), Entry(500, "Spanish", "en", ("do you speak spanish", "hablas español"), "Sí.")))
    assert ask("hablas español por favor", language="en", of=known).entry_id == 500
    assert ask("¿dónde está mi pedido?", language="en", of=known).handover_reason == "language"
