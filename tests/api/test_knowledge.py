"""FAQ, bot rules, canned replies and labels over the API."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app import inbox, labels
from app.db import reading, transaction
from app.knowledge import questions
from app.models import Agent, BotRule, Label, Message, Revision
from tests import factories
from tests.api.calling import Program, program

pytestmark = pytest.mark.usefixtures("committed")

ENTRY = {
    "title": "送料",
    "questions": ["送料はいくらですか", "How much is shipping?"],
    "answer": "全国一律550円です。",
    "links": [{"label": "配送案内", "url": "https://shop.example/shipping"}],
    "quick_replies": ["返品"],
    "tags": ["配送", "費用"],
}
REPLY = {
    "shortcut": "/Ｏｒｅｉ",
    "title": "お礼",
    "body": "{お客様} 様、ありがとうございます。",
    "locale": "ja",
}
RULE = {"name": "返品", "action": "answer", "keywords": ["返品"], "params": {"text": "返品係です。"}}
STEP = {"name": "order", "label": "注文番号", "ask": "ご注文番号は？", "kind": "number"}
FORM = {
    "key": "return",
    "name": "返品のお申し込み",
    "keywords": ["返品したい"],
    "questions": ["買った物を返したい"],
    "steps": [STEP],
    "ending": {"text": "{order}を承りました。"},
}
THINGS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("/faq", ENTRY, {"answer": "無料です。"}, "title"),
    ("/canned-replies", REPLY, {"title": "御礼"}, "shortcut"),
    ("/labels", {"name": "急ぎ", "hue": 20}, {"hue": 340}, "name"),
    ("/bot-rules", RULE, {"params": {"text": "係に伝えます。"}}, "name"),
    ("/bot-forms", FORM, {"name": "ご返品"}, "key"),
]


@pytest.fixture
def editor() -> Program:
    with transaction() as db:
        boss = factories.supervisor(db, "小林 健")
    return program(boss)


def tag(caller: Program, path: str) -> dict[str, str]:
    return {"if-match": caller.get(f"/api/v1{path}").headers["etag"]}


def test_an_entry_is_written_read_changed_kept_aside_and_removed(editor: Program) -> None:
    made = editor.call("POST", "/faq", 201, json=ENTRY)
    assert {name: made[name] for name in ENTRY} == ENTRY
    assert made["enabled"]
    path = f"/faq/{made['id']}"
    assert editor.see(path) == made
    changed = editor.call("PATCH", path, json={"answer": "無料です。"}, headers=tag(editor, path))
    assert (changed["answer"], changed["questions"]) == ("無料です。", ENTRY["questions"])
    aside = editor.call("PATCH", path, json={"enabled": False}, headers=tag(editor, path))
    assert editor.see("/faq", enabled="true")["items"] == []
    assert editor.see("/faq", enabled="false", language="ja")["items"] == [aside]
    editor.call("DELETE", path, 204, headers=tag(editor, path))
    editor.refused("GET", path, 404)
    with reading() as db:
        assert len(db.scalars(select(Revision.id).where(Revision.noun == "faq_entry")).all()) == 4


@pytest.mark.parametrize(("list_", "body", "change", "_field"), THINGS)
def test_of_two_who_change_at_once_the_second_is_told(
    editor: Program, list_: str, body: dict[str, Any], change: dict[str, Any], _field: str
) -> None:
    path = f"{list_}/{editor.call('POST', list_, 201, json=body)['id']}"
    seen = tag(editor, path)
    now = editor.call("PATCH", path, json=change, headers=seen)
    editor.refused("PATCH", path, 412, json=change, headers=seen)
    editor.refused("DELETE", path, 412, headers=seen)
    editor.refused("DELETE", path, 428)
    assert editor.see(path) == now


@pytest.mark.parametrize(("list_", "body", "change", "_field"), THINGS)
def test_a_write_that_is_sent_again_is_done_once(
    editor: Program, list_: str, body: dict[str, Any], change: dict[str, Any], _field: str
) -> None:
    key = editor.key()
    made = editor.call("POST", list_, 201, json=body, headers=key)
    assert editor.call("POST", list_, 201, json=body, headers=key) == made
    editor.refused("POST", list_, 422, json={**body, **change}, headers=key)
    assert editor.see(list_)["items"] == [made]


@pytest.mark.parametrize(("list_", "body", "change", "field"), THINGS)
def test_an_agent_reads_and_does_not_write(
    editor: Program, list_: str, body: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    made = editor.call("POST", list_, 201, json=body)
    with transaction() as db:
        hanako = factories.agent(db, "佐藤 花子")
    agent, path = program(hanako), f"{list_}/{made['id']}"
    assert agent.see(path) == made
    assert agent.see(list_)["items"][0][field] == made[field]
    agent.refused("POST", list_, 403, json=body)
    agent.refused("PATCH", path, 403, json=change, headers={"if-match": "*"})
    agent.refused("DELETE", path, 403, headers={"if-match": "*"})
    for nothing in (f"{list_}/999", f"{list_}/0", f"{list_}/{2**63}", f"{list_}/x"):
        agent.refused("GET", nothing, 404)


@pytest.mark.parametrize(
    ("list_", "body", "field"),
    [
        ("/faq", {**ENTRY, "title": " "}, "body.title"),
        ("/faq", {**ENTRY, "questions": []}, "body.questions"),
        ("/faq", {**ENTRY, "questions": ["\n"]}, "body.questions"),
        ("/faq", {**ENTRY, "links": [{"url": "javascript:alert(1)"}]}, "body.links[0].url"),
        ("/faq", {**ENTRY, "language": "fr"}, "body.language"),
        ("/faq", {"title": "送料"}, "body.questions"),
        ("/faq", {**ENTRY, "titel": "x"}, "body.titel"),
        ("/canned-replies", {**REPLY, "shortcut": "two words"}, "body.shortcut"),
        ("/canned-replies", {**REPLY, "body": "{tenant} 様"}, "body.body"),
        ("/canned-replies", {**REPLY, "body": "長" * 8001}, "body.body"),
        ("/labels", {"name": "  "}, "body.name"),
        ("/bot-rules", {**RULE, "params": {}}, "body.params.text"),
        ("/bot-rules", {**RULE, "params": {"text": "x", "colour": "red"}}, "body.params.colour"),
        ("/bot-rules", {**RULE, "pattern": "(a+)+$("}, "body.pattern"),
        ("/bot-rules", {**RULE, "action": "flow", "params": {"flow": "7"}}, "body.params.flow"),
        ("/bot-forms", {**FORM, "steps": []}, "body.steps"),
        ("/bot-forms", {**FORM, "steps": [{**STEP, "to": "order"}]}, "body.steps[0]"),
        ("/bot-forms", {**FORM, "steps": [{**STEP, "kind": "colour"}]}, "body.steps[0].kind"),
        ("/bot-forms", {**FORM, "ending": {"hand_over": True, "team": 99}}, "body.ending.team"),
        ("/bot-forms", {**FORM, "key": "Ü"}, "body.key"),
        ("/faq", {**ENTRY, "flow_id": 99}, "body.flow_id"),
        ("/labels", {"name": "長" * 41}, "body.name"),
        ("/labels", {"name": "急ぎ", "hue": 360}, "body.hue"),
    ],
)
def test_what_is_wrong_is_named(editor: Program, list_: str, body: dict[str, Any], field: str) -> None:
    assert editor.refused("POST", list_, 422, json=body)["errors"][0]["field"] == field
    assert editor.see(list_)["items"] == []


def test_what_no_database_keeps_is_taken_out_of_patterns(editor: Program) -> None:
    made = editor.call("POST", "/bot-rules", 201, json={**RULE, "pattern": "返\0品"})
    assert made["pattern"] == "返品"
    made = editor.call("POST", "/bot-forms", 201, json={**FORM, "steps": [{**STEP, "pattern": "[0-9]\0{4}"}]})
    assert made["steps"][0]["pattern"] == "[0-9]{4}"


def test_a_name_that_is_taken_is_refused_however_it_is_spelled(editor: Program) -> None:
    editor.call("POST", "/labels", 201, json={"name": "キャンセル"})
    editor.call("POST", "/canned-replies", 201, json=REPLY)
    taken = editor.refused("POST", "/labels", 422, json={"name": "ｷｬﾝｾﾙ"})
    assert taken["errors"] == [{"field": "body.name", "detail": "There is already a label of this name."}]
    taken = editor.refused("POST", "/canned-replies", 422, json={**REPLY, "shortcut": "orei"})
    assert taken["errors"][0]["field"] == "body.shortcut"


def test_sentences_are_in_the_language_that_is_asked_for(editor: Program) -> None:
    editor.headers["accept-language"] = "ja"
    told = editor.refused("POST", "/labels", 422, json={"name": " "})
    assert told["errors"][0]["detail"] == "ラベルの名前を入力してください。"


def test_replies_are_kept_as_the_page_keeps_them(editor: Program) -> None:
    made = editor.call("POST", "/canned-replies", 201, json=REPLY)
    assert (made["shortcut"], made["body"]) == ("orei", REPLY["body"])
    assert editor.see("/canned-replies", locale="ja")["items"] == [made]
    assert editor.see("/canned-replies", locale="en")["items"] == []
    path = f"/canned-replies/{made['id']}"
    editor.call("DELETE", path, 204, headers=tag(editor, path))
    assert editor.see("/canned-replies")["items"] == []


def test_a_label_leaves_every_conversation_with_it_unless_a_rule_would_bring_it_back(editor: Program) -> None:
    with transaction() as db:
        boss = factories.supervisor(db)
        label, ruled = labels.add(db, boss, "急ぎ", 20), labels.add(db, boss, "返品", 40)
        inbox.put_label(db, factories.conversation(db), label, agent=boss)
        params = {"label": "返品"}
        db.add(BotRule(name="返品", keywords=["返品"], action="label", params=params))
    editor.call("DELETE", f"/labels/{label.id}", 204, headers=tag(editor, f"/labels/{label.id}"))
    editor.refused("DELETE", f"/labels/{ruled.id}", 409, headers=tag(editor, f"/labels/{ruled.id}"))
    renamed = {"name": "返品・交換"}
    editor.call("PATCH", f"/labels/{ruled.id}", json=renamed, headers=tag(editor, f"/labels/{ruled.id}"))
    (rule,) = editor.see("/bot-rules")["items"]
    assert rule["params"] == {"label": "返品・交換"}
    assert editor.see(f"/bot-rules/{rule['id']}") == rule
    with reading() as db:
        assert db.scalars(select(Label.name)).all() == ["返品・交換"]


def test_the_draft_is_published_and_what_is_published_already_is_told(editor: Program) -> None:
    editor.call("POST", "/faq", 201, json=ENTRY)
    assert editor.call("POST", "/faq/publication", json={"reason": "はじめて"}) == {
        "version": 1,
        "measuring": False,
    }
    told = editor.refused("POST", "/faq/publication", 409, json={})
    assert "nothing to publish" in str(told)
    editor.call("POST", "/faq", 201, json={**ENTRY, "title": "返品"})
    with transaction() as db:
        boss = db.scalars(select(Agent).limit(1)).one()
        questions.label(db, boss, "送料は", None, origin="written")
    assert editor.call("POST", "/faq/publication", json={}) == {"version": None, "measuring": True}


def test_a_form_is_written_published_and_gone_through(editor: Program) -> None:
    made = editor.call("POST", "/bot-forms", 201, json=FORM)
    assert {**made, "steps": [{name: made["steps"][0][name] for name in STEP}], "ending": FORM["ending"]} == {
        **made,
        **FORM,
        "language": "ja",
        "enabled": True,
    }
    entry = editor.call("POST", "/faq", 201, json={**ENTRY, "flow_id": made["id"]})
    assert entry["flow_id"] == made["id"]
    editor.call("POST", "/faq/publication", json={"reason": "返品"})
    with transaction() as db:
        chat = factories.channel(db, bot=True)
        for text in ("返品したい", "5521", "はい"):
            factories.customer_says(db, chat, text)
        said = db.scalars(select(Message.text).filter_by(author="bot").order_by(Message.id)).all()
    assert (said[0], said[-1]) == ("ご注文番号は？", "5521を承りました。")


def test_a_form_with_no_way_out_is_refused_with_the_question(editor: Program) -> None:
    steps = [STEP, {"name": "reason", "label": "理由", "ask": "なぜですか？", "to": "order"}]
    told = editor.refused("POST", "/bot-forms", 422, json={**FORM, "steps": steps})
    assert told["errors"] == [
        {
            "field": "body.steps[1]",
            "detail": "No way out: “理由” leads back to “注文番号”, which was asked before it.",
        }
    ]


def test_a_rule_takes_its_place_in_the_order(editor: Program) -> None:
    for name in ("一", "二", "三"):
        editor.call("POST", "/bot-rules", 201, json={**RULE, "name": name})
    first = editor.call("POST", "/bot-rules", 201, json={**RULE, "name": "零", "position": 1})
    path = f"/bot-rules/{first['id']}"
    order = sorted(editor.see("/bot-rules")["items"], key=lambda one: one["position"])
    assert [one["name"] for one in order] == ["零", "一", "二", "三"]
    editor.call("PATCH", path, json={"position": 3}, headers=tag(editor, path))
    order = sorted(editor.see("/bot-rules")["items"], key=lambda one: one["position"])
    assert [one["name"] for one in order] == ["一", "二", "零", "三"]
