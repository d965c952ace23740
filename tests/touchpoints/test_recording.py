"""Touchpoints are taken in once, as whoever they name, and what they come to is kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import customers
from app.models import AwaitedTouchpoint, Conversation, Customer, Event, Identity, Touchpoint
from app.models.customer import CLAIMED
from app.touchpoints import awaiting
from channels.base import Person
from tests import factories
from tests.touchpoints.told import START, by, counted, kept, many, order, take_in, touch, whats


@pytest.fixture
def taro(db: Session) -> Customer:
    """A customer who wrote once, with a mail address and a telephone."""
    thread = factories.conversation(db, sender=Person("v1", name="山田 太郎"))
    customer = factories.customer_of(db, thread)
    for kind, address in (("email", "taro@example.jp"), ("phone", "+819012345678")):
        assert customers.add_identity(db, customer, kind, "", address, CLAIMED)
    return customer


def owner(db: Session, row: Touchpoint | None) -> str:
    assert row is not None
    return db.get_one(Identity, row.identity_id).address if row.identity_id else ""


def spent(db: Session) -> dict[str, int]:
    assert kept(db) == counted(db)
    return {f"{address} {code}": amount for (address, code), amount in kept(db)["spent"].items()}


def test_a_customer_is_named_by_any_address_however_it_is_written(db: Session, taro: Customer) -> None:
    named = (by("Taro@Example.JP"), by("０９０-1234-5678", "phone"), by("v1", "visitor"), by("x", "visitor"))
    results = take_in(db, *(touch("visit", one) for one in named))
    assert [owner(db, one.touchpoint) for one in results] == ["taro@example.jp", "+819012345678", "v1", ""]


def test_of_several_addresses_the_first_that_somebody_has_counts(db: Session, taro: Customer) -> None:
    (found,) = take_in(
        db, touch("visit", by("C-1", "card"), by("090 1234 5678", "phone"), by("taro@example.jp"))
    )
    assert owner(db, found.touchpoint) == "+819012345678"


def test_told_twice_it_is_there_once_and_a_later_word_changes_it(db: Session, taro: Customer) -> None:
    assert whats(take_in(db, order("1042", 5000, day=1), order("1042", 5000, day=1))) == ["new", "unchanged"]
    assert whats(take_in(db, order("1042", 5000, day=2))) == ["unchanged"]
    shipped = order("1042", 5000, day=3, kind="order.shipped")
    assert whats(take_in(db, shipped)) == ["changed"]
    assert whats(take_in(db, shipped, order("1042", 4000, day=1))) == ["unchanged", "older"]
    (row,) = db.scalars(select(Touchpoint)).all()
    assert (row.kind, row.at, row.told_at.day, many(db)) == ("order.shipped", order("", 0, day=1).at, 4, 1)
    assert [(one["kind"], one["amount"]) for one in row.steps] == [("order.placed", 5000)]
    assert spent(db) == {"taro@example.jp JPY": 5000}


def test_the_same_id_of_another_source_is_something_else(db: Session, taro: Customer) -> None:
    take_in(db, order("1", 100))
    assert whats(take_in(db, order("1", 100), source="till")) == ["new"]
    assert spent(db) == {"taro@example.jp JPY": 200}


@pytest.mark.parametrize(
    ("told", "comes_to", "orders"),
    [
        ([("order.placed", "a", 5000), ("order.shipped", "b", 5000)], 5000, 1),
        ([("order.placed", "a", 5000), ("order.shipped", "b", None)], 0, 1),
        ([("order.placed", "a", 5000), ("order.cancelled", "b", None)], 0, 0),
        ([("order.placed", "a", 5000), ("order.returned", "b", 2000)], 3000, 1),
        ([("order.placed", "a", 5000), ("order.returned", "b", 2000), ("order.returned", "c", 9000)], 0, 0),
        ([("order.placed", "a", 5000), ("order.returned", "b", None)], 0, 0),
        ([("order.placed", "a", 5000), ("order.returned", "a", 1000)], 4000, 1),
        ([("order.placed", "a", 5000), ("order.cancelled", "a", 5000)], 0, 0),
        ([("order.cancelled", "a", None), ("order.placed", "b", 700)], 700, 1),
        ([("order.returned", "a", 700)], 0, 0),
    ],
)
def test_an_order_counts_once_whatever_is_told_of_it(
    db: Session, taro: Customer, told: list[tuple[str, str, int | None]], comes_to: int, orders: int
) -> None:
    for day, (kind, id, amount) in enumerate(told):
        take_in(db, touch(kind, id=id, day=day, reference="1042", amount=amount, currency="JPY"))
    assert spent(db).get("taro@example.jp JPY", 0) == comes_to
    assert kept(db)["tallies"]["taro@example.jp"][0] == orders


def test_points_are_a_balance_and_days_are_the_newest(db: Session, taro: Customer) -> None:
    take_in(
        db,
        touch("points.earned", points=300),
        touch("points.used", points=50),
        touch("points.used", points=-20),
        touch("points.earned", points=-30),
    )
    take_in(db, touch("visit", day=5), touch("visit", day=2), order("1", 100, day=3))
    (tally,) = kept(db)["tallies"].values()
    assert tally == (1, 200, order("", 0, day=3).at, order("", 0, day=5).at)
    assert kept(db) == counted(db)


def test_what_nobody_has_waits_for_whoever_comes_first(db: Session) -> None:
    people = (by("C-77", "card"), by("hanako@example.jp"))
    (waiting,) = take_in(db, order("7", 900, *people))
    assert owner(db, waiting.touchpoint) == ""
    assert kept(db) == {"tallies": {}, "spent": {}}
    mail = Person("hanako@example.jp", kind="email", proof="code")
    factories.conversation(db, sender=mail)
    assert owner(db, waiting.touchpoint) == "hanako@example.jp"
    assert spent(db) == {"hanako@example.jp JPY": 900}
    assert db.scalars(select(AwaitedTouchpoint)).all() == []


def test_a_platforms_id_without_its_account_waits_for_the_person_too(db: Session) -> None:
    (waiting,) = take_in(db, touch("visit", by("u-1", "visitor")))
    factories.conversation(db, sender="u-1")
    assert owner(db, waiting.touchpoint) == "u-1"


def test_an_id_that_two_accounts_know_is_nobodys(db: Session) -> None:
    for _ in range(2):
        factories.conversation(db, factories.channel(db), sender="u-2")
    (found,) = take_in(db, touch("visit", by("u-2", "visitor")))
    assert owner(db, found.touchpoint) == ""


def test_what_both_sides_missed_is_found_by_the_clock(db: Session, taro: Customer) -> None:
    (waiting,) = take_in(db, touch("visit", by("late@example.jp")))
    db.add(Identity(customer_id=taro.id, kind="email", scope="", address="late@example.jp"))
    db.flush()
    assert awaiting.overdue(db)
    assert awaiting.missed(db) == 1
    assert (owner(db, waiting.touchpoint), awaiting.overdue(db)) == ("late@example.jp", False)
    assert kept(db) == counted(db)


def test_a_new_customer_begins_only_when_that_is_asked_for(db: Session) -> None:
    people = (by("N-1", "crm", name="新井 光"), by("arai@example.jp"))
    assert (
        whats(take_in(db, touch("visit", *people, create=True), touch("visit", *people, create=True)))
        == ["new"] * 2
    )
    (made,) = db.scalars(select(Customer).where(Customer.name == "新井 光")).all()
    mine = db.scalars(select(Identity).where(Identity.customer_id == made.id).order_by(Identity.id)).all()
    assert [(one.kind, one.address, one.proof) for one in mine] == [
        ("crm", "N-1", CLAIMED),
        ("email", "arai@example.jp", CLAIMED),
    ]
    assert db.scalars(select(Touchpoint.identity_id).distinct()).all() == [mine[0].id]


def test_a_later_word_may_name_somebody_else_and_the_figures_follow(db: Session, taro: Customer) -> None:
    factories.conversation(db, sender=Person("jiro@example.jp", kind="email"))
    take_in(db, order("5", 800, day=1), order("4", 100, day=0))
    assert whats(take_in(db, order("5", 800, by("jiro@example.jp"), day=2))) == ["changed"]
    assert spent(db) == {"taro@example.jp JPY": 100, "jiro@example.jp JPY": 800}
    assert kept(db)["tallies"]["taro@example.jp"][2] == START


def test_another_address_of_the_same_person_is_no_change(db: Session, taro: Customer) -> None:
    take_in(db, order("5", 800))
    assert whats(take_in(db, order("5", 800, by("090-1234-5678", "phone"), day=3))) == ["unchanged"]


@pytest.mark.parametrize(
    "wrong",
    [
        touch("party"),
        touch("visit", by("非通知", "phone")),
        touch("order.placed", amount=-1, currency="JPY"),
        touch("order.placed", amount=10**16, currency="JPY"),
        touch("order.placed", amount=100),
        touch("visit", id=" "),
    ],
)
def test_what_cannot_be_kept_is_refused_and_costs_its_neighbours_nothing(
    db: Session, taro: Customer, wrong: Any
) -> None:
    assert whats(take_in(db, touch("visit"), wrong, touch("visit"))) == ["new", "refused", "new"]
    assert many(db) == 2


def test_an_order_never_becomes_a_visit(db: Session, taro: Customer) -> None:
    take_in(db, touch("order.placed", id="x"))
    (found,) = take_in(db, touch("visit", id="x", day=1))
    assert found.refused is not None
    assert found.refused.status == 409


def test_each_thread_is_told_once_of_all_that_came_together(db: Session, taro: Customer) -> None:
    take_in(db, order("1", 100), touch("visit"), touch("visit", by("nobody@example.jp")))
    (event,) = db.scalars(select(Event).where(Event.kind == "touchpoint.told")).all()
    thread = db.scalars(select(Conversation).where(Conversation.customer_id == taro.id)).one()
    assert (event.conversation_id, event.data["kinds"]) == (thread.id, ["order.placed", "visit"])
    take_in(db, order("1", 100))
    assert len(db.scalars(select(Event.id).where(Event.kind == "touchpoint.told")).all()) == 1


def test_what_is_told_beside_is_bounded(db: Session, taro: Customer) -> None:
    deep: Any = "x"
    for _ in range(9):
        deep = {"in": deep}
    (found,) = take_in(
        db, touch("custom", data={"a" * 99: "長" * 999, "nul": "\x00", "deep": deep, "n": 2**80})
    )
    assert found.touchpoint is not None
    data = found.touchpoint.data
    assert (len(data["a" * 64]), data["nul"], data["n"]) == (500, "", str(2**80))
    assert data["deep"] == {"in": {"in": {"in": None}}}
