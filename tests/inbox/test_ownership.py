"""Who speaks: the bot or a person, and never both."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox
from app.inbox import Refused
from app.models import Channel, Conversation, Event, Message
from tests import factories as make


def owned_by_bot(db: Session) -> Conversation:
    make.faq(db)
    return make.conversation(db, make.channel(db, bot=True), "送料はいくらですか", "v")


def bot_words(db: Session) -> int:
    return len(db.scalars(select(Message).filter_by(author="bot")).all())


def test_the_bot_answers_first_and_is_silent_after_a_takeover(db: Session) -> None:
    head, agent = owned_by_bot(db), make.agent(db)
    assert (head.owner, bot_words(db)) == ("bot", 1)
    inbox.take_over(db, agent, head)
    assert (head.owner, head.assignee_id, head.owner_epoch) == ("human", agent.id, 1)
    make.customer_says(db, db.scalars(select(Channel)).one(), "送料はいくらですか", "v")
    assert bot_words(db) == 1


def test_words_decided_before_a_takeover_are_not_said_after_it(db: Session) -> None:
    channel = make.channel(db, bot=True)
    said = make.customer_says(db, channel)
    head, identity = make.thread_of(db, said), make.identity_of(db, make.thread_of(db, said))
    epoch, before = head.owner_epoch, bot_words(db)
    inbox.take_over(db, make.agent(db), head)
    db.flush()
    assert inbox.bot_reply(db, head, identity, channel, epoch, "まだいます") is None
    inbox.hand_back(db, make.agent(db), head)
    db.flush()
    assert inbox.bot_reply(db, head, identity, channel, epoch, "まだいます") is None
    assert bot_words(db) == before


def test_answering_takes_over(db: Session) -> None:
    head, agent = owned_by_bot(db), make.agent(db)
    make.reply(db, agent, head)
    assert (head.owner, head.assignee_id) == ("human", agent.id)


def test_taking_over_twice_is_one_handover(db: Session) -> None:
    head, agent = owned_by_bot(db), make.agent(db)
    inbox.take_over(db, agent, head)
    inbox.take_over(db, agent, head)
    assert len(db.scalars(select(Event).filter_by(kind="handover")).all()) == 1


def test_taking_over_from_a_colleague_assigns(db: Session) -> None:
    head, agent, other = owned_by_bot(db), make.agent(db), make.agent(db)
    inbox.take_over(db, agent, head)
    inbox.take_over(db, other, head)
    assert (head.assignee_id, head.owner_epoch) == (other.id, 1)


def test_handed_back_the_bot_answers_again(db: Session) -> None:
    head, agent = owned_by_bot(db), make.agent(db)
    inbox.take_over(db, agent, head)
    inbox.hand_back(db, agent, head)
    assert (head.owner, head.assignee_id, head.owner_epoch, head.waiting_since) == ("bot", None, 2, None)


def test_what_was_said_unseen_is_not_handed_back_to_a_bot_that_answers_only_what_comes(db: Session) -> None:
    head, agent = owned_by_bot(db), make.agent(db)
    make.reply(db, agent, head)
    seen = head.last_event_id
    more = make.says_more(db, head, "やけどしました")
    with pytest.raises(Refused, match="written meanwhile"):
        inbox.hand_back(db, agent, head, seen=seen)
    assert (head.owner, head.waiting_since) == ("human", more.sent_at)
    inbox.hand_back(db, agent, head, seen=head.last_event_id)
    assert head.owner == "bot"


def test_only_an_open_matter_can_be_handed_back(db: Session) -> None:
    head, agent = owned_by_bot(db), make.agent(db)
    make.reply(db, agent, head)
    inbox.resolve(db, agent, head)
    with pytest.raises(Refused, match="no open case"):
        inbox.hand_back(db, agent, head)


def test_handing_over_happens_once_and_begins_the_wait(db: Session) -> None:
    head = owned_by_bot(db)
    assert inbox.hand_over(db, head, "asked")
    assert not inbox.hand_over(db, head, "asked")
    assert head.waiting_since is not None


def test_assigning_takes_the_thread_from_the_bot(db: Session) -> None:
    head, agent = owned_by_bot(db), make.agent(db)
    inbox.assign(db, agent, head, make.agent(db, "佐藤"))
    assert (head.owner, head.owner_epoch) == ("human", 1)


def test_an_assignment_that_comes_late_takes_the_thread_from_no_colleague(db: Session) -> None:
    head, agent, other, third = owned_by_bot(db), make.agent(db), make.agent(db), make.agent(db)
    inbox.assign(db, other, head, other)
    for late in (agent, third, None):
        with pytest.raises(Refused, match="meanwhile"):
            inbox.assign(db, agent, head, late, was=0)
    assert head.assignee_id == other.id
    inbox.assign(db, agent, head, other, was=0)  # said twice, or both meant the same
    inbox.assign(db, agent, head, agent, was=other.id)
    inbox.assign(db, agent, head, third, was=0)  # it was the agent's own by their answer just now
    assert head.assignee_id == third.id


def test_the_team_changes_only_when_asked_to(db: Session) -> None:
    head, agent = owned_by_bot(db), make.agent(db)
    team = make.team(db, agent)
    inbox.assign(db, agent, head, None, team, keep_team=False)
    inbox.assign(db, agent, head, agent)
    assert (head.team_id, head.assignee_id) == (team.id, agent.id)


def test_nobody_is_assigned_who_cannot_sign_in(db: Session) -> None:
    with pytest.raises(Refused, match="switched off"):
        inbox.assign(db, make.agent(db), owned_by_bot(db), make.agent(db, active=False))
