"""Past days' questions asked of the draft, and what people say of each change."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import knowledge, proving
from app.db import now, reading, transaction
from app.inbox import changing
from app.knowledge import questions, versions
from app.models import Agent, Channel, Decision, FaqEntry, KnowledgeRun, LabelledQuestion, Message
from app.proving import past, replaying, runs
from app.proving.past import Side
from app.proving.replaying import kind_of
from tests import factories as make
from tests.knowledge.test_versions import ENTRY

SILENT = Side("unknown", None, None, (), "わかりません", 1)


def side(entry: int | None = None, action: str = "answer", **fields: Any) -> Side:
    usual = {"rule_id": None, "offered": (), "text": "", "version": 1}
    return Side(**{"action": action, "entry_id": entry, **usual, **fields})


BACK, OTHER = side(action="ask", offered=(1, 2)), side(action="ask", offered=(1,))


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (side(1), side(1), ""), (side(1), side(2), "other"), (side(1), side(1, text="600円"), "worded"),
        (SILENT, side(1), "answered"), (side(1), SILENT, "quiet"), (side(1), BACK, "asks"),
        (SILENT, side(action="hand_over"), "person"), (side(action="hand_over"), side(action="escalate"), ""),
        (BACK, side(action="ask", offered=(2, 1)), ""), (BACK, OTHER, "offers"),
        (side(text="こんにちは"), side(text="どうも"), ""), (side(), SILENT, "quiet"),
        (side(rule_id=3), side(rule_id=4), "other"), (SILENT, side(action="silent"), ""),
    ],
)  # fmt: skip
def test_what_changes_for_the_customer_has_a_name(old: Side, new: Side, kind: str) -> None:
    assert kind_of(old, new) == kind


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("2026-11-20", "2026-11-19", "last"), ("20.11.", "2026-11-19", "first"), ("2026-11-20", "", "last"),
        ("2024-01-01", "2026-01-01", "last"), ("0001-01-01", "0001-01-01", "first"),
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_refused_with_their_field(first: str, last: str, field: str) -> None:
    with pytest.raises(knowledge.Invalid) as refused:
        past.days(first, last, "Asia/Tokyo")
    assert list(refused.value.problems) == [field]


def test_days_begin_and_end_in_their_own_zone() -> None:
    wanted = past.Days(date(2026, 11, 20), date(2026, 11, 21), "Asia/Tokyo")
    assert wanted.begin.isoformat() == "2026-11-20T00:00:00+09:00"
    assert wanted.end - wanted.begin == timedelta(days=2)
    assert past.days_of(wanted.stored()) == wanted


# A shop whose bot knows what shipping costs ----------------------------------------------------------------


@pytest.fixture
def house(committed: None) -> tuple[Agent, Channel]:
    with transaction() as db:
        agent, chat = make.supervisor(db, "小林"), make.channel(db, bot=True)
        knowledge.save_entry(db, agent, None, ENTRY)
        versions.publish(db, agent, "")
    return agent, chat


def ask(chat: Channel, text: str, who: str) -> int:
    with transaction() as db:
        return make.customer_says(db, chat, text, who).id


def draft_returns(agent: Agent) -> int:
    with transaction() as db:
        about = {
            **ENTRY,
            "title": "返品",
            "questions": ["返品できますか", "返品の方法は"],
            "answer": "14日以内なら。",
        }
        return knowledge.save_entry(db, agent, None, about).id


def replayed(agent: Agent, channel_id: int | None = None) -> KnowledgeRun:
    today = now().date()
    with transaction() as db:
        wanted = past.Days(today - timedelta(days=1), today + timedelta(days=1), "UTC", channel_id)
        run = replaying.begin(db, agent, wanted)
    proving.run(run.id)
    with reading() as db:
        done = db.get_one(KnowledgeRun, run.id)
        assert done.state == "done", done
        return done


def labels() -> dict[str, int | None]:
    with reading() as db:
        return {row.text: row.entry_id for row in db.scalars(select(LabelledQuestion))}


def test_each_different_question_is_asked_once_and_what_changes_is_kept_without_its_words(
    house: tuple[Agent, Channel],
) -> None:
    agent, chat = house
    for who, text in (
        ("a", "返品できますか？"),
        ("b", "返品できますか"),
        ("c", "送料はいくらですか"),
        ("d", "宇宙へ届きますか"),
    ):
        ask(chat, text, who)
    entry = draft_returns(agent)
    run = replayed(agent)
    assert (run.result["questions"], run.result["times"], run.result["counts"]["answered"]) == (3, 4, 1)
    (change,) = [one for one in replaying.changes_of(run) if one.kind == "answered"]
    assert (change.kind, change.times, change.new.entry_id) == ("answered", 2, entry)
    assert "できますか" not in str(run.result)
    with transaction() as db:
        nowhere = make.channel(db).id
    assert replayed(agent, nowhere).result["questions"] == 0


def test_a_question_is_asked_again_as_it_was_asked_and_what_was_said_in_a_form_is_none(
    house: tuple[Agent, Channel],
) -> None:
    _, chat = house
    first_id = ask(chat, "宇宙へ届きますか", "a")
    ask(chat, "宇宙へ届きますか", "a")
    form = ask(chat, "5512です", "b")
    with transaction() as db:
        said = db.scalars(select(Decision).where(Decision.message_id == form)).one()
        said.detail = {**said.detail, "before": {**said.detail["before"], "in_form": True}}
        head = make.thread_of(db, db.get_one(Message, first_id))
        customer = make.customer_of(db, head)
        customer.attributes = {"rank": {"value": "gold"}}
    wanted = past.Days(now().date() - timedelta(days=1), now().date() + timedelta(days=1), "UTC")
    with reading() as db:
        rows = [one.question for one, _ in past.asked(db, wanted)]
    assert {one.text for one in rows} == {"宇宙へ届きますか"}
    first, again = sorted(rows, key=lambda one: len(one.earlier))
    assert (first.misses, first.earlier) == (0, ())
    assert again.earlier[0].action != "answer"
    assert (first.situation.channel, first.situation.kind, first.situation.open) == (
        chat.key,
        chat.kind,
        True,
    )
    assert first.situation.attributes == {"rank": "gold"}
    assert first.situation.on is not None


def test_accepting_and_correcting_make_one_test_question_and_taking_back_leaves_none(
    house: tuple[Agent, Channel],
) -> None:
    agent, chat = house
    ask(chat, "返品できますか", "a")
    entry = draft_returns(agent)
    run_id = replayed(agent).id

    def say(verb: Any, *said: Any) -> dict[str, int | None]:
        with transaction() as db:
            verb(db, db.get_one(Agent, agent.id), db.get_one(KnowledgeRun, run_id), 0, *said)
        return labels()

    assert say(replaying.accept) == {"返品できますか": entry}
    assert say(replaying.accept) == {"返品できますか": entry}
    assert say(replaying.correct, None) == {"返品できますか": None}
    assert say(replaying.take_back) == {}
    assert say(replaying.take_back) == {}
    with transaction() as db:
        questions.label(db, agent, "返品できますか ", None, origin="written")
    assert say(replaying.accept) == {"返品できますか": entry}
    assert say(replaying.take_back) == {"返品できますか": None}
    with pytest.raises(replaying.Gone), transaction() as db:
        replaying.accept(db, agent, db.get_one(KnowledgeRun, run_id), 1)
    with pytest.raises(knowledge.Invalid), transaction() as db:
        replaying.correct(db, agent, db.get_one(KnowledgeRun, run_id), 0, 999_999)


def test_words_that_were_taken_back_are_replayed_and_judged_no_more(house: tuple[Agent, Channel]) -> None:
    agent, chat = house
    message_id = ask(chat, "返品できますか", "a")
    draft_returns(agent)
    run = replayed(agent)
    with transaction() as db:
        message = db.get_one(Decision, db.scalars(select(Decision.id)).one()).message_id
        assert message == message_id
        said = replaying.words_of(db, replaying.changes_of(run))[message_id]
        assert said.text == "返品できますか"
        row = db.get_one(Message, message_id)
        changing.unsend(db, make.thread_of(db, row), row)
    with reading() as db:
        assert replaying.words_of(db, replaying.changes_of(run)) == {}
    with pytest.raises(replaying.Gone), transaction() as db:
        replaying.accept(db, agent, db.get_one(KnowledgeRun, run.id), 0)
    assert replayed(agent).result["questions"] == 0


def test_asking_back_is_accepted_without_saying_which_entry_is_right(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, chat = make.supervisor(db), make.channel(db, bot=True)
    said = make.customer_says(db, chat, "料金は？")
    asks = side(action="ask", offered=(1, 2))
    rows = [["asks", said.id, 1, *({**vars_of(one)} for one in (SILENT, asks))]]
    run = KnowledgeRun(kind=runs.REPLAY, state="done", wanted={}, verdicts={}, result={"changes": rows})
    db.add(run)
    db.flush()
    replaying.accept(db, agent, run, 0)
    verdict = replaying.verdicts_of(run)[0]
    assert (verdict.said, verdict.labelled) == ("accepted", False)
    assert db.scalars(select(LabelledQuestion)).all() == []
    entry = make.faq(db)
    replaying.correct(db, agent, run, 0, entry.id)
    replaying.accept(db, agent, run, 0)
    assert db.scalars(select(LabelledQuestion)).all() == []


def vars_of(one: Side) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Side.__slots__}


def test_what_chose_among_what_was_offered_is_no_question(db: Session) -> None:
    offered, chosen = (5, 6), Decision(entry_id=5, score=100.0, detail={})
    assert past._chose(chosen, offered)
    assert not past._chose(Decision(entry_id=7, score=100.0, detail={}), offered)
    assert past._chose(Decision(entry_id=None, score=0.0, detail={"phrase": "none_of_these"}), offered)
    assert not past._chose(chosen, ())
    assert db.scalar(select(FaqEntry.id).limit(1)) is None
