"""Bytes become text, whatever they claim to be."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email import charsets, jis

# The same in every run, and a busy machine is no fault.
calm = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
JAPANESE = st.text(
    "\n\t AZaz09!$(<>[]{|}あんがぱゃアンガパャヴー々〒、。「」表能予十欺蚕鬱亜腕弌熙ΑωАя─╂", max_size=60
)
GREETING = "お世話になっております。山田です。"


@pytest.mark.parametrize(
    ("names", "codec"),
    [
        ("Shift_JIS shift-jis sjis x-sjis MS932 windows-31j CP932 csShiftJIS ms_kanji x-ms-cp932", "cp932"),
        ("ISO-2022-JP iso2022-jp cp50220 CP50221 iso-2022-jp-ms csISO2022JP iso-2022-jp-3", "jis"),
        ("EUC-JP x-euc-jp eucjp-ms eucJP cp51932 ujis", "euc"),
        ("utf-8 UTF8 utf-8n utf8mb4", "utf-8"),
        ("gb2312 GBK", "gb18030"),
    ],
)
def test_a_charset_has_many_names(names: str, codec: str) -> None:
    assert {name: charsets.codec_of(name) for name in names.split()} == dict.fromkeys(names.split(), codec)


@pytest.mark.parametrize(
    "name", ["", "x-unknown", "hex", "rot13", "idna", "us-ascii", "unicode_escape", "\0", "x" * 9999]
)
def test_what_is_no_charset_of_mail_is_guessed(name: str) -> None:
    assert charsets.codec_of(name) is None
    assert charsets.decode(GREETING.encode(), name)[0] == GREETING


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "iso2022_jp", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "claimed", ["", "utf-8", "shift_jis", "euc-jp", "iso-2022-jp", "us-ascii", "iso-8859-1"]
)
def test_a_lie_about_the_charset_does_no_harm(codec: str, claimed: str) -> None:
    assert charsets.decode(GREETING.encode(codec), claimed)[0] == GREETING


def test_a_lie_is_told() -> None:
    assert charsets.decode(GREETING.encode(), "utf-8") == (GREETING, True)
    assert charsets.decode(GREETING.encode(), "euc-jp") == (GREETING, False)
    assert charsets.decode(GREETING.encode(), "") == (GREETING, True)
    assert charsets.decode(b"plain", "x-unknown") == ("plain", True)


@pytest.mark.parametrize(
    "text", ["ｱﾘｶﾞﾄｳ､ﾏﾀﾈ", "ﾔﾏﾀﾞ､ﾀﾛｳ ﾖﾘ", "ｱｲﾃﾑ･ｼｮｯﾌﾟ", "ｺﾝﾆﾁﾊ｡ｼｮｳﾋﾝﾊ､ｲﾂﾃﾞｽｶ", "ﾌﾘｺﾐ ｶ)ﾋﾀﾞﾏﾘ 1,200ｴﾝ"]
)
def test_half_width_katakana_are_what_their_charset_says(text: str) -> None:
    assert charsets.decode(text.encode("cp932"), "Shift_JIS") == (text, True)


@pytest.mark.parametrize("cut", [1, 2])
def test_a_short_text_that_was_cut_within_a_character_stays_utf_8(cut: int) -> None:
    assert charsets.decode("日本語テスト".encode()[:-cut], "utf-8") == ("日本語テス\ufffd", False)
    assert charsets.decode("日本".encode()[:-cut], "utf-8") == ("日\ufffd", False)
    assert charsets.decode("発送🎉".encode()[:-cut] + b"...", "utf-8") == ("発送\ufffd...", False)


@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
def test_a_short_text_that_is_called_utf_8_and_is_not_is_read(codec: str) -> None:
    for text in (
        "ご注文",
        "返品について",
        "領収書の発行",
        "御見積書送付の件",
        "テスト",
        "ﾃｽﾄﾃﾞｽ",
        "営業時間の確認",
    ):
        wanted = text.encode(codec)
        assert charsets.decode(wanted, "utf-8") == (charsets.guess(wanted), False)


@pytest.mark.parametrize("text", ["①㈱Ⅲ㎏", "髙﨑", "能力の表ソ", "～－∥", "ｶﾞｷﾞ"])
def test_every_character_of_windows_is_read_from_iso_2022_jp(text: str) -> None:
    pieces = {pair: char for pair, char in jis._jis_table().items() if char in text}
    two = b"".join(
        next(pair for pair, char in pieces.items() if char == one) for one in text if one in pieces.values()
    )
    half = bytes(byte & 0x7F for one in text if one not in pieces.values() for byte in one.encode("cp932"))
    raw = (b"\x1b$B" + two + b"\x1b(B" if two else b"") + (b"\x1b(I" + half + b"\x1b(B" if half else b"")
    assert jis.decode(raw) == text


@calm
@given(JAPANESE)
def test_what_the_standard_library_writes_is_read(text: str) -> None:
    assert jis.decode(text.encode("iso2022_jp")) == text


@calm
@given(JAPANESE)
def test_euc_jp_is_read_as_the_standard_library_writes_it(text: str) -> None:
    assert jis.decode_euc(text.encode("euc_jp")) == text


@calm
@given(
    st.binary(max_size=200),
    st.sampled_from(["", "iso-2022-jp", "euc-jp", "shift_jis", "utf-8", "utf-16", "hz", "utf-7", "big5"]),
)
def test_any_bytes_are_text_in_any_charset(raw: bytes, charset: str) -> None:
    assert isinstance(charsets.decode(raw, charset)[0], str)
    assert isinstance(charsets.guess(b"\x1b$B" + raw), str)
