"""Asking the shops' own systems about a customer whom an agent looks at: within seconds, and not twice a minute.

What was answered last is kept, for when nobody answers. It counts only for the addresses it was about: after customers
were taken apart, neither is shown what was known of both.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canonical, connect, vault
from app.db import insert_missing, now, reading, transaction
from app.models import Channel, Conversation, Identity, ShopAnswer
from app.text import clean
from app.touchpoints.reading import identities
from channels import base, registry

log = logging.getLogger(__name__)

FRESH = timedelta(seconds=60)
PAUSE = 10.0  # seconds after a failure in which nobody asks again
FAILED = "The shop's system did not answer as it should."

_paused: dict[int, tuple[float, str]] = {}  # channel → until when, and the sentence
_PROOFS = get_args(base.Proof)  # in the order of `Identity.proof`


@dataclass(frozen=True, slots=True)
class Told:
    """What one system says: its cards, and when; `failed`: why there is nothing newer, a sentence."""

    name: str
    cards: Sequence[base.Card] = ()
    at: datetime | None = None
    failed: str = ""


def about(conversation_id: int) -> list[Told]:
    """What the systems that may be asked say of the customer of this thread. Calls out; hold no transaction."""
    with reading() as db:
        head = db.get_one(Conversation, conversation_id)
        people = _people(db, head)
        enabled = select(Channel).where(Channel.enabled).order_by(Channel.id)
        channels = [one for one in db.scalars(enabled) if connect.informs(one)]
        digest = _digest(people)
        kept = select(ShopAnswer).where(
            ShopAnswer.customer_id == head.customer_id, ShopAnswer.asked_of == digest
        )
        answers = {one.channel_id: one for one in db.scalars(kept)}
        customer_id = head.customer_id
    return [_one(one, customer_id, people, digest, answers.get(one.id)) for one in channels]


def _people(db: Session, head: Conversation) -> list[base.Person]:
    theirs = select(Identity).where(Identity.id.in_(identities(db, head)))
    rows = db.scalars(theirs.order_by(Identity.proof.desc(), Identity.id))
    known = [row for row in rows if not row.address.endswith(canonical.UNKNOWN)]
    return [
        base.Person(row.address, scope=row.scope, kind=row.kind, proof=_PROOFS[row.proof]) for row in known
    ]


def _digest(people: Sequence[base.Person]) -> str:
    said = "\n".join(sorted(f"{one.kind}\t{one.scope}\t{one.address}\t{one.proof}" for one in people))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _one(
    channel: Channel, customer_id: int, people: Sequence[base.Person], digest: str, kept: ShopAnswer | None
) -> Told:
    last = Told(channel.name, _cards(kept.cards), kept.asked_at) if kept else Told(channel.name)
    if last.at is not None and last.at > now() - FRESH:
        return last
    until, why = _paused.get(channel.id, (0.0, ""))
    if until > time.monotonic():
        return Told(last.name, last.cards, last.at, why)
    try:
        cards = _ask(channel, customer_id, people)
    except base.ChannelError as error:
        _paused[channel.id] = (time.monotonic() + PAUSE, error.sentence)
        return Told(last.name, last.cards, last.at, error.sentence)
    _paused.pop(channel.id, None)
    return Told(channel.name, cards, _keep(channel.id, customer_id, digest, cards))


def _ask(channel: Channel, customer_id: int, people: Sequence[base.Person]) -> list[base.Card]:
    try:
        by = connect.connector(channel)
        assert isinstance(by, base.Informing)
        return by.inform(str(customer_id), people)
    except base.ChannelError:
        raise
    except (registry.UnknownKind, vault.Unreadable) as error:
        raise base.ChannelError(str(error), permanent=True) from None
    except Exception as error:
        log.exception("a connector broke its contract while telling about a customer")
        raise base.ChannelError(FAILED) from error


def _keep(channel_id: int, customer_id: int, digest: str, cards: Sequence[base.Card]) -> datetime:
    key = {"channel_id": channel_id, "customer_id": customer_id}
    with transaction() as db:
        insert_missing(db, ShopAnswer, [{**key, "asked_of": digest, "cards": [], "asked_at": now()}])
        row = db.scalars(select(ShopAnswer).filter_by(**key).with_for_update()).one()
        row.asked_of, row.cards, row.asked_at = digest, [asdict(one) for one in cards], now()
        return row.asked_at


def _cards(kept: Sequence[dict[str, Any]]) -> list[base.Card]:
    return [
        base.Card(
            title=clean(str(one.get("title", ""))),
            rows=tuple((str(row[0]), str(row[1])) for row in one.get("rows", ())),
            url=str(one.get("url", "")),
        )
        for one in kept
    ]
