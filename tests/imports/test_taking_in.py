"""`madoguchi calls import`: call logs come in by the same door, once, into the threads of those who called."""

from __future__ import annotations

import csv
import io
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from app import customers, imports, intake, verify
from app.cli.progress import Pace
from app.db import now, reading, transaction
from app.imports import working
from app.models import Call, CallImport, Case, Channel, Customer, Identity, Message, RawReceipt
from app.models.call_import import DONE, RUNNING, STOPPED
from tests import factories as make
from tests.imports.logs import HEADER, ROWS, log, many, run

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def phone() -> Channel:
    with transaction() as db:
        channel = make.channel(db, "call", key="phone", secrets={"secret": "a secret of the telephones"})
        make.channel(db, "api", key="api")
    return channel


def told() -> dict[str, tuple[str, str, str]]:
    """Id of a call → its number, result and text."""
    with reading() as db:
        both = db.execute(select(Call, Message).join(Message, Message.id == Call.message_id))
        return {str(call.external_id): (call.number, call.result, message.text) for call, message in both}


def counted(what: type) -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(what)) or 0


def assert_clean() -> None:
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_a_call_centre_s_log_in_cp932_lands_in_the_right_threads(tmp_path: Path) -> None:
    with transaction() as db:
        hers = customers.Contact(("phone", "", "+819012345678"), name="髙橋 花子")
        hanako = customers.identify(db, hers).customer_id
    result = run(log(tmp_path))
    assert result.exit_code == 0, result.output
    assert "Read as cp932" in result.output
    assert "7 rows: 6 calls taken in, 0 there already, 1 within the house, 0 with problems." in result.output
    assert told() == {
        "C-1": ("+819012345678", "answered", "①配送～表ソ能"),
        "C-2": ("+819012345678", "missed", ""),
        "C-3": ("+81312345678", "answered", "一行目\n二行目, 引用"),
        "C-4": ("", "answered", "無言"),
        "C-5": ("", "answered", "無言"),
        "C-6": ("+818087654321", "answered", "折り返し"),
    }
    with reading() as db:
        ids = select(Message.external_id).join(Identity, Identity.id == Message.identity_id)
        assert sorted(map(str, db.scalars(ids.where(Identity.customer_id == hanako)))) == ["C-1", "C-2"]
        assert db.scalar(select(func.count(Case.id))) == 0
        night = db.scalars(select(Call).filter_by(external_id="C-3")).one()
    assert night.started_at == datetime(2024, 1, 5, 15, 10, tzinfo=UTC)
    assert_clean()


def test_trap_38_two_who_withhold_their_number_are_never_one_person(tmp_path: Path) -> None:
    withheld = [
        [f"W-{n}", f"2024/1/6 9:{n:02}", word, *ROWS[3][3:]]
        for n, word in enumerate(("非通知", "公衆電話", "非通知", ""))
    ]
    assert run(log(tmp_path, withheld)).exit_code == 0
    with reading() as db:
        people = db.scalars(
            select(Identity.customer_id).join(Message, Message.identity_id == Identity.id)
        ).all()
        shown = db.scalars(select(Call.withheld).order_by(Call.external_id)).all()
    assert len(set(people)) == len(people) == 4
    assert shown == ["非通知", "公衆電話", "非通知", "不明"]


def test_trap_37_excel_s_guards_and_a_lost_zero_are_the_same_caller(tmp_path: Path) -> None:
    written = [
        '="09012345678"',
        "'09012345678",
        "9012345678",
        "＋８１ ９０ １２３４ ５６７８",
        "090-1234-5678",
    ]
    rows = [[f"G-{n}", f"2024/1/6 9:{n:02}", number, *ROWS[0][3:]] for n, number in enumerate(written)]
    assert run(log(tmp_path, rows)).exit_code == 0
    with reading() as db:
        (identity,) = db.scalars(select(Identity).filter_by(kind="phone"))
    assert identity.address == "+819012345678"


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    path = log(tmp_path)
    run(path)
    before = (counted(Message), counted(RawReceipt), counted(Customer), counted(CallImport))
    again = run(path)
    assert again.exit_code == 0
    assert "taken in already" in again.output
    assert (counted(Message), counted(RawReceipt), counted(Customer), counted(CallImport)) == before


def test_of_a_longer_log_only_what_is_new_comes_in_and_a_later_memo_holds(tmp_path: Path) -> None:
    run(log(tmp_path))
    more = [[*ROWS[0][:-1], "①あとから直したメモ"], *ROWS[1:], *many(3)]
    result = run(log(tmp_path, more, name="more.csv", encoding="utf-8-sig"))
    assert "10 rows: 3 calls taken in, 6 there already, 1 within the house, 0 with problems." in result.output
    assert told()["C-1"][2] == "①あとから直したメモ"
    assert_clean()


def test_broken_rows_are_written_down_with_their_reasons_and_their_neighbours_are_taken_in(
    tmp_path: Path,
) -> None:
    rows = [
        ROWS[0],
        ["C-20", "soon", *ROWS[0][2:]],
        ["C-21", "2024/1/5 9:00", "090-1234-ABCD", *ROWS[0][3:]],
        ["C-22", "2024/1/5 9:00", "+81 3 9999 0000", *ROWS[0][3:9], "=HYPERLINK(1)", "x", "y"],
        ROWS[5],
    ]
    errors = tmp_path / "errors.csv"
    result = run(log(tmp_path, rows), "--errors", str(errors))
    assert result.exit_code == 1
    assert "5 rows: 2 calls taken in, 0 there already, 0 within the house, 3 with problems." in result.output
    assert sorted(told()) == ["C-1", "C-6"]
    raw = errors.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    head, *lines = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    assert head == ["Line", "Problem", *HEADER]
    assert [line[0] for line in lines] == ["3", "4", "5"]
    assert lines[0][1] == "“soon” is no date and time we can read."
    assert lines[1][1] == "“090-1234-ABCD” is no telephone number."
    assert "12 cells where the header has 10" in lines[2][1]
    assert lines[2][4] == "'+81 3 9999 0000"
    assert lines[2][11] == "'=HYPERLINK(1)"
    assert_clean()


def test_what_was_wrong_is_corrected_in_the_list_of_errors_and_comes_in(tmp_path: Path) -> None:
    errors = tmp_path / "errors.csv"
    run(log(tmp_path, [ROWS[0], ["C-20", "soon", "+81 3 9999 0000", *ROWS[0][3:]]]), "--errors", str(errors))
    errors.write_text(errors.read_text("utf-8").replace(",soon,", ",2024/1/5 9:00,"), "utf-8")
    result = run(errors)
    assert result.exit_code == 0, result.output
    assert told()["C-20"][0] == "+81399990000"


def test_a_dry_run_tells_what_would_happen_and_changes_nothing(tmp_path: Path) -> None:
    run(log(tmp_path, ROWS[:1]))
    before = (counted(Message), counted(RawReceipt), counted(Identity), counted(CallImport))
    errors = tmp_path / "errors.csv"
    path = log(tmp_path, [*ROWS, ["C-20", "soon", *ROWS[0][2:]], ROWS[1]], name="more.csv")
    result = run(path, "--dry-run", "--errors", str(errors))
    assert result.exit_code == 1
    assert "9 rows: 5 new calls, 2 there already, 1 within the house, 1 that cannot be read." in result.output
    assert "1 known customers, 2 new ones, 2 calls with a withheld number." in result.output
    assert "1 rows have the id of another row" in result.output
    assert "soon" in errors.read_text("utf-8")
    assert (counted(Message), counted(RawReceipt), counted(Identity), counted(CallImport)) == before


def test_columns_are_corrected_by_hand_and_stay_so_for_the_next_file(tmp_path: Path) -> None:
    plain = tmp_path / "odd.csv"
    plain.write_text("いつ,誰,メ\n2024/1/5 9:00,09012345678,用件\n", "utf-8")
    refused = run(plain)
    assert refused.exit_code == 1
    assert "which column tells when a call began" in refused.output
    given = ("--map", "いつ=start", "--map", "誰=from", "--map", "メ=memo")
    assert run(plain, *given).exit_code == 0
    plain.write_text("いつ,誰,メ\n2024/1/6 9:00,09012345678,次の用件\n", "utf-8")
    assert run(plain).exit_code == 0
    assert sorted(text for _, _, text in told().values()) == ["次の用件", "用件"]
    assert "has to be COLUMN=FIELD" in run(plain, "--map", "いつ=sometime").output


def test_missed_calls_of_the_last_days_become_work(tmp_path: Path) -> None:
    late = [["M-1", f"{now() - timedelta(hours=20):%Y-%m-%dT%H:%M:%SZ}", *ROWS[1][2:]]]
    assert run(log(tmp_path, [*late, ROWS[1]]), "--work-days", "2").exit_code == 0
    with reading() as db:
        cases = db.scalars(select(Case)).all()
        quiet = {
            str(one.external_id): one.quiet
            for one in db.scalars(select(Message).where(Message.external_id.is_not(None)))
        }
    assert len(cases) == 1
    assert quiet == {"M-1": False, "C-2": True}
    assert_clean()


def test_a_workbook_with_real_dates_and_numbers_comes_in(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    sheet.append(["X-1", datetime(2024, 1, 5, 9, 3, 7), 9012345678, "03-1111-2222", "髙橋", "佐藤", "着信", timedelta(seconds=205), "応答", "Excelから"])  # noqa: DTZ001, E501 # fmt: skip
    book.save(tmp_path / "log.xlsx")
    result = run(tmp_path / "log.xlsx")
    assert result.exit_code == 0, result.output
    with reading() as db:
        call = db.scalars(select(Call)).one()
    assert (call.number, call.talk_seconds) == ("+819012345678", 205)
    assert call.started_at == datetime(2024, 1, 5, 0, 3, 7, tzinfo=UTC)
    half = tmp_path / "half.xlsx"
    half.write_bytes((tmp_path / "log.xlsx").read_bytes()[:3000])
    refused = run(half)
    assert refused.exit_code == 2
    assert "damaged or not complete" in refused.output


def test_only_telephone_channels_take_calls_in(tmp_path: Path) -> None:
    path = log(tmp_path)
    assert "is no telephone channel" in run(path, "--channel", "api").output
    assert "There is no channel" in run(path, "--channel", "nobody").output
    assert counted(RawReceipt) == 0


# --- stopped, killed, gone on with -------------------------------------------------------------------


class Killed(BaseException):
    """As if the process had died."""


@pytest.mark.parametrize("when", ["before it is stored", "before it is read", "after it was read"])
def test_killed_in_the_middle_it_goes_on_and_nothing_is_lost_or_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(working, "AT_ONCE", 10)
    path = log(tmp_path, many(95))
    store, read = intake.store, intake.read_receipt
    left = iter(range(100))

    def storing(*given: object, **more: object) -> RawReceipt:
        if when == "before it is stored" and next(left) == 4:
            raise Killed
        return store(*given, **more)  # type: ignore[arg-type]

    def reads(receipt_id: int) -> RawReceipt:
        dies = when != "before it is stored" and next(left) == 4
        if dies and when == "before it is read":
            raise Killed
        found = read(receipt_id)
        if dies:
            raise Killed
        return found

    monkeypatch.setattr(intake, "store", storing)
    monkeypatch.setattr(intake, "read_receipt", reads)
    with pytest.raises(Killed):
        run(path)
    with transaction() as db:
        row = db.scalars(select(CallImport)).one()
        assert (row.state, row.place) == (RUNNING, 40 if when == "before it is stored" else 50)
        row.until = now() - timedelta(seconds=1)  # a minute later
    result = run(path)
    assert result.exit_code == 0, result.output
    assert f"Going on behind {40 if when == 'before it is stored' else 50} rows." in result.output
    assert "95 rows: 95 calls taken in, 0 there already" in result.output
    assert len(told()) == 95
    with reading() as db:
        assert db.scalars(select(CallImport)).one().state == DONE
    assert counted(RawReceipt) == 10
    assert_clean()


def test_who_holds_it_is_left_to_it(tmp_path: Path) -> None:
    path = log(tmp_path, many(5))
    run(path)
    with transaction() as db:
        row = db.scalars(select(CallImport)).one()
        row.state, row.holder, row.until = RUNNING, "another", now() + timedelta(seconds=30)
    with pytest.raises(working.Lost):
        imports.work(row.id, path)


def test_who_breaks_it_off_by_keyboard_leaves_it_to_whoever_comes_next(tmp_path: Path) -> None:
    path = log(tmp_path, many(5))
    run(path)
    with transaction() as db:
        row = db.scalars(select(CallImport)).one()
        row.state, row.place = RUNNING, 0

    def stop(counts: imports.Counts, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.work(row.id, path, stop)
    assert imports.work(row.id, path).state == DONE


def test_stopped_half_way_it_can_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "AT_ONCE", 10)
    with log(tmp_path, many(60)).open("rb") as file:
        kept = imports.keep(file)
    path = tmp_path / "calls.csv"
    with transaction() as db:
        channel = db.scalars(select(Channel).filter_by(key="phone")).one()
        row = imports.begin(db, channel, None, "calls.csv", kept, imports.look(path), kept=True)
        imports.check(db, row)
    assert imports.work(row.id).state == "checked"
    with transaction() as db:
        imports.start(db, imports.one(db, row.id), None)

    def stop(counts: imports.Counts, share: float) -> None:
        if counts.rows == 30:
            with transaction() as db:
                imports.cancel(db, imports.one(db, row.id), None)

    with pytest.raises(working.Lost):
        imports.work(row.id, tell=stop)
    with reading() as db:
        stopped = imports.one(db, row.id)
    assert (stopped.state, stopped.place) == (STOPPED, 30)
    assert len(told()) == 30
    with transaction() as db:
        imports.start(db, imports.one(db, row.id), None)
    assert imports.look_after() == 1
    for thread in threading.enumerate():
        if thread.name == "imports":
            thread.join(60)
    with reading() as db:
        done = imports.one(db, row.id)
    assert (done.state, imports.Counts.of(done.taken).new, len(told())) == (DONE, 60, 60)
    assert_clean()


def test_a_caller_goes_by_the_last_name_that_a_log_gives_them(tmp_path: Path) -> None:
    """Also where the last row has none; and the first name they were known by stays the customer's."""
    named = [[f"N-{n}", f"2024/1/6 9:{n:02}", "090-1111-2222", *ROWS[0][3:]] for n in range(3)]
    at = HEADER.index("お客様名")
    for row, name in zip(named, ("山田", "山田 太郎", ""), strict=True):
        row[at] = name
    first, again = [named[0]], named[1:]
    for number, rows in enumerate((first, again)):
        assert run(log(tmp_path, rows, name=f"{number}.csv")).exit_code == 0
    with reading() as db:
        theirs = db.scalars(select(Identity).filter_by(address="+819011112222")).one()
        assert (theirs.display, db.get_one(Customer, theirs.customer_id).name) == ("山田 太郎", "山田")


def test_the_pace_is_told_once_there_is_one() -> None:
    ticks = iter((10.0, 10.5, 12.0))
    pace = Pace(lambda: next(ticks))
    assert [pace.said(done, "rows") for done in (400, 800, 2400)] == [
        "400 rows",
        "800 rows",
        "2,400 rows, 1,000/s",
    ]
