"""The demo: a small clothing shop, its people, what its bot knows, and a week of conversations.

Everything is made with the verbs the product itself uses, told as of the moment it happened
(:func:`app.db.as_of`); customers write through the widget's own frames and the API channel's own JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from app import passwords
from app.config import settings
from app.db import insert_if_new, now, transaction
from app.demo import agreed, counter, knowledge, rated, relations, shop, week
from app.models import Agent, Setting
from app.proving import evaluating

KEY = "demo"  # the setting that says it is loaded, and who can sign in
CHANNEL = shop.CHANNEL

Step = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Person:
    """Somebody of the shop, and how to sign in as them."""

    name: str
    role: str
    email: str
    password: str


def load(progress: Step | None = None) -> list[Person]:
    """Make the shop, once: in one transaction, so that it is there as a whole or not at all.

    `progress(what, done, total)` is called as it goes. Returns who can sign in; a second call changes nothing.
    """
    told = progress or _silent
    with transaction() as db:
        mark = Setting(key=KEY, value={})
        if not insert_if_new(db, mark):
            return accounts(db)
        begun = now()
        people = shop.make(db, begun)
        knowledge.make(db, people[shop.ADMIN], begun)
        week.play(db, people, begun, told)
        relations.make(db, people, begun)
        agreed.make(db, people, begun)
        rated.make(db, people)
        evaluating.begin(db, people[shop.ADMIN])  # measured once the clock goes
        people |= counter.make(db, people, begun)
        made = [
            Person(one.name, one.role, one.email, shop.password()) for one in people.values()
        ]  # in the shop's order
        mark.value = {"loaded_at": begun.isoformat(), "accounts": [asdict(one) for one in made]}
        # Nobody is looking yet, and Redis need not be up: what is due is found by the clock.
        db.flush()
        db.info.pop("after_commit", None)
    return made


def accounts(db: Session) -> list[Person]:
    """Who can sign in to the demo; nobody where it is not loaded."""
    mark = db.get(Setting, KEY)
    told: list[dict[str, Any]] = mark.value.get("accounts", []) if mark else []
    return [Person(**one) for one in told]


def shown(db: Session) -> list[Person]:
    """Who can sign in, for pages that tell everybody: nobody where this is not (or no longer) a demo."""
    return accounts(db) if settings().shows_demo else []


def closed_to(agent: Agent) -> bool:
    """Whether somebody is turned away: one of the demo whose password everybody knows, where it is not shown."""
    return not settings().shows_demo and agent.email in _emails() and _is_known(agent.password_hash)


@cache
def _emails() -> frozenset[str]:
    told = (shop.told(name)["people"] for name in ("shop", "counter"))
    return frozenset(about["email"] for people in told for about in people.values())


@cache
def _is_known(password_hash: str) -> bool:
    return passwords.verify(password_hash, shop.password())


def _silent(what: str, done: int, total: int) -> None:
    """Nobody wants to know how far it is."""
