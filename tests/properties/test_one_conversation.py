"""One person is one customer with one conversation, however their first messages and the links of them race."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import clock, inbox, intake, polled
from app.db import as_of, now, passing, reading, transaction
from app.models import Channel, Conversation, Customer, CustomerLink, Identity, Message
from channels import base
from tests import factories
from tests.test_concurrency import assert_clean, together

pytestmark = pytest.mark.usefixtures("committed")
PEOPLE, MESSAGES = 3, 6


@pytest.mark.parametrize("seed", range(3))
def test_first_messages_over_several_channels_at_once_make_one_conversation(seed: int) -> None:
    rolls = random.Random(seed)
    with transaction() as db:
        shared = {"identity_scope": "members", "trust_contacts": True}
        channels = [factories.channel(db, "api", settings=shared) for _ in range(3)]
    people = [base.Person(f"u{n}", "members", name=f"会員{n}") for n in range(PEOPLE)]
    events = [
        (channel, factories.inbound(f"{person.address} {n}", person, id=f"{person.address}-{n}"))
        for person in people
        for channel in channels
        for n in range(MESSAGES)
    ]
    calls: list[Callable[[], object]] = [
        lambda channel=channel, event=event: arrive(channel, event)  # type: ignore[misc]
        for channel, event in [*events, *events]  # each of them twice, as providers do
    ]
    calls += [link_or_part for _ in range(8)]
    rolls.shuffle(calls)
    together(*calls, threads=12)
    with as_of(now() + timedelta(minutes=5)):
        clock.read_late()  # what had to give way too often is read now
    one_each(PEOPLE, len(events))
    assert_clean()


def arrive(channel: Channel, event: base.Event) -> None:
    """By the door: stored, acknowledged, read."""
    with transaction() as db:
        request = base.Request(polled.METHOD, "", body=polled.dumps([event]))
        receipt = intake.store(db, channel, request)
    intake.read_receipt(receipt.id)


def link_or_part() -> None:
    """Two customers become one, or two that are one part; nothing where the database wants another try."""
    try:
        _link_or_part()
    except Exception as error:
        if not passing(error):
            raise


def _link_or_part() -> None:
    with transaction() as db:
        made = db.scalars(select(CustomerLink).filter_by(undone_at=None).limit(1)).first()
        customers = db.scalars(select(Customer).order_by(Customer.id).limit(2)).all()
        if made is not None:
            inbox.unlink(db, made)
        elif len(customers) == 2:
            inbox.link(db, *customers, evidence={})


def one_each(people: int, messages: int) -> None:
    """Raises AssertionError unless each person is one customer with one conversation, and all was stored once."""
    with reading() as db:
        assert db.scalar(select(func.count(Customer.id))) == people
        assert db.scalar(select(func.count(Conversation.id))) == people
        assert db.scalar(select(func.count(Message.id)).where(Message.author == "customer")) == messages
        of = db.execute(
            select(Identity.address, func.count(func.distinct(Message.conversation_id)))
            .join(Message, Message.identity_id == Identity.id)
            .group_by(Identity.address)
        ).all()
    assert {int(row[1]) for row in of} == {1}, f"somebody writes into several conversations: {of}"
