"""What came of what the bot said, counted over days."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app import outgoing
from app.bot import ratings
from app.bot import report as botreport
from app.bot.report import Figures, Wanted, report
from app.db import now
from app.models import Channel, Decision, Message
from channels import base
from tests import factories as make

TOKYO = ZoneInfo("Asia/Tokyo")
ASKED, RETURNS = "送料はいくらですか", "返品できますか"


def wanted(
    since: str = "2026-11-20", until: str = "2026-11-22", hours: int = 24, channel: int | None = None
) -> Wanted:
    return Wanted(date.fromisoformat(since), date.fromisoformat(until), TOKYO, hours, channel)


@pytest.fixture
def chat(db: Session) -> Channel:
    make.faq(db, "550円です", [ASKED], title="送料")
    make.faq(db, "30日以内です", [RETURNS], title="返品")
    return make.channel(db, bot=True, name="チャット")


def at(when: str) -> time_machine.travel:
    return time_machine.travel(f"{when}+09:00", tick=False)


def last(db: Session) -> Message:
    return db.scalars(
        select(Message).where(Message.author == "bot").order_by(Message.id.desc()).limit(1)
    ).one()


def told(one: Figures) -> tuple[int, int, int, int, int]:
    return one.questions, one.answered, one.helped, one.handed_over, one.wrong


def test_a_day_is_the_shops_and_greetings_are_no_questions(db: Session, chat: Channel) -> None:
    with at("2026-11-21T00:30"):
        make.customer_says(db, chat, "こんにちは", "a")
        make.customer_says(db, chat, ASKED, "a")
    made = report(db, wanted())
    assert [told(each) for each in made.days.values()] == [(0, 0, 0, 0, 0), (1, 1, 1, 0, 0), (0, 0, 0, 0, 0)]
    assert [(name, told(each)) for name, _, each in made.entries] == [("送料", (1, 1, 1, 0, 0))]
    assert [name for name, _, _ in made.channels] == ["チャット"]


def test_an_answer_helped_if_nothing_more_was_needed_within_the_time(db: Session, chat: Channel) -> None:
    with at("2026-11-20T10:00"):
        make.customer_says(db, chat, ASKED, "a")
    with at("2026-11-20T15:00"):
        make.customer_says(db, chat, "人と話したい", "a")
    assert told(report(db, wanted(hours=6)).total) == (2, 1, 0, 1, 0)
    assert told(report(db, wanted(hours=1)).total) == (2, 1, 1, 1, 0)
    assert report(db, wanted()).reasons == [("asked", 1)]


def test_another_question_that_was_answered_takes_nothing_away(db: Session, chat: Channel) -> None:
    with at("2026-11-20T10:00"):
        make.customer_says(db, chat, ASKED, "a")
        make.customer_says(db, chat, RETURNS, "a")
    assert told(report(db, wanted()).total) == (2, 2, 2, 0, 0)


def test_what_a_customer_or_one_of_us_calls_wrong_did_not_help(db: Session, chat: Channel) -> None:
    with at("2026-11-20T10:00"):
        make.customer_says(db, chat, ASKED, "a")
        said = base.Judged(base.Person("a"), f"{outgoing.MESSAGE}{last(db).id}", False)
        make.accept(db, chat, said)
        make.customer_says(db, chat, RETURNS, "b")
        ratings.correct(db, make.agent(db), last(db), None)
        make.customer_says(db, chat, RETURNS, "c")
        make.accept(db, chat, base.Judged(base.Person("c"), f"{outgoing.MESSAGE}{last(db).id}", True))
    made = report(db, wanted())
    assert told(made.total) == (3, 3, 1, 0, 2)
    assert (made.total.said_yes, made.total.said_no) == (1, 1)
    assert {name: each.wrong for name, _, each in made.entries} == {"送料": 1, "返品": 1}


def test_gaps_are_the_questions_without_an_answer(db: Session, chat: Channel) -> None:
    with at("2026-11-20T10:00"):
        asked = make.customer_says(db, chat, "駐車場の屋根は何色ですか", "a")
    (gap,) = report(db, wanted()).gaps
    assert (gap.message_id, gap.text) == (asked.id, "駐車場の屋根は何色ですか")


def test_one_channel_alone_and_no_senseless_days(db: Session, chat: Channel) -> None:
    with at("2026-11-20T10:00"):
        make.customer_says(db, chat, ASKED, "a")
    assert report(db, wanted(channel=chat.id)).total.questions == 1
    assert report(db, wanted(channel=chat.id + 1)).total.questions == 0
    for since, until in (("2026-11-22", "2026-11-20"), ("2026-01-01", "2026-11-20")):
        with pytest.raises(ValueError, match="days"):
            report(db, wanted(since, until))


def test_the_file_has_the_same_figures_and_no_formula(db: Session, chat: Channel) -> None:
    chat.name = "=1+1"
    with at("2026-11-20T10:00"):
        make.customer_says(db, chat, ASKED, "a")
    lines = botreport.as_csv(report(db, wanted()), "channel").splitlines()
    assert (
        lines[0].lstrip("\ufeff")
        == "channel,questions,answered,helped,asked_back,unknown,handed_over,wrong,said_yes,said_no"
    )
    assert lines[1] == "'=1+1,1,1,1,0,0,0,0,0,0"


def test_the_statements_are_as_many_for_one_question_as_for_many(db: Session, chat: Channel) -> None:
    counts = []
    for size in (1, 40):
        for number in range(size):
            message = make.customer_says(db, chat, "こんにちは", f"{size}-{number}")
            row = db.scalars(select(Decision).where(Decision.message_id == message.id)).one()
            row.outcome, row.made_at = "answered", now()
        db.flush()
        seen: list[str] = []
        listener = lambda *told, seen=seen: seen.append(told[2])  # noqa: E731
        event.listen(db.connection().engine, "before_cursor_execute", listener)
        today = now().astimezone(TOKYO).date()
        report(db, Wanted(today - timedelta(days=1), today, TOKYO, 24))
        event.remove(db.connection().engine, "before_cursor_execute", listener)
        counts.append(len(seen))
    assert counts[0] == counts[1]
