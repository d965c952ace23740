"""What customers write for a day, a time, a number, a choice or an address, read as what they meant."""

from __future__ import annotations

from datetime import date

import pytest

from bots.dates import read_date
from bots.flow import Choice, Step, StepKind
from bots.times import read_time
from bots.values import Reader

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("明日", "2026-11-23"), ("明後日でお願いします", "2026-11-24"), ("来週の火曜", "2026-11-24"),
        ("再来週の水曜日", "2026-12-02"), ("１１月３日", "2027-11-03"), ("十二月二十四日", "2026-12-24"),
        ("12/24", "2026-12-24"), ("令和8年12月1日", "2026-12-01"), ("3日後", "2026-11-25"), ("25日", "2026-11-25"),
        ("next Tuesday", "2026-11-24"), ("December 24th", "2026-12-24"), ("24 Dec", "2026-12-24"),
        ("the day after tomorrow", "2026-11-24"), ("in 2 weeks", "2026-12-06"), ("2月30日", None),
        ("明日か明後日", None), ("may I?", None), ("20〜22日", None),
        ("12月1日から3日まで", None), ("来年の12月1日", "2027-12-01"), ("来年の2月29日", None),
        ("来月の15日", "2026-12-15"), ("来月末", "2026-12-31"), ("in a week", "2026-11-29"),
        ("27日で取れますか", "2026-11-27"), ("28日で届き次第", "2026-11-28"),
        ("11月25日か27日", None), ("11月25日、27日", None), ("11/25-27", None), ("25・26日", None),
        ("二、三日前", None), ("2、3日前", None), ("土曜日曜", None),
        ("Nov 25-27", None), ("Nov 25 or 26", None), ("November 25 to 27", None), ("25th or 26th of November", None),
        ("明日か金曜日", None), ("tomorrow or Friday", None), ("tomorrow or the day after", None),
        ("来週の火か水", None), ("11月25日、3名", "2026-11-25"), ("Nov 25, 10am", "2026-11-25"),
        ("11月24日（火曜）", "2026-11-24"), ("11月24日（水曜）", None), ("Mon 30 Nov", "2026-11-30"),
        ("Tuesday next week", "2026-11-24"), ("next week on Friday", "2026-11-27"), ("a week from Friday", None),
        ("Friday week", None), ("maybe 3 days from now", "2026-11-25"), ("mark 5", None), ("Sept 5", "2027-09-05"),
        ("maybe 10 or 11 am tomorrow", "2026-11-23"), ("the item I sat on", None), ("sun cream", None),
        ("Sat at 3pm", "2026-11-28"), ("火曜以外", None), ("水曜は無理です", None), ("火曜はだめ", None),
        ("明日は無理なので明後日", "2026-11-24"), ("not tomorrow, Friday", "2026-11-27"), ("any day but Friday", None),
        ("11月25日、2〜3名です", "2026-11-25"), ("24日、10〜12時", "2026-11-24"), ("11/24、10-12時", "2026-11-24"),
        ("11月25日、2足", "2026-11-25"), ("11月25日、1万円", "2026-11-25"), ("11月25日から2泊", "2026-11-25"),
        ("11/25, 2 adults", "2026-11-25"), ("Nov 27 and 2 kids", "2026-11-27"), ("Nov 27, 10 o'clock", "2026-11-27"),
        ("Nov 24, 10-11am", "2026-11-24"), ("Nov 25, 2 or 3 people", "2026-11-25"), ("サイズ40、25日", "2026-11-25"),
        ("数量2、11月25日", "2026-11-25"), ("11月25日、3,000円", "2026-11-25"), ("11/25、27希望", None),
        ("Nov 25, 27 or 29", None), ("Nov 25 and 27 are fine", None), ("11月25日、26日で届けてほしい", None),
        ("25日、26日", None), ("第一希望25、26日", None), ("11/25、27（金）", None), ("24, 25 November", None),
    ],
)  # fmt: skip
def test_days_are_read_as_people_write_them(written: str, day: str | None) -> None:
    assert read_date(written, SUNDAY) == day


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("三日前に買いました", "2026-11-19"), ("2週間前", "2026-11-08"), ("昨日", "2026-11-21"),
        ("一昨日", "2026-11-20"), ("December 3 last year", "2025-12-03"),
        ("先週の金曜", "2026-11-13"), ("先々週の月曜日", "2026-11-02"), ("先月の31日", "2026-10-31"),
        ("去年の12月24日", "2025-12-24"), ("last Friday", "2026-11-20"), ("last Sunday", "2026-11-15"),
        ("Friday last week", "2026-11-13"), ("この前の日曜日", "2026-11-15"), ("先日の金曜", "2026-11-20"),
        ("昨日（21日）", "2026-11-21"),
        ("two days ago", "2026-11-20"), ("a week ago", "2026-11-15"), ("the day before yesterday", "2026-11-20"),
    ],
)  # fmt: skip
def test_days_that_are_over_are_not_taken_for_days_to_come(written: str, day: str) -> None:
    assert read_date(written, SUNDAY) == day


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("next Wed", "2026-12-02"), ("next Sat at 3pm", "2026-12-05"), ("next Mon", "2026-11-30"),
        ("Wed next week", "2026-12-02"), ("Sat, next week", "2026-12-05"), ("next week on Sun", "2026-12-06"),
        ("last Sat", "2026-11-21"), ("I bought it last Mon", "2026-11-16"), ("Sat last week", "2026-11-21"),
        ("this Sat", "2026-11-28"), ("on Sat", "2026-11-28"), ("next Wed or Sat", None), ("next sun cream", None),
    ],
)  # fmt: skip
def test_the_short_name_of_a_weekday_is_of_the_week_that_is_said(written: str, day: str | None) -> None:
    assert read_date(written, date(2026, 11, 23)) == day


@pytest.mark.parametrize(
    ("written", "any_day", "ahead"),
    [
        ("11月3日", "2026-11-03", "2027-11-03"), ("Nov 3", "2026-11-03", "2027-11-03"),
        ("12/24", "2026-12-24", "2026-12-24"), ("5月3日", "2027-05-03", "2027-05-03"),
        ("June 3", "2026-06-03", "2027-06-03"), ("Nov 3, 2027", "2027-11-03", "2027-11-03"),
        ("2月29日", "2028-02-29", "2028-02-29"), ("11月3日、2週間使用しました", "2026-11-03", "2027-11-03"),
        ("11月3日に買いました、3日で壊れました", "2026-11-03", "2027-11-03"),
    ],
)  # fmt: skip
def test_a_day_without_a_year_is_the_nearer_one_unless_only_days_ahead_are_asked_for(
    written: str, any_day: str, ahead: str
) -> None:
    assert read_date(written, SUNDAY, ahead=False) == any_day
    assert read_date(written, SUNDAY) == ahead


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("午後2時半", "14:30"), ("14時", "14:00"), ("3 p.m.", "15:00"), ("25時", None), ("10 people", None),
        ("夕方5時", "17:00"), ("お昼1時", "13:00"), ("夜9時", "21:00"), ("今晩8時", "20:00"), ("深夜1時", "01:00"),
        ("夜12時", "00:00"), ("午前0時", "00:00"), ("朝7時半", "07:30"), ("午後12時", "12:00"), ("12 am", "00:00"),
        ("14時30", "14:30"), ("14時30頃", "14:30"), ("14時2名", "14:00"), ("2時間後", None), ("2pm-4pm", None),
        ("正午", "12:00"), ("夜の7時", "19:00"), ("午後3時15", "15:15"), ("7:30 in the evening", "19:30"),
        ("2026.11.03", None), ("11:30 at night", "23:30"), ("in the afternoon", None), ("tomorrow afternoon", None),
        ("at noon", "12:00"), ("tomorrow afternoon at 3:00", "15:00"), ("tonight at 7:30", "19:30"),
        ("7:30 tonight", "19:30"), ("ごご3時", "15:00"), ("10〜12時", None), ("10-12時", None), ("11、12時", None),
        ("2-4pm", None), ("between 3 and 5 pm", None), ("from 3 to 5pm", None), ("11/25, 10:00", "10:00"),
        ("Nov 5, 10:00", "10:00"), ("25日、10時", "10:00"), ("2時", None), ("3時ごろに伺います", None),
        ("02:00", "02:00"), ("朝6時", "06:00"), ("12時", "12:00"), ("12時半", "12:30"), ("12:00", "12:00"),
        ("明日12時", "12:00"), ("23時", "23:00"), ("23:30", "23:30"), ("2:30", None), ("6時", None),
        ("Evening is no problem, 7:30", "19:30"), ("the afternoon isn't a problem, 2:30", "14:30"),
        ("Good evening, 10:30 please", "10:30"), ("Good evening, can I come at 11:00?", "11:00"),
        ("Good morning, tonight at 7:30", "19:30"), ("I can’t this evening, 10:30 is fine", "10:30"),
        ("not in the evening, 10:30", "10:30"), ("tonight doesn't work, 10:30 tomorrow", "10:30"),
        ("why not this evening at 7:30", "19:30"), ("can't wait, tonight at 7:30", "19:30"),
    ],
)  # fmt: skip
def test_times_are_read_as_people_write_them(written: str, time: str | None) -> None:
    assert read_time(written) == time


PIECES = ("3個", "6個", "12個")
NEEDED, COLOURS, SIZES, TIMES = (
    ("必要", "不要"),
    ("赤", "青", "白"),
    ("大", "中", "小"),
    ("Morning", "Evening"),
)
GUESTS = ("1名", "2名", "3名", "4名以上")


@pytest.mark.parametrize(
    ("choices", "written", "chosen"),
    [
        (PIECES, "3個です", "3個"), (PIECES, "３", "3個"), (PIECES, "2個", None), (PIECES, "二番目", "6個"),
        (GUESTS, "12名です", None), (GUESTS, "2", "2名"), (GUESTS, "4名です", "4名以上"),
        (("Yes", "No"), "I don't know", None), (("Yes", "No"), "not sure", None), (("Yes", "No"), "yep", "Yes"),
        (("Red", "Blue"), "I ordered it yesterday", None), (("Red", "Blue"), "the red one", "Red"),
        (("はい", "いいえ"), "うん", "はい"), (("はい", "いいえ"), "違います", "いいえ"),
        (("S", "L", "XL"), "XL please", "XL"), (("コート", "ロングコート"), "ロングコートです", "ロングコート"),
        (("コート", "帽子"), "2つ目", "帽子"), (("コート", "帽子"), "どれでもない", None),
        (NEEDED, "必要ありません", None), (NEEDED, "必要ないです", None), (NEEDED, "必要じゃない", None),
        (NEEDED, "必要です", "必要"), (("あり", "なし"), "特にありません", None),
        (("あり", "なし"), "ありません。お願いします", None), (("あり", "なし"), "ありで", "あり"),
        (("開封済み", "未開封"), "開封済みではない", None), (("使用", "未使用"), "使用していません", None),
        (COLOURS, "赤以外", None), (COLOURS, "赤じゃない", None), (COLOURS, "赤じゃなくて青", "青"),
        (COLOURS, "赤色です", "赤"), (COLOURS, "赤いやつ", "赤"), (("現金", "カード"), "現金以外", None),
        (("現金", "カード"), "現金は無理です", None), (SIZES, "大阪です", None), (SIZES, "大きいやつ", "大"),
        (("New", "Used"), "not new", None), (("New", "Used"), "used, not new", "Used"),
        (TIMES, "not in the evening", None), (TIMES, "good morning", None), (TIMES, "in the evening", "Evening"),
        (TIMES, "good morning, evening please", "Evening"), (("Red", "Blue"), "not the red one", None),
        (("Red", "Blue"), "No, the red one", "Red"), (("Yes", "No"), "I have no idea", None),
        (("Yes", "No"), "No, I don't", "No"), (("Yes", "No"), "no thanks", "No"),
        (("はい", "いいえ"), "いいえではない", None),
        (("はい", "いいえ"), "これはいい", None), (("Left", "Right"), "the right one", "Right"),
        (("サイズが合わない", "不良・破損"), "サイズが合わないからです", "サイズが合わない"),
    ],
)  # fmt: skip
def test_the_choice_that_was_said_is_taken_and_no_other(
    choices: tuple[str, ...], written: str, chosen: str | None
) -> None:
    step = Step("which", "どれ", "どれ？", "choice", choices=tuple(map(Choice, choices)))
    assert Reader(SUNDAY).read(step, written) == chosen


HALVES, WAYS, ITS_STATE = ("午前", "午後"), ("電話", "メール"), ("New", "Used")
HELP = ("ログイン", "不良品")


@pytest.mark.parametrize(
    ("choices", "written", "chosen"),
    [
        (HALVES, "午前は都合が悪い", None), (HALVES, "午前は難しいです", None), (HALVES, "午前はできません", None),
        (HALVES, "午前はちょっと…", None), (HALVES, "午前中は無理なので午後", "午後"),
        (HALVES, "午前は都合が良いです", "午前"), (HALVES, "午前はちょっと遅めで", "午前"),
        (WAYS, "電話はやめて", None), (WAYS, "電話は困ります", None), (WAYS, "電話には出られません", None),
        (WAYS, "電話には出られます", "電話"), (("現金", "カード"), "カードは使えない", None),
        (("試着", "お直し"), "試着したくない", None), (("試着", "お直し"), "試着したいです", "試着"),
        (HELP, "不良品で困っています", "不良品"), (HELP, "ログインができません", "ログイン"),
        (ITS_STATE, "never used", None), (ITS_STATE, "hardly used", None),
        (TIMES, "I can't in the morning", None), (TIMES, "any but the morning", None),
        (TIMES, "any time but the morning", None), (TIMES, "I can come in the morning", "Morning"),
        (("Red", "Blue"), "I don't want red", None), (("Red", "Blue"), "I don't like red", None),
        (("Size", "Colour"), "I don't like the colour", "Colour"),
        (("Log in", "Payment"), "I can't log in", "Log in"),
    ],
)  # fmt: skip
def test_a_choice_that_does_not_suit_is_not_taken_and_one_that_fails_is_named(
    choices: tuple[str, ...], written: str, chosen: str | None
) -> None:
    step = Step("which", "どれ", "どれ？", "choice", choices=tuple(map(Choice, choices)))
    assert Reader(SUNDAY).read(step, written) == chosen


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        ("email", "o'brien@example.com", "o'brien@example.com"), ("email", "a&b@example.com", "a&b@example.com"),
        ("email", "té.st@example.com", None), ("email", "メールはtaro@example.jpです", "taro@example.jp"),
        ("email", "'taro@example.jp'", "taro@example.jp"), ("phone", "+81 (0)90-1234-5678", "+819012345678"),
        ("phone", "090-1234-5678", "09012345678"), ("phone", "(03) 1234-5678", "0312345678"),
        ("phone", "090-1234-5678（10時〜18時）", "09012345678"), ("phone", "090-1234-5678 14時以降", "09012345678"),
        ("phone", "415-555-0123", None), ("email", "taro/yamada@example.com", None),
        ("email", "taro!x@example.com", None), ("email", "taro#1@example.com", None),
        ("number", "10万円", "100000"), ("number", "3千円", "3000"), ("number", "-3", None), ("number", "1.5", None),
        ("number", "3万5千円", None), ("number", "A-1234", "1234"), ("number", "1,200円", "1200"),
    ],
)  # fmt: skip
def test_an_address_is_kept_whole_or_asked_for_again(kind: StepKind, written: str, kept: str | None) -> None:
    assert Reader(SUNDAY).read(Step("to", "連絡先", "連絡先は？", kind), written) == kept


def test_a_number_in_a_circle_does_not_grow_together_with_the_one_behind_it() -> None:
    order = Step("order", "注文番号", "注文番号は？", "number", r"\d{4,6}")
    assert Reader(SUNDAY).read(order, "①5512") == "5512"
    which = Step("which", "どれ", "どれ？", "choice", choices=(Choice("コート"), Choice("帽子")))
    assert Reader(SUNDAY).read(which, "②です") == "帽子"
