"""What stands in the cells of call logs."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.calllog import values
from app.tables import Unreadable

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "2024/1/5 9:03:07",
            "2024-01-05 09:03:07",
            "2024-01-05T09:03:07",
            "20240105090307",
            "20240105 090307",
        ),
        *(
            "２０２４／０１／０５　０９：０３：０７",
            "2024年1月5日 9時3分7秒",
            "2024年1月5日(金) 9:03:07",
            "令和6年1月5日 9時03分07秒",
        ),
        *(
            "R6.1.5 9:03:07",
            "R6/1/5 9:03:07",
            "令和６年１月５日（金）午前９時３分７秒",
            "2024/1/5 午前9:03:07",
        ),
        *(
            "2024-01-05 09:03:07.123",
            "2024-01-05T00:03:07Z",
            "2024-01-05T09:03:07+09:00",
            "2024-01-05 00:03:07 UTC",
        ),
        *(
            "24/01/05 09:03:07",
            "Jan 5, 2024 09:03:07 AM",
            "Fri, 05 Jan 2024 09:03:07",
            "1704412987",
            "1704412987000",
        ),
        *("'2024/1/5 9:03:07", '="2024/1/5 9:03:07"', "45296.37716435185"),
    ],
)
def test_times_in_all_their_forms(cell: str) -> None:
    assert values.moment(cell, TOKYO) == datetime(2024, 1, 5, 0, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "hour", "day"),
    [
        ("2024/1/5 24:00", 15, 5),
        ("2024/1/5 25:30", 16, 5),
        ("令和元年5月1日 0:00", 15, 30),
        ("2024/1/5 午後1:00", 4, 5),
        ("2024/1/5 1:00 PM", 4, 5),
        ("2024/1/5 12:00 AM", 15, 4),
        ("01/13/2024 09:00", 0, 13),
        ("13/01/2024 09:00", 0, 13),
        ("01/05/2024 09:00:00 AM", 0, 5),
        ("平成31年4月30日 9:00", 0, 30),
        ("2024/2/29", 15, 28),
    ],
)
def test_times_at_the_edges(cell: str, hour: int, day: int) -> None:
    found = values.moment(cell, TOKYO)
    assert (found.hour, found.day) == (hour, day)


def test_the_zone_is_the_shop_s() -> None:
    assert values.moment("2024/7/5 9:00", ZoneInfo("Europe/Berlin")) == datetime(2024, 7, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        *("", "合計", "2024/13/5 9:00", "2023/2/29 9:00", "2024/1/5 9:75", "2024/1/5 31:00", "1024/1/5 9:00"),
        *("02/03/2024 9:00", "yesterday", "2024/1/5 soon", "９９９９９９９９９９９９９９", "R99.1.1 9:00"),
    ],
)
def test_what_is_no_time_is_said_in_a_sentence(cell: str) -> None:
    with pytest.raises(Unreadable, match="“"):
        values.moment(cell, TOKYO)


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        *(
            ("205", 205),
            ("205秒", 205),
            ("3分25秒", 205),
            ("3:25", 205),
            ("0:03:25", 205),
            ("００：０３：２５", 205),
        ),
        *(("1時間2分3秒", 3723), ("1h2m3s", 3723), ("PT1H2M3S", 3723), ("26:00:00", 93600), ("3'25\"", 205)),
        *(("1.5分", 90), ("00:03:25.4", 205), ("0", 0), ("1,205", 1205), ("3分", 180), ("75.0", 75)),
    ],
)
def test_durations_with_their_units(cell: str, seconds: int) -> None:
    assert values.seconds(cell) == seconds


def test_a_bare_figure_is_in_the_unit_of_its_column() -> None:
    assert [values.seconds("3", unit) for unit in ("", "秒", "分", "ミリ秒", "時間")] == [
        3,
        3,
        180,
        0,
        10_800,
    ]


@pytest.mark.parametrize("cell", ["", "-", "―", "なし"])
def test_no_duration_is_none(cell: str) -> None:
    assert values.seconds(cell) is None


@pytest.mark.parametrize("cell", ["long", "3 apples", "999:00:00", "-5", "9" * 5000 + ":10:10"])
def test_what_is_no_duration_is_said_in_a_sentence(cell: str) -> None:
    with pytest.raises(Unreadable, match="“"):
        values.seconds(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "090-1234-5678",
            "０９０－１２３４－５６７８",
            "(090)1234-5678",
            "090 1234 5678",
            "+81 90-1234-5678",
        ),
        *(
            "+81(0)90-1234-5678",
            "819012345678",
            "9012345678",
            '="09012345678"',
            "'09012345678",
            "0081 90 1234 5678",
        ),
        *('"山田" <09012345678>', "<sip:09012345678@pbx.example.jp>", '\'="09012345678"', "09012345678 "),
    ],
)
def test_trap_37_numbers_with_excel_guards_a_lost_zero_and_full_width_digits_are_one_number(
    cell: str,
) -> None:
    assert values.number(cell) == "+819012345678"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *(
            ("0120-444-444", "+81120444444"),
            ("0800-123-4567", "+818001234567"),
            ("0570-000-123", "+81570000123"),
        ),
        *(("050-3333-4444", "+815033334444"), ("312345678", "+81312345678"), ("201", "201")),
    ],
)
def test_numbers_of_every_sort(cell: str, number: str) -> None:
    assert values.number(cell) == number


@pytest.mark.parametrize(
    "cell", ["非通知", "通知不可", "公衆電話", "表示圏外", "anonymous", "Unknown", "", " ", "-", "'非通知"]
)
def test_trap_38_who_withholds_the_number_is_nobody(cell: str) -> None:
    assert values.number(cell) == ""


@pytest.mark.parametrize("cell", ["090-1234-ABCD", "call me", "=1+1", "山田", "1" * 30])
def test_numbers_with_letters_are_said_in_a_sentence(cell: str) -> None:
    with pytest.raises(Unreadable, match="no telephone number"):
        values.number(cell)


@pytest.mark.parametrize(
    ("words", "direction"),
    [
        ("着信 受電 IN in inbound Incoming 転送 外線着信 不在着信 入電", "in"),
        ("発信 架電 OUT outbound Outgoing 外線発信", "out"),
        ("内線 internal 内線発信 内線着信", "internal"),
    ],
)
def test_directions_in_all_their_words(words: str, direction: str) -> None:
    assert {word: values.direction(word) for word in words.split()} == dict.fromkeys(words.split(), direction)


def test_an_unknown_direction_is_said_in_a_sentence_and_none_is_none() -> None:
    assert values.direction("") == ""
    with pytest.raises(Unreadable, match="came in or went out"):
        values.direction("フリーダイヤル")


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ("応答|成立呼|成立|ANSWERED|completed|通話|応答済み|対応済|OK|○", "answered"),
        ("不応答|不成立呼|不成立|不在|NO ANSWER|no-answer|missed|無応答|未応答|未対応|canceled", "missed"),
        ("放棄|放棄呼|途中放棄|abandoned|応答前放棄", "abandoned"),
        ("話中|BUSY|CONGESTION|通話中", "busy"),
        ("留守電|留守番電話|voicemail|不在（留守電）", "voicemail"),
        ("時間外|営業時間外|after hours", "after_hours"),
        ("転送|応答(転送)|transferred", "transferred"),
        ("FAILED|失敗|欠番|CHANUNAVAIL", "failed"),
        ("|謎|???", ""),
    ],
)
def test_results_in_all_their_words(words: str, result: str) -> None:
    assert {word: values.result(word) for word in words.split("|")} == dict.fromkeys(words.split("|"), result)
