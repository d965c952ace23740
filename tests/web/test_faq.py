"""The FAQ and the rules: edited by those who may, tried out as they are typed, and every version kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.db import reading, transaction
from app.models import Agent, BotRule, FaqEntry, Revision
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

ENTRY = {
    "title": "送料", "language": "ja", "questions": "送料はいくらですか\n配送料は？\n", "answer": "550円です",
    "links": "配送案内 | https://shop.example/shipping", "quick_replies": "返品\n",
    "tags": "配送、費用，代引", "enabled": "1",
}  # fmt: skip
RULE = {
    "name": "弁護士", "language": "", "keywords": "弁護士\n訴訟", "pattern": "", "action": "escalate", "enabled": "1",
    "text": "責任者に引き継ぎます", "quick_replies": "", "label": "", "type": "legal", "reason": "法的手段",
}  # fmt: skip


@pytest.fixture
def editor() -> Browser:
    with transaction() as db:
        agent: Agent = factories.supervisor(db, "小林 健")
    return Browser().come_in(agent)


def entries() -> list[FaqEntry]:
    with reading() as db:
        return list(db.scalars(select(FaqEntry).order_by(FaqEntry.id)))


def ask(browser: Browser, question: str, **draft: Any) -> str:
    answer = browser.submit("/settings/bot/preview", {"try": question, **draft})
    assert answer.status_code == 200
    return str(answer.text)


def test_an_entry_is_written_and_can_be_tried_at_once(editor: Browser) -> None:
    assert editor.submit("/settings/faq", ENTRY).status_code == 303
    (entry,) = entries()
    assert entry.questions == ["送料はいくらですか", "配送料は？"]
    assert entry.links == [{"label": "配送案内", "url": "https://shop.example/shipping"}]
    assert entry.tags == ["配送", "費用", "代引"]
    assert "550円です" in ask(editor, "送料はいくらですか")
    assert "送料" in editor.see("/settings/faq")


def test_what_is_being_typed_is_tried_before_it_is_saved(editor: Browser) -> None:
    assert "550円です" in ask(editor, "送料はいくらですか", **ENTRY)
    assert "550円です" not in ask(editor, "送料はいくらですか")
    assert entries() == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [({"title": " "}, "タイトル"), ({"questions": "\n"}, "質問"), ({"answer": ""}, "回答"),
     ({"links": "悪い | javascript:alert(1)"}, "リンク")],
)  # fmt: skip
def test_a_refused_entry_keeps_what_was_typed(editor: Browser, wrong: dict[str, str], sentence: str) -> None:
    answer = editor.submit("/settings/faq", {**ENTRY, "tags": "手で打った", **wrong})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "手で打った" in answer.text
    assert entries() == []


def test_every_version_is_kept_and_can_be_brought_back(editor: Browser) -> None:
    editor.submit("/settings/faq", ENTRY)
    (entry,) = entries()
    editor.submit(f"/settings/faq/{entry.id}", {**ENTRY, "answer": "600円です"})
    with reading() as db:
        first, second = db.scalars(select(Revision.id).order_by(Revision.id)).all()
    html = editor.see(f"/settings/faq/{entry.id}")
    assert "小林 健" in html
    assert f"/revisions/{first}" in html
    editor.submit(f"/settings/faq/{entry.id}/revisions/{first}")
    assert [one.answer for one in entries()] == ["550円です"]
    assert second > first


def test_an_entry_kept_aside_answers_nothing(editor: Browser) -> None:
    editor.submit("/settings/faq", ENTRY)
    (entry,) = entries()
    assert editor.submit(f"/settings/faq/{entry.id}/state", {"enabled": ""}).status_code == 303
    assert "550円です" not in ask(editor, "送料はいくらですか")
    editor.submit(f"/settings/faq/{entry.id}/state", {"enabled": "1"})
    assert "550円です" in ask(editor, "送料はいくらですか")


def test_a_deleted_entry_leaves_its_versions(editor: Browser) -> None:
    editor.submit("/settings/faq", ENTRY)
    (entry,) = entries()
    editor.submit(f"/settings/faq/{entry.id}/removal")
    assert entries() == []
    assert editor.get(f"/settings/faq/{entry.id}").status_code == 404
    with reading() as db:
        assert [one.data for one in db.scalars(select(Revision).order_by(Revision.id))][-1] == {}


def test_rules_are_written_ordered_and_followed(editor: Browser) -> None:
    assert editor.submit("/settings/rules", RULE).status_code == 303
    assert (
        editor.submit("/settings/rules", {**RULE, "name": "二つ目", "set": "用件＝相談"}).status_code == 303
    )
    with reading() as db:
        first, second = db.scalars(select(BotRule).order_by(BotRule.position)).all()
    assert "責任者に引き継ぎます" in ask(editor, "弁護士に相談します")
    editor.submit(f"/settings/rules/{second.id}/place", {"to": "up"})
    editor.submit(f"/settings/rules/{second.id}/place", {"to": "up"})  # already the first: nothing happens
    with reading() as db:
        assert [one.id for one in db.scalars(select(BotRule).order_by(BotRule.position))] == [
            second.id,
            first.id,
        ]


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"keywords": ""}, {"action": "explode"}, {"pattern": "(a+)+b"}, {"pattern": "["},
     {"action": "answer", "text": ""}, {"action": "label", "label": ""}],
)  # fmt: skip
def test_a_rule_that_cannot_work_is_refused(editor: Browser, wrong: dict[str, str]) -> None:
    answer = editor.submit("/settings/rules", {**RULE, **wrong})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_agents_read_but_do_not_change() -> None:
    with transaction() as db:
        agent = factories.agent(db)
        entry = factories.faq(db)
    browser = Browser().come_in(agent)
    assert entry.answer in browser.see(f"/settings/faq/{entry.id}")
    for path in (f"/settings/faq/{entry.id}", f"/settings/faq/{entry.id}/removal", "/settings/faq"):
        assert browser.submit(path, ENTRY).status_code == 403
    assert browser.submit("/settings/rules", RULE).status_code == 403


def test_a_question_the_bot_does_not_know_begins_an_entry(editor: Browser) -> None:
    html = ask(editor, "宇宙旅行はできますか")
    assert "/settings/faq/new?question=" in html
    assert "宇宙旅行はできますか</textarea>" in editor.see("/settings/faq/new?question=宇宙旅行はできますか")


def test_what_two_people_edit_at_once_is_overwritten_knowingly_or_not_at_all(editor: Browser) -> None:
    with transaction() as db:
        colleague: Agent = factories.supervisor(db, "岡 恵")
    other = Browser().come_in(colleague)
    for table, place, typed in ((FaqEntry, "/settings/faq", ENTRY), (BotRule, "/settings/rules", RULE)):
        editor.submit(place, typed)
        made = f"{place}/{_only(table).id}"
        seen = _seen(editor.see(made))
        assert other.submit(made, typed | {"enabled": "", "seen": _seen(other.see(made))}).status_code == 303
        late = editor.submit(made, typed | {"language": "en", "seen": seen})
        assert late.status_code == 409
        assert "編集中に岡 恵さんがこの内容を保存しました。" in late.text
        assert (_only(table).enabled, _only(table).language) == (False, typed["language"])
        assert editor.submit(made, typed | {"language": "en", "seen": _seen(late.text)}).status_code == 303
        assert (_only(table).enabled, _only(table).language) == (True, "en")


def _only(table: type[FaqEntry] | type[BotRule]) -> FaqEntry | BotRule:
    with reading() as db:
        if table is FaqEntry:
            return db.scalars(select(FaqEntry)).one()
        return db.scalars(select(BotRule)).one()


def _seen(page: str) -> str:
    return page.split('name="seen" value="', 1)[1].split('"', 1)[0]


def test_entries_with_one_question_are_pointed_out_wherever_one_works_on_them(editor: Browser) -> None:
    """The bot could only ask back which of them is meant."""
    other = {**ENTRY, "title": "配達の費用", "questions": "ハイソウリョウは\n費用は？", "answer": "600円です"}
    editor.submit("/settings/faq", ENTRY)
    assert "doubles" not in editor.see("/settings/faq")
    editor.submit("/settings/faq", other)
    told = "「配送料は？」："
    one, two = entries()
    assert told not in editor.see("/settings/faq")
    editor.submit(f"/settings/faq/{two.id}", {**other, "questions": "はいそうりょうは\n配送料ハ!"})
    for page in ("/settings/faq", "/settings/knowledge", f"/settings/faq/{one.id}"):
        assert told in editor.see(page), page
    assert "回答が異なります" in editor.see("/settings/faq")
    assert f'href="/settings/faq/{one.id}">送料</a>' in editor.see(f"/settings/faq/{two.id}")


def test_entries_of_a_kind_and_of_one_of_its_channels_meet(editor: Browser) -> None:
    with transaction() as db:
        shop, other = factories.channel(db, "email").key, factories.channel(db, "api").key
    editor.submit("/settings/faq", {**ENTRY, "kinds": "email"})
    editor.submit("/settings/faq", {**ENTRY, "title": "郵送料", "channels": other})
    assert "doubles" not in editor.see("/settings/faq")
    editor.submit("/settings/faq", {**ENTRY, "title": "宅配料", "channels": shop})
    assert "「送料はいくらですか」：" in editor.see("/settings/faq")


@pytest.mark.parametrize(
    "apart",
    [
        {"enabled": ""},
        {"language": "en"},
        {"kinds": "line"},
        {"valid_from": "2026-12-01", "valid_until": "2026-12-24"},
    ],
)
def test_entries_that_never_meet_may_have_one_question(editor: Browser, apart: dict[str, str]) -> None:
    editor.submit("/settings/faq", {**ENTRY, "kinds": "email", "valid_until": "2026-11-30"})
    editor.submit("/settings/faq", {**ENTRY, "title": "冬の送料", **apart})
    assert [one.title for one in entries()] == ["送料", "冬の送料"]
    assert "doubles" not in editor.see("/settings/faq")
