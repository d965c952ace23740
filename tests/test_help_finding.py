"""What is found in the help centre by the words that are typed."""

from __future__ import annotations

import pytest

import bots
from app.helpcentre import finding
from bots.text import fold

ENTRIES = (
    bots.Entry(1, "送料", "ja", ("いくらかかりますか",), "全国一律500円です。沖縄は別料金です。"),
    bots.Entry(2, "お届け", "ja", ("沖縄にも届きますか",), "はい、3日でお届けします。", tags=("離島",)),
    bots.Entry(3, "沖縄店", "ja", ("場所はどこですか",), "那覇市です。"),
    bots.Entry(4, "Okinawa", "en", ("沖縄?",), "Yes."),
)


def _found(book: bots.Book, typed: str, *, within: bool = True) -> list[int]:
    return [one.id for one in finding.find(book, typed, "ja", lambda _one: True, most=9, within=within)]


def test_titles_stand_before_questions_and_those_before_answers() -> None:
    book = bots.Book(ENTRIES, settings=bots.Settings(threshold_ask=101))
    assert _found(book, "沖縄") == [3, 2, 1]
    assert _found(book, "沖縄", within=False) == [3, 2]
    assert _found(book, "離島　沖縄") == [2]
    assert _found(book, "沖縄 大阪") == []


def test_a_book_is_read_through_once_however_often_it_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[str] = []

    def counted(text: str) -> str:
        folded.append(text)
        return fold(text)

    monkeypatch.setattr(finding, "fold", counted)
    book = bots.Book(ENTRIES)
    _found(book, "沖縄")
    assert len(folded) > len(ENTRIES)
    folded.clear()
    assert _found(book, "送料")[0] == 1
    assert folded == ["送料"]
    changed = bots.Book([bots.Entry(1, "送料", "ja", (), "無料です。")], before=[book])
    assert _found(changed, "無料") == [1]
