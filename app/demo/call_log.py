"""A call log as the shop's telephone system would export it, about its people, with all that such files have."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.demo import shop

NAME = "call-log.csv"
OURS = "03-5550-0142"
HEADER = (
    *("通話ID", "着信日時", "発信者番号", "着信番号", "お客様名", "オペレーター", "窓口", "種別"),
    *("通話時間", "呼出時間", "通話結果", "問合せ区分", "応対メモ"),
)


def csv_of(at: datetime, zone: str) -> bytes:
    """The file as it would be exported at that time."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    writer.writerows(_rows(at.astimezone(ZoneInfo(zone))))
    return out.getvalue().encode("cp932")


def _rows(at: datetime) -> Iterator[tuple[str, ...]]:
    for number, (days, clock, theirs, name, agent, kind, *rest) in enumerate(
        shop.told("call_log")["calls"], 1
    ):
        day = at - timedelta(days=days)
        sides = (OURS, theirs) if kind == "発信" else (theirs, "205" if kind == "内線" else OURS)
        id = f"K{day:%y%m%d}-{number:03}"
        yield (id, f"{_date(day, number)} {clock}", *sides, name, agent, "代表", kind, *rest)


def _date(day: datetime, number: int) -> str:
    """Every fifth in the years of the era, as some systems write them."""
    if number % 5 == 0:
        return f"令和{day.year - 2018}年{day.month}月{day.day}日"
    return f"{day.year}/{day.month}/{day.day}"
