"""Text in a platform's units."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.text import Unit, clean, graphemes, length, split

FAMILY = "👨‍👩‍👧‍👦"
PIECES = [
    "あ",
    "が",
    "か\u3099",
    "ｶﾞ",
    FAMILY,
    "👍🏽",
    "🇯🇵",
    "❤️",
    "e\u0301",
    "각",
    "a",
    " ",
    "。",
    "\n",
    "word",
]


def test_a_unit_counts_as_its_platform_counts() -> None:
    assert length("髙😀", "chars") == 2
    assert length("髙😀", "utf16") == 3
    assert length("髙😀", "bytes") == 7


def test_what_a_reader_sees_as_one_character_stays_one() -> None:
    assert list(graphemes(f"{FAMILY}👍🏽🇯🇵🇮🇹か\u3099ｶﾞ")) == [FAMILY, "👍🏽", "🇯🇵", "🇮🇹", "か\u3099", "ｶﾞ"]
    assert list(graphemes("a\r\nb")) == ["a", "\r\n", "b"]


def test_a_text_is_broken_after_a_sentence_rather_than_in_a_word() -> None:
    text = "ご注文ありがとうございます。発送は明日の予定です。到着まで二日ほどお待ちください。"
    assert split(text, 30) == [
        "ご注文ありがとうございます。発送は明日の予定です。",
        "到着まで二日ほどお待ちください。",
    ]
    assert split("the quick brown fox jumps", 12) == ["the quick", "brown fox", "jumps"]


def test_an_emoji_at_the_border_of_the_limit_is_not_cut() -> None:
    assert split("a" * 4999 + "😀", 5000, "utf16") == ["a" * 4999, "😀"]
    assert split("a" * 4998 + "😀", 5000, "utf16") == ["a" * 4998 + "😀"]


def test_a_limit_in_bytes_holds_a_third_as_much_japanese() -> None:
    assert [len(piece) for piece in split("漢" * 700, 1000, "bytes")] == [333, 333, 34]


def test_one_character_longer_than_the_limit_is_cut_between_code_points() -> None:
    pieces = split("a" + "\u0301" * 50, 10, "bytes")
    assert "".join(pieces) == "a" + "\u0301" * 50
    assert all(length(piece, "bytes") <= 10 for piece in pieces)


def test_a_blank_text_has_no_pieces() -> None:
    assert split(" \n ", 10) == []


def test_what_no_database_can_hold_is_taken_out() -> None:
    assert clean("a\x00b\ud83dc\r\nd\re\x1b[0m\t") == "ab\ufffdc\nd\ne[0m\t"


@given(
    parts=st.lists(st.sampled_from(PIECES), min_size=1, max_size=60),
    limit=st.integers(30, 60),
    unit=st.sampled_from(["chars", "utf16", "bytes"]),
)
@settings(deadline=None)
def test_nothing_but_white_space_is_lost_and_no_seen_character_is_cut(
    parts: list[str], limit: int, unit: Unit
) -> None:
    text = "".join(parts)
    pieces = split(text, limit, unit)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < length(piece, unit) <= limit for piece in pieces)
    whole = [seen for seen in graphemes(text) if seen.strip()]
    assert [seen for piece in pieces for seen in graphemes(piece) if seen.strip()] == whole


@pytest.mark.parametrize("limit", [0, 3])
def test_a_limit_that_cannot_hold_a_character_is_a_mistake(limit: int) -> None:
    with pytest.raises(ValueError, match="four units"):
        split("abc", limit)
