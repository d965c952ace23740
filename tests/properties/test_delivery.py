"""The state of a delivery only climbs, whatever happens in whatever order: also while a message is being sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import deliver, inbox, intake
from app.db import as_of, now, reading, transaction
from app.deliver import standing
from app.models import Agent, Channel, Conversation, Delivery, Message
from app.models.delivery import DELIVERED, FAILED, QUEUED, READ, SENDING, SENT, UNKNOWN
from channels import base
from tests import connectors, factories

MOVES = {  # from → what it may be next; a person may have `failed` and `unknown` sent again
    QUEUED: {SENDING, SENT, DELIVERED, READ, FAILED, UNKNOWN},
    SENDING: {QUEUED, SENT, DELIVERED, READ, FAILED, UNKNOWN},
    UNKNOWN: {QUEUED, SENT, DELIVERED, READ, FAILED},
    FAILED: {QUEUED, DELIVERED, READ},
    SENT: {DELIVERED, READ, FAILED},
    DELIVERED: {READ},
    READ: set(),
}
OUTCOMES = {
    "taken": None,
    "refused for ever": base.ChannelError("No.", permanent=True),
    "busy": base.ChannelError("Later.", retry_after=1),
    "silent": base.ChannelError("Perhaps.", ambiguous=True),
}
QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Sending:
    """One message on its way, and everything that can happen to it."""

    def __init__(self, post: type[connectors.Post], within: list[str]) -> None:
        self.post, self.within = post, list(within)
        self.outcome, self.states, self.trusted, self.calls = "taken", [QUEUED], 1, 0
        post.answer = staticmethod(self._answered)
        with transaction() as db:
            self.channel, self.agent = factories.channel(db, "post"), factories.agent(db)
            self.thread = factories.conversation(db, self.channel)
            self.message = factories.reply(db, self.agent, self.thread)

    def _answered(self, outbound: base.Outbound) -> base.Sent:
        """While it is with the provider, no transaction is open: anything may happen."""
        self.look()
        self.calls += 1
        outcome = OUTCOMES[self.outcome]
        if outcome is not None and not outcome.ambiguous:
            self.trusted += 1  # they said that they do not have it
        while self.within:
            self.do(self.within.pop())
        if outcome is not None:
            raise outcome
        return base.Sent((f"p-{self.message.id}",))

    def do(self, name: str) -> None:
        """One thing happens, and the state is looked at."""
        if name in OUTCOMES:
            self.outcome = name
        elif name.startswith("told "):
            self._told(name.removeprefix("told "))
        else:
            getattr(self, name)()
        self.look()

    def look(self) -> None:
        with reading() as db:
            state = db.scalars(select(Delivery.state).filter_by(message_id=self.message.id)).one()
        if state != self.states[-1]:
            self.states.append(state)

    def works(self) -> None:
        with as_of(now() + timedelta(hours=2)):
            deliver.drain(self.channel.id)

    def time_passes(self) -> None:
        with as_of(now() + timedelta(hours=4)):
            deliver.sweep()

    def sent_again(self) -> None:
        """An agent decides so, where they may."""
        try:
            with transaction() as db:
                row = db.get_one(Agent, self.agent.id), db.get_one(Conversation, self.thread.id)
                inbox.retry(db, *row, db.get_one(Message, self.message.id))
            self.trusted += 1
        except inbox.Refused:
            return

    def _told(self, state: Any) -> None:
        """The provider reports, by the id it gave and by the time."""
        with transaction() as db:
            channel = db.get_one(Channel, self.channel.id)
            identity = factories.identity_of(db, self.thread)
            by_id = base.Receipt(f"p-{self.message.id}", state)
            by_time = base.Receipt("", state, at=now(), person=base.Person(identity.address), through=True)
            intake.accept(db, channel, [by_id] if state == FAILED else [by_id, by_time])

    def climbed(self) -> None:
        """Raises AssertionError where it went down, or was sent without anybody having reason to."""
        for before, after in zip(self.states, self.states[1:], strict=False):
            assert after in MOVES[before], f"{before} became {after}: {self.states}"
        assert self.calls <= self.trusted, (
            f"sent {self.calls} times, {self.trusted} with reason: {self.states}"
        )


happenings = st.sampled_from(
    [
        "works",
        "time_passes",
        "sent_again",
        "told sent",
        "told delivered",
        "told read",
        "told failed",
        *OUTCOMES,
    ]
)


@pytest.fixture
def post(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[connectors.Post]]:
    with connectors.installed(monkeypatch, push=True) as made:
        yield made


def go(post: type[connectors.Post], how: settings = QUICK) -> Callable[[], None]:
    """The property, for hypothesis to break."""

    @how
    @given(st.lists(happenings, min_size=2, max_size=10), st.lists(happenings, max_size=4))
    def holds(happening: list[str], while_sending: list[str]) -> None:
        sending = Sending(post, while_sending)
        for name in happening:
            sending.do(name)
        sending.climbed()

    return holds


def test_the_state_of_a_delivery_only_climbs(post: type[connectors.Post]) -> None:
    go(post)()


def test_a_planted_fall_is_found(post: type[connectors.Post], monkeypatch: pytest.MonkeyPatch) -> None:
    def carelessly(db: Any, delivery: Delivery, state: str, reason: str = "", at: Any = None) -> bool:
        standing.become(db, delivery, state, reason)
        return True

    monkeypatch.setattr(deliver, "climb", carelessly)
    with pytest.raises(AssertionError, match="became"):
        go(post, settings(QUICK, phases=[Phase.generate]))()
