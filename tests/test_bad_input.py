"""What every kind's captured requests become in the product when they come again, late, or by the hundred."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app import verify
from app.db import as_of, now, reading, transaction
from app.models import Channel, Conversation, Customer, Message, RawReceipt
from channels import base, registry
from channels.line import events as line
from channels.telegram import events as telegram
from tests import factories as make
from tests.channels.cases import CONTEXT, HTTP, Payload, payloads

pytestmark = pytest.mark.usefixtures("committed")
EACH = 6  # captured requests of a kind that are played, those with most events first


def count(*tables: type[Any]) -> list[int]:
    with reading() as db:
        return [db.scalar(select(func.count()).select_from(one)) or 0 for one in tables]


def heard() -> int:
    """How many messages there are, but for the lines that tell what was done."""
    with reading() as db:
        return db.scalar(select(func.count()).where(Message.kind != "system").select_from(Message)) or 0


def take(channel: Channel, payload: Payload) -> None:
    """By the one door, as a verified request is."""
    events = registry.build(payload.kind, payload.settings, HTTP, CONTEXT).parse(payload.request)
    with transaction() as db:
        make.accept(db, db.get_one(Channel, channel.id), *events)


@pytest.mark.parametrize("kind", sorted(registry.KINDS))
def test_old_requests_that_are_played_again_bring_nothing_new_and_lose_nothing(kind: str) -> None:
    """The same day in another order, and a week later."""
    with transaction() as db:
        channel = make.channel(db, kind)
    chosen = sorted(payloads(kind), key=lambda one: len(one.events), reverse=True)[:EACH]
    for payload in chosen:
        take(channel, payload)
    first = heard(), count(Conversation, Customer)
    for payload in reversed(chosen):
        take(channel, payload)
    with as_of(now() + timedelta(days=8)):
        for payload in chosen:
            take(channel, payload)
    assert (heard(), count(Conversation, Customer)) == first
    assert count(RawReceipt) == [3 * len(chosen)]
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_a_bot_among_five_hundred_people_makes_no_customer_of_them_and_says_why() -> None:
    """LINE: the account speaks with people one by one; what is said in the group stays among the receipts."""
    with transaction() as db:
        channel = make.channel(db, "line", bot=True)
    said = [
        {
            "type": "message",
            "mode": "active",
            "timestamp": 1_795_255_200_000 + n,
            "source": {"type": "group", "groupId": "C" + "0" * 32, "userId": f"U{n:032x}"},
            "webhookEventId": f"{n:026d}",
            "deliveryContext": {"isRedelivery": False},
            "replyToken": f"r{n}",
            "message": {"type": "text", "id": str(n), "text": f"こんにちは {n}", "quoteToken": "q"},
        }
        for n in range(500)
    ]
    with transaction() as db:
        found = line.read({"destination": "U0", "events": said}, line.Place("k1", "U0"))
        outcome = make.accept(db, db.get_one(Channel, channel.id), *found)
    why = "said in a group; the account speaks with people one by one only"
    assert [one["excluded"] for one in outcome] == [why] * 500
    assert count(Message, Conversation, Customer, RawReceipt) == [0, 0, 0, 1]


@pytest.mark.parametrize(("answering", "messages"), [(False, 0), (True, 500)])
def test_five_hundred_in_a_group_of_telegram_are_one_thread_or_none(answering: bool, messages: int) -> None:
    """As the channel is set: groups are refused, or the group is who writes."""
    with transaction() as db:
        channel = make.channel(db, "telegram")
    told = [
        {
            "update_id": n,
            "message": {
                "message_id": n,
                "date": 1_795_255_200 + n,
                "chat": {"id": -1001, "type": "supergroup", "title": "ご近所"},
                "from": {"id": 9000 + n, "first_name": f"{n}"},
                "text": f"こんにちは {n}",
            },
        }
        for n in range(1, 501)
    ]
    found: list[base.Event] = [event for one in told for event in telegram.read(one, answering)]
    with transaction() as db:
        make.accept(db, db.get_one(Channel, channel.id), *found)
    assert count(Message, Conversation) == [messages, 1 if messages else 0]
