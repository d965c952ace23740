"""What the bot makes of a reply to its own question."""

from __future__ import annotations

import pytest

from bots import Book, Entry, Question, decide
from bots.earlier import Earlier
from tests.bots.shop import ask, book, title

POINTS = (6, 7)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("ポイントの使い方", "ポイントの使い方"),
        ("1", "ポイントの有効期限"),
        ("①", "ポイントの有効期限"),
        ("２番です", "ポイントの使い方"),
        ("最初の", "ポイントの有効期限"),
        ("二つ目", "ポイントの使い方"),
        ("下の", "ポイントの使い方"),
        ("the first one", "ポイントの有効期限"),
        ("The last one.", "ポイントの使い方"),
        ("option 2", "ポイントの使い方"),
        ("2nd", "ポイントの使い方"),
    ],
)
def test_a_chip_or_its_place_chooses_the_entry(reply: str, expected: str) -> None:
    decision = ask(reply, asked=POINTS)
    assert (decision.action, title(decision.entry_id)) == ("answer", expected)
    assert decision.asked == ()


@pytest.mark.parametrize("reply", ["はい", "そうです", "yes", "Yes please!", "OK"])
def test_yes_to_a_single_offer_chooses_it(reply: str) -> None:
    assert title(ask(reply, asked=(9,)).entry_id) == "支払い方法"


@pytest.mark.parametrize("reply", ["いいえ", "違います", "no", "nope"])
def test_no_to_a_single_offer_is_a_miss(reply: str) -> None:
    decision = ask(reply, asked=(9,))
    assert (decision.action, decision.phrase, decision.misses) == ("unknown", "none_of_these", 1)


@pytest.mark.parametrize("reply", ["どれでもない", "None of these"])
def test_none_of_the_offers_is_a_miss_and_the_second_hands_over(reply: str) -> None:
    assert ask(reply, asked=POINTS).action == "unknown"
    assert ask(reply, asked=POINTS, misses=1).handover_reason == "misses"


def test_yes_to_several_offers_leaves_them_open() -> None:
    decision = ask("はい", asked=POINTS)
    assert decision.entry_id is None
    assert decision.asked == POINTS


def test_a_number_beyond_the_offers_chooses_nothing() -> None:
    assert ask("9", asked=POINTS).entry_id is None


def test_another_question_instead_of_a_choice_is_answered() -> None:
    assert title(ask("送料はいくらですか", asked=POINTS).entry_id) == "送料"


def test_offering_the_same_again_is_a_miss() -> None:
    first = ask("ポイント")
    assert ask("ポイント", asked=first.asked).misses == 1


def test_a_number_means_nothing_when_nothing_was_offered() -> None:
    assert ask("1").entry_id is None


def test_an_offer_that_this_version_no_longer_has_is_passed_over() -> None:
    assert book().entry(999) is None
    assert title(ask("はい", asked=(999, 9)).entry_id) == "支払い方法"


@pytest.mark.parametrize("text", ["違います", "解決しません", "That's not what I asked"])
def test_saying_that_the_answer_was_none_is_a_miss(text: str) -> None:
    assert ask(text).misses == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("こんにちは", "greeting"),
        ("お世話になっております。", "greeting"),
        ("Hi there!", "greeting"),
        ("ありがとうございました！", "thanks"),
        ("こんにちは。ありがとう", "thanks"),
        ("Thank you so much", "thanks"),
        ("はい", "go_ahead"),
    ],
)
def test_courtesy_is_returned_and_is_no_miss(text: str, key: str) -> None:
    decision = ask(text, misses=1)
    assert (decision.action, decision.phrase, decision.misses) == ("answer", key, 1)
    assert decision.entry_id is None


ACKNOWLEDGED = """
なるほど|そうなんですね|そうですか|よくわかりました|わかりましたありがとうございます|理解しました|安心しました|よかったです|かしこまりました
承知です|オッケーです|ありがと|ありがとー|あざす|おけ|りょ|もう大丈夫です|自己解決しました|結構です|以上です|なるほど、わかりました
I see|I see, thanks|thank u|understood|sounds good|alright|makes sense|good to know|very helpful|nice|oh ok
oh okay thanks|appreciate it|excellent|cool
"""
GREETED = "お疲れ様です|夜分にすみません|突然すみません|おはよ|こんちは"
WITHDRAWN = "なんでもないです|間違えました|すみません間違えました|never mind"


@pytest.mark.parametrize(
    ("texts", "key"),
    [(ACKNOWLEDGED.strip().replace("\n", "|"), "thanks"), (GREETED, "greeting"), (WITHDRAWN, "go_ahead")],
)
def test_everyday_courtesy_is_no_question(texts: str, key: str) -> None:
    found = {text: ask(text, misses=1) for text in texts.split("|")}
    assert {text: (one.action, one.phrase, one.misses) for text, one in found.items()} == dict.fromkeys(
        found, ("answer", key, 1)
    )


def test_words_of_courtesy_may_be_the_matter_itself() -> None:
    cool = Book((Entry(1, "Cool bags", "en", ("Do you have cool bags?",), "Yes."),))
    assert ask("cool bags", of=cool).entry_id == 1
    assert ask("nice socks").phrase == "unknown"
    assert ask("りょうきん").phrase != "thanks"
    nice = Book((Entry(1, "Nice", "en", ("nice",), "A town."),))
    assert ask("nice", of=nice).entry_id == 1


def test_to_an_answer_doumo_is_a_thanks() -> None:
    after = (Earlier("answer", entry_id=1),)
    assert decide(Question("どうも", earlier=after), book()).phrase == "thanks"
    assert ask("どうも").phrase == "greeting"


@pytest.mark.parametrize("text", ["", "   ", "\u200b\ufeff", "\x00", "👍", "🙏🙏", "..."])
def test_to_nothing_in_words_the_bot_says_nothing(text: str) -> None:
    decision = ask(text, misses=1, asked=POINTS)
    assert (decision.action, decision.text) == ("silent", "")
    assert (decision.misses, decision.asked) == (1, POINTS)
