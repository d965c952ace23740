"""Patience with whoever misbehaves: again later and later, for three days, and then no more."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import travel

from app import webhooks
from app.db import now, reading, transaction
from app.models import Agent, Event
from app.webhooks import sending
from app.webhooks.fanout import fan_out
from tests.webhooks.receiver import (
    Heard,
    Receiver,
    conversations,
    deliveries,
    due_now,
    happen,
    hook,
    pump,
    states,
    subscribe,
)

pytestmark = pytest.mark.usefixtures("committed")


def test_what_failed_is_sent_again_later_and_later_until_it_is_taken(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    other.answer = lambda heard: 500
    happen(0)
    waits = []
    for _ in range(5):
        due_now()
        before = now()
        pump(id)
        waits.append((deliveries(id)[0].next_at - before).total_seconds())
    assert waits == sorted(waits)
    assert 3 < waits[0] < 8 < 60 < waits[4]
    assert hook(id).failing_since is not None
    other.answer = lambda heard: 200
    due_now()
    pump(id)
    assert [one.id for one in other.heard] == [other.heard[0].id] * 6
    assert (states(id), hook(id).failing_since) == (Counter(sent=1), None)


def test_a_later_event_never_overtakes_one_that_is_tried_again_but_other_conversations_go_on(
    admin: Agent, other: Receiver
) -> None:
    stuck, free = conversations(2)
    id, _ = subscribe(admin, other.url, "woken")
    other.answer = lambda heard: 503 if heard.told["conversation_id"] == stuck else 204
    happen(stuck, free, times=3)
    pump(id)
    assert [one.told["conversation_id"] for one in other.taken] == [free] * 3
    assert len(other.heard) == 4
    other.answer = lambda heard: 204
    happen(stuck)
    pump(id)
    assert len(other.heard) == 4  # its turn has not come
    due_now()
    pump(id)
    mine = [one.told["id"] for one in other.taken if one.told["conversation_id"] == stuck]
    assert (len(mine), mine) == (4, sorted(mine))


def test_how_long_to_wait_is_theirs_to_say(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    other.answer, other.headers = lambda heard: 429, {"Retry-After": "900"}
    happen(0)
    pump(id)
    assert deliveries(id)[0].next_at > now() + timedelta(seconds=890)
    resume = hook(id).resume_at
    assert resume is not None
    assert resume > now() + timedelta(seconds=890)


def test_who_is_gone_is_left_alone_at_once_and_admins_are_told(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    other.answer = lambda heard: 410
    happen(0, times=2)
    pump(id)
    assert (hook(id).enabled, hook(id).notice, len(other.heard)) == (False, "gone", 1)
    with reading() as db:
        told = db.scalars(select(Event).where(Event.kind == "audit.webhook_stopped")).one()
    assert told.data["reason"] == "gone"
    assert states(id) == Counter(queued=2)  # nothing is lost


def test_after_three_days_without_success_it_is_switched_off_and_on_again_catches_up(
    admin: Agent, other: Receiver
) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    other.answer = lambda heard: 500
    happen(0)
    pump(id)
    with travel(now() + timedelta(days=2, hours=23)):
        pump(id)
        assert hook(id).enabled
    with travel(now() + timedelta(days=3, hours=7)):
        pump(id)
        assert (hook(id).enabled, hook(id).notice) == (False, "failing")
        happen(0)
        pump(id)
        assert states(id) == Counter(queued=1)
        other.answer = lambda heard: 200
        with transaction() as db:
            webhooks.switch_on(db, admin, webhooks.find(db, id, held=True))
        pump(id)
    assert len(other.taken) == 2
    assert hook(id).notice == ""


def test_one_event_that_alone_is_refused_for_three_days_is_given_up_and_its_line_goes_on(
    admin: Agent, other: Receiver
) -> None:
    (line,) = conversations(1)
    id, _ = subscribe(admin, other.url, "woken", "label.created")
    happen(line)
    other.answer = lambda heard: 400 if heard.told["kind"] == "woken" else 204
    pump(id)
    with travel(now() + timedelta(days=3, hours=1)):
        happen(0)  # gets through: it is not the address that fails
        fan_out()
        sending.send_line(id, 0)
        pump(id)
        other.answer = lambda heard: 204
        happen(line)
        pump(id)
    assert hook(id).enabled
    assert states(id) == Counter(sent=2, failed=1)


def test_switched_on_from_now_it_is_not_told_what_it_missed(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    happen(0)
    fan_out()
    with transaction() as db:
        webhooks.switch_off(db, admin, webhooks.find(db, id, held=True))
    happen(0)
    pump(id)
    assert other.heard == []
    with transaction() as db:
        webhooks.switch_on(db, admin, webhooks.find(db, id, held=True), catch_up=False)
    happen(0)
    pump(id)
    assert (len(other.taken), states(id)) == (1, Counter(skipped=1, sent=1))


def test_a_rest_that_was_asked_for_outlasts_a_call_that_went_well_beside_it(
    admin: Agent, other: Receiver
) -> None:
    id, _ = subscribe(admin, other.url, "woken")
    first, second = conversations(2)
    happen(first, second)
    asked = threading.Event()

    def limited(heard: Heard) -> int:
        if heard.told["conversation_id"] == second:
            other.headers = {"Retry-After": "3600"}
            other.answer = lambda heard: 429
            sending.send_line(id, first)
            other.headers = {}
            asked.set()
        return 204

    other.answer = limited
    while fan_out():
        pass
    sending.send_line(id, second)
    assert asked.is_set()
    resume = hook(id).resume_at
    assert resume is not None
    assert resume > now() + timedelta(seconds=3500)
    webhooks.sweep()
    assert deliveries(id)[0].next_at > now() + timedelta(seconds=3500)
    happen(second)
    while fan_out():
        pass
    assert sending.send_line(id, second) == 0
    assert states(id) == Counter(queued=2, sent=1)


def test_another_address_is_told_at_once_what_waits_for_the_one_before(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    other.answer, other.headers = lambda heard: 429, {"Retry-After": "7200"}
    happen(0)
    pump(id)

    def change(name: str, url: str) -> None:
        with transaction() as db:
            webhooks.change(
                db, db.get_one(Agent, admin.id), webhooks.find(db, id), name, url, ["label.created"]
            )

    change("another name", other.url)
    assert (hook(id).resume_at, deliveries(id)[0].attempts) != (None, 0)
    assert deliveries(id)[0].next_at > now() + timedelta(seconds=7000)
    change("another name", f"{other.url}/there")
    row, there = deliveries(id)[0], hook(id)
    assert (row.attempts, row.first_at, there.failing_since, there.resume_at) == (0, None, None, None)
    assert row.next_at <= now()
