"""Programs that follow what happens: one asks the API again and again, the other is told by a webhook."""

from __future__ import annotations

import threading
import time

import httpx2
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import feed
from app.bench.faults.books import Verdict, verdict
from app.bench.faults.ledger import Ledger
from app.bench.faults.providers import Receiver
from app.models import Event, Webhook, WebhookDelivery
from app.models.webhook import FAILED, QUEUED, SENDING


class Follower:
    """Asks with the cursor of the answer before, and believes every answer that came in whole."""

    name = "the follower of events"

    def __init__(self, base: str, token: str, ledger: Ledger) -> None:
        self.seen: list[tuple[int, int]] = []  # (cursor, event) in the order they came
        self.after, self.ledger = 0, ledger
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx2.Client(base_url=base, timeout=6, trust_env=False, headers=headers)

    def run(self, stop: threading.Event) -> None:
        """Ask until told to stop."""
        while not stop.wait(0.3):
            try:
                self._ask()
            except httpx2.HTTPError as error:
                self.ledger.trouble(f"follower: {type(error).__name__}")

    def catch_up(self) -> None:
        """Ask until there is no more. Raises httpx2.HTTPError."""
        while self._ask():
            pass

    def _ask(self) -> bool:
        """One page; whether there is more."""
        answer = self._client.get("/api/v1/events", params={"after": self.after, "limit": 100})
        if answer.status_code != 200:
            self._refused(answer)
            raise httpx2.ReadError("not now")
        told = answer.json()
        self.seen += [(one["cursor"], one["id"]) for one in told["items"]]
        before, self.after = self.after, told["next"]
        if told["more"] and self.after <= before:
            self.ledger.surprise(f"{self.name} was told that there is more after {before}, and got nothing")
            return False
        return bool(told["more"])

    def _refused(self, answer: httpx2.Response) -> None:
        self.ledger.refusal("follower", answer.status_code, self.name)
        if answer.status_code < 500 and answer.status_code != 429:
            self.ledger.surprise(f"{self.name} was answered {answer.status_code}: {answer.text[:200]}")
        time.sleep(0.3)


def waiting(db: Session) -> int:
    """How much has still to be told to the webhook."""
    moving = select(WebhookDelivery.id).where(WebhookDelivery.state.in_((QUEUED, SENDING)))
    behind = select(Webhook.id).where(Webhook.enabled, Webhook.cursor < feed.newest(db))
    return len(db.scalars(moving).all()) + len(db.scalars(behind).all())


def followed(db: Session, follower: Follower, receiver: Receiver) -> list[Verdict]:
    """Each event once and in one order to who asks; at least once, in order within a conversation, to who is told."""
    events = {one.id: one for one in db.scalars(select(Event))}
    return [_asked(events, follower), _told(db, events, receiver)]


def _asked(events: dict[int, Event], follower: Follower) -> Verdict:
    ids = [id for _, id in follower.seen]
    wrong = [f"event {id} never came" for id in sorted(events.keys() - set(ids))]
    wrong += [f"event {id} came and is not there" for id in ids if id not in events]
    wrong += [f"{len(ids) - len(set(ids))} events came twice"] if len(set(ids)) != len(ids) else []
    cursors = [cursor for cursor, _ in follower.seen]
    if cursors != sorted(set(cursors)):
        wrong.append("the cursors do not climb")
    wrong += _in_order(events, ids)
    return verdict("events: each once to who asks, without a gap", len(ids), wrong)


def _told(db: Session, events: dict[int, Event], receiver: Receiver) -> Verdict:
    hook = db.scalars(select(Webhook)).one()
    began = min((id for id in receiver.events), default=0)
    first = list(dict.fromkeys(receiver.events))
    wrong = [f"event {id} was never told" for id in sorted(events) if id >= began and id not in set(first)]
    wrong += [f"event {id} was told and is not there" for id in first if id not in events]
    wrong += [] if hook.enabled else [f"the webhook was switched off: {hook.notice}"]
    failed = db.scalars(select(WebhookDelivery.id).where(WebhookDelivery.state == FAILED)).all()
    wrong += [f"the telling {id} failed for good" for id in failed]
    wrong += _in_order(events, first)
    return verdict("webhooks: each event told, in order within a conversation", len(first), wrong)


def _in_order(events: dict[int, Event], ids: list[int]) -> list[str]:
    last: dict[int | None, int] = {}
    wrong = []
    for id in ids:
        thread = events[id].conversation_id if id in events else None
        if thread is not None and id < last.get(thread, 0):
            wrong.append(f"event {id} of conversation {thread} came after {last[thread]}")
        last[thread] = max(id, last.get(thread, 0))
    return wrong
