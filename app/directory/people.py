"""The list of customers: one row a person, who was in touch last first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from app import connect
from app.db import now, reading
from app.directory.paging import At, Page, cursor_at, cut, id_after, moment_after
from app.directory.wanted import Wanted, conditions
from app.inbox.consents import allows, newest, records_of
from app.inbox.labels import labels_of
from app.inbox.ways import closes_at, reaches
from app.models import (
    Agent,
    Channel,
    Consent,
    Conversation,
    Customer,
    Identity,
    Label,
    Tally,
)
from app.models.consent import SERVICE
from app.queries import visible

SIZE, COUNT_TO, PORTION = 50, 1_000, 500
SKEW = timedelta(minutes=1)  # between the clocks of those who store
WALK = 4_000  # people one request looks at where no index names those that are wanted
_HEAD = func.coalesce(Conversation.head_id, Conversation.id)
SILENT = "n"  # so begins the cursor among those who were never in touch


@dataclass(frozen=True)
class Way:
    """A channel that leads to a person, and why nothing can be sent by it now: "" (it can), receives (it is not set up
    to send), unwanted, unreachable, closed."""

    channel: Channel
    hindered: str = ""


@dataclass(frozen=True)
class Someone:
    """A person in the list. `identities`: of all their records."""

    conversation: Conversation
    customer: Customer
    kana: str
    identities: Sequence[Identity]
    ways: Sequence[Way]
    labels: Sequence[Label]
    owner: Agent | None
    last_order_at: datetime | None
    last_visit_at: datetime | None


def find_people(
    db: Session, viewer: Agent, wanted: Wanted, after: str | None = None, size: int = SIZE
) -> Page[Someone]:
    """A page of those the viewer may see. It may be short though there is more, where few are wanted: the cursor
    goes on from there. Raises :class:`BadCursor`, :class:`app.directory.wanted.Unclear`."""
    asked = _asked(db, viewer, wanted)
    if (after or "").startswith(SILENT):
        page = _never_in_touch(db, asked, wanted, id_after((after or "")[len(SILENT) :]), size)
    else:
        page = _in_touch(db, asked, wanted, moment_after(after), size)
    return Page(people_of(db, page.rows), page.after)


def _in_touch(
    db: Session, asked: Select[Conversation], wanted: Wanted, here: At | None, size: int
) -> Page[Conversation]:
    """Who was in touch, the last one first; then, as far as there is room, who never was."""
    key = tuple_(Conversation.last_message_at, Conversation.id)
    order = (Conversation.last_message_at.desc(), Conversation.id.desc())
    spoke = [Conversation.last_message_at.is_not(None), *([key < tuple_(*here)] if here else [])]
    floor = _floor(db, spoke, order) if wanted.walked else None
    found = asked.where(*spoke, *([key >= tuple_(*floor)] if floor else []))
    rows = db.scalars(found.order_by(*order).limit(size + 1)).all()
    if len(rows) > size:
        return cut(rows, size, _cursor)
    if floor is not None:
        return Page(rows, cursor_at(*floor))
    silent = _never_in_touch(db, asked, wanted, None, size - len(rows))
    return Page([*rows, *silent.rows], silent.after)


def _never_in_touch(
    db: Session, asked: Select[Conversation], wanted: Wanted, below: int | None, size: int
) -> Page[Conversation]:
    order = (Conversation.id.desc(),)
    silent = [
        Conversation.last_message_at.is_(None),
        *([Conversation.id < below] if below is not None else []),
    ]
    floor = _floor(db, silent, order) if wanted.walked else None
    found = asked.where(*silent, *([Conversation.id >= floor[1]] if floor else []))
    rows = db.scalars(found.order_by(*order).limit(size + 1)).all()
    if len(rows) > size:
        return Page(rows[:size], f"{SILENT}{rows[size - 1].id}" if size else f"{SILENT}{rows[0].id + 1}")
    return Page(rows, f"{SILENT}{floor[1]}" if floor else None)


def _floor(
    db: Session, walked: Sequence[ColumnElement[bool]], order: Sequence[ColumnElement[Any]]
) -> tuple[datetime, int] | None:
    """Where a request ends that finds nobody: so many are looked at, whoever they are. None: that is the rest."""
    shown = select(Conversation.last_message_at, Conversation.id).where(
        Conversation.head_id == Conversation.id, *walked
    )
    portion = shown.order_by(*order).limit(WALK).subquery()
    last = select(portion).order_by(portion.c.last_message_at, portion.c.id).limit(1)
    n = select(func.count(portion.c.id))
    row = db.execute(last).first() if db.scalar(n) == WALK else None
    return (row[0], row[1]) if row is not None else None


def _asked(db: Session, viewer: Agent, wanted: Wanted) -> Select[Conversation]:
    shown: list[ColumnElement[bool]] = [Conversation.head_id == Conversation.id, visible(viewer)]
    return select(Conversation).where(*shown, *conditions(db, wanted, ZoneInfo(viewer.timezone)))


def _cursor(row: Conversation) -> str:
    return cursor_at(row.last_message_at, row.id) if row.last_message_at else f"{SILENT}{row.id}"


def count_people(db: Session, viewer: Agent, wanted: Wanted) -> int:
    """How many there are, no more than :data:`COUNT_TO` and one."""
    some = _asked(db, viewer, wanted).with_only_columns(Conversation.id).limit(COUNT_TO + 1)
    return db.scalar(select(func.count()).select_from(some.subquery())) or 0


def all_people(viewer: Agent, wanted: Wanted) -> Iterator[Sequence[Someone]]:
    """All of them in portions, each read by itself: a list of any length holds up nobody. Who writes meanwhile, and so
    goes up past what was read, comes at the end."""
    begun, given, portions = now() - SKEW, set[int](), 0
    for page in _portions(viewer, wanted):
        given.update(one.conversation.id for one in page.rows)
        portions += 1
        yield page.rows
    for page in _portions(viewer, wanted) if portions > 1 else ():
        if late := [one for one in page.rows if one.conversation.id not in given]:
            yield late
        here = moment_after(page.after) if not (page.after or SILENT).startswith(SILENT) else None
        if here is None or here[0] < begun:
            return


def _portions(viewer: Agent, wanted: Wanted) -> Iterator[Page[Someone]]:
    after: str | None = None
    while True:
        with reading() as db:
            page = find_people(db, viewer, wanted, after, PORTION)
        yield page
        after = page.after
        if after is None:
            return


def people_of(db: Session, heads: Sequence[Conversation]) -> list[Someone]:
    """What a row shows of each, in few statements for all of them."""
    ids = [one.id for one in heads]
    records = _records(db, ids)
    identities = _addresses(db, ids)
    said = records_of(db, [one.id for each in identities.values() for one in each])
    channels = db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id)).all()
    labels, owners, tallies = labels_of(db, ids), _owners(db, heads), _tallies(db, ids)
    nothing: Sequence[Identity] = ()
    return [
        Someone(
            conversation=one,
            customer=records[one.id][0],
            kana=next((each.name_kana for each in records[one.id] if each.name_kana), ""),
            identities=(theirs := identities.get(one.id, nothing)),
            ways=_ways(db, theirs, channels, said),
            labels=labels.get(one.id, ()),
            owner=owners.get(one.assignee_id or 0),
            last_order_at=tallies.get(one.id, (None, None))[0],
            last_visit_at=tallies.get(one.id, (None, None))[1],
        )
        for one in heads
    ]


def _records(db: Session, heads: Sequence[int]) -> dict[int, list[Customer]]:
    """Head → the records of the person, the head's own first."""
    found: dict[int, list[Customer]] = {}
    theirs = select(Conversation.head_id, Conversation.id, Customer).join(
        Customer, Customer.id == Conversation.customer_id
    )
    rows = db.execute(theirs.where(Conversation.head_id.in_(heads)).order_by(Conversation.id)).all()
    for head, own, customer in rows:
        each = found.setdefault(head or own, [])
        each.insert(0 if own == head else len(each), customer)
    return found


def _addresses(db: Session, heads: Sequence[int]) -> dict[int, list[Identity]]:
    found: dict[int, list[Identity]] = {}
    theirs = select(_HEAD, Identity).join(Identity, Identity.customer_id == Conversation.customer_id)
    rows = theirs.where(Conversation.head_id.in_(heads)).order_by(Identity.proof.desc(), Identity.id)
    for head, identity in db.execute(rows):
        found.setdefault(head, []).append(identity)
    return found


def _ways(
    db: Session,
    identities: Sequence[Identity],
    channels: Sequence[Channel],
    said: Mapping[int, Sequence[Consent]],
) -> list[Way]:
    """One for each channel that leads to them; where several addresses do, the best of them."""
    found = []
    for channel in channels:
        hindrances = [
            _hindrance(db, one, channel, said.get(one.id, ())) for one in identities if reaches(one, channel)
        ]
        if hindrances:
            found.append(Way(channel, "" if "" in hindrances else hindrances[0]))
    return found


def _hindrance(db: Session, identity: Identity, channel: Channel, said: Sequence[Consent]) -> str:
    if connect.only_receives(channel):
        return "receives"
    if not allows(db, newest(said, channel, SERVICE), SERVICE):
        return "unwanted"
    if identity.unreachable:
        return "unreachable"
    until = closes_at(identity, channel)
    over = until is not None and until <= now() and not connect.has_templates(channel)
    return "closed" if over else ""


def _owners(db: Session, heads: Sequence[Conversation]) -> dict[int, Agent]:
    ids = {one.assignee_id for one in heads if one.assignee_id}
    return {one.id: one for one in db.scalars(select(Agent).where(Agent.id.in_(ids)))}


def _tallies(db: Session, heads: Sequence[int]) -> dict[int, tuple[datetime | None, datetime | None]]:
    """Head → when the person ordered, and visited, last."""
    theirs = (
        select(_HEAD, func.max(Tally.last_order_at), func.max(Tally.last_visit_at))
        .join(Identity, Identity.customer_id == Conversation.customer_id)
        .join(Tally, Tally.identity_id == Identity.id)
        .where(Conversation.head_id.in_(heads))
        .group_by(_HEAD)
    )
    return {head: (ordered, visited) for head, ordered, visited in db.execute(theirs)}
