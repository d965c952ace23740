"""Lists of orders and visits: any encoding, names of columns as lists have them, wrong rows told, twice is once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app import customers
from app.cli import cli
from app.db import reading, transaction
from app.intake import touched
from app.intake.outcome import Outcome
from app.models import Event, Touchpoint
from app.models.customer import CLAIMED
from channels.base import Person
from tests import factories
from tests.touchpoints.told import counted, kept

pytestmark = pytest.mark.usefixtures("committed")
HEADER = "注文番号,注文日時,メールアドレス,お客様番号,商品名,合計金額,ステータス"
ROWS = [
    "1042,2026/11/01 10:15,TARO@example.jp,,ウールコート,\"￥25,800\",注文",
    "1043,令和8年11月2日 9時5分,taro@example.jp,,マフラー,3800円,発送済み",
    "1044,2026-11-03,,K-0017,手袋,二千円,注文",
    "1045,2026-11-03,,,手袋,2000,注文",
    "1046,2026-11-04,taro@example.jp,,手袋,2000,謎",
    "1042,2026/11/05 10:00,taro@example.jp,,ウールコート,25800,キャンセル",
]  # fmt: skip


def written(tmp_path: Path, rows: list[str], encoding: str = "utf-8", header: str = HEADER) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))
    return path


def imported(path: Path, *options: str) -> Result:
    given = ["touchpoints", "import", str(path), "--source", "shop", *options]
    return CliRunner().invoke(cli, given, prog_name="madoguchi", catch_exceptions=False)


@pytest.fixture
def taro() -> None:
    with transaction() as db:
        thread = factories.conversation(db, sender=Person("v1", name="山田 太郎"))
        assert customers.add_identity(
            db, factories.customer_of(db, thread), "email", "", "taro@example.jp", CLAIMED
        )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932", "euc_jp", "utf-16"])
@pytest.mark.usefixtures("taro")
def test_a_list_of_any_encoding_lands_with_its_customers(tmp_path: Path, encoding: str) -> None:
    done = imported(written(tmp_path, ROWS, encoding))
    assert done.exit_code == 1
    assert f"Read as {encoding}" in done.output
    assert "2 new, 1 changed, 0 known already, 3 refused; 0 wait for their customer." in done.output
    assert [line for line in done.output.splitlines() if line.startswith("Line ")] == [
        "Line 4: “二千円” is no number.",
        "Line 5: It names nobody whose it could be.",
        "Line 6: “謎” is no kind of touchpoint.",
    ]
    with reading() as db:
        rows = {row.reference: row for row in db.scalars(select(Touchpoint))}
        assert rows["1042"].kind == "order.cancelled"
        assert (rows["1043"].kind, rows["1043"].amount, rows["1043"].currency) == (
            "order.shipped",
            3800,
            "JPY",
        )
        assert rows["1043"].at.isoformat() == "2026-11-02T00:05:00+00:00"
        assert kept(db) == counted(db)
        assert kept(db)["spent"] == {("taro@example.jp", "JPY"): 3800}
        assert db.scalars(select(Event.id).where(Event.kind == "touchpoint.told")).all() == []


@pytest.mark.usefixtures("taro")
def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    imported(path)
    with reading() as db:
        before = [(row.id, row.kind, row.told_at) for row in db.scalars(select(Touchpoint))]
    assert "0 new, 0 changed, 3 known already, 3 refused" in imported(path).output
    with reading() as db:
        assert [(row.id, row.kind, row.told_at) for row in db.scalars(select(Touchpoint))] == before


def test_rows_without_an_id_are_known_by_what_they_say(tmp_path: Path) -> None:
    rows = [
        "2026-11-01 10:00,2900-1,心斎橋店",
        "2026-11-01 11:00,2900-1,心斎橋店",
        "2026-11-01 10:00,2900-1,心斎橋店",
    ]
    path = written(tmp_path, rows, header="来店日時,カード番号,店舗名")
    told = "%s new, 0 changed, %s known already, 0 refused; %s wait for their customer."
    assert told % (2, 1, 2) in imported(path, "--kind", "visit").output
    assert told % (0, 3, 0) in imported(path, "--kind", "visit").output


@pytest.mark.parametrize(
    ("header", "kind", "sentence"),
    [
        ("注文番号,金額,種別", "", "No column names the customer"),
        ("注文番号,メール,金額", "", "No column says what the rows are"),
        ("", "visit", "The file is empty."),
    ],
)
def test_what_is_no_such_list_is_said_in_a_sentence(
    tmp_path: Path, header: str, kind: str, sentence: str
) -> None:
    done = imported(written(tmp_path, [], header=header), *(("--kind", kind) if kind else ()))
    assert done.exit_code == 2
    assert sentence in done.output


def test_a_zone_and_a_currency_that_are_none_are_said(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    assert "“Mars/Olympus” is no time zone" in imported(path, "--zone", "Mars/Olympus").output
    done = imported(path, "--currency", "YENS")
    assert (done.exit_code, "“YENS” is no currency. Write it like JPY." in done.output) == (2, True)


@pytest.mark.usefixtures("taro")
def test_an_amount_counts_in_the_currency_that_is_meant_or_not_at_all(tmp_path: Path) -> None:
    """A yen has no smaller unit; and a price that is less than nothing would add what it should take off."""
    rows = [
        "1,taro@example.jp,3800,円,注文",
        "2,taro@example.jp,19.99,＄,注文",
        "3,taro@example.jp,100,ポイント券,注文",
        "4,taro@example.jp,-500,JPY,注文",
        "5,taro@example.jp,-500,JPY,返品",
        "6,taro@example.jp,,-,注文",
        '7,taro@example.jp,"1,234",EUR,注文',
        '8,taro@example.jp,"25,80",EUR,注文',  # 25.80, or a slip of the pen: no 2,580.00
        '9,taro@example.jp,"△1,200",JPY,返品',
        '10,taro@example.jp,"（1,200円）",JPY,返品',
    ]
    done = imported(written(tmp_path, rows, header="注文番号,メール,金額,通貨,種別"))
    assert "7 new, 0 changed, 0 known already, 3 refused" in done.output
    with reading() as db:
        told = {row.reference: (row.amount, row.currency) for row in db.scalars(select(Touchpoint))}
    more = {"7": (123_400, "EUR"), "9": (1200, "JPY"), "10": (1200, "JPY")}
    assert told == {"1": (3800, "JPY"), "2": (1999, "USD"), "5": (500, "JPY"), "6": (None, "")} | more


@pytest.mark.usefixtures("taro")
def test_numbers_of_payment_cards_are_kept_nowhere(tmp_path: Path) -> None:
    rows = ["2026-11-01,taro@example.jp,4111 1111 1111 1111 で支払い"]
    path = written(tmp_path, rows, header="日時,メール,商品名")
    assert "1 new" in imported(path, "--kind", "order.placed").output
    with reading() as db:
        assert db.scalars(select(Touchpoint)).one().title == "•••• 1111 で支払い"


def test_an_import_that_breaks_off_keeps_what_it_took_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.imports.unkept.AT_ONCE", 10)
    rows = [f"{n},2026-11-01,p{n}@example.jp,,物,100,注文" for n in range(35)]
    path = written(tmp_path, rows)
    take_of, lots = touched.take_of, iter(range(100))

    def dies(*given: Any) -> list[Outcome]:
        if next(lots) == 1:
            raise OSError("the disk is gone")
        return take_of(*given)

    monkeypatch.setattr(touched, "take_of", dies)
    with pytest.raises(OSError, match="gone"):
        imported(path)
    assert "25 new, 0 changed, 10 known already, 0 refused" in imported(path).output


@pytest.mark.usefixtures("taro")
def test_the_rows_that_are_wrong_are_written_down(tmp_path: Path) -> None:
    """Corrected there, they are a list that can be taken in."""
    wrong = tmp_path / "wrong.csv"
    known_otherwise = "touch-1,2026/11/01,taro@example.jp,,物,100,"
    path = written(
        tmp_path, [f"{known_otherwise}注文", f"{known_otherwise}来店"], header=f"取引ID,{HEADER[5:]}"
    )
    imported(path, "--errors", str(wrong))
    with wrong.open(encoding="utf-8-sig", newline="") as file:
        head, line = csv.reader(file)
    assert head == ["Line", "Problem", "取引ID", *HEADER.split(",")[1:]]
    assert line[:3] == ["3", "This id is known already, as something of another kind.", "touch-1"]
    wrong.write_text(wrong.read_text("utf-8-sig").replace("touch-1", "touch-2"), "utf-8")
    assert "1 new, 0 changed, 0 known already, 0 refused" in imported(wrong).output


@pytest.mark.usefixtures("taro")
@pytest.mark.parametrize("number", ["-1001", "@A-1", "+81-3", "1001"])
def test_what_begins_like_a_formula_comes_back_as_it_was(tmp_path: Path, number: str) -> None:
    wrong = tmp_path / "wrong.csv"
    row = f"{number},2026/11/01,taro@example.jp,,@cosme 限定セット,二千円,注文"
    imported(written(tmp_path, [row]), "--errors", str(wrong))
    wrong.write_text(wrong.read_text("utf-8-sig").replace("二千円", "2000"), "utf-8")
    assert "1 new, 0 changed, 0 known already, 0 refused" in imported(wrong).output
    with reading() as db:
        one = db.scalars(select(Touchpoint)).one()
        said = (one.external_id, one.reference, one.title)
    assert said == (f"order:{number}", number, "@cosme 限定セット")
