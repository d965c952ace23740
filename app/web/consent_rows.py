"""What a customer agrees to, by address and channel, as their panel shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.orm import Session

from app import connect
from app.inbox.consents import allows, newest, records_of
from app.inbox.purposes import Purpose, purposes
from app.inbox.ways import reaches
from app.models import Agent, Channel, Consent, Conversation, Identity
from app.web.rows import Sign, by_id, sign_of


@dataclass(frozen=True)
class Standing:
    """How it is with one purpose: what counts, since when and by whom. `record` is None where nobody said anything."""

    purpose: Purpose
    agreed: bool
    record: Consent | None
    by: Agent | None


@dataclass(frozen=True)
class Reach:
    """One address as one kind of channel reaches it."""

    identity: Identity
    words: str
    kind: str
    sign: Sign
    standings: Sequence[Standing]


@dataclass(frozen=True)
class Consents:
    """All of a thread's. `purposes`: what can be agreed to."""

    head: Conversation
    reaches: Sequence[Reach]
    purposes: Sequence[Purpose]


def consents(
    db: Session, head: Conversation, addresses: Sequence[Identity], channels: Sequence[Channel]
) -> Consents:
    """Of these addresses of the thread. A chat on a page reaches nobody who has left it: it is shown where somebody
    said something about it."""
    every = purposes(db)
    records = records_of(db, [one.id for one in addresses])
    people = by_id(db, Agent, {one.agent_id for each in records.values() for one in each})
    found = [
        Reach(
            one,
            connect.spelled(one),
            kind,
            sign_of(by[0]),
            _standings(db, records.get(one.id, ()), by, every, people),
        )
        for one in addresses
        for kind, by in _kinds(one, channels)
        if not connect.features(by[0]).live or one.id in records
    ]
    return Consents(head, found, every)


def _kinds(identity: Identity, channels: Sequence[Channel]) -> list[tuple[str, list[Channel]]]:
    leading = sorted(
        (one for one in channels if one.enabled and reaches(identity, one)),
        key=lambda one: (one.kind, one.id),
    )
    return [(kind, list(each)) for kind, each in groupby(leading, key=lambda one: one.kind)]


def _standings(
    db: Session,
    records: Sequence[Consent],
    channels: Sequence[Channel],
    every: Sequence[Purpose],
    people: Mapping[int, Agent],
) -> list[Standing]:
    found = []
    for one in every:
        counting = [newest(records, channel, one.key) for channel in channels]
        agreed = [allows(db, each, one.key) for each in counting]
        record = counting[
            agreed.index(False) if False in agreed else 0
        ]  # of several channels the one that says no
        by = people.get(record.agent_id or 0) if record is not None else None
        found.append(Standing(one, all(agreed), record, by))
    return found


def ways_withheld(
    db: Session, ways: Sequence[tuple[Identity, Channel]]
) -> Mapping[tuple[int, int], Sequence[str]]:
    """(identity, channel) → the purposes for which nothing may be written that way."""
    every = purposes(db)
    records = records_of(db, [identity.id for identity, _ in ways]) if ways else {}
    return {
        (identity.id, channel.id): [
            one.key
            for one in every
            if not allows(db, newest(records.get(identity.id, ()), channel, one.key), one.key)
        ]
        for identity, channel in ways
    }
