"""A case before the supervisors: raised, taken, returned, settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, verify
from app.db import now
from app.inbox import Refused
from app.models import Case, Escalation, Event
from tests import factories as make


def test_a_case_is_escalated_with_a_type_and_a_reason(db: Session) -> None:
    head, agent = make.conversation(db, make.channel(db, bot=True)), make.agent(db)
    raised = inbox.escalate(db, head, "legal", "弁護士に相談すると言われた", agent=agent)
    assert (raised.state, raised.raised_by, head.escalated, head.owner) == ("open", "agent", True, "human")
    assert raised.due_at > now()


@pytest.mark.parametrize(("type", "reason"), [("legal", " "), ("nonsense", "なぜ")])
def test_an_escalation_needs_a_known_type_and_a_reason(db: Session, type: str, reason: str) -> None:
    with pytest.raises(Refused):
        inbox.escalate(db, make.conversation(db), type, reason, agent=make.agent(db))


def test_escalating_twice_is_one_escalation(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    first = inbox.escalate(db, head, "refund", "一回目", agent=agent)
    assert inbox.escalate(db, head, "legal", "二回目", agent=agent).id == first.id
    assert (len(db.scalars(select(Escalation)).all()), first.type) == (1, "legal")


def test_what_the_bot_escalates_after_it_was_handed_back_calls_people_anew(db: Session) -> None:
    head, agent, boss = make.conversation(db, make.channel(db, bot=True)), make.agent(db), make.supervisor(db)
    first = inbox.escalate(db, head, "refund", "高額", agent=agent)
    inbox.take(db, boss, first)
    inbox.hand_back(db, agent, head)
    assert inbox.escalate(db, head, "safety", "発火した", raised_by="bot").id == first.id
    assert (head.owner, head.waiting_since is None) == ("human", False)
    assert (first.type, first.reason, first.state, first.taken_by) == (
        "safety",
        "発火した\n高額",
        "open",
        None,
    )
    assert first.due_at < now() + timedelta(minutes=16)
    told = db.scalars(select(Event).filter_by(kind="escalated").order_by(Event.id)).all()
    assert [one.data["type"] for one in told] == ["refund", "safety"]


def test_what_a_slip_resolved_is_before_the_supervisors_again_once_it_is_reopened(db: Session) -> None:
    channel = make.channel(db)
    head, other = make.conversation(db, channel, sender="a"), make.conversation(db, channel, sender="b")
    agent, boss = make.agent(db), make.supervisor(db)
    settled = inbox.escalate(db, other, "refund", "返金", agent=agent)
    inbox.settle(db, boss, settled, "返金する")
    raised = inbox.escalate(db, head, "safety", "発火した", agent=agent)
    due = raised.due_at
    inbox.take(db, boss, raised)
    inbox.link(db, make.customer_of(db, other), make.customer_of(db, head), evidence={})
    inbox.resolve(db, agent, head)
    assert (raised.state, head.escalated) == ("resolved", False)
    inbox.reopen(db, agent, head)
    assert (raised.state, raised.taken_by, raised.closed_at, raised.due_at) == ("taken", boss.id, None, due)
    assert (settled.state, settled.finding, head.escalated) == ("resolved", "返金する", True)
    assert set(db.scalars(select(Case.status))) == {"open"}
    db.flush()
    assert verify.report(db).clean


def test_what_is_less_pressing_changes_nothing_of_one_that_people_have(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    first = inbox.escalate(db, head, "legal", "弁護士", agent=agent)
    due = first.due_at
    inbox.escalate(db, head, "refund", "高額", agent=agent)
    assert (first.type, first.reason, first.due_at) == ("legal", "弁護士", due)
    assert len(db.scalars(select(Event).filter_by(kind="escalated").order_by(Event.id)).all()) == 1


def test_a_supervisor_takes_it_and_the_conversation_and_a_second_is_too_late(db: Session) -> None:
    head, boss = make.conversation(db), make.supervisor(db)
    raised = inbox.escalate(db, head, "refund", "高額", agent=make.agent(db))
    inbox.take(db, boss, raised)
    inbox.take(db, boss, raised)
    assert (raised.state, raised.taken_by, head.assignee_id) == ("taken", boss.id, boss.id)
    with pytest.raises(Refused, match="already"):
        inbox.take(db, make.supervisor(db), raised)


def test_returned_with_advice_it_goes_back_to_whoever_raised_it(db: Session) -> None:
    head, agent, boss = make.conversation(db), make.agent(db), make.supervisor(db)
    raised = inbox.escalate(db, head, "refund", "高額", agent=agent)
    with pytest.raises(Refused, match="advice"):
        inbox.give_back(db, boss, raised, " ")
    inbox.give_back(db, boss, raised, "半額なら可")
    assert (raised.state, raised.finding, head.assignee_id, head.escalated) == (
        "returned",
        "半額なら可",
        agent.id,
        False,
    )
    with pytest.raises(Refused, match="closed"):
        inbox.settle(db, boss, raised, "x")


def test_advice_neither_sleeps_nor_is_left_to_the_bot(db: Session) -> None:
    agent, boss, channel = make.agent(db), make.supervisor(db), make.channel(db, bot=True)
    asleep, with_bot = make.conversation(db, channel), make.conversation(db, channel)
    raised = [inbox.escalate(db, head, "refund", "高額", agent=agent) for head in (asleep, with_bot)]
    inbox.snooze(db, agent, asleep, now() + timedelta(days=2))
    inbox.hand_back(db, agent, with_bot)
    for one in raised:
        inbox.give_back(db, boss, one, "本日中に返金")
    for head in (asleep, with_bot):
        assert (head.status, head.owner, head.assignee_id) == ("open", "human", agent.id)


def test_returned_to_somebody_who_has_left_it_waits_for_whoever_takes_it(db: Session) -> None:
    head, agent, boss = make.conversation(db), make.agent(db), make.supervisor(db)
    raised = inbox.escalate(db, head, "refund", "高額", agent=agent)
    inbox.take(db, boss, raised)
    agent.active = False
    inbox.give_back(db, boss, raised, "半額なら可")
    assert (raised.state, head.assignee_id) == ("returned", None)


def test_settled_the_case_stays_open(db: Session) -> None:
    head, boss = make.conversation(db), make.supervisor(db)
    raised = inbox.escalate(db, head, "safety", "発火した", agent=make.agent(db))
    inbox.settle(db, boss, raised, "回収を手配")
    assert (raised.state, head.status, head.escalated) == ("resolved", "open", False)


def test_a_resolved_case_is_before_nobody(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    raised = inbox.escalate(db, head, "other", "念のため", agent=agent)
    inbox.resolve(db, agent, head)
    assert (raised.state, head.escalated) == ("resolved", False)


def test_only_supervisors_decide(db: Session) -> None:
    agent = make.agent(db)
    raised = inbox.escalate(db, make.conversation(db), "other", "念のため", agent=agent)
    verbs: tuple[Callable[[], None], ...] = (
        lambda: inbox.take(db, agent, raised),
        lambda: inbox.give_back(db, agent, raised, "x"),
        lambda: inbox.settle(db, agent, raised, "x"),
    )
    for verb in verbs:
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.status == 403


def test_a_thread_stays_marked_while_another_case_of_it_is_escalated(db: Session) -> None:
    agent, boss, channel = make.agent(db), make.supervisor(db), make.channel(db)
    one, other = make.conversation(db, channel), make.conversation(db, channel)
    first = inbox.escalate(db, one, "other", "一", agent=agent)
    inbox.escalate(db, other, "other", "二", agent=agent)
    inbox.link(db, make.customer_of(db, other), make.customer_of(db, one), evidence={})
    inbox.settle(db, boss, first, "済み")
    assert one.escalated
