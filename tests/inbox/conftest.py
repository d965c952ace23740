"""A shop whose customers are taken apart and put together."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import customers, queries
from app.models import Agent, Channel, Conversation, Customer, Identity, Message
from channels.base import Person
from tests import engines
from tests import factories as make

# SQLite has one writer at a time: nothing comes in while another is at work.
collect_ignore = ["test_meanwhile.py"] if engines.WHICH == "sqlite" else []


@dataclass
class Shop:
    """One customer who writes by two addresses (the second was put down as theirs), and another customer."""

    db: Session
    channel: Channel
    agent: Agent
    one: Conversation
    other: Conversation

    def identity(self, address: str) -> Identity:
        return self.db.scalars(select(Identity).filter_by(address=address)).one()

    def says(self, address: str, text: str) -> Message:
        return make.customer_says(self.db, self.channel, text, address)

    def thread(self, head: Conversation) -> list[str]:
        return [one.text for one in queries.thread_page(self.db, head).messages if one.kind != "system"]

    def of(self, address: str) -> Conversation:
        identity = self.identity(address)
        own = self.db.scalars(select(Conversation).filter_by(customer_id=identity.customer_id)).one()
        return self.db.get_one(Conversation, own.head_id or own.id)

    def customer(self, head: Conversation) -> Customer:
        return self.db.get_one(Customer, head.customer_id)

    def second(self, address: str, to: Conversation) -> Identity:
        """One more address of the customer of `to`."""
        made = customers.add_identity(self.db, self.customer(to), "visitor", self.channel.key, address, 1)
        assert made is not None
        return made


@pytest.fixture
def shop(db: Session) -> Shop:
    channel = make.channel(db)
    one = make.conversation(db, channel, "花子です", Person("a", name="山田 花子"))
    other = make.conversation(db, channel, "次郎です", Person("b", name="鈴木 次郎"))
    made = Shop(db, channel, make.agent(db), one, other)
    kind, scope = made.identity("a").kind, made.identity("a").scope
    found = customers.add_identity(db, made.customer(one), kind, scope, "a2", 1)
    assert found is not None
    made.says("a2", "夫の携帯から")
    return made
