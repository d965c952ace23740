"""Labelled questions, the evaluation of a draft beside the published version, and the gate before publishing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import knowledge, proving
from app.db import reading, transaction
from app.knowledge import questions, versions
from app.models import Agent, Event, FaqEntry, KnowledgeRun, KnowledgeVersion, LabelledQuestion
from app.proving import evaluating, runs
from app.proving.figures import Case, Told, curve, figures, harm
from app.proving.picture import picture
from tests import factories as make
from tests.knowledge.test_versions import ENTRY

NOTHING = Told(None, None, 0.0, ())


def told(id: int, score: float, *, answered: bool = True) -> Told:
    return Told(id if answered else None, id, score, ((id, "t", score),))


def case(label: int | None, draft: Told, published: Told = NOTHING) -> Case:
    return Case(1, "？", label, draft, published)


def test_the_figures_count_right_answers_right_silence_and_wrong_answers() -> None:
    cases = [
        case(1, told(1, 90)), case(1, told(2, 80)), case(None, NOTHING), case(None, told(2, 60)), case(3, NOTHING),
    ]  # fmt: skip
    found = figures(cases, "draft")
    assert (found["right"], found["wrong"], found["questions"]) == (2, 2, 5)
    assert found["precision"] == pytest.approx(1 / 3)
    assert figures(cases, "published")["right"] == 2


def test_the_curve_tells_what_each_threshold_would_give() -> None:
    cases = [case(1, told(1, 90)), case(1, told(2, 50)), case(None, told(2, 20, answered=False))]
    points = {one["at"]: (one["answered"], one["precision"], one["wrong"]) for one in curve(cases, "draft")}
    assert points[0] == (1.0, pytest.approx(1 / 3), 2)
    assert points[40] == (pytest.approx(2 / 3), 0.5, 1)
    assert points[60] == (pytest.approx(1 / 3), 1.0, 0)
    assert points[100] == (0.0, None, 0)


def test_the_picture_lies_within_its_frame() -> None:
    cases = [case(1, told(1, 90)), case(1, told(2, 50)), case(None, told(2, 20))]
    drawn = picture(
        {side: curve(cases, side) for side in ("draft", "published")}, {"draft": 40, "published": 40}
    )
    published, draft = drawn.lines
    assert (published.points, published.at) == ("", None)
    places = [tuple(map(float, place.split(","))) for place in draft.points.split()]
    assert draft.at in places
    assert all(66 <= x <= 532 and 16 <= y <= 258 for x, y in places)


@pytest.mark.parametrize(
    ("draft", "published", "sentences"),
    [((8, 1), (8, 1), 0), ((9, 0), (8, 1), 0), ((7, 1), (8, 1), 1), ((8, 2), (8, 1), 1), ((7, 2), (8, 1), 2)],
)
def test_fewer_right_or_more_wrong_is_harm(
    draft: tuple[int, int], published: tuple[int, int], sentences: int
) -> None:
    sides = [{"right": right, "wrong": wrong, "questions": 10} for right, wrong in (draft, published)]
    assert len(harm(*sides)) == sentences


# Labelled questions --------------------------------------------------------------------------------------


def test_a_question_is_labelled_once_and_the_later_word_holds(db: Session) -> None:
    agent, entry = make.supervisor(db), make.faq(db)
    first = questions.label(db, agent, "送料は？", entry.id, origin="written")
    again = questions.label(db, agent, " 送料は? ", None, origin="thread")
    assert first.id == again.id
    assert (again.entry_id, again.language) == (None, "ja")
    assert questions.label(db, agent, "How much is it?", None, origin="written").language == "en"
    for text, about in ((" ", None), ("送料", 999)):
        with pytest.raises(knowledge.Invalid):
            questions.label(db, agent, text, about, origin="written")


def test_questions_are_read_from_lines_and_what_cannot_be_used_is_named(db: Session) -> None:
    agent, entry = make.supervisor(db), make.faq(db, title="送料")
    lines = [
        "送料いくら\t送料", "宇宙旅行\t", json.dumps({"text": "配送料は？", "id": entry.id, "lang": "ja"}),
        '{"text": "天気", "id": null}', "\t送料", "何か\tどこにもない", '{"text": 3}', "{" * 9, "[" + "{" * 100_000,
    ]  # fmt: skip
    read = questions.read(db, agent, "\n".join(lines))
    assert read.taken == 5  # the last one is a question about brackets
    assert [number for number, _ in read.refused] == [5, 6, 7, 8]
    found = {one.text: one.entry_id for one in questions.all_questions(db)}
    assert found["送料いくら"] == found["配送料は？"] == entry.id
    assert found["宇宙旅行"] is found["天気"] is None


# Evaluating and publishing -------------------------------------------------------------------------------


@pytest.fixture
def house(committed: None) -> Agent:
    """A published entry about shipping, and questions: one it answers, one that nothing should."""
    with transaction() as db:
        agent = make.supervisor(db, "小林")
        entry = knowledge.save_entry(db, agent, None, ENTRY)
        versions.publish(db, agent, "")
        questions.label(db, agent, "送料はいくらですか", entry.id, origin="written")
        questions.label(db, agent, "今日の天気を教えて", None, origin="written")
    return agent


def write(agent: Agent, entry: int | None = None, **changed: Any) -> int:
    with transaction() as db:
        row = db.get(FaqEntry, entry) if entry else None
        data = knowledge.stored(row) if row else ENTRY
        return knowledge.save_entry(db, agent, row, {**data, **changed}).id


def publish(agent: Agent, **how: str) -> KnowledgeVersion | KnowledgeRun:
    with transaction() as db:
        return evaluating.publish(db, agent, "", **how)


def the_run() -> KnowledgeRun:
    with reading() as db:
        found = runs.latest(db, runs.EVALUATION)
        assert found is not None
        return found


def test_publishing_measures_first_and_publishes_by_itself(house: Agent) -> None:
    write(house, title="返品", questions=["返品できますか"], answer="14日以内なら。")
    run = publish(house)
    assert isinstance(run, KnowledgeRun)
    with reading() as db:
        assert versions.number(db) == 1
    proving.run(run.id)
    done = the_run()
    assert (done.state, done.done, done.total, done.result["number"]) == ("done", 2, 2, 2)
    with reading() as db:
        version = db.get_one(KnowledgeVersion, 2)
        assert (version.agent_id, version.figures["right"], version.overruled) == (house.id, 2, "")


def test_a_draft_that_does_worse_is_stopped_and_published_only_with_a_reason(house: Agent) -> None:
    with reading() as db:
        entry = db.scalars(select(FaqEntry.id)).one()
    write(house, entry, enabled=False)
    write(house, title="天気", questions=["今日の天気を教えてください", "今日の天気は"], answer="晴れです。")
    run = publish(house)
    assert isinstance(run, KnowledgeRun)
    proving.run(run.id)
    result = the_run().result
    assert result["stopped"]
    assert (result["draft"]["right"], result["published"]["right"]) == (0, 2)
    with pytest.raises(evaluating.Stopped) as stopped:
        publish(house)
    assert len(stopped.value.why) == 2
    made = publish(house, overruled="在庫処分のため")
    assert isinstance(made, KnowledgeVersion)
    assert (made.number, made.overruled) == (2, "在庫処分のため")
    with reading() as db:
        told_of = select(Event.data).where(Event.kind == "knowledge.published").order_by(Event.id)
        assert [data["overruled"] for data in db.scalars(told_of)] == [False, True]


def test_a_draft_changed_while_it_is_measured_is_not_published(
    house: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = write(house, title="返品", questions=["返品できますか"])
    run = publish(house)
    assert isinstance(run, KnowledgeRun)
    measured = figures
    edited: list[int] = []

    def late(*cases: Any) -> dict[str, Any]:
        if not edited:
            edited.append(write(house, entry, answer="さらに直した"))
        return measured(*cases)

    monkeypatch.setattr(evaluating, "figures", late)
    proving.run(run.id)
    assert "changed meanwhile" in the_run().result["refused"]
    with reading() as db:
        assert versions.number(db) == 1


def test_without_questions_or_anything_published_nothing_is_measured(committed: None) -> None:
    with transaction() as db:
        agent = make.supervisor(db)
    entry = write(agent)
    assert isinstance(publish(agent), KnowledgeVersion)
    write(agent, entry, answer="600円")
    assert isinstance(publish(agent), KnowledgeVersion)


def test_what_would_be_refused_anyway_is_refused_before_measuring(house: Agent) -> None:
    with pytest.raises(versions.Refused, match="nothing to publish"):
        publish(house)
    write(house, title="返品", questions=["返品できますか"])
    with pytest.raises(versions.Refused, match="changed meanwhile"):
        publish(house, seen="another draft")
    with reading() as db:
        assert runs.latest(db, runs.EVALUATION) is None


def test_a_question_whose_entry_is_gone_everywhere_is_rightly_left_alone(house: Agent) -> None:
    with transaction() as db:
        row = db.scalars(select(LabelledQuestion).where(LabelledQuestion.entry_id.is_not(None))).one()
        row.entry_id = 999
        run = evaluating.begin(db, house)
    proving.run(run.id)
    case_ = next(one for one in evaluating.cases_of(the_run()) if one.text == "送料はいくらですか")
    assert case_.label is None


def test_a_campaign_that_is_over_is_rightly_not_told(house: Agent) -> None:
    with reading() as db:
        id = db.scalars(select(FaqEntry.id)).one()
    write(house, id, valid_until="2026-11-01")
    with transaction() as db:
        run = evaluating.begin(db, house)
    proving.run(run.id)
    case_ = next(one for one in evaluating.cases_of(the_run()) if one.text == "送料はいくらですか")
    assert (case_.label, case_.draft.id, case_.published.id) == (None, None, id)


def test_a_run_is_done_once_and_one_that_was_left_is_taken_up(house: Agent) -> None:
    with transaction() as db:
        run = evaluating.begin(db, house)
    with transaction() as db:
        db.get_one(KnowledgeRun, run.id).state = "running"
        db.get_one(KnowledgeRun, run.id).beat_at = run.at
    proving.run(run.id)
    assert the_run().state == "running"  # somebody is at it
    with transaction() as db:
        db.get_one(KnowledgeRun, run.id).beat_at = run.at - 2 * runs.SILENT
    proving.run(run.id)
    assert the_run().state == "done"
    json.dumps(the_run().result)


def test_a_run_whose_process_is_killed_again_and_again_is_given_up_and_says_so(
    house: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as db:
        run = evaluating.begin(db, house)

    class Killed(BaseException):
        """Nothing is written after it."""

    def killed(_id: int) -> dict[str, Any]:
        raise Killed

    monkeypatch.setitem(runs._works, runs.EVALUATION, killed)
    for _ in range(runs.MOST_TURNS):
        with pytest.raises(Killed):
            proving.run(run.id)
        assert the_run().state == "running"
        proving.run(run.id)  # nobody else begins it yet
        with transaction() as db:
            db.get_one(KnowledgeRun, run.id).beat_at = run.at - 2 * runs.SILENT
    proving.run(run.id)
    assert the_run().state == "failed"


def test_who_was_frozen_while_another_took_the_run_up_writes_nothing_over_it(
    house: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as db:
        run = evaluating.begin(db, house)

    def frozen(id: int) -> dict[str, Any]:
        monkeypatch.undo()
        with transaction() as db:
            db.get_one(KnowledgeRun, id).beat_at = run.at - 2 * runs.SILENT
        proving.run(id)
        return {"refused": "There is nothing to publish."}

    monkeypatch.setitem(runs._works, runs.EVALUATION, frozen)
    proving.run(run.id)
    assert the_run().state == "done"
    assert "refused" not in the_run().result
    assert the_run().result["cases"]


def test_a_run_that_breaks_says_so(house: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        run = evaluating.begin(db, house)

    def broken(_id: int) -> dict[str, Any]:
        raise RuntimeError("out of paper")

    monkeypatch.setitem(runs._works, runs.EVALUATION, broken)
    proving.run(run.id)
    assert the_run().state == "failed"
