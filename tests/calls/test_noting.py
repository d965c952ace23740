"""A call that is noted afterwards answers what was said before it was over, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import verify
from app.calls.noting import Written, rewrite, write
from app.db import now
from app.inbox.summary import waiting_since
from app.models import Message
from tests import factories as make

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("at_once", [True, False])
def test_what_was_written_since_the_call_waits_on(db: Session, at_once: bool) -> None:
    agent, head = make.agent(db), make.conversation(db, text="届きません")
    db.scalars(select(Message).filter_by(text="届きません")).one().sent_at = now() - 21 * HOUR
    wrote = make.says_more(db, head, "電話のあとに気づきました")
    told = Written(result="answered" if at_once else "missed", started_at=now() - 20 * HOUR, seconds=120)
    call, _ = write(db, agent, head, told, "client-n1")
    if not at_once:
        rewrite(db, agent, call, Written(result="answered", seconds=120))
    assert head.waiting_since == waiting_since(db, head) == wrote.sent_at
    assert verify.report(db).clean


def test_what_was_written_before_the_call_was_over_is_answered(db: Session) -> None:
    agent, head = make.agent(db), make.conversation(db, text="届きません")
    write(db, agent, head, Written(result="answered", started_at=now() - HOUR, seconds=3600), "client-n1")
    assert head.waiting_since is None
    assert verify.report(db).clean
