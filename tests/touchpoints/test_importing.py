"""Lists of orders and visits: any encoding, names of columns as lists have them, wrong rows told, twice is once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import customers
from app.cli import cli
from app.db import reading, transaction
from app.models import Event, Touchpoint
from app.models.customer import CLAIMED
from app.tables import Unreadable
from app.touchpoints.importing import How, Problem, Taken, take
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


def imported(path: Path, **how: str) -> tuple[Taken, list[Problem]]:
    problems: list[Problem] = []
    return take(path, How("shop", **how), problems.append), problems  # type: ignore[arg-type]


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
    taken, problems = imported(written(tmp_path, ROWS, encoding))
    assert dict(taken.counts) == {"new": 2, "changed": 1, "refused": 3}
    assert [(row.line, sentence) for row, sentence in problems] == [
        (4, "“二千円” is no number."),
        (5, "It names nobody whose it could be."),
        (6, "“謎” is no kind of touchpoint."),
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
    again, _ = imported(path)
    assert (again.counts["new"], again.counts["changed"]) == (0, 0)
    with reading() as db:
        assert [(row.id, row.kind, row.told_at) for row in db.scalars(select(Touchpoint))] == before


def test_rows_without_an_id_are_known_by_what_they_say(tmp_path: Path) -> None:
    rows = [
        "2026-11-01 10:00,2900-1,心斎橋店",
        "2026-11-01 11:00,2900-1,心斎橋店",
        "2026-11-01 10:00,2900-1,心斎橋店",
    ]
    path = written(tmp_path, rows, header="来店日時,カード番号,店舗名")
    taken, _ = imported(path, kind="visit")
    assert (taken.counts["new"], taken.counts["unchanged"], taken.waiting) == (2, 1, 2)
    assert imported(path, kind="visit")[0].counts["unchanged"] == 3


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
    with pytest.raises(Unreadable, match=sentence):
        imported(written(tmp_path, [], header=header), kind=kind)


def test_an_import_that_breaks_off_keeps_what_it_took_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.touchpoints.importing.LOT", 10)
    rows = [f"{n},2026-11-01,p{n}@example.jp,,物,100,注文" for n in range(35)]
    path = written(tmp_path, rows)

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(path, How("shop"), lambda problem: None, stop)
    taken, _ = imported(path)
    assert (taken.counts["unchanged"], taken.counts["new"]) == (10, 25)


@pytest.mark.usefixtures("taro")
def test_the_command_tells_what_became_of_it(tmp_path: Path) -> None:
    path, wrong = written(tmp_path, ROWS), tmp_path / "wrong.csv"
    done = CliRunner().invoke(
        cli,
        ["touchpoints", "import", str(path), "--source", "shop", "--errors", str(wrong)],
        prog_name="madoguchi",
    )
    assert done.exit_code == 1, done.output
    assert "2 new, 1 changed, 0 known already, 3 refused; 0 wait for their customer." in done.output
    assert "Line 4: “二千円” is no number." in done.output
    assert len(wrong.read_text("utf-8-sig").splitlines()) == 4
