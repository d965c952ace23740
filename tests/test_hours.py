"""Business hours: weekdays, holidays, nights, and the way back to the setting."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.hours import BadHours, closing, from_setting, holiday_name, is_open, next_opening, to_setting
from tests.examples import some

TOKYO = ZoneInfo("Asia/Tokyo")
OFFICE = {
    "timezone": "Asia/Tokyo",
    "week": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}


def at(written: str, zone: ZoneInfo = TOKYO) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=zone)


def test_without_a_setting_somebody_is_always_there() -> None:
    assert is_open(from_setting(None), at("2026-01-01T03:00"))
    assert next_opening(from_setting({}), at("2026-01-01T03:00")) == at("2026-01-01T03:00")
    assert closing(from_setting({}), at("2026-01-01T03:00")) is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-18T08:59", False),
        ("2026-11-18T09:00", True),
        ("2026-11-18T17:59", True),
        ("2026-11-18T18:00", False),
        ("2026-11-21T12:00", False),
        ("2026-11-23T12:00", False),
    ],
)
def test_an_office_opens_on_weekdays_that_are_no_holiday(moment: str, expected: bool) -> None:
    assert is_open(from_setting(OFFICE), at(moment)) is expected


def test_a_lunch_break_is_closed_and_the_afternoon_is_the_next_opening() -> None:
    hours = from_setting({"week": {"wed": [["13:00", "18:00"], ["09:00", "12:00"]]}})
    assert not is_open(hours, at("2026-11-18T12:30"))
    assert next_opening(hours, at("2026-11-18T12:30")) == at("2026-11-18T13:00")
    assert closing(hours, at("2026-11-18T10:00")) == at("2026-11-18T12:00")


def test_a_substitute_holiday_is_a_holiday() -> None:
    # 2026-05-03 (憲法記念日) is a Sunday; the 4th and 5th are holidays too, so the 6th is the 振替休日.
    assert holiday_name(date(2026, 5, 6))
    assert next_opening(from_setting(OFFICE), at("2026-05-02T12:00")) == at("2026-05-07T09:00")


def test_a_day_between_two_holidays_is_a_holiday() -> None:
    # 2026-09-21 敬老の日, 23 秋分の日: the 22nd is a 国民の休日.
    assert not is_open(from_setting(OFFICE), at("2026-09-22T12:00"))


def test_a_shop_may_be_open_on_public_holidays_or_at_other_times() -> None:
    assert is_open(from_setting(OFFICE | {"public_holidays": "open"}), at("2026-11-23T12:00"))
    short = from_setting(OFFICE | {"public_holidays": [["10:00", "15:00"]]})
    assert next_opening(short, at("2026-11-22T12:00")) == at("2026-11-23T10:00")
    assert not is_open(short, at("2026-11-23T16:00"))


def test_the_new_year_closing_is_said_once_for_all_years() -> None:
    closed: dict[str, list[Any]] = {day: [] for day in ("12-29", "12-30", "12-31", "01-01", "01-02", "01-03")}
    hours = from_setting(OFFICE | {"yearly": closed})
    # 2026-12-28 is a Monday; 2027-01-04 is a Monday.
    assert is_open(hours, at("2026-12-28T17:59"))
    assert next_opening(hours, at("2026-12-28T18:00")) == at("2027-01-04T09:00")


def test_one_day_may_differ_from_everything_else() -> None:
    hours = from_setting(OFFICE | {"yearly": {"12-30": []}, "days": {"2026-12-30": [["10:00", "12:00"]]}})
    assert is_open(hours, at("2026-12-30T11:00"))
    assert not is_open(hours, at("2027-12-30T11:00"))


def test_a_bar_is_open_past_midnight_and_over_the_turn_of_the_year() -> None:
    hours = from_setting({"week": {"thu": [["18:00", "02:00"]]}, "public_holidays": "open"})
    assert is_open(hours, at("2027-01-01T01:59"))  # the Thursday was 31 December
    assert not is_open(hours, at("2027-01-01T02:00"))
    assert closing(hours, at("2026-12-31T23:00")) == at("2027-01-01T02:00")


def test_around_the_clock_is_one_range_a_day() -> None:
    hours = from_setting({"week": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed")}})
    assert closing(hours, at("2026-11-16T05:00")) == at("2026-11-19T00:00")


def test_the_viewer_may_be_in_another_zone() -> None:
    hours = from_setting(OFFICE)
    assert is_open(hours, datetime(2026, 11, 18, 0, 0, tzinfo=UTC))
    assert not is_open(hours, at("2026-11-18T10:00", ZoneInfo("Europe/Rome")))


def test_the_clock_change_neither_opens_nor_closes_an_hour() -> None:
    hours = from_setting(
        {"timezone": "Europe/Rome", "week": {"sun": [["01:00", "04:00"]]}, "public_holidays": "open"}
    )
    spring = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)  # 01:00 in Rome; the clock skips from 02:00 to 03:00
    assert is_open(hours, spring)
    assert is_open(hours, spring + timedelta(minutes=119))
    assert not is_open(hours, spring + timedelta(minutes=120))


def test_a_shop_that_never_opens_has_no_next_opening() -> None:
    assert next_opening(from_setting({"week": {}}), at("2026-11-18T12:00")) is None


@pytest.mark.parametrize(
    "setting",
    [
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"week": []},
        {"week": {"mon": "09:00-18:00"}},
        {"week": {"mon": [["09:00"]]}},
        {"week": {"mon": [["9 o'clock", "18:00"]]}},
        {"week": {"mon": [["09:00", "30:00"]]}},
        {"week": {"mon": [["24:00", "24:00"]]}},
        {"week": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}},
        {"days": {"2026-02-30": []}},
        {"yearly": {"13-01": []}},
        {"public_holidays": "sometimes"},
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(setting: dict[str, Any]) -> None:
    with pytest.raises(BadHours, match=r"[.]$"):
        from_setting(setting)


minutes = st.integers(0, 1439)


@st.composite
def day_ranges(draw: st.DrawFn) -> list[list[str]]:
    edges = sorted(draw(st.sets(minutes, min_size=0, max_size=6)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return [[f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}"] for a, b in pairs]


@st.composite
def hours_settings(draw: st.DrawFn) -> dict[str, Any]:
    week = {day: draw(day_ranges()) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    holidays = draw(st.sampled_from(["open", "closed", [["10:00", "11:30"]]]))
    return {
        "timezone": "Asia/Tokyo",
        "week": week,
        "public_holidays": holidays,
        "days": {},
        "yearly": {"12-31": []},
    }


@given(hours_settings())
@settings(max_examples=some(50))
def test_the_setting_comes_back_as_it_was_written(written: dict[str, Any]) -> None:
    assert to_setting(from_setting(written)) == written
    assert from_setting(to_setting(from_setting(written))) == from_setting(written)


moments = st.integers(0, 700 * 1440).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(hours_settings(), moments)
@settings(max_examples=some(60))
def test_the_next_opening_is_open_and_the_moment_before_it_is_not(
    written: dict[str, Any], moment: datetime
) -> None:
    hours = from_setting(written)
    opening = next_opening(hours, moment)
    if opening is None:
        return
    assert opening >= moment
    assert is_open(hours, opening)
    if opening > moment:
        assert not is_open(hours, opening - timedelta(seconds=1))
    end = closing(hours, opening)
    assert end is not None
    assert not is_open(hours, end)
