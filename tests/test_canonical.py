"""The form in which an address is kept: one for every way of writing it, none for what says nothing."""

from __future__ import annotations

import pytest

from app import canonical


@pytest.mark.parametrize(
    "written",
    [
        *(
            "03-1234-5678",
            "0312345678",
            "０３－１２３４－５６７８",
            "03(1234)5678",
            "(03) 1234 5678",
            "03‐1234−5678",
        ),
        *(
            "+81(0)3-1234-5678",
            "+81 3 1234 5678",
            "0081-3-1234-5678",
            "81312345678",
            "＋８１ ３ １２３４ ５６７８",
        ),
        *("TEL: 03-1234-5678", "tel:+81-3-1234-5678", "sip:+81312345678@pbx.example;user=phone"),
        *("03-1234-5678 内線 12", "03-1234-5678 (内線:12)", "03-1234-5678 ext. 5", "03-1234-5678;ext=5"),
        *("03-1234-5678（代）", '="0312345678"', "'0312345678", "312345678"),
    ],
)
def test_a_number_has_one_form_however_it_is_written(written: str) -> None:
    assert canonical.phone(written) == "+81312345678"


def test_numbers_without_a_country_are_of_the_shops_own() -> None:
    assert canonical.phone("(415) 555-2671", "US") == "+14155552671"
    assert canonical.phone("(415) 555-2671", "JP") == ""
    assert canonical.phone("020 7946 0958", "GB") == canonical.phone("+44 20 7946 0958") == "+442079460958"
    assert canonical.phone("03-1234-5678", "US") == ""


def test_what_is_written_with_its_country_is_believed_though_no_table_knows_it() -> None:
    assert canonical.phone("+1 (555) 000-1234") == "+15550001234"
    assert canonical.phone("+81 999") == ""


@pytest.mark.parametrize(
    "written",
    [
        *("110", "22000", "Info", "080-ABC-1234", "1-800-FLOWERS", "03-1234-5678 / 090-1234-5678"),
        *("注文番号20261122", "x", "+", "0000000000", "2026/11/22", " " * 400 + "090-1234-5678"),
    ],
)
def test_what_is_no_number_has_no_form_and_stays_as_it_was_given(written: str) -> None:
    assert canonical.phone(written) == ""
    assert canonical.kept("phone", written) == written


@pytest.mark.parametrize(
    "written",
    [
        *(
            "非通知",
            "（非通知）",
            "公衆電話",
            "表示圏外",
            "通知不可",
            "ナンバー非通知",
            "Anonymous",
            "UNKNOWN",
        ),
        *("Private Number", "withheld", "<restricted>", "n/a", "-", "ー", "", "　", "+266696687"),
    ],
)
def test_who_keeps_their_number_to_themselves_is_nobody(written: str) -> None:
    assert canonical.nobody(written)
    assert [canonical.address(kind, written) for kind in sorted(canonical.EVERYWHERE)] == [""] * 4


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Taro.Yamada@Example.JP", "taro.yamada@example.jp"),
        ("taro+shop@example.jp", "taro+shop@example.jp"),
        ("foo..bar.@docomo.ne.jp", "foo..bar.@docomo.ne.jp"),
        ('"foo..bar."@DOCOMO.ne.jp', "foo..bar.@docomo.ne.jp"),
        ('"foo bar"@example.jp', '"foo bar"@example.jp'),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
        ("taro@例え.jp", "taro@xn--r8jz45g.jp"),
        ("taro@例え。jp", "taro@xn--r8jz45g.jp"),
        ("TARO@XN--R8JZ45G.JP", "taro@xn--r8jz45g.jp"),
        ("太郎@example.jp", "太郎@example.jp"),
        ("山田 太郎 <taro@example.jp>", "taro@example.jp"),
        ("mailto:taro@example.jp", "taro@example.jp"),
        ("unknown-12@invalid", "unknown-12@invalid"),
        ("taro", ""),
        ("@example.jp", ""),
    ],
)
def test_a_mail_address_has_one_form_and_nothing_of_it_is_taken_away(written: str, form: str) -> None:
    assert canonical.mail(written) == form
    assert not form or canonical.mail(form) == form


def test_a_loyalty_card_is_capitals_and_digits_and_an_id_of_the_crm_keeps_its_case() -> None:
    assert {canonical.card(one) for one in ("kt-0012 3456", "ＫＴ００１２３４５６", '="KT00123456"')} == {
        "KT00123456"
    }
    assert canonical.card("0012") == "0012" != canonical.card("12")
    assert canonical.crm(" ０015g00ABc-1 ") == "0015g00ABc-1" != canonical.crm("0015G00ABC-1")
    assert canonical.card("x" * 300) == canonical.crm("x" * 300) == ""


def test_ids_of_platforms_are_left_alone() -> None:
    assert canonical.address("user", "  Ｕ-1 ") == "  Ｕ-1 "


def test_a_number_is_shown_as_the_shops_country_writes_it() -> None:
    assert canonical.shown("+81312345678") == "03-1234-5678"
    assert canonical.shown("+819012345678") == "090-1234-5678"
    assert canonical.shown("+14155552671") == "+1 415-555-2671"
    assert canonical.shown("+14155552671", "US") == "(415) 555-2671"
    assert canonical.shown("22000") == "22000"
