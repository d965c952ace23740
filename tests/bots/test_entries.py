"""When and where an entry is said, what is offered with it, and in which language."""

from __future__ import annotations

from datetime import date

import pytest

from bots import Book, Entry, Picture, Question, Situation, decide

CHAT = Situation(channel="shop", kind="webchat", on=date(2026, 12, 24))
LINE = Situation(channel="friends", kind="line", on=date(2026, 12, 24))
SALE = Entry(
    1, "年末セール", "ja", ("セールはいつまでですか",), "25日までです。",
    since=date(2026, 12, 1), until=date(2026, 12, 25), follow_ups=(2, 3, 99), picture=Picture(7, "ちらし"),
)  # fmt: skip
RETURNS = Entry(2, "返品", "ja", ("返品したい",), "14日以内に承ります。", quick_replies=("返金の時期",))
MEMBERS = Entry(3, "会員の割引", "ja", ("会員の割引はありますか",), "5%です。", signed_in=True)
FRIENDS = Entry(4, "友だち特典", "ja", ("友だち特典を知りたい",), "300円引き。", kinds=frozenset({"line"}))
ENGLISH = Entry(5, "Returns", "en", ("I want to return this",), "Within 14 days.", translation_of=2)
BOOK = Book((SALE, RETURNS, MEMBERS, FRIENDS, ENGLISH))


def said(text: str, situation: Situation, language: str | None = None) -> int | None:
    return decide(Question(text, language, situation=situation), BOOK).entry_id


@pytest.mark.parametrize(
    ("day", "answered"),
    [(date(2026, 11, 30), None), (date(2026, 12, 1), 1), (date(2026, 12, 25), 1), (date(2026, 12, 26), None)],
)
def test_a_campaign_is_told_from_its_first_day_to_its_last(day: date, answered: int | None) -> None:
    assert said("セールはいつまでですか", Situation(channel="shop", kind="webchat", on=day)) == answered


def test_an_entry_for_some_is_told_to_nobody_else() -> None:
    assert said("会員の割引はありますか", CHAT) is None
    assert said("会員の割引はありますか", Situation(channel="shop", kind="webchat", signed_in=True)) == 3
    assert said("友だち特典を知りたい", CHAT) is None
    assert said("友だち特典を知りたい", LINE) == 4
    assert said("友だち特典を知りたい", Situation()) == 4  # an evaluation knows no place


def test_what_was_offered_and_holds_no_longer_is_not_chosen() -> None:
    late = Situation(channel="shop", kind="webchat", on=date(2026, 12, 26))
    assert decide(Question("1", "ja", asked=(1, 2), situation=late), BOOK).entry_id == 2


def test_an_answer_offers_what_follows_as_far_as_it_is_answered_there() -> None:
    decision = decide(Question("セールはいつまでですか", situation=CHAT), BOOK)
    assert decision.quick_replies == ("返品",)
    assert decision.picture == Picture(7, "ちらし")
    assert said(decision.quick_replies[0], CHAT) == 2


def test_who_speaks_the_other_language_gets_the_translation() -> None:
    chosen = decide(Question("2", "en-GB", asked=(1, 2), situation=CHAT), BOOK)
    assert (chosen.entry_id, chosen.language) == (5, "en")
    assert said("返品したい", CHAT, "ja") == 2
