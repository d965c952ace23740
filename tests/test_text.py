"""Text: what is stored, how it is folded, cut into tokens and found again."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.text import clean, excerpt, fold, highlights, one_line, phrase, tokens, units
from tests.examples import some

KANA_AND_KANJI = "返品商注文をのおねがい出ガがバば゛ｶﾞｰー〜々〇髙高一ヶ月"
MIXED = st.text(alphabet=KANA_AND_KANJI + "aAéz09 \n-.、。👍🏽\u200d\ufe0f", max_size=40)
JAPANESE = st.text(alphabet="返品商注文をのおねがい出がばー々", min_size=1, max_size=30)


def contains(text: str, term: str) -> bool:
    """What an index over `tokens` answers: do the tokens of the phrase stand one after the other."""
    wanted = phrase(term)
    if wanted is None:
        return False
    held, size = tokens(text), len(wanted.tokens)
    for at in range(len(held) - size + 1):
        piece = held[at : at + size]
        last = piece[-1].startswith(wanted.tokens[-1]) if wanted.prefix else piece[-1] == wanted.tokens[-1]
        if tuple(piece[:-1]) == wanted.tokens[:-1] and last:
            return True
    return False


@given(st.text())
@example("a\x00b\ud800c\r\nd\re\u2028f")
def test_clean_text_can_be_stored_and_is_clean_already(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert "\r" not in cleaned
    assert clean(cleaned) == cleaned


def test_clean_keeps_what_people_mean() -> None:
    for text in (
        "👩‍👩‍👧‍👦",
        "葛\U000e0100城",
        "\u200fשלום\u200f",
        "می\u200cخواهم",
        "タブ\tと\n改行",
        "a\ufffdb",
    ):
        assert clean(text) == text


def test_clean_replaces_a_lone_surrogate_and_drops_a_nul() -> None:
    assert clean("a\ud83db\x00c\x1b") == "a\ufffdbc"
    assert clean("一\r\n二\r三\u2028四") == "一\n二\n三\n四"


@given(st.one_of(st.text(), MIXED))
@settings(max_examples=some(400))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("サーバー", "ｻｰﾊﾞｰ"),
        ("ガス", "がす"),
        ("ＡＢＣ１２３", "abc123"),
        ("Café", "CAFE"),
        ("Straße", "STRASSE"),
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("渡邊", "渡辺"),
        ("ラ〜メン", "ラーメン"),
        ("ラ-メン", "らあめん".replace("あ", "ー")),
        ("すごーーーい", "すごーい"),
        ("葛\U000e0100城", "葛城"),
        ("zero\u200bwidth", "zerowidth"),
        ("㈱", "(株)"),
        ("①", "1"),
    ],
)
def test_what_people_do_not_distinguish_folds_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_a_dash_between_other_characters_is_no_long_vowel() -> None:
    assert fold("東京-大阪") == "東京-大阪"
    assert tokens("090-1234-5678") == ["090", "1234", "5678"]


def test_japanese_is_cut_into_overlapping_pairs_and_a_last_single() -> None:
    assert tokens("返品を") == ["返品", "品を", "を"]
    assert tokens("商品A返品") == ["商品", "品", "a", "返品", "品"]


def test_a_line_broken_inside_a_word_still_holds_the_word() -> None:
    assert contains("商品の返\n品をお願い", "返品")
    assert not contains("返\n\n品", "返品")


def test_the_order_of_characters_counts() -> None:
    assert contains("商品の返品をお願いします", "返品")
    assert not contains("商品の返品をお願いします", "品返")


def test_the_long_vowel_at_the_end_is_optional_in_long_words_only() -> None:
    assert contains("サーバが落ちた", "サーバー")
    assert contains("サーバーが落ちた", "サーバ")
    assert not contains("彼らは疲れた つかれた", "カレー")


def test_the_last_word_finds_longer_ones_and_the_others_only_themselves() -> None:
    assert contains("Shipping costs", "ship")
    assert contains("free shipping costs", "shipping cost")
    assert not contains("shipping costs", "ship costs")
    assert not contains("worship", "ship")


def test_a_query_without_letters_looks_for_nothing() -> None:
    assert phrase("!?。、") is None
    assert phrase("") is None


@given(JAPANESE, st.data())
def test_every_piece_of_a_japanese_text_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    term = text[start : data.draw(st.integers(start + 1, len(text)))]
    if phrase(term) is not None and fold(term) in fold(text):
        assert contains(text, term)


@given(MIXED)
@settings(max_examples=some(300))
def test_one_token_for_each_unit(text: str) -> None:
    assert len(tokens(text)) == len(list(units(fold(text))))


@given(st.one_of(st.text(max_size=60), MIXED), st.lists(MIXED, max_size=3))
@settings(max_examples=some(300))
def test_marks_lie_in_the_text_in_order_and_apart(text: str, terms: list[str]) -> None:
    at = 0
    for start, end in highlights(text, terms):
        assert at <= start < end <= len(text)
        at = end + 1
    assert "".join(piece for piece, _ in excerpt(text, terms).parts()) == excerpt(text, terms).text


def test_hits_are_marked_as_the_customer_wrote_them() -> None:
    found = excerpt("ｻｰﾊﾞが落ち、サーバーも Ｓｈｉｐping ラ〜メン", ["サーバー", "ship", "ラーメン"])
    assert [piece for piece, hit in found.parts() if hit] == ["ｻｰﾊﾞ", "サーバ", "Ｓｈｉｐ", "ラ〜メン"]


def test_the_excerpt_of_a_long_text_stands_around_the_first_hit() -> None:
    found = excerpt("あ" * 500 + "返品をお願いします" + "い" * 500, ["返品"])
    assert found.text.startswith("…")
    assert found.text.endswith("…")
    assert len(found.text) <= 122
    assert [piece for piece, hit in found.parts() if hit] == ["返品"]


def test_a_word_that_a_mail_broke_is_marked_and_brought_into_view() -> None:
    found = excerpt("あ " * 200 + "商品\n  券です\n以上", ["商品券"])
    assert [piece for piece, hit in found.parts() if hit] == ["商品 券"]
    assert found.text.endswith("商品 券です 以上")


def test_a_preview_is_one_line() -> None:
    assert one_line("一行目\n\n  二行目\tend") == "一行目 二行目 end"
    assert one_line("あ" * 300, 10) == "あ" * 9 + "…"


def test_a_million_characters_make_a_bounded_number_of_tokens() -> None:
    assert len(tokens("返品 " * 400_000)) == 16_000
    assert len(tokens("a" * 1_000_000)[0]) == 64
