"""How the bot behaves towards people: what it says when it hands over, when it keeps silent, whether it helped."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, outgoing
from app.bot import automatic, handing, ratings
from app.db import now
from app.models import AnswerRating, Channel, Decision, Message, Setting
from app.models.decision import ANSWERED, HANDED_OVER
from bots.phrases import phrase
from channels import base
from tests import factories as make

ASKED = "送料はいくらですか"
WEEKDAYS = {day: [["10:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.fixture
def chat(db: Session) -> Channel:
    make.faq(db, "全国一律550円です", [ASKED])
    make.faq(db, "30日以内に承ります", ["返品できますか"], title="返品")
    return make.channel(db, bot=True)


def said(db: Session) -> list[str]:
    """The bot's words, in order."""
    return list(db.scalars(select(Message.text).where(Message.author == "bot").order_by(Message.id)))


def last(db: Session) -> Message:
    return db.scalars(select(Message).where(Message.author == "bot").order_by(Message.id.desc())).first()  # type: ignore[return-value]


def judged(
    db: Session, chat: Channel, message: Message, helped: bool, sender: str = "visitor-1"
) -> dict[str, object]:
    (outcome,) = make.accept(
        db, chat, base.Judged(base.Person(sender), f"{outgoing.MESSAGE}{message.id}", helped)
    )
    return dict(outcome)


def opening(db: Session) -> None:
    """Open on weekdays from ten to six; on public holidays closed."""
    db.add(Setting(key="hours", value={"timezone": "Asia/Tokyo", "week": WEEKDAYS}))
    db.flush()


# --- whether it helped ------------------------------------------------------------------------------------


def test_the_customer_says_whether_it_helped_and_may_change_their_mind(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, ASKED)
    answer = last(db)
    assert answer.context["rate"] == "ja"
    judged(db, chat, answer, True)
    judged(db, chat, answer, True)
    judged(db, chat, answer, False)
    (row,) = db.scalars(select(AnswerRating))
    assert (row.message_id, row.helped) == (answer.id, False)
    assert row.decision_id == db.scalars(select(Decision.id)).one()


def test_after_a_no_a_person_is_offered_once(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, ASKED)
    first = last(db)
    judged(db, chat, first, False)
    assert last(db).text == phrase("no_help", "ja")
    assert last(db).quick_replies == [phrase("chip_person", "ja")]
    make.customer_says(db, chat, "返品できますか")
    judged(db, chat, last(db), False)
    judged(db, chat, first, True)
    judged(db, chat, first, False)
    assert said(db).count(phrase("no_help", "ja")) == 1


def test_a_person_is_offered_once_also_when_a_link_came_between(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, ASKED, "guest")
    first = last(db)
    judged(db, chat, first, False, "guest")
    known = make.conversation(db, chat, sender="known")
    inbox.link(db, make.customer_of(db, make.thread_of(db, first)), make.customer_of(db, known), evidence={})
    make.customer_says(db, chat, "返品できますか", "guest")
    judged(db, chat, last(db), False, "guest")
    assert said(db).count(phrase("no_help", "ja")) == 1


def test_who_has_a_person_is_offered_none(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, ASKED)
    answer = last(db)
    inbox.take_over(db, make.agent(db), make.thread_of(db, answer))
    judged(db, chat, answer, False)
    assert last(db).id == answer.id
    assert db.scalars(select(AnswerRating.helped)).one() is False


def test_nobody_judges_what_somebody_else_was_told(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, ASKED)
    answer = last(db)
    make.customer_says(db, chat, "こんにちは", "visitor-2")
    outcome = judged(db, chat, answer, False, "visitor-2")
    assert "somebody else" in str(outcome["excluded"])
    assert judged(db, chat, answer, False, "nobody")["excluded"]
    assert not db.scalars(select(AnswerRating)).all()


@pytest.mark.parametrize(
    ("where", "kind", "asked"),
    [
        ("nowhere", "webchat", False),
        ("chat", "webchat", True),
        ("chat", "line", False),
        ("everywhere", "line", True),
        ("everywhere", "email", False),
    ],
)
def test_where_it_is_asked_is_the_shops_to_say(db: Session, where: str, kind: str, asked: bool) -> None:
    import bots

    db.add(Setting(key="bot", value={"rating": where}))
    decision = bots.Decision("answer", "ja", 1, "はい", entry_id=1)
    assert bool(ratings.question(db, make.channel(db, kind), decision)) is asked


def test_courtesies_and_questions_are_not_rated(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, "こんにちは")
    make.customer_says(db, chat, "ぬるぽ")
    assert not any(
        "rate" in one.context for one in db.scalars(select(Message).where(Message.author == "bot"))
    )


# --- handing over -----------------------------------------------------------------------------------------


def test_a_handover_tells_what_was_asked_and_tried_and_what_was_said_of_it(
    db: Session, chat: Channel
) -> None:
    make.customer_says(db, chat, ASKED)
    judged(db, chat, last(db), False)
    message = make.customer_says(db, chat, "人と話したい")
    (line,) = db.scalars(
        select(Message).where(Message.kind == "system", Message.context["what"].as_string() == "handed_over")
    )
    summary = handing.summaries(db, {1: line.context["decisions"]})[1]
    assert summary.asked == (ASKED, "人と話したい")
    assert [(one.helped, len(one.titles)) for one in summary.tried] == [(False, 1)]
    first = db.scalars(select(Message).where(Message.text == ASKED)).one()
    inbox.unsend(db, make.thread_of(db, message), first)
    assert handing.summaries(db, {1: line.context["decisions"]})[1].asked == ("人と話したい",)


def test_in_business_hours_nothing_is_foretold_that_is_not_known(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, "人と話したい")
    assert said(db) == [phrase("handing_over", "ja") + phrase("one_moment", "ja")]


@time_machine.travel("2026-11-23T02:00:00+00:00", tick=False)  # a Monday, 勤労感謝の日
def test_on_a_public_holiday_the_next_opening_is_told(db: Session, chat: Channel) -> None:
    opening(db)
    make.customer_says(db, chat, "人と話したい")
    (words,) = said(db)
    assert "勤労感謝の日" in words
    assert "11月24日（火）" in words
    assert "10:00" in words
    assert phrase("one_moment", "ja") not in words


def test_the_wait_is_told_as_it_was_lately_and_only_if_enough_was_measured(
    db: Session, chat: Channel
) -> None:
    agent = make.agent(db)
    with time_machine.travel("2026-11-20T01:30:00+00:00", tick=False) as clock:
        opening(db)
        for number in range(5):
            make.customer_says(db, chat, "人と話したい", f"visitor-{number}")
            head = make.thread_of(db, last(db))
            clock.shift(timedelta(minutes=7))
            inbox.reply(db, agent, head, "お待たせしました", f"c{number}")
        make.customer_says(db, chat, "人と話したい", "visitor-9")
        words = said(db)
    assert all("分" not in one for one in words[:5])
    assert "10分" in words[5]


def test_who_waits_already_is_told_to_the_next(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, "人と話したい", "visitor-1")
    make.customer_says(db, chat, "I want to talk to a person", "visitor-2")
    assert "One person is waiting before you." in said(db)[1]


# --- keeping silent ---------------------------------------------------------------------------------------


def test_what_somebody_is_answering_the_bot_leaves_to_them(db: Session, chat: Channel) -> None:
    agent = make.agent(db)
    head = make.thread_of(db, make.customer_says(db, chat, "こんにちは"))
    before = len(said(db))
    inbox.claim_lock(db, agent, head)
    make.customer_says(db, chat, ASKED)
    assert len(said(db)) == before
    assert (head.owner, _why(db)) == ("human", [automatic.WRITING])


def test_a_draft_begun_a_short_time_ago_is_an_answer_too(db: Session, chat: Channel) -> None:
    agent = make.agent(db)
    head = make.thread_of(db, make.customer_says(db, chat, "こんにちは"))
    inbox.save_draft(db, agent, head, "送料は", kind="outbound", channel_id=None, version=0)
    assert automatic.somebody_writes(db, head)
    with time_machine.travel(now() + timedelta(hours=1)):
        assert not automatic.somebody_writes(db, head)


def test_the_same_words_again_and_again_are_a_programs(db: Session, chat: Channel) -> None:
    head = make.thread_of(db, make.customer_says(db, chat, ASKED))
    for text in ("返品できますか", ASKED, "返品できますか"):
        make.customer_says(db, chat, text)
    assert head.owner == "bot"
    for _ in range(4):
        make.customer_says(db, chat, "ぬるぽ ガッ")
        head.bot_misses = 0  # as if the bot were patient
    assert (head.owner, _why(db)) == ("human", [automatic.PROGRAM])


def test_what_nobody_can_type_so_fast_is_a_programs(db: Session, chat: Channel) -> None:
    words = "のお問い合わせを自動で転送いたします。ご確認ください。"
    with time_machine.travel("2026-11-20T01:30:00+00:00", tick=False) as clock:
        head = make.thread_of(db, make.customer_says(db, chat, ASKED))
        for number in range(4):
            clock.shift(timedelta(seconds=60))  # a person, who pastes
            make.customer_says(db, chat, f"{number}{words}")
            head.bot_misses = 0
        assert head.owner == "bot"
        for number in range(4, 8):
            clock.shift(timedelta(seconds=0.5))
            make.customer_says(db, chat, f"{number}{words}")
            head.bot_misses = 0
    assert (head.owner, _why(db)) == ("human", [automatic.PROGRAM])


def test_where_words_are_not_marked_the_bot_says_once_that_it_is_one(db: Session, chat: Channel) -> None:
    line = make.channel(db, "line", bot=True)
    make.customer_says(db, line, ASKED, "U1")
    make.customer_says(db, line, "返品できますか", "U1")
    intro = phrase("introduction", "ja")
    assert said(db) == [f"{intro}\n全国一律550円です", "30日以内に承ります"]


def test_who_knows_that_it_is_a_bot_is_not_told_again_after_a_link(db: Session, chat: Channel) -> None:
    line = make.channel(db, "line", bot=True)
    make.customer_says(db, line, ASKED, "U1")
    guest, known = make.thread_of(db, last(db)), make.conversation(db, make.channel(db), sender="known")
    known.owner = "bot"
    inbox.link(db, make.customer_of(db, guest), make.customer_of(db, known), evidence={})
    make.customer_says(db, line, "返品できますか", "U1")
    assert said(db)[-1] == "30日以内に承ります"


# --- the books --------------------------------------------------------------------------------------------


def test_what_came_of_an_answer_is_noted(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, ASKED)
    first = db.scalars(select(Decision)).one()
    assert (first.outcome, first.channel_id, first.again_at) == (ANSWERED, chat.id, None)
    make.customer_says(db, chat, "返品できますか")
    db.refresh(first)
    assert first.again_at is None
    make.customer_says(db, chat, "人と話したい")
    db.expire_all()
    rows = db.scalars(select(Decision).order_by(Decision.id)).all()
    assert [(one.outcome, one.reason, one.again_at is None) for one in rows] == [
        (ANSWERED, "", False),
        (ANSWERED, "", False),
        (HANDED_OVER, "asked", True),
    ]


def test_what_came_of_an_answer_is_noted_of_one_given_before_the_thread_was_linked(
    db: Session, chat: Channel
) -> None:
    make.customer_says(db, chat, ASKED, "guest")
    given = db.scalars(select(Decision)).one()
    guest, known = make.thread_of(db, last(db)), make.conversation(db, chat)
    inbox.link(db, make.customer_of(db, guest), make.customer_of(db, known), evidence={"by": "test"})
    inbox.hand_over(db, known, "asked")
    db.refresh(given)
    assert given.again_at is not None


def _why(db: Session) -> list[str]:
    lines = db.scalars(select(Message).where(Message.kind == "system").order_by(Message.id))
    return [one.context["reason"] for one in lines if "reason" in one.context]
