"""Call logs for tests, as telephone systems of Japan export them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from app.cli import cli

HEADER = [
    "通話ID",
    "着信日時",
    "発信者番号",
    "着信番号",
    "お客様名",
    "担当者",
    "種別",
    "通話時間",
    "通話結果",
    "備考",
]
OURS = "03-1111-2222"
ROWS = [
    ["C-1", "2024/1/5 9:03:07", "090-1234-5678", OURS, "髙橋 花子", "佐藤", "着信", "3分25秒", "応答", "①配送～表ソ能"],
    ["C-2", "令和6年1月5日 10時00分", "９０１２３４５６７８", OURS, "", "", "着信", "0", "不応答", ""],
    ["C-3", "2024/1/5 24:10", '="0312345678"', OURS, "", "鈴木", "着信", "0:01:00", "応答", "一行目\n二行目, 引用"],
    ["C-4", "2024/1/6 9:00", "非通知", OURS, "", "鈴木", "着信", "30", "応答", "無言"],
    ["C-5", "2024/1/6 9:10", "非通知", OURS, "", "鈴木", "着信", "31", "応答", "無言"],
    ["C-6", "2024/1/6 9:20", OURS, "080-8765-4321", "", "佐藤", "発信", "75秒", "応答", "折り返し"],
    ["C-7", "2024/1/6 9:30", "201", "202", "", "佐藤", "内線", "10", "応答", ""],
]  # fmt: skip


def log(
    tmp_path: Path, rows: Sequence[Sequence[str]] = ROWS, *, name: str = "calls.csv", encoding: str = "cp932"
) -> Path:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEADER, *rows])
    path = tmp_path / name
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def many(count: int, *, people: int = 50, first: int = 0) -> list[list[str]]:
    """Rows of calls, a minute apart."""
    began = datetime(2024, 1, 5, 9)  # noqa: DTZ001 - as a log tells it
    return [
        [
            f"N-{n}",
            f"{began + timedelta(minutes=n):%Y/%m/%d %H:%M:%S}",
            f"0901000{n % people:04}",
            *("03-1111-2222", f"客{n % people}", "佐藤", "着信", "60", "応答", f"{n}番目の用件"),
        ]
        for n in range(first, first + count)
    ]


def run(path: Path, *options: str) -> Result:
    given = ["calls", "import", str(path), "--channel", "phone", *options]
    return CliRunner().invoke(cli, given, prog_name="madoguchi", catch_exceptions=False)
