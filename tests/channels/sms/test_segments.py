"""What a text is charged as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Measure, Person
from channels.sms.segments import Segments, is_gsm, segments
from tests.channels.sms import account


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 0, 160)),
        ("a" * 160, Segments("GSM-7", 160, 1, 0)),
        ("a" * 161, Segments("GSM-7", 161, 2, 145)),
        ("a" * 306, Segments("GSM-7", 306, 2, 0)),
        ("a" * 307, Segments("GSM-7", 307, 3, 152)),
        ("あ" * 70, Segments("UCS-2", 70, 1, 0)),
        ("あ" * 71, Segments("UCS-2", 71, 2, 63)),
        ("あ" * 134, Segments("UCS-2", 134, 2, 0)),
        ("あ" * 135, Segments("UCS-2", 135, 3, 66)),
        ("€" * 80, Segments("GSM-7", 160, 1, 0)),
        ("€" * 81, Segments("GSM-7", 162, 2, 143)),
        ("[{|}]~^\\", Segments("GSM-7", 16, 1, 144)),
        ("a" * 159 + "ç", Segments("UCS-2", 160, 3, 41)),
        ("a" * 159 + "Ç", Segments("GSM-7", 160, 1, 0)),
        ("`", Segments("UCS-2", 1, 1, 69)),
        ("😀" * 35, Segments("UCS-2", 70, 1, 0)),
        ("😀" * 36, Segments("UCS-2", 72, 2, 61)),
    ],
)  # fmt: skip
def test_known_texts(text: str, expected: Segments) -> None:
    assert segments(text) == expected


def test_no_character_is_cut_between_two_parts() -> None:
    """A euro sign or an emoji that would begin in one part and end in the next goes into the next."""
    assert segments("a" * 152 + "€" + "a" * 10) == Segments("GSM-7", 164, 2, 141)
    assert segments("あ" * 66 + "😀" + "あ" * 10) == Segments("UCS-2", 78, 2, 55)


@given(st.text(max_size=500))
def test_the_parts_always_have_room_for_the_text_and_none_is_empty(text: str) -> None:
    counted = segments(text)
    alone, each = (160, 153) if counted.encoding == "GSM-7" else (70, 67)
    assert counted.encoding == ("GSM-7" if is_gsm(text) else "UCS-2")
    if counted.parts <= 1:
        assert counted.units + counted.left == alone
    else:
        assert counted.units > alone
        assert (counted.parts - 1) * (each - 1) < counted.units <= counted.parts * each - counted.left
        assert 0 <= counted.left < each


def test_who_writes_is_told_what_it_costs_and_whether_they_can_answer() -> None:
    with account() as (sms, server):
        assert sms.measure("あ" * 71, Person("+14158675309")) == Measure(2, 63, "UCS-2")
        assert sms.measure("hi", Person("+819012345678")).note.startswith(
            "Customers in Japan cannot answer by SMS."
        )
        assert sms.measure("hi", Person("KURONEKO")).note.startswith("This sender cannot be answered")
    for one_way in ({"receives": False}, {"sender": "HINATA"}):
        with account(**one_way) as (sms, _):
            assert sms.measure("hi", Person("+14158675309")).note.startswith(
                "Customers cannot answer this sender."
            )
    assert server.seen == []
