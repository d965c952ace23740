"""Text in a platform's units."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.text import Unit, clean, graphemes, length, split
from tests.examples import some

FAMILY = "👨‍👩‍👧‍👦"
SEEN = [  # each one character to a reader, and none joins the one before it
    *(
        "あ",
        "漢",
        "が",
        "か\u3099",
        "ｶﾞ",
        "葛\U000e0100",
        "辻\ufe00",
        "각",
        "\u1100\u1161\u11a8",
        "क्षि",
        "e\u0301",
    ),
    *(
        FAMILY,
        "👩🏽‍❤️‍💋‍👨🏿",
        "👍🏽",
        "🇯🇵",
        "❤️",
        "1️⃣",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ),
    *("a", "Z", "7", "。", "！", "？", "、", ".", "!", "?", "」", "(", " ", "\u3000", "\n"),
]
UNITS = st.sampled_from(["chars", "utf16", "bytes"])


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


@given(seen=st.lists(st.sampled_from(SEEN), max_size=120), limit=st.integers(45, 90), unit=UNITS)
@settings(deadline=None, max_examples=some(300))
def test_nothing_but_white_space_at_a_cut_is_lost_and_no_seen_character_is_cut(
    seen: list[str], limit: int, unit: Unit
) -> None:
    """45 bytes hold the longest of them; where one ends is known here, not asked of the code."""
    text, borders, at = "".join(seen), {0}, 0
    for one in seen:
        at += len(one)
        borders.add(at)
    end = 0
    for piece in split(text, limit, unit):
        assert 0 < length(piece, unit) <= limit
        start = text.index(piece, end)
        assert text[end:start].strip() == ""
        end = start + len(piece)
        assert {start, end} <= borders
    assert text[end:].strip() == ""


@given(text=st.text(max_size=300), limit=st.integers(4, 40), unit=UNITS)
@settings(deadline=None, max_examples=some(300))
def test_any_text_is_held_by_pieces_that_fit(text: str, limit: int, unit: Unit) -> None:
    pieces = split(text, limit, unit)
    assert all(piece.strip() and length(piece, unit) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@given(
    sentences=st.lists(
        st.tuples(
            st.integers(1, 12), st.sampled_from(["。", "！", "？」", "。」", ". ", "! ", "?) ", "\n", "\n\n"])
        ),
        max_size=12,
    ),
    limit=st.integers(12, 40),
)
@settings(deadline=None, max_examples=some(300))
def test_a_piece_ends_with_a_sentence_wherever_one_ends_in_the_second_half_of_the_room(
    sentences: list[tuple[int, str]], limit: int
) -> None:
    text = "".join("あ" * words + end for words, end in sentences)
    rest = text.strip()
    for piece in split(text, limit)[:-1]:
        ends = [
            found.end(1)
            for found in re.finditer(r"(?=[^\s])(.*?(?:[。！？]」?|[.!?]\)?(?=\s)|(?=\n)))", rest)
        ]
        if any(limit / 2 <= end <= limit for end in ends):
            assert rest[len(piece) :].startswith("\n") or re.search(r"([。！？]」?|[.!?]\)?)$", piece)
            assert not re.match("」", rest[len(piece) :])
        rest = rest[len(piece) :].lstrip()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("「本当ですか？」と聞かれました。はい。", ["「本当ですか？」", "と聞かれました。", "はい。"]),
        ("ありますか?はい、あります", ["ありますか?", "はい、あります"]),
        ("一二三四五\n六七八九十", ["一二三四五", "六七八九十"]),
        ("一二三四五、六七八九十", ["一二三四五、", "六七八九十"]),
        ("こちらです https://a.jp/?b=c.d", ["こちらです", "https://a.", "jp/?b=c.d"]),
        ("一二三四五https://a.jp", ["一二三四五", "https://a.", "jp"]),
        ("税率は１．５です。二千円です", ["税率は１．５です。", "二千円です"]),
    ],
)
def test_where_a_piece_ends(text: str, pieces: list[str]) -> None:
    assert split(text, 10) == pieces


def test_a_line_that_just_fits_is_not_broken_at_an_earlier_word() -> None:
    assert split("aaaaa bbb\nccc", 9) == ["aaaaa bbb", "ccc"]


def test_space_that_carries_a_mark_is_no_white_space() -> None:
    assert split("aaaa \u0301bbb", 4) == ["aaaa", " \u0301bb", "b"]


@pytest.mark.parametrize("limit", [0, 3])
def test_a_limit_that_cannot_hold_a_character_is_a_mistake(limit: int) -> None:
    with pytest.raises(ValueError, match="four units"):
        split("abc", limit)
