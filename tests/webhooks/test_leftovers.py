"""What a worker that died or a wrong clock left behind is found and sent."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update

from app import webhooks
from app.db import as_of, now, transaction
from app.models import Agent, WebhookDelivery
from app.webhooks import leftovers, sending
from app.webhooks.fanout import fan_out
from tests.webhooks.receiver import (
    Receiver,
    conversations,
    happen,
    pump,
    states,
    subscribe,
)

pytestmark = pytest.mark.usefixtures("committed")


def test_the_claim_of_a_worker_that_died_is_taken_back(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    happen(0)
    fan_out()
    assert sending._claim(id, 0) is not None
    pump(id)
    assert (webhooks.sweep(), other.heard) == (0, [])
    with transaction() as db:
        db.execute(update(WebhookDelivery).values(claimed_at=now() - sending.STALE * 2))
    assert webhooks.sweep() == 1
    pump(id)
    assert states(id) == Counter(sent=1)


def test_what_a_clock_made_due_that_was_put_back_since_is_due_now(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    with as_of(now() + timedelta(hours=1)):
        happen(0)
        fan_out()
    pump(id)
    assert other.taken == []
    webhooks.sweep()
    pump(id)
    assert states(id) == Counter(sent=1)


def test_a_retry_that_a_clock_put_off_too_far_is_due_now(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    happen(0)
    fan_out()
    late = {"attempts": 1, "next_at": now() + timedelta(hours=1)}
    with transaction() as db:
        db.execute(update(WebhookDelivery).values(**late))
    webhooks.sweep()
    pump(id)
    assert states(id) == Counter(sent=1)


def test_what_waited_behind_a_retry_that_a_clock_put_off_is_due_now(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    happen(0)
    happen(0)
    fan_out()
    with as_of(now() + timedelta(hours=1)):
        other.answer = lambda heard: 503
        pump(id)
    other.answer = lambda heard: 204
    with as_of(now() + timedelta(hours=1, minutes=1)):
        claimed = sending._claim(id, 0)
        assert claimed is not None
        sending.send(claimed)
    assert states(id) == Counter(sent=1, queued=1)
    pump(id)
    assert states(id) == Counter(sent=1, queued=1)
    webhooks.sweep()
    pump(id)
    assert states(id) == Counter(sent=2)


def test_a_worker_that_begins_takes_back_at_once_what_dead_ones_of_its_machine_held(
    admin: Agent, other: Receiver
) -> None:
    lines = conversations(2)
    id, _ = subscribe(admin, other.url, "woken")
    happen(*lines)
    fan_out()
    alive, dead = (sending._claim(id, line) for line in lines)
    assert alive is not None
    assert dead is not None
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    for claimed, pid in ((alive, os.getppid()), (dead, gone.pid)):
        with transaction() as db:
            db.get_one(WebhookDelivery, claimed.id).claim = f"{sending.machine()}{pid}:abc"
    assert leftovers.sweep_own() == 1
    assert states(id) == Counter(queued=1, sending=1)
