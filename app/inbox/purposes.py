"""What messages are for: the sorts of messages a customer can agree to, or want no more of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from app.db import remembered
from app.events import record
from app.inbox.holding import Refused
from app.models import Agent
from app.models.consent import MARKETING, NOTICES, SERVICE
from app.stored import store, stored
from app.text import one_line

KEY = "purposes"
MOST, MAX_NAME = 12, 60
NO_SUCH = "There is no such purpose of messages."
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Purpose:
    """`opt_in`: nothing is sent for it unless they agreed; else it is sent until they want it no more. The name of one
    that every house has is "": pages have words for it."""

    key: str
    name: str = ""
    opt_in: bool = False


USUAL = (Purpose(SERVICE), Purpose(NOTICES), Purpose(MARKETING, opt_in=True))
BUILT_IN = tuple(one.key for one in USUAL)


def purposes(db: Session) -> Sequence[Purpose]:
    """All there are, those of every house first. An answer to what somebody asked needs no consent before."""
    return remembered(db, KEY, lambda: _purposes(db))


def _purposes(db: Session) -> Sequence[Purpose]:
    told = {one["key"]: Purpose(**one) for one in stored(db, KEY).get("list", ())}
    usual = [told.pop(one.key, one) for one in USUAL]
    return (*usual, *told.values())


def purpose(db: Session, key: str) -> Purpose:
    """The one that is called so. Raises :class:`Refused`."""
    for one in purposes(db):
        if one.key == key:
            return one
    raise Refused(NO_SUCH)


def needs_opt_in(db: Session, key: str) -> bool:
    """Whether nothing may be sent for it unless they agreed. What is not known any more is treated so."""
    return all(not (one.key == key and not one.opt_in) for one in purposes(db))


def change_purposes(db: Session, agent: Agent, wanted: Sequence[Purpose]) -> None:
    """From now on there are these, besides those of every house. Raises :class:`Refused`."""
    keys = [one.key for one in wanted]
    if len(keys) != len(set(keys)) or len(keys) > MOST:
        raise Refused("At most %(n)s purposes, each with a key of its own.", n=MOST)
    for one in wanted:
        if not _KEY.fullmatch(one.key):
            raise Refused("A purpose has a key of small letters, numbers and “_”.")
        if one.key not in BUILT_IN and not 0 < len(one_line(one.name, MAX_NAME + 1)) <= MAX_NAME:
            raise Refused("A purpose has a name of at most %(n)s characters.", n=MAX_NAME)
    told = [asdict(_kept(one)) for one in wanted]
    if store(db, KEY, {"list": told}):
        record(db, "audit.purposes_changed", agent=agent, purposes=told)


def _kept(one: Purpose) -> Purpose:
    if one.key in BUILT_IN:
        return Purpose(one.key, "", one.opt_in and one.key != SERVICE)
    return Purpose(one.key, one_line(one.name, MAX_NAME), one.opt_in)
