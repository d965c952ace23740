"""The shop's FAQ page taken over: read, looked through, ticked, read again."""

from __future__ import annotations

import re

import pytest

from app.db import reading, transaction
from app.knowledge import all_entries, sources
from app.models import Agent
from tests import factories
from tests.knowledge.test_sources import html
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
HERE = "/settings/knowledge/import"
PAGE = html(送料は="550円です", 返品は="14日以内", 営業時間は="10時から19時")


@pytest.fixture
def editor() -> Browser:
    with transaction() as db:
        agent: Agent = factories.supervisor(db, "小林 健")
    return Browser().come_in(agent)


def entries() -> dict[str, str]:
    with reading() as db:
        return {one.title: one.answer for one in all_entries(db)}


def test_a_page_is_looked_through_and_what_is_ticked_goes_into_the_draft(
    editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "fetch", lambda address: PAGE if "shop" in address else "")
    answer = editor.submit(HERE, {"address": "https://shop.example/faq"})
    assert answer.status_code == 303
    there = answer.headers["location"]
    page = editor.see(there)
    assert re.findall(r'name="take" value="(\d)"[^>]*checked', page) == ["0", "1", "2"]
    assert editor.submit(there, {"take": ["0", "2", "99"]}).headers["location"] == "/settings/faq"
    assert entries() == {"送料は": "550円です", "営業時間は": "10時から19時"}
    monkeypatch.setattr(sources, "fetch", lambda _address: html(送料は="600円です", 返品は="14日以内"))
    assert editor.submit(f"{there}/reading").status_code == 303
    page = editor.see(there)
    assert "<del>550</del><ins>600</ins>円です" in page
    assert "ページからなくなりました" in page
    left = re.findall(r'name="leave" value="(\d+)"', page)
    editor.submit(there, {"take": ["0"], "leave": left})
    assert entries()["送料は"] == "600円です"
    assert "https://shop.example/faq" in editor.see(HERE)


def test_a_file_or_pasted_text_is_read_too(editor: Browser) -> None:
    file = {"file": ("faq.csv", "質問,回答\n送料は,550円\n".encode("cp932"))}
    there = editor.submit(HERE, {}, files=file).headers["location"]
    editor.submit(there, {"take": ["0"]})
    there = editor.submit(HERE, {"pasted": PAGE}).headers["location"]
    assert "貼り付けた内容" in editor.get(there).text
    assert "550円<ins>です</ins>" in editor.see(there)
    assert entries() == {"送料は": "550円"}
    assert editor.submit(f"{there}/reading").status_code == 404
    assert editor.get(f"{HERE}/999").status_code == 404


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "ページのアドレス、ファイル、または内容を入力してください"),
        ({"address": "http://127.0.0.1/faq"}, "非公開ネットワーク"),
        ({"pasted": "<p>ようこそ</p>"}, "質問と回答の組が見つかりませんでした"),
        ({"pasted": '{"id": 1, "questions": ["a"], "answer": "b"}\n{"id": 1, "questions": ["c"], "answer": "d"}'},
         "2行目：id「1」は1行目ですでに使われています"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_kept(editor: Browser, form: dict[str, str], sentence: str) -> None:
    answer = editor.submit(HERE, form)
    assert answer.status_code == 422
    assert sentence in answer.text
