"""Call logs in the settings: looked at, corrected, checked, taken in, stopped, and what was wrong downloaded."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import customers, imports
from app.db import now, reading, transaction
from app.models import Call, CallImport, Channel, Event, Touchpoint
from app.models.call_import import CHECKING, RUNNING, STOPPED
from tests import factories as make
from tests.imports.logs import HEADER, ROWS, log
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
LIST = "/settings/imports"


@pytest.fixture
def browser() -> Browser:
    """A supervisor, where there is a telephone channel."""
    with transaction() as db:
        make.channel(
            db, "call", key="phone", name="代表電話", secrets={"secret": "a secret of the telephones"}
        )
        someone = make.supervisor(db, locale="ja")
    return Browser().come_in(someone)


def upload(browser: Browser, path: Path) -> str:
    """The address of the import."""
    with reading() as db:
        channel = db.scalars(select(Channel).filter_by(key="phone")).one()
    with path.open("rb") as file:
        answer = browser.submit(
            LIST, {"channel": str(channel.id)}, files={"file": (path.name, file, "text/csv")}
        )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def form_of(page: str) -> dict[str, str]:
    """What the form about the columns would send as it stands."""
    chosen = re.findall(r'<select class="input" id="(column-\d+)".*?</select>', page, re.S)
    found = {}
    for name in chosen:
        select_ = re.search(rf'id="{name}".*?</select>', page, re.S)
        assert select_
        value = re.search(r'value="([^"]*)" selected', select_[0])
        found[name] = value[1] if value else ""
    return {**found, "encoding": "cp932", "zone": "Asia/Tokyo", "work_days": "0"}


def test_only_supervisors_and_admins_come_here() -> None:
    with transaction() as db:
        agent = make.agent(db)
    assert Browser().come_in(agent).get(LIST).status_code == 403


def test_without_a_telephone_channel_it_says_what_is_missing() -> None:
    with transaction() as db:
        admin = make.agent(db, role="admin", locale="ja")
    assert "電話・ショップシステムのチャネルがまだありません" in Browser().come_in(admin).see(LIST)


def test_from_the_file_to_the_threads(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    here = upload(browser, log(tmp_path, [*ROWS, ["C-20", "あした", *ROWS[0][2:]]]))
    page = browser.see(here)
    assert "Shift_JIS (CP932)" in page
    assert "090-1234-5678" in page
    assert "髙橋 花子" in page
    assert "「あした」は日時として読み取れません。" in page
    assert form_of(page)["column-1"] == "start"
    answer = browser.submit(here, {**form_of(page), "then": "check"})
    assert answer.status_code == 303
    number = int(here.rpartition("/")[2])
    with reading() as db:
        assert imports.one(db, number).state == CHECKING
    assert "ファイル全体を確認しています" in browser.see(f"{here}/progress")
    imports.work(number)
    assert browser.get(f"{here}/progress").headers["hx-refresh"] == "true"
    page = browser.see(here)
    for figure, words in (
        (6, "新しい通話"),
        (0, "取り込み済み"),
        (1, "読み取れない行"),
        (2, "番号非通知"),
        (1, "内線"),
    ):
        assert f"<b>{figure}</b>{words}" in page
    assert browser.submit(f"{here}/start").status_code == 303
    assert "通話を取り込んでいます" in browser.see(here)
    imports.work(number)
    page = browser.see(here)
    assert "<b>6</b>取り込んだ通話" in page
    assert "<b>1</b>問題のある行" in page
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(Call)) == 6
        assert db.scalar(select(func.count()).where(Event.kind == "audit.import_started")) == 1
    assert "calls.csv" in browser.see(LIST)


def test_what_was_wrong_is_downloaded_in_the_reader_s_language(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    here = upload(browser, log(tmp_path, [ROWS[0], ["=C-20", "あした", *ROWS[0][2:]]]))
    for started in (False, True):
        if started:
            browser.submit(f"{here}/start")
            imports.work(int(here.rpartition("/")[2]))
        answer = browser.get(f"{here}/problems.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        head, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
        assert head == ["行", "問題点", *HEADER]
        assert line[:4] == ["3", "「あした」は日時として読み取れません。", "'=C-20", "あした"]


def test_columns_are_corrected_and_kept_for_the_next_file(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    path = tmp_path / "odd.csv"
    path.write_text("いつ,誰,メ\n2024/1/5 9:00,09012345678,用件\n", "utf-8")
    here = upload(browser, path)
    form = {**form_of(browser.see(here)), "encoding": "utf-8"}
    refused = browser.submit(here, {**form, "then": "check"})
    assert refused.status_code == 422
    assert "通話の開始日時の列を選んでください。" in refused.text
    told = {**form, "column-0": "start", "column-1": "from", "column-2": "memo"}
    assert browser.submit(here, {**told, "then": "start"}).status_code == 303
    imports.work(int(here.rpartition("/")[2]))
    path.write_text("いつ,誰,メ\n2024/1/6 9:00,09012345678,次\n", "utf-8")
    again = form_of(browser.see(upload(browser, path)))
    assert [again[f"column-{n}"] for n in range(3)] == ["start", "from", "memo"]


def test_another_encoding_is_read_anew(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    here = upload(browser, log(tmp_path))
    browser.submit(here, {**form_of(browser.see(here)), "encoding": "euc_jp"})
    assert "EUC-JP" in browser.see(here)
    browser.submit(here, {**form_of(browser.see(here)), "encoding": "cp932"})
    wrong = browser.submit(here, {**form_of(browser.see(here)), "encoding": "utf-16"})
    assert (wrong.status_code, "この文字コードではファイルを読み取れません" in wrong.text) == (422, True)
    assert form_of(browser.see(here))["column-1"] == "start"
    refused = browser.submit(here, {**form_of(browser.see(here)), "zone": "Mars/Olympus"})
    assert refused.status_code == 422
    assert "タイムゾーンではありません" in refused.text


def test_what_is_going_on_is_stopped_and_gone_on_with(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    here = upload(browser, log(tmp_path))
    assert browser.submit(f"{here}/start").status_code == 303
    number = int(here.rpartition("/")[2])
    with transaction() as db:
        row = imports.one(db, number)
        row.place = 3
    assert browser.submit(f"{here}/stop").status_code == 303
    page = browser.see(here)
    assert "途中で停止" in page
    assert "続きから再開" in page
    assert browser.submit(f"{here}/removal").status_code in (303, 409)
    assert browser.submit(f"{here}/start").status_code == 303
    with reading() as db:
        assert imports.one(db, number).state == RUNNING


def test_the_same_file_again_is_said_to_be_there_already(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    for again in (False, True):
        here = upload(browser, log(tmp_path))
        answer = browser.submit(f"{here}/start")
        if not again:
            imports.work(int(here.rpartition("/")[2]))
    assert answer.status_code == 422
    assert "このファイルは取り込み済みです" in answer.text


def test_what_is_no_call_log_is_refused_in_a_sentence(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    with reading() as db:
        channel = db.scalars(select(Channel).filter_by(key="phone")).one()
    for raw, said in (
        (b"PK\x03\x04half", "途中で切れています"),
        (b"", "ファイルが空です"),
        (bytes(range(256)) * 9, "どれでもない"),
    ):
        answer = browser.submit(LIST, {"channel": str(channel.id)}, files={"file": ("x.xlsx", raw)})
        assert answer.status_code == 422
        assert said in answer.text
    assert browser.submit(LIST, {"channel": str(channel.id)}).status_code == 422
    assert (
        browser.submit(LIST, {"channel": "99"}, files={"file": ("x.csv", b"a,b\n1,2\n")}).status_code == 422
    )
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(CallImport)) == 0


def test_a_file_that_did_nothing_is_removed(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    here = upload(browser, log(tmp_path))
    with reading() as db:
        place = imports.path_of(imports.one(db, int(here.rpartition("/")[2])))
    assert place is not None
    assert browser.submit(f"{here}/removal").status_code == 303
    assert browser.get(here).status_code == 404
    assert not place.exists()


def test_nobody_works_on_what_somebody_else_holds(browser: Browser, tmp_path: Path) -> None:
    browser.see(LIST)
    here = upload(browser, log(tmp_path))
    browser.submit(f"{here}/start")
    with transaction() as db:
        imports.one(db, int(here.rpartition("/")[2])).until = now().replace(year=2099)
    assert imports.look_after() == 0


@pytest.fixture
def shop() -> int:
    """A channel of a shop's system, and a customer with a number."""
    with transaction() as db:
        channel = make.channel(
            db,
            "shop",
            key="ec",
            name="通販",
            settings={"source": "ec"},
            secrets={"secret": "a-shared-secret-0"},
        )
        known = customers.Contact(("email", "", "taro@example.jp"), name="山田 太郎")
        customers.identify(db, known)
        return channel.id


ORDERS = [
    "注文番号,注文日時,メールアドレス,商品名,合計金額,ステータス",
    "1042,2026/11/01 10:15,TARO@example.jp,ウールコート,\"￥25,800\",注文",
    "1043,2026/11/02 9:05,nobody@example.jp,4111 1111 1111 1111,3800円,発送済み",
    "1044,2026/11/03,taro@example.jp,手袋,二千円,注文",
    "1045,2026/11/03,taro@example.jp,手袋,2000,謎",
]  # fmt: skip


def hand_in(browser: Browser, channel_id: int, lines: list[str]) -> str:
    """The address of the import of a list."""
    raw = "\r\n".join([*lines, ""]).encode("cp932")
    browser.see(LIST)
    answer = browser.submit(LIST, {"channel": str(channel_id)}, files={"file": ("orders.csv", raw)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def taken_in(browser: Browser, here: str) -> None:
    assert browser.submit(f"{here}/start").status_code == 303
    imports.work(int(here.rpartition("/")[2]))


def problems_of(browser: Browser, here: str) -> list[list[str]]:
    """Line and problem of each row that is wrong."""
    told = browser.get(f"{here}/problems.csv").content.decode("utf-8-sig")
    return [line[:2] for line in csv.reader(io.StringIO(told, newline=""))]


def test_a_list_of_orders_is_looked_at_and_checked(browser: Browser, shop: int) -> None:
    here = hand_in(browser, shop, ORDERS)
    page = browser.see(here)
    assert "ウールコート" in page
    assert "「二千円」" in page
    assert "4111 1111" not in page.split("import-rows")[1]
    form = {**form_of(page), "kind": "", "currency": "JPY"}
    assert [form[f"column-{at}"] for at in range(6)] == [
        "reference",
        "at",
        "email",
        "title",
        "amount",
        "kind",
    ]
    refused = browser.submit(here, {**form, "currency": "en", "then": "check"})
    assert refused.status_code == 422
    assert "「en」は通貨として読めません。" in refused.text
    assert browser.submit(here, {**form, "then": "check"}).status_code == 303
    imports.work(int(here.rpartition("/")[2]))
    page = browser.see(here)
    for figure, words in ((2, "新規"), (2, "読み取れない行"), (1, "登録済みのお客様")):
        assert f"<b>{figure}</b>{words}" in page, words
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(Touchpoint)) == 0


def test_a_list_of_orders_is_taken_in_as_what_is_past(browser: Browser, shop: int) -> None:
    here = hand_in(browser, shop, ORDERS)
    taken_in(browser, here)
    page = browser.see(here)
    for figure, words in ((2, "新規"), (0, "取り込み済み"), (1, "お客様待ち"), (2, "問題のある行")):
        assert f"<b>{figure}</b>{words}" in page, words
    with reading() as db:
        kept = db.scalars(select(Touchpoint).order_by(Touchpoint.id)).all()
        assert [(one.source, one.kind, one.amount, one.identity_id is None) for one in kept] == [
            ("ec", "order.placed", 25800, False),
            ("ec", "order.shipped", 3800, True),
        ]
        assert "4111 1111" not in kept[1].title
        assert db.scalar(select(func.count()).where(Event.kind == "touchpoint.told")) == 0  # of the past
    assert "取り込み済みです" in browser.submit(f"{hand_in(browser, shop, ORDERS)}/start").text


def test_why_a_row_was_refused_is_said_in_the_reader_s_language(browser: Browser, shop: int) -> None:
    """What cannot be read, and what can be read but not be: each in a sentence of its own."""
    ids = ["取引ID,日時,メール,金額,種別", "T-1,2026/11/01,taro@example.jp,100,注文"]
    wrong = ["T-1,2026/11/02,taro@example.jp,,来店", f"T-2,2026/11/02,taro@example.jp,1{'0' * 16},注文"]
    here = hand_in(browser, shop, [*ids, *wrong, "T-3,2026/11/02,taro@example.jp,二千円,注文"])
    unreadable = [["4", "金額が範囲を超えています。"], ["5", "「二千円」は数として読めません。"]]
    assert problems_of(browser, here) == [["行", "問題点"], *unreadable]
    taken_in(browser, here)
    known = ["3", "このIDは、別の種類のものとして登録済みです。"]
    assert problems_of(browser, here) == [["行", "問題点"], known, *unreadable]


def test_rows_that_say_nothing_of_their_kind_are_what_the_page_says(browser: Browser, shop: int) -> None:
    raw = "日時,メール,店舗\n2026/11/01 10:15,taro@example.jp,銀座店\n".encode()
    browser.see(LIST)
    here = browser.submit(LIST, {"channel": str(shop)}, files={"file": ("v.csv", raw)}).headers["location"]
    form = {**form_of(browser.see(here)), "encoding": "utf-8", "currency": "JPY"}
    refused = browser.submit(here, {**form, "kind": "", "then": "start"})
    assert refused.status_code == 422
    assert "行の種類を示す列がありません" in refused.text
    assert browser.submit(here, {**form, "kind": "visit", "then": "start"}).status_code == 303
    number = int(here.rpartition("/")[2])
    imports.work(number)
    with transaction() as db:
        assert db.scalars(select(Touchpoint)).one().kind == "visit"
        row = imports.one(db, number)
        assert (row.taken["new"], row.state) == (1, "done")
        row.state, row.place = STOPPED, 0  # killed before it noted how far it was: nothing comes twice
    browser.submit(f"{here}/start")
    imports.work(number)
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(Touchpoint)) == 1
