"""Drafts and versions: what is published, by whom, what differs, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app import knowledge, labels
from app.bot import answers
from app.knowledge import differences, versions
from app.knowledge.versions import Manners
from app.models import Agent, BotRule, Event, FaqEntry, KnowledgeVersion, Setting
from tests import factories as make

ENTRY: dict[str, Any] = {
    "title": "送料", "language": "ja", "questions": ["送料はいくらですか"], "answer": "550円です。",
    "links": [], "quick_replies": [], "tags": [], "enabled": True,
}  # fmt: skip


@pytest.fixture
def editor(db: Session) -> Agent:
    return make.supervisor(db, "小林")


def wrote(db: Session, agent: Agent, entry: FaqEntry | None = None, **changed: Any) -> FaqEntry:
    before = knowledge.stored(entry) if entry else ENTRY
    return knowledge.save_entry(db, agent, entry, {**before, **changed})


def answer(db: Session, question: str = "送料はいくらですか") -> str:
    import bots

    return bots.decide(bots.Question(question, "ja"), answers.book(db)).text


def test_the_bot_knows_what_is_published_and_nothing_else(db: Session, editor: Agent) -> None:
    entry = wrote(db, editor)
    assert "550円" not in answer(db)
    made = versions.publish(db, editor, "はじめて")
    assert (made.number, made.agent_id, made.reason, made.counts["added"]) == (1, editor.id, "はじめて", 1)
    wrote(db, editor, entry, answer="600円です。")
    assert answer(db) == "550円です。"
    versions.publish(db, editor, "値上げ")
    assert (answer(db), answers.book(db).version) == ("600円です。", 2)
    kinds = select(Event.data).where(Event.kind == "knowledge.published").order_by(Event.id)
    assert [told["number"] for told in db.scalars(kinds)] == [1, 2]


def test_every_version_holds_what_was_published_with_it(db: Session, editor: Agent) -> None:
    first = wrote(db, editor)
    versions.publish(db, editor, "")
    second = wrote(db, editor, title="返品", questions=["返品できますか"])
    wrote(db, editor, first, answer="600円です。")
    versions.publish(db, editor, "")
    knowledge.remove(db, editor, first)
    versions.publish(db, editor, "")
    held = [{id: data["answer"] for (_, id), data in versions.content(db, n).items()} for n in (0, 1, 2, 3)]
    assert held == [
        {},
        {first.id: "550円です。"},
        {first.id: "600円です。", second.id: "550円です。"},
        {second.id: "550円です。"},
    ]
    kinds = [one.kind for one in versions.changes(versions.content(db, 1), versions.content(db, 3))]
    assert kinds == ["removed", "added"]


def test_nothing_new_is_not_published(db: Session, editor: Agent) -> None:
    wrote(db, editor)
    versions.publish(db, editor, "")
    with pytest.raises(versions.Refused, match="nothing to publish"):
        versions.publish(db, editor, "")


def test_a_draft_that_was_changed_since_one_looked_is_looked_at_again(db: Session, editor: Agent) -> None:
    entry = wrote(db, editor)
    seen = versions.fingerprint(versions.draft(db))
    wrote(db, editor, entry, answer="600円です。")
    with pytest.raises(versions.Refused, match="changed meanwhile"):
        versions.publish(db, editor, "", seen=seen)
    assert versions.publish(db, editor, "", seen=versions.fingerprint(versions.draft(db))).number == 1


def test_going_back_is_a_new_version_and_leaves_what_is_being_worked_on(db: Session, editor: Agent) -> None:
    shipping, returns = wrote(db, editor), wrote(db, editor, title="返品", questions=["返品できますか"])
    versions.publish(db, editor, "")
    wrote(db, editor, shipping, answer="9999円です。")
    gone = wrote(db, editor, title="誤り", questions=["何でも聞けますか"])
    versions.publish(db, editor, "")
    wrote(db, editor, returns, answer="書きかけ")
    made = versions.roll_back(db, editor, 1, "値段の誤り")
    assert (made.number, made.back_to, answer(db)) == (3, 1, "550円です。")
    assert versions.content(db, 3) == versions.content(db, 1)
    assert shipping.answer == "550円です。"
    assert db.get(FaqEntry, gone.id) is None
    assert [(one.noun_id, one.after and one.after["answer"]) for one in versions.unpublished(db)] == [
        (returns.id, "書きかけ")
    ]


def test_what_was_deleted_comes_back_under_its_own_number(db: Session, editor: Agent) -> None:
    entry = wrote(db, editor)
    versions.publish(db, editor, "")
    knowledge.remove(db, editor, entry)
    versions.publish(db, editor, "")
    versions.roll_back(db, editor, 1, "")
    assert db.get_one(FaqEntry, entry.id).answer == "550円です。"
    assert versions.unpublished(db) == []


@pytest.mark.parametrize("to", [0, 2, 7])
def test_there_is_no_way_back_to_where_one_is_or_never_was(db: Session, editor: Agent, to: int) -> None:
    entry = wrote(db, editor)
    versions.publish(db, editor, "")
    wrote(db, editor, entry, answer="600円です。")
    versions.publish(db, editor, "")
    with pytest.raises(versions.Refused, match="knows exactly this"):
        versions.roll_back(db, editor, to, "")


def test_one_change_is_taken_back_alone(db: Session, editor: Agent) -> None:
    entry, other = wrote(db, editor), wrote(db, editor, title="返品", questions=["返品できますか"])
    versions.publish(db, editor, "")
    wrote(db, editor, entry, answer="600円です。")
    wrote(db, editor, other, answer="はい")
    versions.bring_back(db, editor, knowledge.ENTRY, entry.id)
    assert [one.noun_id for one in versions.unpublished(db)] == [other.id]


def test_where_a_second_person_is_needed_a_writer_does_not_publish_alone(db: Session, editor: Agent) -> None:
    other, admin = make.supervisor(db, "佐藤"), make.agent(db, "管理", role="admin")
    versions.change_manners(db, admin, Manners("supervisor", True))
    entry = wrote(db, editor)
    with pytest.raises(versions.Refused, match="second person"):
        versions.publish(db, editor, "")
    versions.publish(db, other, "")
    wrote(db, other, entry, answer="600円です。")
    assert versions.publish(db, editor, "").number == 2  # what they wrote before is published long since
    wrote(db, editor, entry, answer="700円です。")
    assert versions.roll_back(db, editor, 1, "急ぎ").number == 3  # the way back is always open


def test_where_admins_publish_a_supervisor_asks_for_a_review(db: Session, editor: Agent) -> None:
    admin = make.agent(db, "管理", role="admin")
    versions.change_manners(db, admin, Manners("admin", False))
    wrote(db, editor)
    with pytest.raises(versions.Refused, match="Admins publish"):
        versions.publish(db, editor, "")
    with pytest.raises(versions.Refused, match="Admins publish"):
        versions.roll_back(db, editor, 1, "")
    versions.ask_for_review(db, editor, "送料を見てください")
    versions.return_review(db, admin, "税込と書いてください")
    assert versions.review(db) | {"by": 0} == {
        "by": 0, "name": "小林", "note": "送料を見てください", "returned_by": "管理", "advice": "税込と書いてください",
    }  # fmt: skip
    versions.publish(db, admin, "")
    assert versions.review(db) == {}


def test_how_sure_the_bot_must_be_is_published_and_brought_back_too(db: Session, editor: Agent) -> None:
    wrote(db, editor)
    versions.publish(db, editor, "")
    knowledge.set_thresholds(db, editor, 80.0, 20.0)
    assert answers.book(db).settings.threshold_answer == bots.Settings().threshold_answer
    versions.publish(db, editor, "")
    assert answers.book(db).settings.threshold_answer == 80.0
    versions.roll_back(db, editor, 1, "")
    assert answers.book(db).settings.threshold_answer == bots.Settings().threshold_answer
    assert versions.unpublished(db) == []
    with pytest.raises(knowledge.Invalid):
        knowledge.set_thresholds(db, editor, 30.0, 50.0)


def test_a_renamed_label_reaches_the_published_rule_and_publishes_nothing_else(
    db: Session, editor: Agent
) -> None:
    label = labels.add(db, editor, "返品", 20)
    rule: dict[str, Any] = {"name": "返品", "language": "", "keywords": ["返品"], "pattern": ""}
    kept = knowledge.save_rule(
        db, editor, None, {**rule, "action": "label", "params": {"label": "返品"}, "enabled": True}
    )
    entry = wrote(db, editor)
    versions.publish(db, editor, "")
    wrote(db, editor, entry, answer="書きかけ")
    labels.change(db, editor, label, "返品・交換", 20)
    assert versions.content(db)[knowledge.RULE, kept.id]["params"] == {"label": "返品・交換"}
    assert db.get_one(BotRule, kept.id).params == {"label": "返品・交換"}
    assert [one.noun for one in versions.unpublished(db)] == [knowledge.ENTRY]


def test_of_two_who_publish_at_once_the_second_is_told(
    db: Session, editor: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote(db, editor)
    db.add(KnowledgeVersion(number=1))
    db.flush()
    monkeypatch.setattr(versions, "number", lambda _db: 0)
    with pytest.raises(versions.Refused, match="just now"):
        versions.publish(db, editor, "")


def test_settings_nobody_changed_are_no_part_of_a_version(db: Session, editor: Agent) -> None:
    wrote(db, editor)
    versions.publish(db, editor, "")
    assert [noun for noun, _ in versions.content(db)] == [knowledge.ENTRY]
    assert db.get(Setting, knowledge.SETTINGS) is None


def told(before: str, after: str) -> str:
    return "".join(
        f"[{one.sign}{one.text}]" if one.sign else one.text for one in differences.words(before, after)
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("送料は550円です。", "送料は600円です。", "送料は[-550][+600]円です。"),
        ("Within 14 days, with tags", "Within 30 days, with tags", "Within [-14][+30] days, with tags"),
        ("", "新しい", "[+新しい]"),
        ("古い", "", "[-古い]"),
        ("同じ", "同じ", "同じ"),
        ("東京と大阪の店", "京都と奈良の店", "[-東京と大阪][+京都と奈良]の店"),
    ],
)
def test_a_text_is_told_word_by_word(before: str, after: str, expected: str) -> None:
    assert told(before, after) == expected


def test_of_a_list_only_what_changed_is_told_and_of_a_new_entry_nothing_usual() -> None:
    before = {**ENTRY, "questions": ["送料はいくらですか", "配送料は"], "tags": []}
    after = {**ENTRY, "questions": ["送料はおいくらですか", "配送料は", "送料を教えて"], "tags": ["費用"]}
    found = {one.name: one for one in differences.fields(before, after)}
    assert set(found) == {"questions", "tags"}
    signs = [[piece.sign for piece in line] for line in found["questions"].lines]
    assert signs == [["", "+", ""], ["+"]]
    assert found["questions"].same == 1
    new = {
        **knowledge.ENTRY_USUAL,
        "title": "送料",
        "questions": [f"質問{n}" for n in range(9)],
        "signed_in": True,
    }
    found = {one.name: one for one in differences.fields(None, new, knowledge.ENTRY_USUAL)}
    asked = found["questions"]
    assert set(found) == {"title", "questions", "signed_in"}
    assert (len(asked.first), len(asked.rest)) == (4, 5)


def test_very_long_texts_are_told_as_a_whole() -> None:
    assert [one.sign for one in differences.words("あ" * 3000, "い" * 3000)] == ["-", "+"]
