"""What is noted of customers, in the words of whoever reads it."""

from __future__ import annotations

import pytest

from app.inbox.attributes import Attribute
from app.web.noting import Noting

DEFINED = {
    one.name: one
    for one in (
        Attribute("since", ja="お取引開始", en="Customer since", type="date"),
        Attribute("spent", type="number"),
        Attribute("vip", type="yes_no"),
        Attribute("phone2", type="text"),
    )
}


@pytest.mark.parametrize(
    ("name", "value", "called", "said"),
    [
        ("since", "2024-04-01", "お取引開始", "2024年4月1日（月）"),
        ("spent", "1234567.50", "spent", "1,234,567.50"),
        ("spent", "たくさん", "spent", "たくさん"),
        ("vip", "yes", "vip", "はい"),
        ("phone2", "+819012345678", "phone2", "+819012345678"),
        ("phone", "+819012345678", "電話", "090-1234-5678"),
        ("Date-of-birth", "1980-02-30", "生年月日", "1980-02-30"),
        ("birthday", "1980-02-29", "生年月日", "1980年2月29日（金）"),
        ("newsletter", "True", "メールマガジン", "はい"),
        ("favourite_colour", "藍", "favourite colour", "藍"),
        ("___", "x", "___", "x"),
    ],
)
def test_names_and_values_are_in_the_words_of_the_reader(
    name: str, value: str, called: str, said: str
) -> None:
    noted = Noting(DEFINED, "ja")
    assert (noted.name(name), noted.value(name, value)) == (called, said)


def test_an_english_reader_reads_english() -> None:
    noted = Noting(DEFINED, "en")
    assert (noted.name("since"), noted.name("phone")) == ("Customer since", "Telephone")
    assert noted.value("since", "2024-04-01") == "Mon, Apr 1, 2024"
