"""What customers of the demo did at the shop, and what is noted of them with a type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import customers, inbox
from app.db import as_of
from app.demo.shop import ADMIN, told
from app.inbox import attributes
from app.inbox.attributes import Attribute
from app.models import Agent, Customer
from app.touchpoints import recording
from channels.base import Person, Touch

SOURCE = "kitakaze"


def make(db: Session, people: Mapping[str, Agent], begun: datetime) -> None:
    """All that `relations.toml` tells."""
    about, admin = told("relations"), people[ADMIN]
    with as_of(begun - timedelta(days=7)):
        for one in about["attribute"]:
            attributes.define(db, admin, Attribute(**{**one, "choices": tuple(one.get("choices", ()))}))
    touches = [_touch(each["who"], one, begun) for each in about["touch"] for one in each["told"]]
    recording.take_in(db, sorted(touches, key=lambda one: one.at or begun), SOURCE, silent=True)
    for one in about["noted"]:
        found = customers.find(db, "email", "", one["who"])
        if found is not None:
            customer = db.get_one(Customer, found.customer_id)
            inbox.edit_customer(db, admin, customer, inbox.Profile(attributes=one["values"]))


def _touch(who: str, one: dict[str, Any], begun: datetime) -> Touch:
    at = begun - timedelta(days=one["ago"])
    return Touch(
        external_id=f"{one['kind']}:{who}:{one.get('reference') or one['ago']}",
        kind=one["kind"],
        people=(Person(who, kind="email"),),
        at=at,
        title=one.get("title", ""),
        reference=one.get("reference", ""),
        amount=one.get("amount"),
        currency="JPY" if "amount" in one else "",
        points=one.get("points"),
    )
