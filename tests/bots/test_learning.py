"""What the bot learns from its knowledge: entries found again, and how sure it may be."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from bots import Book, Entry, Question, look_up
from bots.ground import Evidence, Signals
from bots.index import Index
from bots.lexicon import Lexicon
from bots.machine import Machine
from bots.ridge import Ridge
from bots.sketch import Sketch
from bots.sureness import Sureness
from tests.bots.shop import book, entries

DEEDS = ("return", "exchange", "repair", "wash", "hem", "wrap", "reserve", "collect", "insure", "engrave")
THINGS = ("coat", "dress", "scarf", "gloves", "shoes", "hat", "belt", "wallet", "umbrella", "watch")
PAIRS = (("postage to France", "It costs five euros."), ("returns of coats", "Send it back to France."))
ASKED = (
    "how do i {deed} my {thing}",
    "can you {deed} a {thing}",
    "i want to {deed} this {thing}",
    "{thing} {deed}",
)


def deeds(each: int = 10) -> list[Entry]:
    """An entry for each deed, asked about `each` things in turn."""
    return [
        Entry(number, deed, "en", tuple(_asked(deed, THINGS[:each])), "") for number, deed in enumerate(DEEDS)
    ]


def _asked(deed: str, things: Iterable[str]) -> Iterable[str]:
    return (ASKED[place % len(ASKED)].format(deed=deed, thing=thing) for place, thing in enumerate(things))


@pytest.mark.parametrize("each", [1, 3, 10])
def test_few_questions_an_entry_are_enough_to_find_it(each: int) -> None:
    known = Book(deeds(each))
    for number, deed in enumerate(DEEDS):
        matches = look_up(Question(f"please {deed} it for me", "en"), known).matches
        assert matches[0].entry.id == number


@pytest.mark.parametrize("model", [Ridge, Machine, Sketch])
def test_every_model_knows_what_it_was_taught_and_is_surer_of_it(
    model: type[Ridge] | type[Machine] | type[Sketch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.index._model", model)
    index = Index(deeds(), "en")
    inside = [index.search(f"could you {deed} the {thing}")[0] for deed in DEEDS for thing in THINGS[::3]]
    outside = [index.search(text)[0] for text in ("who won the election", "tell me a story about dragons")]
    right = [found.entry.title in DEEDS and found.probability for found in inside]
    assert [found.entry.title for found in inside] == [deed for deed in DEEDS for _ in THINGS[::3]]
    assert np.median(right) > max(found.probability for found in outside)


def test_the_same_knowledge_gives_the_same_scores() -> None:
    asked = ["return my hat", "is it going to rain", "wrap"]
    one, other = (Book(deeds()) for _ in range(2))
    for text in asked:
        assert look_up(Question(text, "en"), one) == look_up(Question(text, "en"), other)


def test_what_was_read_before_an_edit_is_read_no_more_and_teaches_the_very_same() -> None:
    first = deeds()
    after = [replace(first[0], questions=(*first[0].questions, "gimme my money back")), *first[2:], first[1]]
    one, other = Index(after, "en", before=Index(first, "en")), Index(after, "en")
    for text in ("return my hat", "is it going to rain", "wrap", "money back"):
        assert one.search(text) == other.search(text)


def test_a_quick_book_of_much_is_less_exact_and_says_so_and_is_the_same_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not Book(deeds(), quick=True).is_quick
    monkeypatch.setattr("bots.index._QUICK", 10)
    quick, other = Book(deeds(), quick=True), Book(deeds(), before=[Book(deeds()[1:])], quick=True)
    assert quick.is_quick
    assert quick.search("return my hat", "en") == other.search("return my hat", "en")
    assert quick.search("return my hat", "en")[0].entry.title == "return"
    assert not Book(deeds(), before=[quick]).is_quick


def test_what_a_book_before_has_learned_is_taken_over_where_it_would_be_learned_again() -> None:
    first = Book(entries())
    changed = tuple(
        replace(entry, tags=("new",))
        if entry.id == 1
        else replace(entry, answer="Soon.")
        if entry.id == 102
        else entry
        for entry in entries()
    )
    second, alone = Book(changed, before=[first]), Book(changed)
    assert second._indexes["ja"]._model is first._indexes["ja"]._model
    assert second._indexes["en"]._model is not first._indexes["en"]._model
    for text in ("送料いくら", "when is it delivered", "返品"):
        assert look_up(Question(text), second) == look_up(Question(text), alone)
    assert second.search("送料", "ja")[0].entry.tags == ("new",)
    worded = Book(entries(), lexicon=Lexicon(same=(("送料", "運賃"),)), before=[first])
    assert worded.search("運賃", "ja")[0].score == 100
    assert first.search("運賃", "ja") == ()


def test_an_answer_leads_to_its_entry_by_words_no_question_has() -> None:
    known = Book(
        (
            Entry(1, "Opening hours", "en", ("When are you open?",), "Monday to Saturday, ten until seven."),
            Entry(
                2, "Parking", "en", ("Where can I park?",), "Behind the building; bicycles at the entrance."
            ),
        )
    )
    assert look_up(Question("any room for bicycles", "en"), known).matches[0].entry.id == 2


@pytest.mark.parametrize("model", [Ridge, Machine, Sketch])
def test_the_words_of_an_answer_count_beside_the_question(
    model: type[Ridge] | type[Machine] | type[Sketch], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of a question stands in the answer, however long that is."""
    monkeypatch.setattr("bots.index._model", model)
    told = (
        (
            "Delivery",
            "When is it delivered?",
            "Within three days. " + "We pack with care. " * 30 + "Pallets take a week.",
        ),
        ("Delivery abroad", "Do you deliver abroad?", "Yes, to most of Europe, and customs are paid by us."),
        ("Opening hours", "When are you open?", "Ten to seven, on Sundays from noon."),
    )
    index = Index(
        [Entry(n, name, "en", (asked,), answer) for n, (name, asked, answer) in enumerate(told)], "en"
    )
    assert index.search("when are pallets delivered")[0].entry.id == 0
    assert index.search("do I have to pay customs")[0].entry.id == 1
    assert index.search("open on a sunday at noon")[0].entry.id == 2


def test_a_row_left_out_does_not_count_for_its_own_entry() -> None:
    ground = Index(
        [Entry(n, text, "en", (text,), answer) for n, (text, answer) in enumerate(PAIRS)], "en"
    )._ground
    row = 0
    columns, weights = ground.rows.row(row)
    whole, without = ground.coverage.lift(columns, weights), ground.lift(row)
    assert without[0] < whole[0]
    assert list(without[1:]) == list(whole[1:])


def test_leaving_a_question_out_is_as_if_it_had_never_been_there() -> None:
    """The closed form against a model trained without the row."""
    index = Index(deeds(3), "en")
    ground = index._ground
    kernel = np.stack([ground.likeness(row) for row in range(len(ground.rows))]).astype(float)
    labels = np.eye(ground.entries)[ground.owners]
    strict = kernel + np.diag(0.3 * ground.doubts)
    inverse = np.linalg.inv(strict)
    row, others = 4, [number for number in range(len(kernel)) if number != 4]
    shares = np.linalg.solve(strict[np.ix_(others, others)], labels[others])
    closed = labels[row] - (inverse @ labels)[row] / inverse[row, row]
    assert closed == pytest.approx(kernel[row, others] @ shares, abs=1e-6)


def test_what_was_left_out_moves_the_curve() -> None:
    """Where right and wrong lie far apart the bot is sure of both; where they lie together of neither."""
    chance = random.Random(3)
    near = [Signals(0.2 + chance.random() / 5, 0.1, 0.3, 0.8) for _ in range(200)]
    far = [Signals(0.8 + chance.random() / 5, 0.6, 0.7, 1.0) for _ in range(200)]
    apart = Sureness(Evidence([(one, True) for one in far], near))
    together = Sureness(Evidence([(one, place % 2 == 0) for place, one in enumerate(near)], near))
    assert apart.probability(far[0]) > 0.9
    assert apart.probability(near[0]) < 0.1
    assert 0.1 < together.probability(near[0]) < 0.4


def test_probabilities_on_a_small_shop_are_sane() -> None:
    """Of what is asked in its own words the bot is sure, of something else it is not, and never beyond 100."""
    for entry in entries():
        matches = book().search(entry.questions[0], entry.language)
        assert (matches[0].entry.id, matches[0].score) == (entry.id, 100)
    for text in ("the history of the roman empire", "量子力学の基礎"):
        assert all(match.score < 30 for match in book().search(text, "en" if text.isascii() else "ja"))


@pytest.mark.parametrize(
    "text",
    [
        "return " * 20_000,
        "返品" * 50_000,
        "Z̴̢a̷l̵g̶o̸ " * 5_000,
        "👍" * 100_000,
        "返品 return возврат 반품 ارجاع" * 4_000,
        "<b>' OR 1=1; DROP TABLE faq; --</b>",
        "\x00\ud800",
        "a",
        "ー",
    ],
)
def test_any_text_is_decided_on_in_bounded_time(text: str) -> None:
    book()
    began = time.thread_time()
    for language in ("ja", "en"):
        scores = [match.score for match in book().search(text, language)]
        assert all(0 <= score <= 100 for score in scores)
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("asked", ["!!!", "？", " ", "a"])
def test_an_entry_of_hardly_any_words_does_no_harm(asked: str) -> None:
    known = Book((Entry(1, asked, "en", (asked,), ""), Entry(2, "Returns", "en", ("Can I return it?",), "")))
    assert look_up(Question("can i return it", "en"), known).matches[0].entry.id == 2


def test_a_single_entry_answers_only_what_it_is_asked() -> None:
    known = Book((Entry(1, "Returns", "en", ("Can I return it?", "How do returns work?"), "Yes."),))
    answer = look_up(Question("how do returns work", "en"), known).answer
    assert answer is not None
    assert look_up(Question("who is the president", "en"), known).answer is None


def test_one_question_under_two_entries_is_asked_back() -> None:
    known = Book(tuple(Entry(number, f"Kind {number}", "en", ("opening hours",), "") for number in (1, 2)))
    found = look_up(Question("opening hours", "en"), known)
    assert found.answer is None
    assert {match.score for match in found.matches} == {50}


def test_everyday_words_alone_are_a_question_where_entries_are_asked_by_them() -> None:
    talk = (
        Entry(1, "Name", "en", ("who are you", "what are you"), "A bot."),
        Entry(2, "Post", "en", ("postage",), "5"),
    )
    assert look_up(Question("so who are you then", "en"), Book(talk)).matches[0].entry.id == 1
    assert look_up(Question("so who are you then", "en"), Book(talk[1:])).matches == ()
