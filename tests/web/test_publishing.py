"""Publishing, versions, evaluation and test questions, as they are used in the settings."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app import proving
from app.db import reading, transaction
from app.knowledge import versions
from app.models import Agent, FaqEntry, KnowledgeRun, LabelledQuestion
from app.proving import runs
from tests import factories
from tests.web.test_faq import ENTRY, ask
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
HERE = "/settings/knowledge"


@pytest.fixture
def editor() -> Browser:
    with transaction() as db:
        agent: Agent = factories.agent(db, "小林 健", role="admin")
    return Browser().come_in(agent)


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def publish(browser: Browser, reason: str = "", **more: str) -> None:
    page = browser.see(HERE)
    answer = browser.submit(f"{HERE}/publication", {"seen": seen(page), "reason": reason, **more})
    assert answer.status_code == 303, answer.text


def entry() -> FaqEntry:
    with reading() as db:
        return db.scalars(select(FaqEntry).order_by(FaqEntry.id)).all()[0]


def test_an_entry_is_published_changed_compared_and_brought_back(editor: Browser) -> None:
    assert "まだ何も書かれていません" in editor.see(HERE)
    editor.submit("/settings/faq", ENTRY)
    assert "まだ公開していない変更が1件" in editor.see("/settings/faq")
    publish(editor, "はじめての公開")
    assert "未公開" not in editor.see("/settings/faq")
    editor.submit(f"/settings/faq/{entry().id}", {**ENTRY, "answer": "600円です"})
    tried = ask(editor, "送料はいくらですか")
    assert "600円です" in tried
    assert "公開中の版では、こう答えます" in tried
    assert "550円です" in tried
    page = editor.see(HERE)
    assert "<del>550</del><ins>600</ins>円です" in page
    publish(editor, "値上げ")
    page = editor.see(f"{HERE}/versions/2")
    assert "値上げ" in page
    assert "<del>550</del><ins>600</ins>円です" in page
    assert "違いはありません" in editor.see(f"{HERE}/versions/2?since=2")
    answer = editor.submit(f"{HERE}/versions/1/restoration", {"reason": "誤り"})
    assert answer.status_code == 303
    assert "版1に戻しました" in editor.see(HERE)
    assert entry().answer == "550円です"
    assert "この内容です" in editor.submit(f"{HERE}/versions/1/restoration", {}).text
    assert editor.get(f"{HERE}/versions/99").status_code == 404


def test_one_change_is_taken_back(editor: Browser) -> None:
    editor.submit("/settings/faq", ENTRY)
    publish(editor)
    editor.submit(f"/settings/faq/{entry().id}", {**ENTRY, "answer": "600円です"})
    editor.submit(f"{HERE}/undoing", {"noun": "faq_entry", "noun_id": str(entry().id)})
    assert entry().answer == "550円です"
    assert editor.submit(f"{HERE}/undoing", {"noun": "no_such_noun", "noun_id": "1"}).status_code == 303


def test_a_draft_changed_since_the_page_was_shown_is_not_published(editor: Browser) -> None:
    editor.submit("/settings/faq", ENTRY)
    page = editor.see(HERE)
    editor.submit(f"/settings/faq/{entry().id}", {**ENTRY, "answer": "600円です"})
    answer = editor.submit(f"{HERE}/publication", {"seen": seen(page), "reason": "急ぎの修正"})
    assert answer.status_code == 422
    assert "その間に下書きが変更されました" in answer.text
    assert "急ぎの修正" in answer.text


def test_a_second_person_is_asked_for_a_review_and_publishes(editor: Browser) -> None:
    editor.submit(f"{HERE}/manners", {"role": "supervisor", "second_person": "1"})
    editor.submit("/settings/faq", ENTRY)
    assert "公開は別の人が行う設定" in editor.see(HERE)
    editor.submit(f"{HERE}/review", {"note": "送料を見てください"})
    with transaction() as db:
        second = factories.supervisor(db, "佐藤")
    other = Browser().come_in(second)
    assert "送料を見てください" in other.see(HERE)
    other.submit(f"{HERE}/advice", {"note": "税込と書いてください"})
    assert "税込と書いてください" in editor.see(HERE)
    publish(other)
    assert "税込と書いてください" not in editor.see(HERE)
    late = other.submit(f"{HERE}/advice", {"note": "遅い助言"})
    assert (late.status_code, "もう依頼されていません" in late.text) == (422, True)
    assert "お書きいただいた内容：遅い助言" in late.text
    assert "遅い助言" not in editor.see(HERE)
    assert other.submit(f"{HERE}/manners", {"role": "admin"}).status_code == 403


def test_test_questions_are_written_read_relabelled_and_removed(editor: Browser) -> None:
    editor.submit("/settings/faq", ENTRY)
    here = f"{HERE}/questions"
    assert editor.submit(here, {"text": "送料は？", "entry": str(entry().id)}).status_code == 303
    refused = editor.submit(here, {"text": "天気は？", "entry": ""})
    assert refused.status_code == 422
    assert "天気は？" in refused.text
    assert editor.submit(f"{here}/file", {"lines": "今日の天気\t\nいくら\t送料"}).status_code == 303
    page = editor.submit(f"{here}/file", {"lines": "何か\tどこにもない"})
    assert page.status_code == 422
    assert "1行目: この番号やタイトルのFAQはありません。" in page.text
    with reading() as db:
        rows = {one.text: one for one in db.scalars(select(LabelledQuestion))}
    assert {text: one.entry_id for text, one in rows.items()} == {
        "送料は？": entry().id, "今日の天気": None, "いくら": entry().id,
    }  # fmt: skip
    assert "送料は？" in editor.see(f"{here}?edit={rows['送料は？'].id}")
    editor.submit(f"{here}/{rows['いくら'].id}/removal")
    assert "いくら" not in editor.see(here)
    file = {"file": ("q.jsonl", '{"text": "配送料", "id": "送料"}'.encode())}
    assert editor.submit(f"{here}/file", {}, files=file).status_code == 303
    assert "配送料" in editor.see(here)
    told = '{"text": "FAX", "id": null, "lang": "en"}\n{"text": "FAX", "id": "送料", "lang": "en"}'
    assert editor.submit(f"{here}/file", {"lines": told}).status_code == 303
    with reading() as db:  # said twice, the later word holds
        row = db.scalars(select(LabelledQuestion).where(LabelledQuestion.text == "FAX")).one()
        assert (row.language, row.entry_id) == ("en", entry().id)


def test_the_evaluation_shows_both_sides_and_what_to_do(editor: Browser) -> None:
    editor.submit("/settings/faq", ENTRY)
    publish(editor)
    here = f"{HERE}/evaluation"
    assert "テスト質問がまだありません" in editor.see(here)
    editor.submit(f"{HERE}/questions", {"text": "荷物の追跡番号はどこですか", "entry": str(entry().id)})
    editor.submit(f"{HERE}/questions", {"text": "送料はいくらですか", "entry": str(entry().id)})
    assert editor.submit(here).status_code == 303
    with reading() as db:
        run = runs.latest(db, runs.EVALUATION)
        assert run
    waiting = editor.get(f"{HERE}/runs/{run.id}")
    assert 'hx-trigger="every 1s"' in waiting.text
    assert "hx-refresh" not in waiting.headers
    proving.run(run.id)
    assert editor.get(f"{HERE}/runs/{run.id}").headers["hx-refresh"] == "true"
    page = editor.see(here)
    assert "荷物の追跡番号はどこですか" in page
    assert "polyline" in page
    assert "この言い方を「送料」に追加" in page
    assert "送料はいくらですか" in editor.see(f"{here}?view=all")
    wording = editor.see(f"/settings/faq/{entry().id}?question=荷物の追跡番号はどこですか")
    assert "荷物の追跡番号はどこですか</textarea>" in wording
    assert editor.submit(f"{here}/thresholds", {"threshold_answer": "70"}).status_code == 303
    assert "下書きか質問が変わりました" in editor.see(here)
    with reading() as db:
        assert versions.draft(db)["bot_settings", 0]["threshold_answer"] == 70.0


def test_a_draft_that_does_worse_is_stopped_until_a_reason_is_given(editor: Browser) -> None:
    editor.submit("/settings/faq", ENTRY)
    publish(editor)
    editor.submit(f"{HERE}/questions", {"text": "送料はいくらですか", "entry": str(entry().id)})
    editor.submit(f"/settings/faq/{entry().id}/state", {"enabled": ""})
    publish(editor, "在庫処分")
    assert "自動で公開します" in editor.see(HERE)
    with reading() as db:
        (run,) = db.scalars(select(KnowledgeRun.id))
    proving.run(run)
    page = editor.see(HERE)
    assert "公開中の版を下回るため、公開しませんでした" in page
    assert "下書きが0問、公開中の版が1問" in page
    assert editor.submit(f"{HERE}/publication", {"seen": seen(page)}).status_code == 422
    publish(editor, "在庫処分", overruled="送料の案内を終えるため")
    assert "送料の案内を終えるため" in editor.see(HERE)
    with transaction() as db:
        admin: Agent = factories.agent(db, role="admin")
    told = Browser().come_in(admin).see("/settings/audit")
    assert "承知で、版2が公開されました。理由：送料の案内を終えるため" in told


def test_agents_see_none_of_it() -> None:
    with transaction() as db:
        agent = factories.agent(db)
    browser = Browser().come_in(agent)
    for path in ("", "/evaluation", "/questions"):
        assert browser.get(f"{HERE}{path}").status_code == 403


ENGLISH = {
    "What are your opening hours?": "We are open from 10 to 19.",
    "Which payment methods do you accept?": "Cards and PayPay.",
    "Can I return an item?": "Within 14 days.",
    "How long does delivery take?": "Two to four days.",
    "Do you ship abroad?": "Yes, to 20 countries.",
}
MISSED = {
    "is klarna possible": "Which payment methods do you accept?",
    "the jumper does not suit me": "Can I return an item?",
}
QUESTIONS = {
    "what are the opening hours": "What are your opening hours?",
    "opening hours please": "What are your opening hours?",
    "what payment methods can I use": "Which payment methods do you accept?",
    "I want to return an item": "Can I return an item?",
    "how long is the delivery": "How long does delivery take?",
    "do you ship to France": "Do you ship abroad?",
    **MISSED,
    "will it rain tomorrow": "",
    "who founded the company": "",
}


def measured(browser: Browser) -> int:
    """How many questions the draft handles rightly now."""
    browser.submit(f"{HERE}/evaluation")
    with reading() as db:
        run = runs.latest(db, runs.EVALUATION)
        assert run
    proving.run(run.id)
    with reading() as db:
        return int(db.get_one(KnowledgeRun, run.id).result["draft"]["right"])


def test_in_english_too_a_page_is_taken_over_corrected_measured_published_and_brought_back() -> None:
    with transaction() as db:
        agent: Agent = factories.supervisor(db, "Emma", locale="en")
    browser = Browser().come_in(agent)
    page = "".join(f"<details><summary>{asked}</summary>{said}</details>" for asked, said in ENGLISH.items())
    there = browser.submit(f"{HERE}/import", {"pasted": page}).headers["location"]
    assert "What was found" in browser.see(there)
    browser.submit(there, {"take": [str(place) for place in range(len(ENGLISH))]})
    publish(browser, "Our FAQ page")
    lines = "\n".join("\t".join(one) for one in QUESTIONS.items())
    browser.submit(f"{HERE}/questions/file", {"lines": lines})
    assert measured(browser) == len(QUESTIONS) - len(MISSED)
    shown = browser.see(f"{HERE}/evaluation")
    with reading() as db:
        ids = {one.title: one.id for one in db.scalars(select(FaqEntry))}
    for asked, title in MISSED.items():
        assert asked in shown
        assert f"Add this wording to “{title}”" in shown
        fields = {"title": title, "language": "en", "answer": ENGLISH[title], "enabled": "1"}
        browser.submit(f"/settings/faq/{ids[title]}", {**fields, "questions": f"{title}\n{asked}"})
    assert measured(browser) == len(QUESTIONS)
    publish(browser, "More wordings")
    assert "Cards and PayPay." in ask(browser, "is klarna possible")
    page = browser.see(HERE)
    assert "Version 2" in page
    assert "More wordings" in page
    browser.submit(f"{HERE}/versions/1/restoration", {"reason": "to try"})
    assert "back to version 1" in browser.see(HERE)
    assert "Cards and PayPay." not in ask(browser, "is klarna possible")
