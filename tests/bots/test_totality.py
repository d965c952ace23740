"""Whatever is typed, the bot decides, always the same, and never fails."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots import Decision, Question, check_pattern, decide
from bots.phrases import PHRASES, phrase
from bots.replies import without_courtesy
from bots.text import LONGEST, clean, fold
from tests.bots.shop import ask, book, entries

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
PIECES = (
    "返品",
    "送料",
    "は",
    "いくら",
    "ですか",
    "ポイント",
    "オペレーター",
    "詐欺",
    "はい",
    "1",
    "points ",
    "order ",
)
ODD_PIECES = ("where ", "agent ", "?", "！", "👍", "\u200b", "\ud800", "です")
WORDS = st.lists(st.sampled_from(PIECES + ODD_PIECES), max_size=8).map("".join)


@settings(deadline=None)
@given(
    text=ANY_TEXT | WORDS,
    hint=st.none() | st.sampled_from(["ja", "en-US", "zh", "", "ja_JP"]) | ANY_TEXT,
    misses=st.integers(-1, 3),
    asked=st.lists(st.sampled_from([1, 6, 7, 101, 999]), max_size=3).map(tuple),
)
def test_any_text_is_decided_on_and_twice_the_same(
    text: str, hint: str | None, misses: int, asked: tuple[int, ...]
) -> None:
    question = Question(text, hint, misses, asked)
    decision = decide(question, book())
    assert decision == decide(question, book())
    _is_sound(decision)


def _is_sound(decision: Decision) -> None:
    """What every caller relies on."""
    assert (decision.text == "") == (decision.action in ("silent", "label"))
    assert (decision.handover_reason is not None) == (decision.action in ("hand_over", "escalate"))
    assert (decision.escalation_type is not None) == (decision.action == "escalate")
    assert 0 <= decision.score <= 100
    assert decision.language in ("ja", "en")
    assert set(decision.asked) <= {entry.id for entry in entries()} | {999}


@pytest.mark.parametrize(
    "text",
    [
        "返品 " * 300_000,
        "a" * 1_000_000,
        "人" * 1_000_000,
        "\ud800\udfff" * 1000,
        "\x00" * 5000,
        "ﷺ" * 5000,
        "e" + "\u0301" * 5000,
        "مرحبا \u202e返品\u202c",
        "<script>alert(1)</script>",
        "?" * 5000,
        "はい " * 2000,
        "real " * 2000 + "person",
        "ですか" * 2000 + "x",
    ],
)
def test_hostile_text_is_decided_on(text: str) -> None:
    _is_sound(ask(text))


def test_courtesy_is_left_out_in_time_that_grows_with_the_text() -> None:
    assert without_courtesy("hello hi ok then a question thank you so much ok thanks") == "then a question"
    began = time.thread_time()
    assert without_courtesy("hi " * 6_000 + "a " * 10_000 + "ok " * 6_000 + "ok") == ("a " * 10_000).strip()
    assert time.thread_time() - began < 1


@settings(deadline=None)
@given(ANY_TEXT)
def test_any_pattern_is_accepted_or_refused_in_a_sentence(pattern: str) -> None:
    sentence = check_pattern(pattern)
    assert sentence is None or sentence.endswith(".")


@settings(deadline=None)
@given(ANY_TEXT)
def test_folding_twice_changes_nothing_and_length_is_bounded(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert len(clean(text * 100)) <= LONGEST


def test_every_phrase_is_there_in_both_languages_and_no_chip_in_a_wrong_one() -> None:
    assert PHRASES["ja"].keys() == PHRASES["en"].keys()
    assert all(any(char > "\u3000" for char in sentence) for sentence in PHRASES["ja"].values())
    assert all(sentence.isascii() or "“" in sentence for sentence in PHRASES["en"].values())


def test_a_title_with_braces_is_quoted_as_it_is() -> None:
    assert "「{x} {title}」" in phrase("ask_one", "ja", title="{x} {title}")
    assert phrase("unknown", "fr") == phrase("unknown", "en")
