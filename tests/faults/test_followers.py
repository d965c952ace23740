"""kill -9 while others follow what happens: webhooks are told everything at least once and in order, a stream exactly
once."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import func, select, update

from app import feed, tokens, webhooks
from app.bench.stack import StackError
from app.db import now
from app.models import Agent, Event, Webhook, WebhookDelivery
from app.webhooks.sending import STALE
from tests import factories
from tests.faults.installation import Callbacks, Installation, Sender, installed
from tests.serving import until
from tests.webhooks.receiver import Heard, Receiver, receiving

pytestmark = pytest.mark.faults


class Follower:
    """A program at the stream, which comes back with the last id it has whenever it loses the line."""

    def __init__(self, base: str, token: str) -> None:
        self.url, self.token = f"{base}/api/v1/events/stream", token
        self.last, self.lines = 0, 0
        self.seen: list[int] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while not self.stop.is_set():
            with suppress(httpx2.HTTPError):
                self._follow()
            self.stop.wait(0.1)

    def _follow(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Last-Event-ID": str(self.last)}
        with httpx2.stream("GET", self.url, headers=headers, timeout=20) as response:
            self.lines += 1
            for line in response.iter_lines():
                if line.startswith('data: {"id"'):
                    told = json.loads(line[6:])
                    self.seen.append(told["id"])
                    self.last = told["cursor"]
                if self.stop.is_set():
                    return


def let_time_pass(here: Installation) -> None:
    """What waits for minutes is due now: failed deliveries, and claims of workers that died."""
    with here.rows() as db:
        late = update(WebhookDelivery).where(WebhookDelivery.next_at > now())
        db.execute(late.where(WebhookDelivery.state == "queued").values(next_at=now()))
        left = update(WebhookDelivery).where(
            WebhookDelivery.state == "sending", WebhookDelivery.claimed_at < now() - timedelta(seconds=5)
        )
        db.execute(left.values(claimed_at=now() - STALE * 2))


def wait_until_told(here: Installation) -> None:
    """Until nothing is on its way any more. Time is helped on now and then only: each help is a write."""
    for _ in range(60):
        let_time_pass(here)
        with suppress(StackError):
            until(lambda: told(here), "every webhook is told", 2)
            return
    raise AssertionError(f"it never ended: {left_over(here)}")


def told(here: Installation) -> bool:
    """Whether the deliveries of all that happened are made, and none is on its way."""
    with here.rows() as db:
        newest = db.scalar(select(Event.id).order_by(Event.id.desc()).limit(1))
        known = db.scalar(select(WebhookDelivery.id).where(WebhookDelivery.event_id == newest))
        on_its_way = WebhookDelivery.state.in_(("queued", "sending"))
        moving = db.scalar(select(WebhookDelivery.id).where(on_its_way).limit(1))
    return known is not None and moving is None


def left_over(here: Installation) -> list[object]:
    with here.rows() as db:
        states = select(WebhookDelivery.state, func.count()).group_by(WebhookDelivery.state)
        hooks = select(Webhook.cursor, Webhook.enabled, Webhook.failing_since, Webhook.resume_at)
        return [*db.execute(states), *db.execute(hooks), db.scalar(select(func.max(Event.id)))]


def fails_now_and_then(receiver: Receiver) -> None:
    chance = random.Random(11)

    def answer(heard: Heard) -> int:
        time.sleep(chance.uniform(0, 0.02))
        return 500 if chance.random() < 0.05 else 204

    receiver.answer = answer


def talk(sender: Sender, stop: threading.Event) -> None:
    """A message now and then: each becomes half a dozen events."""
    with httpx2.Client(timeout=5) as client:
        while not stop.wait(0.5):
            sender._deliver(client, f"{sender.name}-{len(sender.acknowledged) + 1}")


def test_followers_are_told_everything_in_order_through_the_killing_of_every_process(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    callbacks = Callbacks()
    with receiving() as receiver, installed(tmp_path, **environment) as here:
        fails_now_and_then(receiver)
        with here.rows() as db:
            admin = factories.agent(db, role="admin")
            channel = factories.channel(db, "api", bot=True, settings={"callback_url": callbacks.url})
            factories.faq(db)
            _, token = tokens.make(db, admin, "follower", ["events:read"])
            made, _ = webhooks.add(db, db.get_one(Agent, admin.id), "Follower", "https://example.jp/")
            made.url = receiver.url  # this process allows no address inside; the installation does
        follower = Follower(here.served.base, token)
        senders = [Sender(here.served.base, channel.key, f"u{n}") for n in range(3)]
        stop = threading.Event()
        threads = [threading.Thread(target=talk, args=(one, stop)) for one in senders]
        for thread in threads:
            thread.start()
        here.kill_in_the_middle("worker web redis worker", lambda: len(receiver.taken))
        stop.set()
        for thread in threads:
            thread.join(60)
        wait_until_told(here)
        with here.rows() as db:
            begin = db.scalars(select(Event.id).where(Event.kind == "audit.webhook_added")).one()
            ids = [head.id for head in feed.heads(db, 0, 100_000)]
            lines = {
                row.id: row.conversation_id for row in db.execute(select(Event.id, Event.conversation_id))
            }
        until(lambda: len(follower.seen) >= len(ids), "the stream has told everything", 30)
        follower.stop.set()
        here.verify()
    follower.thread.join(20)
    callbacks.close()
    assert follower.seen == ids
    assert follower.lines > 1
    heard = [one.told["id"] for one in receiver.taken]
    assert {id for id in ids if id >= begin} <= set(heard) <= set(ids)
    by_line: dict[int | None, list[int]] = defaultdict(list)
    for id in heard:
        by_line[lines[id]].append(id)
    assert all(before <= after for line in by_line.values() for before, after in pairwise(line))
