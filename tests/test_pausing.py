"""What is written in several bubbles gets one answer: to what it means together, once, whoever is alive by then."""

from __future__ import annotations

import functools
import sys
import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import inbox, timing
from app.bot import answers, pausing
from app.db import as_of, now, transaction
from app.intake import accept
from app.learning.gaps import gaps
from app.models import BotPause, Channel, Conversation, Decision, Message
from app.proving import past, replaying
from channels import base
from tests import factories as make
from tests.test_flows import RETURN, published

PAUSE = 3
SHIPPING = ("送料はいくらですか", "送料を教えてください", "配送料はかかりますか")
RETURNS = ("返品したい", "返品できますか", "商品を返したい")


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was to be called in a few seconds; the test is the time."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(timing, "call_in", lambda seconds, call, *args: calls.append((seconds, call, *args)))
    return calls


@pytest.fixture
def chat(db: Session, rung: list[Any]) -> Channel:
    make.faq(db, "全国一律550円です", SHIPPING, title="送料")
    make.faq(db, "30日以内なら返品できます", RETURNS, title="返品")
    return make.channel(db, bot=True, bot_pause=PAUSE)


def said(db: Session) -> list[str]:
    return list(db.scalars(select(Message.text).filter_by(author="bot").order_by(Message.id)))


def time_goes_by(db: Session) -> None:
    db.flush()
    answers.catch_up(db, now() + timedelta(minutes=1))


def test_three_bubbles_get_one_answer_to_what_they_mean_together(db: Session, chat: Channel) -> None:
    bubbles = [
        make.customer_says(db, chat, text) for text in ("すみません", "昨日頼んだ", "返品したいんですが")
    ]
    time_goes_by(db)
    assert said(db) == ["30日以内なら返品できます"]
    decision = db.scalars(select(Decision)).one()
    assert decision.message_id == bubbles[-1].id
    assert decision.detail["together"] == [one.id for one in bubbles]
    assert decision.detail["question"] == "すみません\n昨日頼んだ\n返品したいんですが"
    assert db.scalars(select(BotPause)).all() == []


def test_in_english_too(db: Session, chat: Channel) -> None:
    make.faq(db, "Within 30 days.", ("Can I return something?", "I want to return an item"), language="en")
    for text in ("hi", "i bought a scarf yesterday", "i want to return it"):
        make.customer_says(db, chat, text)
    time_goes_by(db)
    assert said(db) == ["Within 30 days."]


@pytest.mark.parametrize("text", ["送料はいくらですか？", "人と話したい", "返品したい"])
def test_what_is_clear_is_answered_at_once(db: Session, chat: Channel, text: str) -> None:
    make.customer_says(db, chat, text)
    assert len(said(db)) == 1
    assert db.scalars(select(BotPause)).all() == []


def test_a_greeting_alone_is_returned_when_nothing_follows(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, "こんにちは")
    assert said(db) == []
    time_goes_by(db)
    assert len(said(db)) == 1


def test_what_follows_an_answer_and_changes_nothing_is_not_answered_again(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, "返品したいんですが")
    follows = make.customer_says(db, chat, "昨日頼んだやつ")
    time_goes_by(db)
    assert said(db) == ["30日以内なら返品できます"]
    last = db.scalars(select(Decision).order_by(Decision.id.desc()).limit(1)).one()
    assert (last.message_id, last.outcome, last.action) == (follows.id, "quiet", "silent")
    assert "adds_to" in last.detail


def test_another_question_after_an_answer_has_its_own(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, "返品したいんですが")
    make.customer_says(db, chat, "送料はいくらですか")
    assert said(db) == ["30日以内なら返品できます", "全国一律550円です"]


def test_words_before_the_first_question_of_a_form_can_be_read_are_no_wrong_answer(
    db: Session, rung: list[Any]
) -> None:
    published(db, RETURN)
    chat = make.channel(db, bot=True, bot_pause=PAUSE)
    make.customer_says(db, chat, "返品したいんですが")
    make.customer_says(db, chat, "昨日頼んだやつです")
    time_goes_by(db)
    assert said(db) == ["ご注文番号を教えてください。"]
    make.customer_says(db, chat, "5521です")
    assert said(db)[-1] == "返品の理由をお選びください。"


def test_a_person_who_takes_over_meanwhile_is_not_talked_over(db: Session, chat: Channel) -> None:
    message = make.customer_says(db, chat, "昨日頼んだ")
    inbox.take_over(db, make.agent(db), make.thread_of(db, message))
    time_goes_by(db)
    assert said(db) == []
    assert db.scalars(select(BotPause)).all() == []


def test_what_is_taken_back_meanwhile_is_not_answered(db: Session, chat: Channel) -> None:
    message = make.customer_says(db, chat, "昨日頼んだ")
    inbox.unsend(db, make.thread_of(db, message), message)
    time_goes_by(db)
    assert said(db) == []


def test_what_was_said_together_is_one_question_wherever_it_is_looked_at_again(
    db: Session, chat: Channel
) -> None:
    """Replays and proposals would otherwise make test questions and entries of its last words alone."""
    for text in ("昨日頼んだ", "コートが", "まだです"):
        make.customer_says(db, chat, text)
    time_goes_by(db)
    whole = "昨日頼んだ\nコートが\nまだです"
    today = now().date()
    wanted = past.Days(today - timedelta(days=1), today + timedelta(days=1), "UTC")
    assert [one.text for one, _ in past.asked(db, wanted)] == [whole]
    assert [gap.text for gap in gaps(db, now() - timedelta(days=1))] == [whole]
    decision = db.scalars(select(Decision)).one()
    change = replaying.Change(
        0, "quiet", decision.message_id, 1, past.side_of(decision), past.side_of(decision)
    )
    assert replaying.words_of(db, [change])[decision.message_id].text == whole


def test_what_only_ended_a_question_is_none_to_ask_again(db: Session, chat: Channel) -> None:
    make.customer_says(db, chat, "返品したいんですが")
    make.customer_says(db, chat, "昨日頼んだやつ")
    time_goes_by(db)
    today = now().date()
    wanted = past.Days(today - timedelta(days=1), today + timedelta(days=1), "UTC")
    assert [one.text for one, _ in past.asked(db, wanted)] == ["返品したいんですが"]


def test_of_what_was_said_together_that_which_is_taken_back_is_forgotten(db: Session, chat: Channel) -> None:
    bubbles = [
        make.customer_says(db, chat, text) for text in ("山田です", "昨日頼んだ", "返品したいんですが")
    ]
    time_goes_by(db)
    inbox.unsend(db, make.thread_of(db, bubbles[0]), bubbles[0])
    assert db.scalars(select(Decision)).one().detail["question"] == "昨日頼んだ\n返品したいんですが"
    inbox.unsend(db, make.thread_of(db, bubbles[2]), bubbles[2])
    assert db.scalars(select(Decision)).one().detail["question"] == ""


def test_what_is_said_again_later_is_not_forgotten_with_it(db: Session, chat: Channel) -> None:
    first = make.customer_says(db, chat, "はい")
    time_goes_by(db)
    for text in ("はい", "返品したいんですが"):
        make.customer_says(db, chat, text)
    time_goes_by(db)
    inbox.unsend(db, make.thread_of(db, first), first)
    asked = db.scalars(select(Decision).order_by(Decision.id)).all()
    assert [one.detail["question"] for one in asked] == ["", "はい\n返品したいんですが"]


def test_a_bubble_that_was_edited_before_it_is_taken_back_is_forgotten_too(
    db: Session, chat: Channel
) -> None:
    bubbles = [make.customer_says(db, chat, text) for text in ("山田です", "昨日頼んだ", "返品したい")]
    time_goes_by(db)
    thread = make.thread_of(db, bubbles[0])
    inbox.edit(db, thread, bubbles[0], "山本です", now())
    inbox.unsend(db, thread, bubbles[0])
    assert db.scalars(select(Decision)).one().detail["question"] == "昨日頼んだ\n返品したい"


def test_nobody_is_waited_for_for_ever(db: Session, chat: Channel) -> None:
    with time_machine.travel(now(), tick=False) as clock_:
        for n in range(20):
            make.customer_says(db, chat, f"あのう{'う' * n}")
            clock_.shift(2)
            answers.catch_up(db, now())
            if said(db):
                break
    assert said(db)
    assert 2 * (n + 1) <= PAUSE * pausing.LONGEST + 2


def test_while_they_write_the_bot_waits(db: Session, chat: Channel) -> None:
    with time_machine.travel(now(), tick=False) as clock_:
        make.customer_says(db, chat, "昨日頼んだ", "v")
        clock_.shift(2)
        accept(db, chat, [base.Typing(base.Person("v"), on=True)])
        clock_.shift(2)
        answers.catch_up(db, now())
        assert said(db) == []
        make.customer_says(db, chat, "返品したいんですが", "v")
    assert said(db) == ["30日以内なら返品できます"]


def test_several_messages_in_one_request_get_one_answer(db: Session, chat: Channel) -> None:
    who = base.Person("v")
    events = [
        base.Inbound(f"e{n}", who, text=text) for n, text in enumerate(("送料はいくらですか", "返品したい"))
    ]
    accept(db, chat, events)
    assert said(db) == ["全国一律550円です\n\n30日以内なら返品できます"]


def test_a_channel_that_waits_for_nothing_answers_each(db: Session, chat: Channel) -> None:
    chat.bot_pause = 0
    make.customer_says(db, chat, "こんにちは")
    assert len(said(db)) == 1


@pytest.mark.usefixtures("committed")
def test_what_a_dead_process_waited_with_the_clock_answers_once(rung: list[tuple[Any, ...]]) -> None:
    with transaction() as db:
        make.faq(db, "30日以内なら返品できます", RETURNS)
        channel = make.channel(db, bot=True, bot_pause=PAUSE)
        message = make.customer_says(db, channel, "昨日頼んだ")
        make.customer_says(db, channel, "マフラーの件")
        thread = message.conversation_id
    (_, call, *_), (seconds, *_) = rung  # what was to happen, had it not died
    assert (call, 0 < seconds <= PAUSE) == (answers.conclude, True)
    assert answers.conclude_due() == 0
    with as_of(now() + timedelta(seconds=PAUSE + 1)):
        assert answers.conclude_due() == 1
        assert answers.conclude_due() == 0
        answers.conclude(thread)
    with transaction() as db:
        assert len(said(db)) == 1
        assert len(db.scalars(select(Decision)).all()) == 1


@pytest.mark.usefixtures("committed")
def test_one_that_cannot_be_answered_now_is_in_nobodys_way(
    rung: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as db:
        make.faq(db, "30日以内なら返品できます", RETURNS)
        channel = make.channel(db, bot=True, bot_pause=PAUSE)
        first, second = (make.customer_says(db, channel, "昨日頼んだ", who) for who in ("v1", "v2"))
    ends = answers._end

    def end(db: Session, head: Conversation, pause: BotPause) -> None:
        if pause.conversation_id == first.conversation_id:
            raise ValueError
        ends(db, head, pause)

    monkeypatch.setattr(answers, "_end", end)
    with as_of(now() + timedelta(seconds=PAUSE + 1)):
        answers.conclude_due()
    with transaction() as db:
        assert [one.message_id for one in db.scalars(select(Decision))] == [second.id]
        assert [one.conversation_id for one in db.scalars(select(BotPause))] == [first.conversation_id]


@pytest.mark.usefixtures("committed")
def test_what_has_to_be_learned_first_is_learned_while_nothing_is_held(
    rung: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as db:
        make.faq(db, "30日以内なら返品できます", RETURNS)
        make.customer_says(db, make.channel(db, bot=True, bot_pause=PAUSE), "昨日頼んだ")
    answers.forget_book()
    build, wrote = answers.build, []

    def noted(*args: Any, **more: Any) -> Any:
        with (
            transaction() as db
        ):  # where a transaction were open, on SQLite this one would wait for it in vain
            wrote.append(db.execute(update(BotPause).values(epoch=BotPause.epoch)).rowcount)  # type: ignore[attr-defined]
        return build(*args, **more)

    monkeypatch.setattr(answers, "build", noted)
    with as_of(now() + timedelta(seconds=PAUSE + 1)):
        assert answers.conclude_due() == 1
    assert wrote == [1]
    with transaction() as db:
        assert len(said(db)) == 1


def test_an_alarm_calls_in_the_order_of_time() -> None:
    order: list[int] = []
    done = threading.Event()
    alarm = timing.Alarm()
    alarm.set(0.6, done.set)  # far from the others, however long this thread waits between two lines
    alarm.set(0.5, order.append, 2)
    alarm.set(0.02, functools.partial(divmod, 1, 0))
    alarm.set(0.01, order.append, 1)
    assert done.wait(5)
    assert order == [1, 2]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_alarm_whose_thread_ended_has_another() -> None:
    alarm, done = timing.Alarm(), threading.Event()
    alarm.set(0, sys.exit)
    assert alarm._thread is not None
    alarm._thread.join(5)
    alarm.set(0, done.set)
    assert done.wait(5)
