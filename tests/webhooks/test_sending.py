"""Deliveries: signed, at least once, in order within a conversation, whatever an address answers."""

from __future__ import annotations

import ast
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from time_machine import travel

import app
from app import webhooks
from app.db import now, reading, transaction
from app.models import Agent, WebhookDelivery
from app.webhooks import calling, fanout, sending, signing
from app.webhooks.fanout import fan_out
from tests.webhooks.receiver import (
    Receiver,
    allow_private,
    conversations,
    deliveries,
    dribble,
    flood,
    hang_up,
    happen,
    pump,
    receiving,
    states,
    subscribe,
)

pytestmark = pytest.mark.usefixtures("committed")


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
    allow_private(False)
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


def test_what_nobody_wanted_is_passed_without_a_rest(
    admin: Agent, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "BATCH", 3)
    (line,) = conversations(1)
    id, _ = subscribe(admin, other.url, "woken")
    happen(0, times=8)
    happen(line)
    while fan_out():
        pass
    assert [one.kind for one in deliveries(id)] == ["woken"]


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


def test_more_old_rows_than_one_batch_are_forgotten_in_one_go(
    admin: Agent, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PRUNED", 2)
    id, _ = subscribe(admin, other.url, "label.created")
    happen(0, times=5)
    pump(id)
    with transaction() as db:
        db.execute(update(WebhookDelivery).values(made_at=now() - sending.KEPT - timedelta(days=1)))
    assert webhooks.prune() == 5
    assert deliveries(id) == []


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
