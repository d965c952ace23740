"""The life of a case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, queries, verify
from app.db import now
from app.inbox import Refused
from app.inbox.summary import recount
from app.models import Case, Conversation
from tests import factories as make


def case_of(db: Session, head: Conversation) -> Case:
    newest = select(Case).filter_by(conversation_id=head.id).order_by(Case.id.desc())
    return db.scalars(newest).first() or pytest.fail("there is no case")


def test_the_first_words_open_a_numbered_case(db: Session) -> None:
    head = make.conversation(db, text="返品したい\n二行目")
    case = case_of(db, head)
    assert (case.status, head.status) == ("open", "open")
    assert case.number is not None
    assert case.number >= 1000


def test_resolving_ends_the_case_and_the_wait(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    inbox.claim_lock(db, agent, head)
    inbox.resolve(db, agent, head)
    inbox.resolve(db, agent, head)
    case = case_of(db, head)
    assert (case.status, case.resolved_by, head.status, head.waiting_since) == (
        "resolved",
        agent.id,
        "resolved",
        None,
    )


def test_reopening_brings_the_same_case_back(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    inbox.resolve(db, agent, head)
    inbox.reopen(db, agent, head)
    inbox.reopen(db, agent, head)
    assert (case_of(db, head).status, case_of(db, head).reopened, head.status) == ("open", 1, "open")


def test_who_waited_when_it_was_resolved_waits_again_where_that_was_a_slip(db: Session) -> None:
    head, agent = make.conversation(db, text="返品したい"), make.agent(db)
    make.reply(db, agent, head)
    inbox.resolve(db, agent, head)
    since = make.says_more(db, head, "まだですか").sent_at  # the first end stands
    inbox.resolve(db, agent, head)
    assert head.waiting_since is None
    inbox.reopen(db, agent, head)
    assert head.waiting_since == since
    db.flush()
    assert verify.report(db).clean
    head = db.get_one(Conversation, head.id)
    recount(db, head)
    assert head.waiting_since == since
    inbox.resolve(db, agent, head)
    assert head.waiting_since is None


def test_there_must_be_a_case_to_reopen_snooze_rate_or_escalate(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    db.query(Case).filter_by(conversation_id=head.id).update({"status": "resolved"})
    with pytest.raises(Refused):
        inbox.snooze(db, agent, head, now() + timedelta(hours=1))
    with pytest.raises(Refused):
        inbox.escalate(db, head, "refund", "なぜ", agent=agent)


@pytest.mark.parametrize(("after", "cases"), [(timedelta(days=2), 1), (timedelta(days=4), 2)])
def test_words_after_a_resolution_reopen_it_for_three_days(db: Session, after: timedelta, cases: int) -> None:
    channel, agent = make.channel(db, bot=True), make.agent(db)
    head = make.conversation(db, channel, sender="v")
    make.reply(db, agent, head)
    inbox.resolve(db, agent, head)
    case_of(db, head).resolved_at = now() - after
    make.customer_says(db, channel, "もう一つ質問", "v")
    assert len(db.scalars(select(Case)).all()) == cases
    assert head.status == "open"
    assert head.owner == ("human" if cases == 1 else "bot")  # the bot meets a new matter first
    assert (head.assignee_id is None) == (cases == 2)


@pytest.mark.parametrize("left", [{"active": False}, {"role": "store"}])
@pytest.mark.parametrize("by", ["customer", "agent"])
def test_what_comes_back_to_life_is_nobodys_where_its_agent_has_left(
    db: Session, left: dict[str, object], by: str
) -> None:
    channel, agent, boss = make.channel(db), make.agent(db), make.supervisor(db)
    head = make.conversation(db, channel, sender="v")
    make.reply(db, agent, head)
    inbox.resolve(db, agent, head)
    for name, value in left.items():
        setattr(agent, name, value)
    if by == "customer":
        make.customer_says(db, channel, "もう一つ質問", "v")
    else:
        inbox.reopen(db, boss, head)
    assert (head.status, head.assignee_id) == ("open", None)
    assert queries.belongs("unassigned", boss, frozenset(), head)


def test_a_late_message_written_before_the_resolution_belongs_to_it(db: Session) -> None:
    channel, agent = make.channel(db), make.agent(db)
    head = make.conversation(db, channel, sender="v")
    inbox.resolve(db, agent, head)
    make.customer_says(db, channel, "書きかけでした", "v", at=now() - timedelta(hours=5))
    assert len(db.scalars(select(Case)).all()) == 1


def test_a_snoozed_case_wakes_when_the_customer_writes(db: Session) -> None:
    channel, agent = make.channel(db), make.agent(db)
    head = make.conversation(db, channel, sender="v")
    inbox.snooze(db, agent, head, now() + timedelta(days=1))
    assert (head.status, case_of(db, head).status) == ("snoozed", "snoozed")
    make.customer_says(db, channel, "まだですか", "v")
    assert (head.status, case_of(db, head).status, head.snoozed_until) == ("open", "open", None)


def test_a_snoozed_case_wakes_when_an_agent_answers_or_says_so(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    inbox.snooze(db, agent, head, now() + timedelta(days=1))
    make.reply(db, agent, head)
    assert (head.status, head.snoozed_until) == ("open", None)
    inbox.snooze(db, agent, head, now() + timedelta(days=1))
    assert inbox.wake(db, head, agent)
    assert not inbox.wake(db, head, agent)


def test_a_snooze_ends_in_the_future(db: Session) -> None:
    with pytest.raises(Refused, match="future"):
        inbox.snooze(db, make.agent(db), make.conversation(db), now() - timedelta(seconds=1))


def test_an_answer_after_the_resolution_opens_a_case_without_the_bot(db: Session) -> None:
    channel, agent = make.channel(db, bot=True), make.agent(db)
    head = make.conversation(db, channel)
    inbox.resolve(db, agent, head)
    make.reply(db, agent, head, "その後いかがですか")
    assert (head.status, head.owner, len(db.scalars(select(Case)).all())) == ("open", "human", 2)


def test_a_rating_is_kept_with_the_case(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    inbox.resolve(db, agent, head)
    inbox.rate(db, head, 5, "早い！\x00")
    assert (case_of(db, head).rating, case_of(db, head).rating_comment) == (5, "早い！")


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_rating_is_a_number_from_one_to_five(db: Session, score: int) -> None:
    with pytest.raises(Refused):
        inbox.rate(db, make.conversation(db), score)
