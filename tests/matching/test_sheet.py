"""A list in a file: its encoding and columns are found out, and what is wrong with it is said in a sentence."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from app.matching import sheet
from app.tables import Unreadable

JAPANESE = """会員番号,氏名,フリガナ,電話番号,メールアドレス,郵便番号,住所,生年月日,備考
A-1,山田 太郎,ヤマダ タロウ,090-1234-5678,t@example.jp,100-0005,東京都千代田区丸の内一丁目2番3号,昭和55年4月1日,能力
A-2,Taro Yamada,,+81 90-1234-5678,,1000005,東京都千代田区丸の内1-2-3,1980-04-01,
A-3,鈴木 花子,スズキ ハナコ,非通知,hanako@example.jp,,,,
"""
FEBRL = """\
rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state, date_of_birth, soc_sec_id
rec-1-org, mitchell, green, 7, wallaby place, delmar, cleveland, 2119, sa, 19560409, 1804974
rec-1-dup-0, mitchel, green, 7, wallaby pl, delmar, cleveland, 2119, sa, 19560490, 1804974
"""


def match(raw: bytes, *options: str) -> Result:
    return CliRunner().invoke(cli, ["customers", "match", "-", *options], input=raw, prog_name="madoguchi")


def rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.stdout)))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_the_encoding_is_found_out(encoding: str) -> None:
    raw = JAPANESE.encode(encoding)
    if encoding.startswith("utf-16-"):
        raw = "\ufeff".encode(encoding) + raw
    result = match(raw)
    assert result.exit_code == 0, result.stderr
    (found,) = rows(result)
    assert (found["id1"], found["id2"]) == ("A-1", "A-2")
    assert found["reasons"].split("; ")[:3] == [
        "Same phone number: +819012345678",
        "The names sound the same: 山田 太郎 / Taro Yamada",
        "Same date of birth: 1980-04-01",
    ]


def test_columns_of_public_lists_are_known_by_their_own_names() -> None:
    read = sheet.read(FEBRL.encode())
    assert read.ignored == []
    assert read.rows[0] == (
        "rec-1-org",
        {
            "given_name": "mitchell",
            "surname": "green",
            "address": "7 wallaby place delmar",
            "city": "cleveland",
            "postcode": "2119",
            "state": "sa",
            "date_of_birth": "19560409",
            "external_id": ["1804974"],
        },
    )
    (found,) = rows(match(FEBRL.encode()))
    assert float(found["score"]) > 0.9


def test_other_columns_are_ignored_with_a_word_aside() -> None:
    result = match(JAPANESE.encode())
    assert "Ignored columns: 備考" in result.stderr
    assert "3 rows (utf-8)" in result.stderr
    assert "Ignored" not in result.stdout


def test_as_json_each_reason_has_a_code_and_its_values() -> None:
    (line,) = match(JAPANESE.encode(), "--json").stdout.splitlines()
    found = json.loads(line)
    assert (found["id1"], found["id2"]) == ("A-1", "A-2")
    assert {"code": "same_phone", "one": "+819012345678", "other": "+819012345678"} in found["reasons"]


def test_the_best_come_first_and_nothing_below_the_threshold() -> None:
    told = rows(match(JAPANESE.encode(), "--threshold", "0"))
    scores = [float(row["score"]) for row in told]
    assert scores == sorted(scores, reverse=True)
    assert len(told) > 1
    assert rows(match(JAPANESE.encode(), "--threshold", "1")) == []
    assert match(JAPANESE.encode(), "--threshold", "2").exit_code == 2


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n\r\n", "The file is empty."),
        (b"name,phone\na,1\n", "There is no column “id”"),
        (b"id,colour\n1,red\n", "none is known"),
        (b"id,name\n1,a\n2,b\n1,c\n", "The id “1” stands in line 2 and again in line 4"),
        (b"id,name\n1,\x81 \n", "neither UTF-8"),
        (b"\xff\xfei\x00d", "breaks off"),
        (bytes(range(256)) * 20, ""),
        (b"PK\x03\x04" + b"\x00" * 200, ""),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(raw: bytes, sentence: str) -> None:
    result = match(raw)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.strip()
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_a_broken_row_in_the_middle_is_named_and_the_rest_is_linked() -> None:
    lines = JAPANESE.splitlines()
    broken = [*lines[:2], "A-9,x,y,z,a,b,c,d,e,f,g", ',"",', "A-8,鈴木", *lines[2:]]
    result = match("\r\n".join(broken).encode("cp932"))
    assert result.exit_code == 0
    assert "Line 3: 11 cells where the header has 9; left out" in result.stderr
    assert "Line 5: only 2 cells where the header has 9; the rest is taken as empty" in result.stderr
    assert [row["id1"] for row in rows(result)] == ["A-1"]


def test_a_quotation_mark_that_is_never_closed_costs_one_row_only() -> None:
    lines = [f'{n},"name {n}",0312345{n:03}' for n in range(100)]
    lines[40] = '40,"never closed,0312345040'
    read = sheet.read("\n".join(["id,name,phone", *lines]).encode())
    assert [line for line, _ in read.problems] == [42]
    assert "no CSV" in read.problems[0][1]
    assert len(read.rows) == 99


def test_cells_with_line_breaks_and_sixty_four_columns_are_read() -> None:
    header = ["id", "name", *(f"extra {n}" for n in range(61)), "phone"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([header, ["1", "山田\n太郎", *(["memo, with\ncommas"] * 61), "0312345678"]])
    read = sheet.read(out.getvalue().encode("cp932"))
    assert read.rows == [("1", {"name": "山田\n太郎", "phone": ["0312345678"]})]
    assert len(read.ignored) == 61


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_tabs_and_semicolons_part_cells_too(delimiter: str) -> None:
    read = sheet.read(f"id{delimiter}name\n1{delimiter}Smith, John\n".encode())
    assert read.rows == [("1", {"name": "Smith, John"})]


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: object) -> None:
    for path in ("/nonexistent.csv", str(tmp_path)):
        result = CliRunner().invoke(cli, ["customers", "match", path], prog_name="madoguchi")
        assert result.exit_code == 2


def test_junk_of_any_sort_never_ends_in_a_stack_trace() -> None:
    base = JAPANESE.encode("cp932")
    for n in range(0, len(base), 7):
        for raw in (base[:n], base[:n] + b'"' + base[n:], base[:n] + b"\x00" + base[n:]):
            with suppress(Unreadable):
                assert sheet.read(raw).rows is not None
