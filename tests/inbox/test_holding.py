"""Holding a thread: once a transaction, and the time that its thread tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app import inbox, queries
from app.db import as_of, now
from app.inbox.holding import moment
from app.models import Channel, Conversation
from tests import factories as make
from tests.statements import recorded


def _thread(db: Session) -> tuple[Channel, Conversation]:
    channel = make.channel(db, "api")
    return channel, make.thread_of(db, make.customer_says(db, channel, "聞こえますか", "a"))


def test_a_thread_that_is_held_already_is_not_asked_for_again(db: Session) -> None:
    _, one = _thread(db)
    inbox.hold(db, one)
    with recorded() as said:
        assert inbox.hold(db, one) is one
    assert said == []


def test_after_a_savepoint_was_undone_the_lock_is_taken_anew(db: Session) -> None:
    _, one = _thread(db)
    inbox.hold(db, one)
    with pytest.raises(ZeroDivisionError), db.begin_nested():
        raise ZeroDivisionError
    with recorded() as said:
        inbox.hold(db, one)
    assert len(said) >= 1


def test_what_is_said_after_a_clock_was_ahead_stands_below_what_was_said_then(db: Session) -> None:
    (channel, one), agent = _thread(db), make.agent(db)
    with as_of(now() + timedelta(hours=3)):
        inbox.reply(db, agent, one, "時計が進んでいました", "r1")
    inbox.reply(db, agent, one, "直しました", "r2")
    inbox.note(db, agent, one, "時計を確認", "n1")
    make.accept(db, channel, replace(make.inbound("ありがとう", "a"), sent_at=None))
    shown = [message.text for message in queries.thread_page(db, one).messages if message.kind != "system"]
    assert shown == ["聞こえますか", "時計が進んでいました", "直しました", "時計を確認", "ありがとう"]
    assert moment(db, one) > now() + timedelta(hours=2)
