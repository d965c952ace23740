"""The bot says nothing between a takeover and the handing back, however late the decision comes to be said."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import select, update

from app import inbox
from app.db import reading, transaction
from app.inbox import messages
from app.models import Agent, Channel, Conversation, Event, Identity
from tests import factories

pytestmark = pytest.mark.usefixtures("committed")


def play(seed: int, turns: int = 60) -> None:
    """Takeovers, hand-backs, questions, and workers that come to speak long after they decided. Raises
    AssertionError where the bot spoke out of turn."""
    rolls = random.Random(seed)
    with transaction() as db:
        channel, agent = factories.channel(db, "api", bot=True), factories.agent(db)
        head = factories.conversation(db, channel, sender="v")
        person = factories.identity_of(db, head)
    decided = [0]
    for n in range(turns):
        with transaction() as db:
            here, thread = db.get_one(Agent, agent.id), db.get_one(Conversation, head.id)
            match rolls.randrange(5):
                case 0:
                    inbox.take_over(db, here, thread)
                case 1:
                    inbox.hand_back(db, here, thread)
                case 2:
                    decided.append(thread.owner_epoch)
                case 3:
                    factories.customer_says(db, db.get_one(Channel, channel.id), f"{n}", "v")
                case _:
                    _late(db, thread, person.id, channel.id, rolls.choice(decided))
    silent_while_a_person_speaks(head.id)


def _late(db: Any, thread: Conversation, identity_id: int, channel_id: int, epoch: int) -> None:
    identity, channel = db.get_one(Identity, identity_id), db.get_one(Channel, channel_id)
    inbox.bot_reply(db, inbox.hold(db, thread), identity, channel, epoch, "送料は550円です")


def silent_while_a_person_speaks(conversation_id: int) -> None:
    """By the events alone."""
    owner, spoken = "bot", 0
    with reading() as db:
        for event in db.scalars(select(Event).filter_by(conversation_id=conversation_id).order_by(Event.id)):
            if event.kind == "handover":
                owner = event.data["to"]
            if event.kind == "message.sent" and event.actor == "bot":
                spoken += 1
                assert owner == "bot", f"the bot spoke (event {event.id}) while a person had the thread"
    assert spoken, "the bot never spoke: nothing was tried"


@pytest.mark.parametrize("seed", range(3))
def test_a_late_bot_never_talks_over_a_person(seed: int) -> None:
    play(seed)


def test_a_planted_bot_that_does_not_look_at_the_epoch_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unconditional:
        """An update of the row, whoever owns it."""

        def __init__(self, table: Any) -> None:
            self.table = table

        def where(self, this_row: Any, *_conditions: Any) -> Any:
            return update(self.table).where(this_row)

    monkeypatch.setattr(messages, "update", Unconditional)
    with pytest.raises(AssertionError, match="while a person had the thread"):
        play(0)
