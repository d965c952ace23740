"""Touchpoints go where their addresses go: whatever is linked, split, moved and undone, in any order."""

from __future__ import annotations

import os
import random
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox
from app.models import Agent, Conversation, Customer, CustomerLink, Identity, Message, Relocation, Touchpoint
from app.models.message import INBOUND
from app.touchpoints import reading
from channels.base import Person
from tests import factories
from tests.touchpoints.told import START, by, counted, kept, order, take_in, touch

ORDERS = int(os.environ.get("MADOGUCHI_TEST_ORDERS", "12"))
STEPS = 18
ADDRESSES = [f"p{n}@example.jp" for n in range(6)]


@pytest.mark.parametrize("seed", range(ORDERS))
def test_whatever_happens_each_stands_with_whoever_has_its_address(db: Session, seed: int) -> None:
    rolls = random.Random(seed)
    agent, channel = factories.supervisor(db), factories.channel(db)
    for address in ADDRESSES[:4]:
        factories.conversation(db, channel, sender=Person(address, kind="email"))
    for _ in range(STEPS):
        step = rolls.choice([_told, _told, _told, _link, _unlink, _split, _moved, _back, _comes])
        try:
            with db.begin_nested():
                step(db, rolls, agent)
        except (inbox.Refused, ValueError):
            continue
    assert kept(db) == counted(db)
    heads = db.scalars(select(Conversation).where(Conversation.head_id == Conversation.id)).all()
    shown = 0
    for head in heads:
        ids = reading.identities(db, head)
        family = select(Conversation.customer_id).where(Conversation.head_id == head.id)
        theirs = set(db.scalars(select(Identity.id).where(Identity.customer_id.in_(family))))
        assert set(ids) == theirs
        rows = reading.newest(db, ids, 1000)
        assert {row.identity_id for row in rows} <= theirs
        found = reading.figures(db, ids)
        assert found.orders == sum(row.counted for row in rows)
        assert {code: amount for amount, code in found.spent}.get("JPY", 0) == sum(row.value for row in rows)
        orders = [row for row in rows if row.sort == "order"]
        assert (found.last_order.id if found.last_order else None) == (orders[0].id if orders else None)
        shown += len(rows)
    attached = db.scalars(select(Touchpoint.id).where(Touchpoint.identity_id.is_not(None))).all()
    assert shown == len(attached)


def _told(db: Session, rolls: random.Random, agent: Agent) -> None:
    who, n = by(rolls.choice(ADDRESSES)), rolls.randrange(9)
    day = rolls.random() * 30
    told = [
        order(str(n), 100 * rolls.randrange(50), who, day=day),
        touch("order.returned", who, id=f"r{n}", reference=str(n), amount=rolls.choice([None, 300]), currency="JPY"),
        touch(rolls.choice(["order.cancelled", "order.shipped"]), who, id=f"o{n}", reference=str(n), day=day),
        touch("visit", who, day=day),
        touch(rolls.choice(["points.earned", "points.used"]), who, id=f"p{n}", points=rolls.randrange(99), day=day),
    ]  # fmt: skip
    take_in(db, *rolls.sample(told, rolls.randint(1, 4)))


def _link(db: Session, rolls: random.Random, agent: Agent) -> None:
    child, parent = rolls.sample(db.scalars(select(Customer)).all(), 2)
    inbox.link(db, child, parent, agent=agent, evidence={})


def _unlink(db: Session, rolls: random.Random, agent: Agent) -> None:
    links = db.scalars(select(CustomerLink).filter_by(undone_at=None)).all()
    if links:
        inbox.unlink(db, rolls.choice(links))


def _split(db: Session, rolls: random.Random, agent: Agent) -> None:
    inbox.split(db, agent, rolls.choice(db.scalars(select(Identity)).all()))


def _moved(db: Session, rolls: random.Random, agent: Agent) -> None:
    message = rolls.choice(db.scalars(select(Message).where(Message.kind == INBOUND)).all())
    inbox.move(db, agent, message, rolls.choice(db.scalars(select(Customer)).all()))


def _back(db: Session, rolls: random.Random, agent: Agent) -> None:
    made = db.scalars(select(Relocation).filter_by(undone_at=None)).all()
    if made:
        inbox.put_back(db, agent, rolls.choice(made))


def _comes(db: Session, rolls: random.Random, agent: Agent) -> None:
    """Somebody writes, of whom something may have been told before."""
    channel = factories.channel(db)
    factories.conversation(db, channel, sender=Person(rolls.choice(ADDRESSES), kind="email"))


def test_a_page_of_a_person_is_in_order_over_all_their_addresses(db: Session) -> None:
    heads = [factories.conversation(db, sender=Person(one, kind="email")) for one in ADDRESSES[:3]]
    for n in range(9):
        take_in(db, touch("visit", by(ADDRESSES[n % 3]), day=n % 4))
    customers = [db.get_one(Customer, head.customer_id) for head in heads]
    for child in customers[1:]:
        inbox.link(db, child, customers[0], evidence={})
    ids = reading.identities(db, heads[0])
    whole = reading.newest(db, ids, 100)
    assert [(row.at, row.id) for row in whole] == sorted(((row.at, row.id) for row in whole), reverse=True)
    paged: list[Touchpoint] = []
    after: str | None = None
    while True:
        page = reading.page(db, ids, after, 2)
        paged += page.rows
        after = page.after
        if after is None:
            break
    assert [row.id for row in paged] == [row.id for row in whole]


def test_between_messages_stands_what_happened_between_them(db: Session) -> None:
    head = factories.conversation(db, sender=Person(ADDRESSES[0], kind="email"))
    take_in(db, *(touch("visit", by(ADDRESSES[0]), day=day) for day in (0, 1, 2, 2.5, 6)))
    times = [START + timedelta(days=day) for day in (1, 3, 5)]
    found = reading.between(db, reading.identities(db, head), times, since=None, until=None, most=10)
    assert {at: len(group.rows) for at, group in found.items()} == {-1: 1, 0: 3, 2: 1}
    few = reading.between(db, reading.identities(db, head), times, since=times[0], until=times[2], most=2)
    assert {at: (len(group.rows), group.more) for at, group in few.items()} == {0: (2, True)}


def test_an_order_number_finds_its_customer_however_it_is_typed(db: Session) -> None:
    agent, other = factories.agent(db), factories.agent(db)
    head = factories.conversation(db, sender=Person(ADDRESSES[0], kind="email", name="山田"))
    take_in(db, order("A-1042", 100, by(ADDRESSES[0])), order("A-1043", 100, by("nobody@example.jp")))
    for written in ("A-1042", "#a-1042", "Ａ−１０４２".replace("−", "-"), " a-1042 "):
        (found,) = reading.by_reference(db, agent, written)
        assert (found.conversation_id, found.customer) == (head.id, "山田")
    assert reading.by_reference(db, agent, "A-1043") == reading.by_reference(db, agent, "A-104") == []
    head.team_id = factories.team(db, agent).id
    db.flush()
    assert reading.by_reference(db, other, "A-1042") == []
    assert len(reading.by_reference(db, agent, "A-1042")) == 1
