"""Touchpoints over the API: told one by one or many at once, listed and added up."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from app import customers, inbox
from app.db import reading, transaction
from app.models import Agent, Conversation, Customer, CustomerLink, Touchpoint
from app.models.customer import CLAIMED
from channels.base import Person
from tests import factories
from tests.api.calling import Program, program

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def cast() -> tuple[Agent, list[Conversation]]:
    """An admin, and the threads of two customers; the second is of a team."""
    with transaction() as db:
        admin, shop = factories.agent(db, role="admin"), factories.channel(db)
        threads = []
        for n, name in enumerate(("山田 太郎", "鈴木 花")):
            threads.append(factories.conversation(db, shop, sender=Person(f"v{n}", name=name)))
            customer = factories.customer_of(db, threads[n])
            assert customers.add_identity(db, customer, "email", "", f"c{n}@example.jp", CLAIMED)
        threads[1].team_id = factories.team(db).id
    return admin, threads


@pytest.fixture
def caller(cast: tuple[Agent, list[Conversation]]) -> Program:
    return program(cast[0])


def order(number: str, amount: int, customer: str = "c0@example.jp", **fields: Any) -> dict[str, Any]:
    told = {
        "id": f"o{number}",
        "kind": "order.placed",
        "at": "2026-11-01T09:00:00+09:00",
        "reference": number,
    }
    return {**told, "customer": {"email": customer}, "amount": amount, "currency": "JPY", **fields}


def count() -> int:
    with reading() as db:
        return db.scalar(select(func.count(Touchpoint.id))) or 0


def test_one_is_told_once_and_renewed(cast: tuple[Agent, list[Conversation]], caller: Program) -> None:
    made = caller.call("POST", "/touchpoints", 201, json=order("1042", 5000))
    assert (made["result"], made["touchpoint"]["kind"]) == ("new", "order.placed")
    assert made["touchpoint"]["at"] == "2026-11-01T00:00:00Z"
    assert caller.call("POST", "/touchpoints", json=order("1042", 5000))["result"] == "unchanged"
    shipped = order("1042", 5000, kind="order.shipped", at="2026-11-02T09:00:00+09:00")
    told = caller.call("POST", "/touchpoints", json=shipped)
    assert (told["result"], told["touchpoint"]["id"]) == ("changed", made["touchpoint"]["id"])
    assert [one["kind"] for one in told["touchpoint"]["steps"]] == ["order.placed"]
    assert caller.call("POST", "/touchpoints", json=order("1042", 1))["result"] == "older"
    caller.refused("POST", "/touchpoints", 409, json=order("1042", 5000, kind="visit"))


def test_an_idempotency_key_gives_the_answer_of_the_first_time(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    key = caller.key()
    first = caller.call("POST", "/touchpoints", 201, json=order("1", 100), headers=key)
    assert caller.call("POST", "/touchpoints", 201, json=order("1", 100), headers=key) == first
    assert count() == 1


def test_of_many_each_is_told_what_became_of_it(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    nobody = order("4", 1) | {"customer": {"phone": "非通知"}}
    body = {
        "touchpoints": [
            order("1", 100),
            order("1", 100),
            nobody,
            order("2", 100, source="till"),
            order("3", 5),
        ]
    }
    told = caller.call("POST", "/touchpoints/batches", json=body)
    assert [one["result"] for one in told] == ["new", "unchanged", "refused", "new", "new"]
    assert told[2]["reason"] == "It names nobody whose it could be."
    assert count() == 3
    body["touchpoints"].append(order("9", 1, at="yesterday"))
    wrong = caller.refused("POST", "/touchpoints/batches", 422, json=body)
    assert wrong["errors"][0]["field"].startswith("body.touchpoints[5]")
    caller.refused("POST", "/touchpoints/batches", 422, json={"touchpoints": []})
    caller.refused("POST", "/touchpoints/batches", 422, json={"touchpoints": [order("1", 1)] * 501})
    assert count() == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "party"),
        ("amount", -1),
        ("currency", "yen"),
        ("at", "2026-11-01"),
        ("customer", {}),
        ("id", " "),
    ],
)
def test_what_is_wrong_is_named(
    cast: tuple[Agent, list[Conversation]], caller: Program, field: str, value: Any
) -> None:
    told = caller.refused("POST", "/touchpoints", 422, json={**order("1", 1), field: value})
    assert told["errors"][0]["field"].startswith(f"body.{field}")


def test_a_persons_touchpoints_are_those_of_all_their_records(
    cast: tuple[Agent, list[Conversation]], caller: Program
) -> None:
    body = [
        order("1", 5000),
        order("2", 700, "c1@example.jp", at="2026-11-03T00:00:00Z"),
        order("3", 30, "x@y.jp"),
    ]
    caller.call("POST", "/touchpoints/batches", json={"touchpoints": body})
    one, other = (thread.customer_id for thread in cast[1])
    assert _references(caller, one) == ["1"]
    with transaction() as db:
        child, parent = (db.get_one(Customer, id) for id in (other, one))
        link = inbox.link(db, child, parent, evidence={})
        assert link is not None
    assert _references(caller, one) == _references(caller, other) == ["2", "1"]
    told = caller.see(f"/customers/{other}/figures")
    assert (told["orders"], told["spent"]) == (2, [{"amount": 5700, "currency": "JPY"}])
    assert told["last_order"]["reference"] == "2"
    page = caller.see(f"/customers/{one}/touchpoints", limit=1)
    rest = caller.see(f"/customers/{one}/touchpoints", limit=1, after=page["next"])
    assert [one["reference"] for one in rest["items"]] == ["1"]
    assert caller.see(f"/customers/{one}/touchpoints", sort="visit")["items"] == []
    with transaction() as db:
        inbox.unlink(db, db.get_one(CustomerLink, link.id))
    assert caller.see(f"/customers/{one}/figures")["spent"] == [{"amount": 5000, "currency": "JPY"}]


def _references(caller: Program, customer_id: int) -> list[str]:
    return [one["reference"] for one in caller.see(f"/customers/{customer_id}/touchpoints")["items"]]


def test_only_admins_tell_and_only_who_sees_the_customer_reads(
    cast: tuple[Agent, list[Conversation]],
) -> None:
    with transaction() as db:
        agent = factories.agent(db)
    outsider, reader = program(agent), program(cast[0], "touchpoints:read")
    outsider.refused("POST", "/touchpoints", 403, json=order("1", 1))
    outsider.refused("POST", "/touchpoints/batches", 403, json={"touchpoints": [order("1", 1)]})
    reader.refused("POST", "/touchpoints", 403, json=order("1", 1))
    shown, hidden = (thread.customer_id for thread in cast[1])
    for what in ("touchpoints", "figures"):
        outsider.refused("GET", f"/customers/{hidden}/{what}", 404)
        assert outsider.see(f"/customers/{shown}/{what}") is not None
        reader.refused("GET", f"/customers/999/{what}", 404)
