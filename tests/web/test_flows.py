"""The pages of the bot's forms: written, drawn, taken in as TOML, tried in a conversation."""

from __future__ import annotations

import json
from html import unescape

import pytest
from sqlalchemy import select

from app import knowledge
from app.db import reading, transaction
from app.knowledge import flows, versions
from app.models import BotFlow, BotRule, Team
from tests import factories as make
from tests.test_flows import RETURN
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

HERE = "/settings/flows"
TYPED = {
    "name": "来店予約", "language": "ja", "keywords": "来店予約\n試着", "enabled": "1",
    "s0_name": "day", "s0_label": "日にち", "s0_ask": "いつですか。", "s0_kind": "date", "s0_ahead": "1",
    "s0_order": "2",
    "s1_name": "wish", "s1_label": "ご用件", "s1_ask": "ご用件は？", "s1_kind": "choice", "s1_order": "1",
    "s1_choices": "試着\nその他 -> person", "end_confirm": "1", "end_text": "{day}に承りました。",
    "end_attributes": "用件 = wish",
}  # fmt: skip


@pytest.fixture
def browser() -> Browser:
    with transaction() as db:
        admin = make.agent(db, "北川 修", role="admin")
    return Browser().come_in(admin)


def stored() -> dict[str, object]:
    with reading() as db:
        return knowledge.stored(db.scalars(select(BotFlow)).one())


def test_a_form_is_written_question_by_question_in_the_order_of_their_numbers(browser: Browser) -> None:
    assert browser.submit(HERE, TYPED).status_code == 303
    made = stored()
    assert made["steps"] == [
        {
            "name": "wish",
            "label": "ご用件",
            "ask": "ご用件は？",
            "kind": "choice",
            "choices": [{"words": "試着"}, {"words": "その他", "to": "person"}],
        },
        {"name": "day", "label": "日にち", "ask": "いつですか。", "kind": "date", "ahead": True},
    ]
    assert made["ending"] == {"confirm": True, "text": "{day}に承りました。", "attributes": {"用件": "wish"}}
    shown = browser.get(f"{HERE}/1").text
    assert shown.count('class="box box-') == 4
    assert "その他" in shown
    assert "来店予約" in browser.get(HERE).text
    assert "来店予約" in browser.get("/settings/knowledge").text


def test_signs_as_a_japanese_keyboard_types_them_mean_the_same(browser: Browser) -> None:
    typed = {
        "s1_choices": "試着\nその他ー＞person\n破損→ person\n東京→大阪",
        "end_attributes": "用件　＝　wish",
    }
    assert browser.submit(HERE, TYPED | typed).status_code == 303
    made = stored()
    steps, ending = made["steps"], made["ending"]
    assert isinstance(steps, list)
    assert isinstance(ending, dict)
    assert steps[0]["choices"] == [
        {"words": "試着"},
        {"words": "その他", "to": "person"},
        {"words": "破損", "to": "person"},
        {"words": "東京→大阪"},
    ]
    assert ending["attributes"] == {"用件": "wish"}


def test_what_is_to_be_noted_without_a_question_is_told_and_not_dropped(browser: Browser) -> None:
    for line in ("会員番号", "= wish"):
        answer = browser.submit(HERE, TYPED | {"end_attributes": line})
        assert answer.status_code == 422
        assert 'id="end_attributes-problem"' in answer.text


def test_a_way_that_leads_back_is_refused_with_its_place_and_what_was_typed_is_kept(browser: Browser) -> None:
    answer = browser.submit(HERE, TYPED | {"s0_to": "wish"})
    assert answer.status_code == 422
    assert "日にち" in answer.text
    assert 'id="s0_label-problem"' in answer.text
    assert "{day}に承りました。" in answer.text


def test_toml_goes_in_and_comes_out(browser: Browser) -> None:
    with transaction() as db:
        db.add(Team(name="返品チーム"))
    assert browser.submit(f"{HERE}/reading", {"toml": RETURN}).status_code == 303
    before = stored()
    told = browser.get(f"{HERE}/1/toml")
    assert told.headers["content-type"].startswith("application/toml")
    with reading() as db:
        assert flows.from_toml(db, told.text) == [before]
    refused = browser.submit(f"{HERE}/reading", {"toml": "[[flow"})
    assert refused.status_code == 422
    assert "[[flow" in refused.text


def test_a_conversation_with_the_draft_is_tried_and_nothing_is_kept(browser: Browser) -> None:
    browser.submit(HERE, TYPED)
    trial = "/settings/bot/trial"
    carried = ""
    for words in ("来店予約をお願いします", "試着", "2030年1月5日"):
        shown = browser.submit(trial, {"try": words, "trial": carried}).text
        carried = _carried(shown)
    assert "日にち: 2030年1月5日" in shown
    assert json.loads(carried)["flow"]["values"] == {"wish": "試着", "day": "2030-01-05"}
    shown = browser.submit(trial, {"chip": "はい", "trial": carried}).text
    assert "2030年1月5日（土）に承りました。" in shown
    assert "用件: 試着" in shown
    with reading() as db:
        assert versions.number(db) == 0
    assert browser.submit(trial, {"try": "x", "trial": "[" * 70_000}).status_code == 200


def test_the_try_beside_an_entry_knows_the_forms_that_are_there(browser: Browser) -> None:
    browser.submit(HERE, TYPED)
    entry = {
        "title": "採寸",
        "language": "ja",
        "questions": "採寸はできますか",
        "answer": "できます",
        "enabled": "1",
    }
    for words in ("採寸はできますか", "来店予約をお願いします"):
        tried = {"try": words, **entry, "flow_id": "1"}
        assert "ご用件は？" in browser.submit("/settings/bot/preview", tried).text


def _carried(shown: str) -> str:
    return unescape(shown.split('name="trial" value="', 1)[1].split('"', 1)[0])


def test_a_rule_is_given_conditions_and_a_form(browser: Browser) -> None:
    browser.submit(HERE, TYPED)
    rule = {
        "name": "夜",
        "keywords": "予約",
        "action": "flow",
        "enabled": "1",
        "hours": "closed",
        "pages": "/shop/*",
    }
    refused = browser.submit("/settings/rules", rule)
    assert refused.status_code == 422
    assert browser.submit("/settings/rules", rule | {"flow": "1"}).status_code == 303
    with reading() as db:
        made = db.scalars(select(BotRule)).one()
    assert made.params == {"flow": "1", "hours": "closed", "pages": "/shop/*"}
    assert "/shop/*" in browser.get(f"/settings/rules/{made.id}").text


def test_an_agent_reads_and_changes_nothing(browser: Browser) -> None:
    browser.submit(HERE, TYPED)
    with transaction() as db:
        agent = make.agent(db)
    reader = Browser().come_in(agent)
    assert reader.get(f"{HERE}/1").status_code == 200
    assert reader.submit(HERE, TYPED).status_code == 403
    assert reader.submit(f"{HERE}/reading", {"toml": RETURN}).status_code == 403
