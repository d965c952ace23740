"""Columns of call logs, and the calls in their rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.calllog import columns, keeping
from app.calllog.rows import INTERNAL, NO_NUMBER, Reading, call_of
from app.tables import Row, Unreadable, guarded
from channels.events import Call, Ignored

HEADER = [
    *(
        "通話ID",
        "通話開始日時",
        "通話終了日時",
        "発信元番号",
        "着信番号",
        "お客様名",
        "担当者",
        "スキル",
        "種別",
    ),
    *(
        "通話時間(秒)",
        "呼出時間",
        "保留時間",
        "後処理時間",
        "通話結果",
        "問合せ区分",
        "備考",
        "録音ファイル名",
    ),
]
ROW = [
    *(
        "C-1",
        "2024/1/5 9:03:07",
        "2024/1/5 9:06:40",
        "090-1234-5678",
        "03-1111-2222",
        "髙橋 花子",
        "佐藤",
        "注文",
        "着信",
    ),
    *("205", "8秒", "0:00:10", "1分", "応答", "配送", "明日の午前に再配達を希望", "rec1.wav"),
]


def reading(header: list[str], **more: Any) -> Reading:
    return Reading(header, columns.guess(header), **more)


def call(header: str, row: str, **more: Any) -> Call:
    found = call_of(Row(2, row.split(",")), reading(header.split(","), **more))
    assert isinstance(found, Call)
    return found


def test_a_row_with_everything_is_a_whole_call() -> None:
    found = call_of(Row(2, ROW), reading(HEADER))
    assert isinstance(found, Call)
    assert (found.external_id, found.state, found.direction, found.result) == (
        "C-1",
        "ended",
        "in",
        "answered",
    )
    assert (found.sender.address, found.sender.kind, found.sender.name) == (
        "+819012345678",
        "phone",
        "髙橋 花子",
    )
    assert (found.line, found.agent, found.queue, found.category) == ("+81311112222", "佐藤", "注文", "配送")
    assert (found.ring_seconds, found.talk_seconds, found.hold_seconds, found.wrap_seconds) == (
        8,
        205,
        10,
        60,
    )
    assert found.started_at == datetime(2024, 1, 5, 0, 3, 7, tzinfo=UTC)
    assert found.ended_at == found.at == datetime(2024, 1, 5, 0, 6, 40, tzinfo=UTC)
    assert found.text == "明日の午前に再配達を希望\n録音ファイル名: rec1.wav"
    assert found.recording is None
    assert found.history
    assert found.withheld == ""


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("id", "通話ID|コールID|接続番号|UUID"),
        ("start", "通話開始日時|通話開始時刻|着信日時|発信日時|コール開始時間|通話日時"),
        ("answered", "応答日時|応答時間"),
        ("end", "通話終了日時|切断日時"),
        ("from", "発信番号|発信元番号|発信者番号"),
        ("customer", "お客様電話番号"),
        ("to", "着信番号|着信先番号|相手先番号|最終着信番号"),
        ("name", "発信者名|お客様名"),
        ("agent", "担当者|オペレータ|オペレーター|スタッフ名|エージェント|対応者|内線番号"),
        ("queue", "業務|スキル|コールセンター名|窓口|グループ"),
        ("direction", "種別|発着信区分|通話種別"),
        ("talk", "通話時間|通話時間（秒）|通話時間[分]"),
        ("ring", "呼出時間"),
        ("wait", "待ち時間"),
        ("hold", "保留時間"),
        ("wrap", "後処理時間"),
        ("result", "通話結果|ステータス|応答結果"),
        ("disposition", "対応結果"),
        ("category", "問合せ区分|カテゴリ|ラベル"),
        ("memo", "備考|メモ|応対メモ|対応内容"),
        ("recording", "録音ファイル|録音ファイル名|録音URL"),
    ],
)
def test_the_columns_of_every_vendor_are_known(field: str, names: str) -> None:
    assert {name: columns.field_of(name) for name in names.split("|")} == dict.fromkeys(
        names.split("|"), field
    )


def test_of_several_columns_for_one_thing_the_better_name_is_taken() -> None:
    header = [
        "calldate",
        "clid",
        "src",
        "dst",
        "duration",
        "billsec",
        "disposition",
        "uniqueid",
        "linkedid",
        "status",
    ]
    found = columns.guess(header)
    assert {name: header[at] for name, at in found.items()} == {
        **{"id": "linkedid", "start": "calldate", "from": "src", "to": "dst", "talk": "billsec"},
        **{"result": "status", "disposition": "disposition"},
    }
    assert header[columns.guess(header[:-1])["result"]] == "disposition"


def test_what_is_missing_is_told() -> None:
    assert "began" in columns.problem_of({"from": 1})
    assert "telephone number" in columns.problem_of({"start": 1})
    assert columns.problem_of({"date": 0, "customer": 1}) == ""


def test_a_call_of_ours_is_with_whom_it_went_to() -> None:
    found = call("種別,発信番号,着信番号,通話日時,通話時間", "発信,0311112222,09012345678,2024/1/5 9:00,0")
    assert (found.direction, found.sender.address, found.line) == ("out", "+819012345678", "+81311112222")
    assert found.result == "missed"
    told = call("通話種別,お客様電話番号,着信日時", "架電,09012345678,2024/1/5 9:00")
    assert (told.direction, told.sender.address) == ("out", "+819012345678")
    with pytest.raises(Unreadable, match="no number that was called"):
        call("種別,発信番号,着信番号,通話日時", "発信,0311112222,,2024/1/5 9:00")


@pytest.mark.parametrize("written", ["非通知", "公衆電話", "表示圏外", "anonymous"])
def test_trap_38_a_withheld_caller_has_no_address_and_the_system_s_own_words(written: str) -> None:
    found = call("発信者番号,着信日時,備考", f"{written},2024/1/5 9:00,無言")
    assert (found.sender.address, found.withheld) == ("", written)


def test_who_is_not_told_at_all_is_unknown() -> None:
    assert call("発信者番号,着信日時", ",2024/1/5 9:00").withheld == NO_NUMBER


def test_calls_within_the_house_are_nobody_s() -> None:
    for row in ("内線,201,202", "着信,201,0311112222", "発信,0311112222,205"):
        found = call_of(
            Row(2, [*row.split(","), "2024/1/5 9:00"]), reading(["種別", "発信番号", "着信番号", "通話日時"])
        )
        assert found == Ignored(INTERNAL)


def test_a_date_and_a_time_in_two_columns_are_one_moment() -> None:
    found = call("着信日,着信時刻,切断時刻,発信者番号", "2024/1/5,23:59:50,0:01:10,09012345678")
    assert found.started_at == datetime(2024, 1, 5, 14, 59, 50, tzinfo=UTC)
    assert found.ended_at == datetime(2024, 1, 5, 15, 1, 10, tzinfo=UTC)


def test_an_answer_time_is_a_moment_or_how_long_it_took() -> None:
    header = "着信日時,応答時間,通話時間,発信者番号"
    told = [
        call(header, f"2024/1/5 9:00:00,{cell},60,09012345678")
        for cell in ("9:00:12", "0:00:12", "12秒", "2024/1/5 9:00:12", "")
    ]
    assert [one.ring_seconds for one in told] == [12, 12, 12, 12, None]
    assert [one.answered_at is not None for one in told] == [True, False, False, True, False]
    assert all(one.result == "answered" for one in told)


def test_what_was_missed_lately_is_work_and_the_rest_is_history() -> None:
    after = datetime(2024, 1, 4, tzinfo=UTC)
    header = "着信日時,発信者番号,応答結果"
    told = [
        call(header, f"{day} 9:00,09012345678,{result}", work_after=after).history
        for day, result in (
            ("2024/1/5", "不応答"),
            ("2024/1/5", "放棄"),
            ("2024/1/5", "応答"),
            ("2024/1/3", "不応答"),
        )
    ]
    assert told == [False, False, True, True]


def test_a_row_without_an_id_is_known_by_what_it_tells() -> None:
    header = "着信日時,発信者番号,着信番号,担当者,通話時間"
    row = "2024/1/5 9:00,090-1234-5678,0311112222,佐藤,60"
    again = "2024-01-05 09:00:00,9012345678,03-1111-2222,佐藤,0:01:00"
    other = "2024/1/5 9:00,090-1234-5678,0311112222,鈴木,60"
    assert call(header, row).external_id == call(header, again).external_id
    assert call(header, row).external_id != call(header, other).external_id


def test_an_unknown_result_is_kept_in_its_own_words() -> None:
    found = call("着信日時,発信者番号,通話結果,通話時間", "2024/1/5 9:00,09012345678,要確認,30")
    assert (found.result, found.disposition) == ("answered", "要確認")


def test_sixty_four_columns_and_too_many_cells() -> None:
    header = ["発信者番号", "着信日時", *(f"列{n}" for n in range(61)), "備考"]
    cells = ["09012345678", "2024/1/5 9:00", *(["x"] * 61), "読めた"]
    found = call_of(Row(2, cells), reading(header))
    assert isinstance(found, Call)
    assert found.text == "読めた"
    assert isinstance(call_of(Row(2, cells[:5]), reading(header)), Call)
    with pytest.raises(Unreadable, match="65 cells where the header has 64"):
        call_of(Row(2, [*cells, "more"]), reading(header))


def test_rows_are_stored_as_they_stand_in_the_file_and_read_from_there() -> None:
    broken = Row(3, ["x"], Unreadable("this is no CSV (%(error)s); left out", error="?"))
    body = keeping.dumps([Row(2, ROW), broken, Row(4, ["C-2", "soon"])], reading(HEADER))
    assert "髙橋 花子".encode("unicode_escape") in body
    first, second, third = keeping.loads(body)
    assert first == call_of(Row(2, ROW), reading(HEADER))
    assert second == Ignored("Line 3: this is no CSV (?); left out", malformed=True)
    assert isinstance(third, Ignored)
    assert third.reason.startswith("Line 4: “soon”")


@pytest.mark.parametrize("memo", ["- 折り返し済み", "=確認", "'本人'より", "普通"])
def test_a_memo_that_comes_back_from_the_problems_is_as_it_was(memo: str) -> None:
    cells = [*ROW[:15], guarded(memo), ""]
    found = call_of(Row(2, cells), reading(HEADER))
    assert isinstance(found, Call)
    assert found.text == memo


def test_of_a_payment_card_s_number_in_a_memo_only_the_end_is_kept() -> None:
    cells = [*ROW[:15], "カード 4111 1111 1111 1111 で支払い", "4111111111111111.wav"]
    cells[0] = "4111111111111111"
    body = keeping.dumps([Row(2, cells)], reading(HEADER))
    (found,) = keeping.loads(body)
    assert isinstance(found, Call)
    assert found.external_id == "4111111111111111"
    assert found.text.startswith("カード •••• 1111 で支払い")
    assert b"4111 1111" not in body
