"""Canonical forms: what is written in many ways compares equal, and what says nobody is nobody."""

from __future__ import annotations

from itertools import product

import pytest

from app.matching import forms
from app.matching.kana import sound


@pytest.mark.parametrize(
    "written",
    [
        *(
            "090-1234-5678",
            "０９０－１２３４－５６７８",
            "(090) 1234 5678",
            "+81 90-1234-5678",
            "0081 90 1234 5678",
        ),
        *(
            "9012345678",
            '="09012345678"',
            "'09012345678",
            "+81(0)90-1234-5678",
            "090-1234-5678 内線12",
            "819012345678",
        ),
    ],
)
def test_a_number_is_the_same_however_it_is_written(written: str) -> None:
    assert forms.phone(written) == "+819012345678"


def test_numbers_of_other_countries_and_freephone_numbers_are_understood() -> None:
    assert forms.phone("+44 20 7946 0958") == "+442079460958"
    assert forms.phone("0120-444-444") == "+81120444444"
    assert forms.phone("(02) 9374 4000", "AU") == "+61293744000"


def test_a_number_no_country_has_is_kept_as_its_digits() -> None:
    assert forms.phone("310-246-1501") == forms.phone("310/246-1501") == "~3102461501"
    assert [forms.phone(junk) for junk in ("", "12", "000000000", "abc")] == [""] * 4


@pytest.mark.parametrize(
    "written",
    [
        "非通知",
        "公衆電話",
        "表示圏外",
        "通知不可",
        "Anonymous",
        "UNKNOWN",
        "withheld",
        "（非通知）",
        " ",
        "-",
    ],
)
def test_who_withholds_their_number_is_nobody(written: str) -> None:
    assert forms.nobody(written)
    assert forms.phone(written) == ""


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Taro.Yamada@Gmail.com", "taroyamada@gmail.com"),
        ("taroyamada+shop@googlemail.com", "taroyamada@gmail.com"),
        ("Taro.Yamada+x@Example.JP", "taro.yamada@example.jp"),
        ('"foo..bar."@docomo.ne.jp', "foo.bar@docomo.ne.jp"),
        ("foo.bar@docomo.ne.jp", "foo.bar@docomo.ne.jp"),
        ("山田 太郎 <taro@example.jp>", "taro@example.jp"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
        ("taro", ""),
        ("@example.jp", ""),
        ("taro@localhost", ""),
    ],
)
def test_a_mail_address_is_one_however_it_is_written(written: str, form: str) -> None:
    assert forms.mail(written) == form


@pytest.mark.parametrize(
    "written",
    [
        *(
            "1980-04-01",
            "1980/4/1",
            "19800401",
            "1980年4月1日",
            "１９８０年４月１日",
            "昭和55年4月1日",
            "S55.4.1",
            "s55/04/01",
        ),
        *("1 April 1980", "April 1, 1980", "1st Apr 1980", "01/04/1980", "1.4.1980", "1980-04-01 00:00:00"),
    ],
)
def test_a_date_of_birth_has_one_form(written: str) -> None:
    assert forms.birth(written) == "19800401"


def test_the_first_year_of_an_era_and_american_dates_and_what_is_no_date() -> None:
    assert forms.birth("平成元年1月8日") == "19890108"
    assert forms.birth("04/25/1980") == "19800425"
    assert forms.birth("19081332") == "19081332"
    assert [forms.birth(junk) for junk in ("", "不明", "00000000", "spring", "1980")] == [""] * 5


def test_postcodes_and_addresses_in_their_many_shapes() -> None:
    assert (
        forms.postcode("〒１００－０００５")
        == forms.postcode("100-0005")
        == forms.postcode("1000005")
        == "1000005"
    )
    assert forms.postcode("SW1A 1AA") == "sw1a1aa"
    shapes = (
        "千代田区丸の内一丁目２番３号",
        "千代田区丸の内1-2-3",
        "千代田区丸の内１丁目２−３",
        "〒100-0005 千代田区丸の内1丁目2番地3",
    )
    assert len({forms.address(each) for each in shapes}) == 1
    assert forms.address("中央区銀座十二丁目3番") == forms.address("中央区銀座12-3")
    assert forms.address("12 Main Street, Apartment 4") == forms.address("12 main st. apt 4")


@pytest.mark.parametrize(
    "spellings",
    [
        ("さとう", "サトー", "ｻﾄｳ", "Satō", "Satou", "Satoh", "Sato", "SATO"),
        ("しょうじ", "Shoji", "Syozi", "Shouji", "ショウジ"),
        ("つちや", "Tsuchiya", "Tutiya"),
        ("ふじい", "Fujii", "Huzii"),
        ("ほんま", "Honma", "Homma"),
        ("じゅんいち", "Junichi", "Jun'ichi", "Zyun'iti"),
        ("はっとり", "Hattori"),
        ("おおの", "Ohno", "Oono", "Ōno"),
    ],
)
def test_kana_hepburn_and_kunrei_sound_the_same(spellings: tuple[str, ...]) -> None:
    assert len({sound(each) for each in spellings}) == 1
    assert sound(spellings[0])


def test_what_is_no_japanese_word_has_no_japanese_sound() -> None:
    assert [sound(each) for each in ("Smith", "山田", "", "Schwarz", "42")] == [""] * 5


def test_no_name_in_kana_is_too_odd_to_be_heard() -> None:
    for name in map("".join, product("ぁあゃっゎゕゖんー・", repeat=3)):
        sound(name)
    assert [sound(each) for each in ("クヮー", "ゎー", "ー・ー")] == ["kuwa", "wa", ""]
