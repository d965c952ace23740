"""Times, names and counts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app import formats

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)  # noon in Tokyo, a Wednesday


def test_days_are_told_in_the_readers_zone() -> None:
    late = datetime(2026, 11, 16, 16, 30, tzinfo=UTC)  # already the 17th in Tokyo
    assert formats.day(late, "ja", TOKYO, NOW) == "昨日"
    assert formats.day(late, "en", ZoneInfo("UTC"), NOW) == "Mon, Nov 16"
    assert formats.day(NOW, "ja", TOKYO, NOW) == "今日"


def test_another_year_is_told() -> None:
    before = datetime(2025, 3, 2, 3, 0, tzinfo=UTC)
    assert formats.day(before, "ja", TOKYO, NOW) == "2025年3月2日（日）"
    assert formats.brief(before, "en", TOKYO, NOW) == "Mar 2, 2025"
    assert formats.exact(before, "ja", TOKYO) == "2025年3月2日（日） 12:00:00"


def test_a_row_tells_the_time_today_and_the_day_before_that() -> None:
    brief = [formats.brief(NOW - timedelta(hours=h), "ja", TOKYO, NOW) for h in (2, 24, 72)]
    assert brief == ["10:00", "昨日", "11月15日"]


@pytest.mark.parametrize(
    ("seconds", "ja", "en"),
    [
        (-5, "0秒", "0 s"),
        (59, "59秒", "59 s"),
        (60, "1分", "1 min"),
        (3599, "59分", "59 min"),
        (7200, "2時間", "2 h"),
    ],
)
def test_a_length_is_told_in_its_largest_unit(seconds: int, ja: str, en: str) -> None:
    assert (formats.duration(seconds, "ja"), formats.duration(seconds, "en")) == (ja, en)


@pytest.mark.parametrize(
    ("name", "sign"),
    [("山田 太郎", "山"), ("Marta Rossi", "MR"), ("jean-paul", "JP"), ("", "?"), ("🙂", "?"), ("ﾔﾏﾀﾞ", "ﾔ")],
)
def test_initials_are_one_sign_or_two_letters(name: str, sign: str) -> None:
    assert formats.initials(name) == sign


def test_a_customer_is_addressed_with_honour_in_japanese_only() -> None:
    assert formats.honoured("山田 太郎", "ja") == "山田 太郎 様"
    assert formats.honoured("山田様", "ja") == "山田様"
    assert formats.honoured("taro@example.jp", "ja") == "taro@example.jp"
    assert formats.honoured("Marta Rossi", "en") == "Marta Rossi"


def test_a_colour_is_always_the_same_and_one_of_36() -> None:
    assert {formats.hue(n) for n in range(100)} <= {f"h{n}" for n in range(36)}
    assert formats.hue("佐藤") == formats.hue("佐藤")


def test_counts_and_sizes_stay_short() -> None:
    assert [formats.at_most_99(n) for n in (0, 99, 100)] == ["0", "99", "99+"]
    assert [formats.filesize(n) for n in (512, 2048, 5 * 1024 * 1024)] == ["512 B", "2.0 kB", "5.0 MB"]
