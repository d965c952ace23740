"""A channel with a customer and an agent, whose answers go out."""

from __future__ import annotations

from sqlalchemy import select, update

from app import intake
from app.db import now, reading, transaction
from app.models import Agent, Channel, Conversation, Delivery
from channels import base
from tests import factories as make


class Counter:
    """A channel with a customer who wrote, and an agent who answers."""

    def __init__(self) -> None:
        with transaction() as db:
            self.channel = make.channel(db, "post")
            self.agent = make.agent(db, "田中")
            self.head = make.conversation(db, self.channel, sender="c1")

    def reply(self, text: str = "はい") -> int:
        """The id of the delivery."""
        with transaction() as db:
            agent, head = db.get_one(Agent, self.agent.id), db.get_one(Conversation, self.head.id)
            said = make.reply(db, agent, head, text)
            return db.scalars(select(Delivery.id).filter_by(message_id=said.id)).one()

    def state(self, delivery_id: int) -> str:
        return self.row(delivery_id).state

    def row(self, delivery_id: int) -> Delivery:
        with reading() as db:
            return db.get_one(Delivery, delivery_id)

    def due_now(self) -> None:
        with transaction() as db:
            db.execute(update(Delivery).values(next_at=now()))

    def take(self, *events: base.Event) -> list[intake.Outcome]:
        with transaction() as db:
            return make.accept(db, db.get_one(Channel, self.channel.id), *events)
