"""Rows for tests, made through the product's own verbs. Each takes the session first; names are counted up."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, intake, passwords, vault
from app.bot import answers
from app.db import now
from app.knowledge import versions
from app.models import (
    Agent,
    Channel,
    Conversation,
    Customer,
    FaqEntry,
    Identity,
    Message,
    Revision,
    Team,
    TeamMember,
)
from channels import base

PASSWORD = "correct horse battery"
SECRETS = {"api": {"secret": "a-shared-secret-of-the-api-channel"}}
_numbers = itertools.count(1)


@cache
def _password_hash() -> str:
    return passwords.hashed(PASSWORD)


def agent(db: Session, name: str = "", *, role: str = "agent", email: str = "", **columns: Any) -> Agent:
    """Somebody who can sign in with `PASSWORD`."""
    n = next(_numbers)
    made = Agent(
        name=name or f"担当{n}",
        email=email or f"agent{n}@example.jp",
        role=role,
        password_hash=_password_hash(),
        **columns,
    )
    db.add(made)
    db.flush()
    return made


def supervisor(db: Session, name: str = "", **columns: Any) -> Agent:
    """Somebody who oversees."""
    return agent(db, name, role="supervisor", **columns)


def team(db: Session, *members: Agent, name: str = "") -> Team:
    """A team of these agents."""
    made = Team(name=name or f"チーム{next(_numbers)}")
    db.add(made)
    db.flush()
    db.add_all(TeamMember(team_id=made.id, agent_id=one.id) for one in members)
    db.flush()
    return made


def channel(
    db: Session,
    kind: str = "webchat",
    *,
    bot: bool = False,
    settings: dict[str, Any] | None = None,
    secrets: dict[str, Any] | None = None,
    **columns: Any,
) -> Channel:
    """A channel of `kind`. The bot is off unless asked for, and waits for nothing (`bot_pause`), so that tests say what
    they are about."""
    n = next(_numbers)
    columns.setdefault("bot_pause", 0)
    made = Channel(
        kind=kind,
        name=columns.pop("name", f"{kind} {n}"),
        key=columns.pop("key", f"key{n}"),
        settings=settings or {},
        secrets=vault.seal(SECRETS.get(kind, {}) if secrets is None else secrets),
        bot_enabled=bot,
        cursor={},
        **columns,
    )
    db.add(made)
    db.flush()
    return made


def inbound(
    text: str = "こんにちは",
    sender: str | base.Person = "visitor-1",
    *,
    id: str = "",
    at: datetime | None = None,
    **fields: Any,
) -> base.Inbound:
    """What a connector reads: a message of `sender` (an address, or a person)."""
    person = base.Person(sender) if isinstance(sender, str) else sender
    return base.Inbound(
        external_id=id or f"x{next(_numbers)}", sender=person, text=text, sent_at=at or now(), **fields
    )


def accept(db: Session, to: Channel, *events: base.Event) -> list[intake.Outcome]:
    """Take events in by the one door, with a raw receipt that accounts for them."""
    receipt = intake.store(db, to, base.Request("TEST", ""))
    receipt.outcome, receipt.state, receipt.parsed_at = intake.accept(db, to, events), "parsed", now()
    db.flush()
    return receipt.outcome


def customer_says(
    db: Session, to: Channel, text: str = "こんにちは", sender: str | base.Person = "visitor-1", **fields: Any
) -> Message:
    """The message that a customer's words became. Fails where they were refused."""
    (outcome,) = accept(db, to, inbound(text, sender, **fields))
    assert "message" in outcome, outcome
    return db.get_one(Message, outcome["message"])


def conversation(
    db: Session,
    to: Channel | None = None,
    text: str = "こんにちは",
    sender: str | base.Person = "",
    **fields: Any,
) -> Conversation:
    """The thread of a new customer who wrote one message."""
    said = customer_says(db, to or channel(db), text, sender or f"visitor{next(_numbers)}", **fields)
    return thread_of(db, said)


def says_more(db: Session, conversation: Conversation, text: str) -> Message:
    """What the customer of a thread says now, where they wrote first."""
    first = select(Message).filter_by(conversation_id=conversation.id, kind="inbound").order_by(Message.id)
    to = db.get_one(Channel, db.scalars(first.limit(1)).one().channel_id)
    return customer_says(db, to, text, identity_of(db, conversation).address)


def thread_of(db: Session, message: Message) -> Conversation:
    """The conversation a message is shown in."""
    own = db.get_one(Conversation, message.conversation_id)
    return db.get_one(Conversation, own.head_id or own.id)


def customer_of(db: Session, conversation: Conversation) -> Customer:
    """Whose thread it is."""
    return db.get_one(Customer, conversation.customer_id)


def identity_of(db: Session, conversation: Conversation) -> Identity:
    """The first address of the thread's customer."""
    mine = select(Identity).where(Identity.customer_id == conversation.customer_id).order_by(Identity.id)
    return db.scalars(mine).first() or _nobody()


def reply(
    db: Session, by: Agent, to: Conversation, text: str = "承知しました", client_id: str = "", **fields: Any
) -> Message:
    """An agent's answer."""
    return inbox.reply(db, by, to, text, client_id or f"client{next(_numbers)}", **fields)


def faq(
    db: Session,
    answer: str = "全国一律550円です",
    questions: Sequence[str] = ("送料はいくらですか",),
    **columns: Any,
) -> FaqEntry:
    """An entry of the bot's book, in force at once (a new version)."""
    columns = {"title": questions[0], "links": [], "quick_replies": [], "tags": [], **columns}
    made = FaqEntry(questions=list(questions), answer=answer, **columns)
    db.add(made)
    db.flush()
    db.add(Revision(noun="faq_entry", noun_id=made.id, data={}))
    db.flush()
    versions.publish_all(db)
    answers.forget_book()  # a rolled-back test may have used the same number
    return made


def _nobody() -> Identity:
    raise AssertionError("the customer has no identity")
