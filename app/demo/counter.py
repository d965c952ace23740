"""The main store: who stands at its counter, what they noted, and what was promised, as ``counter.toml`` tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import counter, switchboard, tasks
from app import people as staff
from app.db import as_of, now
from app.demo import shop
from app.demo.script import moment
from app.family import conversation_of, head_of
from app.models import Agent, Channel, Conversation, Customer

STORE = "demo-store"  # the key of the store


def make(db: Session, people: Mapping[str, Agent], begun: datetime) -> dict[str, Agent]:
    """The store, its staff, their notes and everybody's promises, after the week; returns who was added."""
    told = shop.told("counter")
    with as_of(begun - timedelta(days=30)):
        store = shop.channel(db, STORE) or switchboard.add_channel(
            db, "store", told["name"], told["hours"], STORE, bot=False
        )
        added = {name: _person(db, about, store) for name, about in told["people"].items()}
    everybody = {**people, **added}
    for number, about in enumerate(told["note"]):
        with as_of(moment(about["at"], begun)):
            _note(db, everybody[about["by"]], store, about, f"demo-note-{number}")
    with as_of(begun):
        for about in told["task"]:
            _promise(db, everybody[about["by"]], store, about, begun)
    return added


def _person(db: Session, about: dict[str, str], store: Channel) -> Agent:
    found = staff.by_email(db, about["email"])
    return found or staff.add(db, None, password=shop.password(), role="store", store=store, **about)


def _note(db: Session, by: Agent, store: Channel, about: dict[str, Any], client_id: str) -> None:
    words = {name: about.get(name, "") for name in ("asked", "answered", "promised", "card", "name")}
    due = about.get("within_hours")
    written = counter.Note(
        client_id, **words, card_read=bool(about.get("card")),
        due_at=now() + timedelta(hours=due) if due is not None else None, at=now(),
    )  # fmt: skip
    counter.note(db, by, store, _thread(db, about.get("customer", "")), written)


def _promise(db: Session, by: Agent, store: Channel, about: dict[str, Any], begun: datetime) -> None:
    thread = _thread(db, about["customer"])
    if thread is None:
        return
    chat = shop.channel(db)
    telling = tasks.Telling(about["words"], chat) if "words" in about else None
    due = begun + timedelta(minutes=about["minutes"])
    # One that is overdue was promised in time.
    with as_of(min(begun, due - timedelta(hours=1))):
        tasks.add(db, thread, about["text"], due, by, kind=about["kind"], telling=telling,
                  store=store if about.get("store") else None)  # fmt: skip


def _thread(db: Session, name: str) -> Conversation | None:
    """The thread of somebody of the week."""
    found = db.scalars(select(Customer).filter_by(name=name).order_by(Customer.id)).first() if name else None
    return head_of(db, conversation_of(db, found.id)) if found else None
