"""The shop's own words: kept with the draft and its versions, checked by line, written and read as CSV."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

import bots
from app import knowledge
from app.bot import answers
from app.knowledge import versions, words
from app.knowledge.writing import ENTRY_USUAL
from app.tables import Unreadable
from tests import factories as make

LISTS = {
    "same": ["送料 = 運賃 = shipping fee", ""],
    "names": ["北風コート = KZ-100"],
    "stops": ["アプリから問い合わせています"],
}


def asked(db: Session, text: str) -> bots.Decision:
    return bots.decide(bots.Question(text, "ja"), answers.book(db))


def test_words_are_published_and_brought_back_with_the_rest(db: Session) -> None:
    editor = make.supervisor(db)
    knowledge.save_entry(
        db,
        editor,
        None,
        {
            **ENTRY_USUAL,
            "title": "送料",
            "questions": ["送料はいくらですか"],
            "answer": "550円です。",
        },
    )
    versions.publish(db, editor, "")
    assert asked(db, "運賃はいくらですか").score < 100
    words.save(db, editor, LISTS)
    assert asked(db, "運賃はいくらですか").score < 100, "not published yet"
    assert [change.noun for change in versions.unpublished(db)] == [knowledge.WORDS]
    versions.publish(db, editor, "")
    assert asked(db, "運賃はいくらですか").score == 100
    versions.roll_back(db, editor, 1, "")
    assert asked(db, "運賃はいくらですか").score < 100
    assert words.stored_words(db) is None


def test_what_is_kept_unchanged_is_no_change(db: Session) -> None:
    editor = make.supervisor(db)
    words.save(db, editor, {"same": ["", " "]})
    assert versions.unpublished(db) == []
    words.save(db, editor, {"same": ["a1＝b2"]})
    assert words.stored_words(db) == {"same": ["a1 = b2"], "names": [], "stops": []}


@pytest.mark.parametrize(
    ("lists", "where", "sentence"),
    [
        ({"same": ["", "送料"]}, "same", "Line 2: write two words"),
        ({"same": ["送料 = 運賃", "", "はこ = 運賃"]}, "same", "Line 3: “運賃” stands in line 1 already"),
        ({"same": ["送料 = 運賃"], "stops": ["運賃"]}, "stops", "Line 1: “運賃” stands in another list"),
        ({"names": ["！！"]}, "names", "Line 1: “！！” is too short"),
        ({"stops": ["ok", "は"]}, "stops", "Line 2: “は” is too short"),
        ({"names": ["x" * 81]}, "names", "is too long"),
        ({"stops": ["ab"] * 1001}, "stops", "more than 1000 lines"),
    ],
)
def test_a_bad_list_is_told_by_its_line(lists: dict[str, list[str]], where: str, sentence: str) -> None:
    with pytest.raises(words.Wrong) as wrong:
        words.checked(lists)
    told, values = wrong.value.problems[where]
    assert sentence in told % values


def test_lists_written_as_csv_are_read_as_they_were() -> None:
    lists = words.checked({**LISTS, "names": ["-20度コート = +KZ, 100"]})
    assert words.read("\ufeff" + "".join(words.written(lists))) == lists
    assert words.read("種類\t言葉\n同義語\t送料\t運賃\n") == {
        "same": ["送料 = 運賃"],
        "names": [],
        "stops": [],
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("kind,words\nsame,a1,b2\nwhat,c3", "Line 3: “what”"), ('same,"a', "Line 1: a quotation mark")],
)
def test_a_csv_that_cannot_be_read_is_told_by_its_line(text: str, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        words.read(text)
