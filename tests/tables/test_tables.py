"""Tables in files: encodings, broken rows, workbooks, and cells that a spreadsheet must not run."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from app.tables import BOM, Row, Unreadable, line_of, open_table

TEXT = "日付,番号,メモ\r\n2024/1/5,０９０,髙橋①～表ソ能\r\n2024/1/6,03,普通\r\n"


def known(names: Sequence[str]) -> int:
    return sum(name in ("日付", "番号", "メモ") for name in names)


def opened(path: Path, encoding: str = "") -> tuple[str, list[str], list[Row]]:
    with open_table(path, known, encoding) as table:
        return table.encoding, table.header, list(table.rows)


def written(tmp_path: Path, raw: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "utf-16-le"])
def test_every_encoding_gives_the_same_cells(tmp_path: Path, encoding: str) -> None:
    found, header, rows = opened(written(tmp_path, TEXT.encode(encoding)))
    assert found == encoding
    assert header == ["日付", "番号", "メモ"]
    assert [row.cells for row in rows] == [
        ["2024/1/5", "０９０", "髙橋①～表ソ能"],
        ["2024/1/6", "03", "普通"],
    ]


def test_euc_jp_is_told_from_cp932(tmp_path: Path) -> None:
    text = TEXT.replace("髙橋①～", "高橋")
    assert opened(written(tmp_path, text.encode("euc_jp")))[0] == "euc_jp"


def test_an_encoding_that_is_asked_for_is_used(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.encode("cp932"))
    assert opened(path, "cp932")[1][0] == "日付"
    assert opened(path, "utf-8")[1][0] != "日付"
    with pytest.raises(Unreadable, match="no encoding"):
        opened(path, "klingon")


def test_an_encoding_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Python's UTF-16 takes no text without its mark, even where it is to replace what it cannot read."""
    with pytest.raises(Unreadable, match="cannot be read in this encoding"):
        opened(written(tmp_path, TEXT.encode()), "utf-16")


def test_a_row_whose_bytes_are_broken_is_named_and_its_neighbours_are_read(tmp_path: Path) -> None:
    lines = [f"2024/1/5,090,普通のメモ{n}".encode() for n in range(300)]
    lines[100] = lines[100][:-3] + b"\xe3\x81"
    _, _, rows = opened(written(tmp_path, b"\r\n".join(["日付,番号,メモ".encode(), *lines])))
    assert [row.line for row in rows if row.problem] == [102]
    assert len(rows) == 300


def test_lines_above_the_header_are_passed_over(tmp_path: Path) -> None:
    raw = f"通話履歴一覧,,\r\n出力日時：2024/2/1,,\r\n\r\n{TEXT}".encode("cp932")
    _, header, rows = opened(written(tmp_path, raw))
    assert header[0] == "日付"
    assert [row.line for row in rows] == [5, 6]


def test_a_cell_of_many_lines_is_one_cell_and_the_next_row_has_its_line(tmp_path: Path) -> None:
    raw = (
        '日付,番号,メモ\r\n2024/1/5,090,"一行目\r\n二行目, ""引用""\r\n三行目"\r\n2024/1/6,03,次\r\n'.encode(
            "cp932"
        )
    )
    _, _, rows = opened(written(tmp_path, raw))
    assert rows[0].cells[2] == '一行目\r\n二行目, "引用"\r\n三行目'
    assert [row.line for row in rows] == [2, 5]


def test_a_quotation_mark_that_is_not_closed_costs_one_row(tmp_path: Path) -> None:
    lines = [f'2024/1/5,{n:03},"メモ"' for n in range(3000)]
    lines[5] = '2024/1/5,005,"never closed'
    lines[1200:1200] = ['2024/1/5,x,"never closed either']
    lines[1201:] = [line.replace('"', "") for line in lines[1201:]]
    _, _, rows = opened(written(tmp_path, "\n".join(["日付,番号,メモ", *lines]).encode()))
    assert [row.line for row in rows if row.problem] == [7, 1202]
    assert sum(row.problem is None for row in rows) == 2999


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old kind"),
        (b"PK\x03\x04" + b"\0" * 600, "damaged or not complete"),
        (bytes(range(256)) * 40, "neither UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path: Path, raw: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        opened(written(tmp_path, raw))


# --- workbooks ---------------------------------------------------------------------------------------


def workbook(tmp_path: Path, *rows: Sequence[object], title: str = "通話") -> Path:
    book = Workbook()
    book.worksheets[0].append(["これは表紙です"])
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(list(row))
    book.save(tmp_path / "log.xlsx")
    return tmp_path / "log.xlsx"


def test_a_workbook_gives_dates_times_and_numbers_as_text(tmp_path: Path) -> None:
    row = (
        datetime(2024, 1, 5, 9, 3, 7),  # noqa: DTZ001 - as Excel keeps it
        9012345678,
        "髙橋①",
        time(0, 3, 25),
        timedelta(hours=26),
        1.5,
        None,
        True,
    )
    path = workbook(tmp_path, ("日付", "番号", "メモ", "a", "b", "c", "d", "e"), row)
    encoding, header, rows = opened(path)
    assert encoding == "xlsx"
    assert header[:3] == ["日付", "番号", "メモ"]
    assert rows[0].cells == [
        *("2024-01-05 09:03:07", "9012345678", "髙橋①", "00:03:25", "26:00:00", "1.5", "", "True"),
    ]
    assert rows[0].line == 2


def test_the_last_moment_of_all_is_a_date_like_any(tmp_path: Path) -> None:
    forever = datetime(9999, 12, 31, 23, 59, 59, 999_000)  # noqa: DTZ001 - as Excel keeps it
    _, _, rows = opened(workbook(tmp_path, ("日付", "番号"), (forever, "090")))
    assert rows[0].cells[0] == "9999-12-31 23:59:59"


def test_half_a_workbook_is_refused_clearly(tmp_path: Path) -> None:
    whole = workbook(tmp_path, ("日付", "番号"), *[("2024/1/5", f"090{n}") for n in range(500)]).read_bytes()
    for cut in (len(whole) // 2, len(whole) - 30):
        with pytest.raises(Unreadable, match="damaged or not complete"):
            opened(written(tmp_path, whole[:cut]))


def test_a_workbook_that_is_broken_inside_is_refused_clearly(tmp_path: Path) -> None:
    whole = workbook(tmp_path, ("日付", "番号"), *[("2024/1/5", f"090{n}") for n in range(500)])
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[: len(data) // 2] if "sheet2" in name else data)
    with pytest.raises(Unreadable, match="damaged or not complete"):
        opened(broken)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "file", "w") as packed:
        packed.writestr("hello.txt", "hello")
    with pytest.raises(Unreadable, match="no Excel workbook"):
        opened(tmp_path / "file")


def test_what_goes_wrong_with_the_reader_of_the_rows_is_not_taken_for_damage(tmp_path: Path) -> None:
    path = workbook(tmp_path, ("日付", "番号"), ("2024/1/5", "090"))
    with pytest.raises(KeyError), open_table(path, known):
        raise KeyError("ours")


def test_a_large_file_is_read_a_row_at_a_time(tmp_path: Path) -> None:
    path = written(
        tmp_path, ("日付,番号,メモ\r\n" + "2024/1/5,090,普通のメモです。\r\n" * 30_000).encode("cp932")
    )
    tracemalloc.start()
    try:
        with open_table(path, known, "cp932") as table:
            shares = [table.share(row) for row in table.rows if row.line % 1000 == 0]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(shares) == 30
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.1 < 0.9 < shares[-1] <= 1
    assert peak < 1_000_000


# --- writing -----------------------------------------------------------------------------------------


def test_what_is_written_runs_nothing_in_a_spreadsheet() -> None:
    line = line_of(["=HYPERLINK(1)", "+81312345678", "-1", "@SUM", "\tx", "ok", 'say "hi"\nthere'])
    (cells,) = csv.reader(io.StringIO(line, newline=""))
    assert cells == ["'=HYPERLINK(1)", "'+81312345678", "'-1", "'@SUM", "'\tx", "ok", 'say "hi"\nthere']
    assert line.endswith("\r\n")
    assert BOM.encode() == b"\xef\xbb\xbf"
