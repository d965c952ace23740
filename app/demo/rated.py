"""What customers of the demo said of the bot's answers, and the one that somebody of the shop corrected: so that its
report has something to tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bot import ratings
from app.db import as_of
from app.demo.shop import ADMIN
from app.models import Agent, Channel, Conversation, Decision, Identity, Message
from app.models.conversation import HUMAN
from app.models.decision import ANSWERED

MISSED = "ポイントが付いていない"  # what no entry answers, and one did
SPOKE = 3  # every so many customers say whether an answer helped


def make(db: Session, people: Mapping[str, Agent]) -> None:
    """Rate some answers, a minute after they were given: what was followed by a person did not help. Who waits for the
    bot is left as they are."""
    answers = db.execute(
        select(Decision, Message)
        .join(Message, Message.id == Decision.reply_id)
        .join(Conversation, Conversation.id == Decision.conversation_id)
        .where(Decision.outcome == ANSWERED, Conversation.owner == HUMAN)
        .order_by(Decision.id)
    ).all()
    for number, (decision, message) in enumerate(answers):
        if number % SPOKE or message.channel_id is None or message.identity_id is None:
            continue
        channel, identity = db.get_one(Channel, message.channel_id), db.get_one(Identity, message.identity_id)
        with as_of(message.sent_at + timedelta(minutes=1)):
            ratings.rate(db, channel, identity, message, decision.again_at is None or number % 2 == 0)
    missed = next((one for decision, one in answers if decision.detail.get("question") == MISSED), None)
    if missed is not None:
        ratings.correct(db, people[ADMIN], missed, None)
