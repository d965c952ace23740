"""Business hours as people type them, in Japanese and English, and what is said about slips of the pen."""

from datetime import date

import pytest

from app import hours, timetable
from app.hours import Hours
from app.timetable import Unclear


def said(typed: str) -> str:
    return timetable.write_ranges(timetable.read_ranges(typed), "closed")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("9:00-18:00", "09:00–18:00"),
        ("9-18", "09:00–18:00"),
        ("９：００〜１２：００、１３：３０～１８：００", "09:00–12:00, 13:30–18:00"),
        ("9時から12時半まで", "09:00–12:30"),
        ("10時15分–19時", "10:15–19:00"),
        ("13-18; 9-12", "09:00–12:00, 13:00–18:00"),
        ("22:00–2:00", "22:00–02:00"),
        ("18時〜26時", "18:00–02:00"),
        ("9:00 to 18:00", "09:00–18:00"),
        ("24時間", "00:00–24:00"),
        ("休み", "closed"),
        ("Closed", "closed"),
        ("  ", "closed"),
    ],
)
def test_hours_are_read_the_way_people_write_them(typed: str, read: str) -> None:
    assert said(typed) == read
    assert said(read) == read


@pytest.mark.parametrize(
    "typed", ["9:00", "25-26", "9-12, 11-13", "soon", "9:99-10", "-", "24:00-25:00", "9-10-11", "2-27"]
)
def test_hours_that_make_no_sense_are_a_sentence(typed: str) -> None:
    with pytest.raises(Unclear) as unclear:
        timetable.read_ranges(typed)
    assert unclear.value.sentence.endswith(".")


def test_a_week_names_every_day_that_cannot_be_read() -> None:
    week, problems = timetable.week_of(["9-18", "x", "", "9-18", "9-18", "25-26", "休み"])
    assert set(problems) == {"tue", "sat"}
    assert week[0] == (hours.Range(540, 1080),)
    assert week[6] == ()


def test_own_days_hold_once_or_every_year() -> None:
    own = timetable.read_days("2026-12-31 10:00-15:00\n\n1月2日(金) 休み\n5/3 9-12, 13-15")
    assert own.once == {date(2026, 12, 31): (hours.Range(600, 900),)}
    assert own.yearly == {(1, 2): (), (5, 3): (hours.Range(540, 720), hours.Range(780, 900))}


@pytest.mark.parametrize("typed", ["12/29〜1/3", "12-29 ~ 01-03 closed", "12月29日から1月3日まで 休み"])
def test_a_span_may_cross_the_new_year(typed: str) -> None:
    yearly = timetable.read_days(typed).yearly
    assert sorted(yearly) == [(1, 1), (1, 2), (1, 3), (12, 29), (12, 30), (12, 31)]
    assert not any(yearly.values())


def test_a_span_of_every_year_that_crosses_the_new_year_has_the_leap_day() -> None:
    own = timetable.read_days("12/1〜3/31 10:00-16:00")
    assert (2, 29) in own.yearly
    assert len(own.yearly) == 31 + 31 + 29 + 31
    assert timetable.read_days(timetable.write_days(Hours(yearly=own.yearly), "closed")) == own


def test_a_span_of_one_year_crosses_into_the_next() -> None:
    once = timetable.read_days("2026-12-30 ~ 01-02").once
    assert sorted(once) == [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("closed on Sundays", 1),
        ("12-31\n2026-02-30", 2),
        ("12-31\n\n1-2 25-26", 3),
        ("2026-05-10 ~ 2026-05-01", 1),
        ("2026-01-01 ~ 2028-01-01", 1),
        ("13/1", 1),
        ("0000-01-01", 1),
        ("9999-12-31 ~ 01-01", 1),
    ],
)
def test_a_line_that_cannot_be_read_is_named(typed: str, line: int) -> None:
    with pytest.raises(Unclear) as unclear:
        timetable.read_days(typed)
    assert unclear.value.line == line


@pytest.mark.parametrize("closed", ["closed", "休業"])
def test_what_is_written_back_is_read_as_the_same(closed: str) -> None:
    typed = "12-29 ~ 01-03\n2026-05-01 ~ 2026-05-05 10-15\n2026-05-06 10-15\n2026-08-13 9-12, 22-2"
    own = timetable.read_days(typed)
    written = timetable.write_days(Hours(days=own.once, yearly=own.yearly), closed)
    assert timetable.read_days(written) == own
    assert "2026-05-01 ~ 2026-05-06 10:00–15:00" in written.splitlines()


def test_a_list_without_end_is_refused() -> None:
    with pytest.raises(Unclear):
        timetable.read_days("12-31\n" * 2000)
