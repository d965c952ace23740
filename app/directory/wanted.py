"""Which customers somebody wants to see: conditions that combine, as a query, a page's address and a saved filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from app import connect
from app.db import is_one_of, now, told_at
from app.inbox.consents import agreed
from app.inbox.labels import carrying
from app.inbox.purposes import purposes
from app.models import (
    Case,
    Channel,
    Conversation,
    Customer,
    Escalation,
    Identity,
    Message,
    Tally,
    Task,
)
from app.models.consent import SERVICE
from app.models.conversation import RESOLVED
from app.search import people, store
from app.text import clean, one_line

MOST_DAYS, MAX_WORDS, MAX_NAME, MAX_VALUE = 3650, 200, 64, 500
SAYING = 2_000  # customers whom words may name; of more the newest
LABELLED = 20  # labels at once
AT_ONCE = 200  # conditions in one chain
WORDS = {
    "q": MAX_WORDS,
    **dict.fromkeys(("consent", "escalation", "language", "attribute", "since"), MAX_NAME),
}
NUMBERS = ("channel", "owner", "ordered", "visited", "wrote")
Member = aliased(Conversation, name="member")  # a record of the person, its head or shown in it
Theirs = aliased(Identity, name="theirs")


class Unclear(ValueError):
    """What was asked for cannot be meant; `field` is the one at fault."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is given must be true of a person.

    `q`: words of them. `channel`: reached by it now, for the purpose `consent` (else for an answer). `consent`:
    agrees to that purpose somewhere. `ordered`, `visited`, `wrote`: within so many days. `escalation`: once escalated
    so ("any": however). `labels`: carries each of these. `attribute` equals `value`. `opened`: a case is open; `task`:
    something is to be done. `since`: known to us since that day (ISO).
    """

    q: str = ""
    channel: int = 0
    consent: str = ""
    ordered: int = 0
    visited: int = 0
    wrote: int = 0
    escalation: str = ""
    labels: tuple[int, ...] = ()
    language: str = ""
    attribute: str = ""
    value: str = ""
    opened: bool = False
    task: bool = False
    since: str = ""
    owner: int = 0

    @property
    def narrowed(self) -> int:
        """How many conditions there are, the words aside."""
        return sum(bool(getattr(self, one.name)) for one in fields(self) if one.name not in ("q", "value"))

    @property
    def walked(self) -> bool:
        """Whether no index names them: whoever is in the list has to be looked at."""
        named = (self.q, self.ordered, self.visited, self.wrote, self.escalation, self.labels, self.since)
        return not any((*named, self.opened, self.task, self.owner))

    def told(self) -> dict[str, Any]:
        """What is given, as JSON keeps it; :func:`read` reads it."""
        return {key: list(one) if key == "labels" else one for key, one in asdict(self).items() if one}


NOTHING = Wanted()  # in particular


def read(given: Mapping[str, Any], labels: Sequence[Any] = ()) -> Wanted:
    """What an address, a form or a saved filter asks for; `labels` are given beside it where they are several. Raises
    :class:`Unclear`."""
    found: dict[str, Any] = {name: _number(given, name) for name in NUMBERS}
    found |= {name: bool(given.get(name)) for name in ("opened", "task")}
    for name in ("ordered", "visited", "wrote"):
        if found[name] > MOST_DAYS:
            raise Unclear(name)
    numbers = [_number({"labels": one}, "labels") for one in labels or given.get("labels", ())]
    for name, longest in WORDS.items():
        found[name] = one_line(clean(str(given.get(name) or "")), longest)
    found["value"] = clean(str(given.get("value") or "")).strip()[:MAX_VALUE]  # exactly, with all its spaces
    if found["since"]:
        _day(found["since"])
    if '"' in found["attribute"]:
        raise Unclear("attribute")
    return Wanted(**found, labels=tuple(one for one in numbers[:LABELLED] if one))


def _number(given: Mapping[str, Any], name: str) -> int:
    said = given.get(name) or 0
    if isinstance(said, int) and not isinstance(said, bool):
        return said if 0 <= said < 2**63 else 0
    written = str(said).strip()
    if not (written.isascii() and written.isdigit() and len(written) < 19):
        raise Unclear(name)
    return int(written)


def _day(written: str) -> date:
    try:
        found = date.fromisoformat(written)
    except ValueError as error:
        raise Unclear("since") from error
    if not 1970 <= found.year < 9000:
        raise Unclear("since")
    return found


def conditions(db: Session, wanted: Wanted, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    """What must be true of `Conversation`, the head of the person's thread. `zone`: of the day `since` begins."""
    return list(_conditions(db, wanted, zone))


def _conditions(db: Session, wanted: Wanted, zone: ZoneInfo) -> Iterator[ColumnElement[bool]]:
    if wanted.q.strip():
        yield _saying(db, wanted.q)
    if wanted.channel or wanted.consent:
        yield _reached(db, wanted)
    if wanted.ordered:
        yield _tallied(Tally.last_order_at, wanted.ordered)
    if wanted.visited:
        yield _tallied(Tally.last_visit_at, wanted.visited)
    if wanted.wrote:
        yield _wrote(wanted.wrote)
    if wanted.escalation:
        yield _escalated(wanted.escalation)
    for label in wanted.labels:
        yield is_one_of(Conversation.id, carrying(label))
    if wanted.language:
        spoken = func.coalesce(func.nullif(Conversation.locale, ""), _customer(Customer.locale))
        yield func.lower(spoken).startswith(wanted.language.lower(), autoescape=True)
    if wanted.attribute:
        yield _has(wanted.attribute, wanted.value)
    if wanted.opened:
        yield _of_members(Case.id, Case.conversation_id, Case.status != RESOLVED)
    if wanted.task:
        yield _of_members(Task.id, Task.conversation_id, Task.done_at.is_(None))
    if wanted.since:
        began = datetime.combine(_day(wanted.since), time(), zone)
        yield is_one_of(Conversation.customer_id, select(Customer.id).where(Customer.created_at >= began))
    if wanted.owner:
        yield Conversation.assignee_id == wanted.owner


def _customer(column: Any) -> Any:
    """A column of the head's own record."""
    of = select(column).where(Customer.id == Conversation.customer_id)
    return of.correlate(Conversation).scalar_subquery()


def _of_members(id: Any, conversation_id: Any, *also: ColumnElement[bool]) -> ColumnElement[bool]:
    """Something that stands with a record of the person. By its own index: few have one."""
    theirs = select(Member.head_id).join_from(id.class_, Member, Member.id == conversation_id)
    return is_one_of(Conversation.id, theirs.where(*also))


def _saying(db: Session, words: str) -> ColumnElement[bool]:
    named = store.newest(db, "customer", people.asked_for(words), 2**62, SAYING).ids
    theirs = select(Member.head_id).where(store.among(db, Member.customer_id, named))
    return is_one_of(Conversation.id, theirs)


def _identities(*also: ColumnElement[bool]) -> ColumnElement[bool]:
    """The person has an address of which this is true."""
    theirs = (
        select(Theirs.id)
        .join(Member, Member.customer_id == Theirs.customer_id)
        .where(Member.head_id == Conversation.id, *also)
    )
    return exists(theirs.correlate(Conversation))


def _reached(db: Session, wanted: Wanted) -> ColumnElement[bool]:
    """By the channel, else by any; for the purpose, else for an answer."""
    purpose = wanted.consent or SERVICE
    if purpose not in {one.key for one in purposes(db)}:
        raise Unclear("consent")
    channels = db.scalars(select(Channel).where(Channel.enabled)).all()
    if wanted.channel:
        channels = [one for one in channels if one.id == wanted.channel]
        if not channels:
            raise Unclear("channel")
    ways = [reached_by(db, one, purpose) for one in channels]
    return _identities(_any_of(ways), Theirs.unreachable == "")


def _any_of(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Any of many, some at a time: SQLite reads a chain as a tree and refuses one a thousand deep."""
    if len(conditions) <= AT_ONCE:
        return or_(false(), *conditions)
    parts = [conditions[at : at + AT_ONCE] for at in range(0, len(conditions), AT_ONCE)]
    return or_(*(_any_of(part).is_(true()) for part in parts))


def reached_by(db: Session, channel: Channel, purpose: str = SERVICE) -> ColumnElement[bool]:
    """Whether an address (`Theirs`) can be written to by the channel now, as far as is known of it: the rule of
    :mod:`app.inbox.ways`, as a condition. How many messages a platform still takes is not counted."""
    features = connect.features(channel)
    if connect.only_receives(channel):
        return Theirs.id.is_(None)
    own = and_(Theirs.scope == "", Theirs.kind == connect.identity_kind(channel))
    leads = or_(Theirs.scope.in_(connect.scopes(channel)), own)
    window = features.person_window or features.reply_window
    open_now: list[ColumnElement[bool]] = []
    if window is not None and not connect.has_templates(channel):
        open_now.append(Theirs.wrote_at > now() - window)
    return and_(leads, *open_now, agreed(db, Theirs.id, channel, purpose))


def _tallied(at: Any, days: int) -> ColumnElement[bool]:
    theirs = (
        select(Member.head_id)
        .join(Theirs, Theirs.customer_id == Member.customer_id)
        .join(Tally, Tally.identity_id == Theirs.id)
        .where(at >= now() - timedelta(days=days))
    )
    return is_one_of(Conversation.id, theirs)


def _wrote(days: int) -> ColumnElement[bool]:
    since = now() - timedelta(days=days)
    said = (
        select(Message.id)
        .join(Member, Member.id == Message.conversation_id)
        .where(Member.head_id == Conversation.id, Message.sent_at >= since, Message.author == "customer")
    )
    return and_(Conversation.last_message_at >= since, exists(said.correlate(Conversation)))


def _escalated(kind: str) -> ColumnElement[bool]:
    of = [] if kind == "any" else [Escalation.type == kind]
    return _of_members(Escalation.id, Escalation.conversation_id, *of)


def _has(name: str, value: str) -> ColumnElement[bool]:
    theirs = (
        select(Customer.id)
        .join(Member, Member.customer_id == Customer.id)
        .where(Member.head_id == Conversation.id, told_at(Customer.attributes, name, "value") == value)
    )
    return exists(theirs.correlate(Conversation))
