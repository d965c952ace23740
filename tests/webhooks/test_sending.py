"""Deliveries: signed, at least once, in order within a conversation, patient with whoever misbehaves."""

from __future__ import annotations

import ast
import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from time_machine import travel

import app
from app import webhooks
from app.config import configure, settings
from app.db import as_of, now, reading, transaction
from app.events import record
from app.inbox import hold
from app.models import Agent, Conversation, Event, WebhookDelivery
from app.webhooks import calling, fanout, leftovers, sending, signing
from app.webhooks.fanout import fan_out
from tests import factories
from tests.webhooks.receiver import (
    Receiver,
    deliveries,
    dribble,
    due_now,
    flood,
    hang_up,
    hook,
    pump,
    receiving,
    subscribe,
)

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def admin() -> Agent:
    one = settings()
    configure(
        data_dir=one.data_dir,
        redis_url=one.redis_url,
        database_url=one.database_url,
        secret="a secret for the tests only, 0123",
        allow_private=True,
    )
    with transaction() as db:
        return factories.agent(db, role="admin")


@pytest.fixture
def other(admin: Agent) -> Iterator[Receiver]:
    with receiving() as made:
        yield made
    calling.close()


def happen(*lines: int, times: int = 1) -> None:
    """Something happens in each of these conversations (0: in none)."""
    for _ in range(times):
        for line in lines:
            with transaction() as db:
                head = hold(db, db.get_one(Conversation, line)) if line else None
                record(db, "woken" if line else "label.created", head)


def conversations(count: int) -> list[int]:
    with transaction() as db:
        return [factories.conversation(db, text=f"もしもし {n}").id for n in range(count)]


def states(hook_id: int) -> Counter[str]:
    return Counter(one.state for one in deliveries(hook_id))


def test_an_event_is_told_signed_with_what_was_said(admin: Agent, other: Receiver) -> None:
    id, secret = subscribe(admin, other.url)
    conversations(1)
    pump(id)
    (said,) = [one for one in other.heard if one.told["kind"] == "message.received"]
    assert said.signed_with(secret)
    assert not said.signed_with(signing.new_key())
    assert said.headers["content-type"] == "application/json"
    assert said.told["message"]["text"] == "もしもし 0"
    assert said.id == f"evt_{said.told['id']}"
    assert set(states(id)) == {"sent"}


def test_the_signature_is_that_of_the_specification() -> None:
    """The values are those of the standardwebhooks package, version 1.1.0."""
    made = signing.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_only_the_chosen_kinds_are_told_and_only_from_the_beginning_of_the_subscription(
    admin: Agent, other: Receiver
) -> None:
    (line,) = conversations(1)
    happen(0)
    id, _ = subscribe(admin, other.url, "woken")
    happen(0, line)
    pump(id)
    assert other.kinds() == ["woken"]


def test_without_a_subscription_nothing_is_made_and_nothing_is_followed(admin: Agent) -> None:
    happen(0)
    assert fan_out() == 0
    with reading() as db:
        assert db.scalar(select(WebhookDelivery.id)) is None


def test_every_key_signs_while_one_is_exchanged_for_another(admin: Agent, other: Receiver) -> None:
    id, old = subscribe(admin, other.url, "label.created")
    with transaction() as db:
        new = webhooks.rotate(db, admin, webhooks.find(db, id, held=True))
    happen(0)
    pump(id)
    with travel(now() + timedelta(hours=25)):
        happen(0)
        pump(id)
    first, second = other.heard
    assert (first.signed_with(old), first.signed_with(new)) == (True, True)
    assert (second.signed_with(old), second.signed_with(new)) == (False, True)


def test_the_old_key_can_be_forgotten_at_once(admin: Agent, other: Receiver) -> None:
    id, old = subscribe(admin, other.url, "label.created")
    with transaction() as db:
        made = webhooks.find(db, id, held=True)
        new = webhooks.rotate(db, admin, made)
        webhooks.forget_old_key(db, admin, made)
    happen(0)
    pump(id)
    assert (other.heard[0].signed_with(old), other.heard[0].signed_with(new)) == (False, True)


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


def test_bad_answers_are_noted_and_cost_little(
    admin: Agent, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "DEADLINE", 0.5)
    id, _ = subscribe(admin, other.url, "label.created")
    said = {}
    for name, answer in {
        "hang up": hang_up, "dribble": dribble, "flood": flood, "redirect": 302, "bad": 400,
    }.items():  # fmt: skip
        other.answer = lambda heard, answer=answer: answer  # type: ignore[misc]
        other.headers = {"Location": "http://169.254.169.254/"} if name == "redirect" else {}
        with transaction() as db:
            row = webhooks.prepare_test(db, webhooks.find(db, id))
        webhooks.send_test(row.id)
        said[name] = deliveries(id)[-1]
    told = {name: (one.state, one.status, one.error) for name, one in said.items()}
    assert told == {
        "hang up": ("failed", 0, calling.BROKEN),
        "dribble": ("failed", 0, calling.NO_ANSWER),
        "flood": ("sent", 200, ""),
        "redirect": ("failed", 302, calling.REDIRECTED),
        "bad": ("failed", 400, calling.REFUSED),
    }
    assert len(said["flood"].response["body"]) == calling.KEPT
    assert said["dribble"].duration_ms < 5_000
    assert len(other.heard) == 5


def test_an_address_inside_is_not_called(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    one = settings()
    configure(
        data_dir=one.data_dir,
        redis_url=one.redis_url,
        database_url=one.database_url,
        secret="a secret for the tests only, 0123",
    )
    happen(0)
    pump(id)
    assert other.heard == []
    assert deliveries(id)[0].error == calling.PRIVATE
    with pytest.raises(webhooks.Wrong), transaction() as db:
        webhooks.add(db, admin, "内側", other.url)


def test_the_log_keeps_what_was_sent_and_answered(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "message.received")
    other.headers = {"X-Their-Id": "abc"}
    conversations(1)
    pump(id)
    (row,) = deliveries(id)
    assert row.request["headers"]["Webhook-Id"] == other.heard[0].id
    assert row.request["body"].encode() == other.heard[0].body[: calling.KEPT]
    assert row.response["headers"]["x-their-id"] == "abc"
    assert (row.status, row.attempts) == (204, 1)


def test_many_workers_at_once_send_each_event_once_and_in_order(admin: Agent, other: Receiver) -> None:
    lines = conversations(3)
    id, _ = subscribe(admin, other.url, "woken")
    happen(*lines, times=4)
    with ThreadPoolExecutor(6) as pool:
        for one in [pool.submit(pump, id) for _ in range(6)]:
            one.result()
    pump(id)
    ids = [one.told["id"] for one in other.taken]
    assert len(set(ids)) == len(ids) == 12
    for line in lines:
        mine = [one.told["id"] for one in other.taken if one.told["conversation_id"] == line]
        assert mine == sorted(mine)


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


def test_one_or_a_stretch_is_sent_again_with_what_had_never_been_told(admin: Agent, other: Receiver) -> None:
    began = now()
    happen(0)
    id, _ = subscribe(admin, other.url, "label.created")
    happen(0, times=3)
    pump(id)
    with transaction() as db:
        made = webhooks.find(db, id, held=True)
        webhooks.resend(db, admin, made, deliveries(id)[1])
    pump(id)
    assert len(other.taken) == 4
    assert other.taken[3].id == other.taken[1].id
    with transaction() as db:
        made = webhooks.find(db, id, held=True)
        assert webhooks.resend_between(db, admin, made, began, now()) == 4
    pump(id)
    assert len(other.taken) == 8
    assert len({one.id for one in other.taken}) == 4
    with transaction() as db:
        made = webhooks.find(db, id, held=True)
        assert webhooks.resend_range(db, admin, made, 0, made.cursor) == 4


def test_what_waits_is_bounded_and_the_rest_is_made_later(
    admin: Agent, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "BATCH", 3)
    monkeypatch.setattr(fanout, "WAITING_AT_MOST", 6)
    id, _ = subscribe(admin, other.url, "label.created")
    happen(0, times=16)
    while fan_out():
        pass
    assert states(id)["queued"] < 9
    for _ in range(4):
        pump(id)
    assert len(other.taken) == 16


def test_old_rows_are_forgotten(admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    happen(0, times=2)
    pump(id)
    with transaction() as db:
        old = now() - sending.KEPT - timedelta(days=1)
        db.execute(
            update(WebhookDelivery)
            .where(WebhookDelivery.position == deliveries(id)[0].position)
            .values(made_at=old)
        )
    assert webhooks.prune() == 1
    assert states(id) == Counter(sent=1)


def test_the_pump_tells_quickly_and_a_slow_address_holds_up_nobody_else(
    admin: Agent, other: Receiver
) -> None:
    release = threading.Event()
    with receiving() as slow:

        def wait(heard: object) -> int:
            release.wait(10)
            return 204

        slow.answer = wait
        stuck, _ = subscribe(admin, slow.url, "label.created")
        subscribe(admin, other.url, "label.created")
        with webhooks.pumping():
            happen(0, times=3)
            deadline = now() + timedelta(seconds=10)
            while len(other.taken) < 3 and now() < deadline:
                release.wait(0.02)
            assert (len(other.taken), len(slow.taken)) == (3, 0)
            release.set()
            while len(slow.taken) < 3 and now() < deadline:
                threading.Event().wait(0.02)
        assert states(stuck) == Counter(sent=3)


def test_every_kind_that_is_recorded_can_be_subscribed_to() -> None:
    recorded = {
        node.args[place].value  # type: ignore[attr-defined]
        for path in Path(app.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        and (place := {"record": 1, "Happening": 0}.get(node.func.id)) is not None
        and len(node.args) > place and isinstance(node.args[place], ast.Constant)
    }  # fmt: skip
    assert len(recorded) > 30
    assert recorded <= webhooks.KINDS
