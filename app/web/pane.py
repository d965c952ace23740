"""Everything the open conversation shows beside its messages: who it is, who has it, what can be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canonical, connect, continuing, queries
from app.config import settings
from app.db import now
from app.directory.persons import Bond, Known, Move, bonds, known, moves, separable
from app.family import family_ids
from app.i18n import gettext
from app.inbox.attributes import Attribute, attributes
from app.inbox.contradicting import members
from app.inbox.current import current_case
from app.inbox.labels import labels_of
from app.inbox.profile import note_version
from app.inbox.purposes import Purpose, purposes
from app.inbox.reading import lock_of
from app.inbox.ways import reaches
from app.models import (
    Agent,
    Case,
    Channel,
    Conversation,
    Customer,
    Draft,
    Identity,
    Label,
    Message,
    ReadMark,
    Setting,
    Team,
)
from app.models.agent import STORE
from app.models.customer import SIGNED
from app.models.message import INBOUND
from app.render import zone_of
from app.touchpoints import reading as known_of
from app.touchpoints.reading import Figures
from app.web.attributes import fields_of
from app.web.consent_rows import Consents, consents
from app.web.entries import Entry, Quoted, entries, quoted_in
from app.web.envelopes import begun
from app.web.noting import Noting
from app.web.rows import Sign, sign_of
from app.web.task_rows import Promises, promises
from app.web.touched import Touched, interleaved
from app.web.ways import HERE, Way, passed_over, visitor_of, ways_of

UNDO_SECONDS = 5


@dataclass(frozen=True)
class Address:
    """One address of the customer, as shown. `dial`: the number to call, if it is one (RFC 3966)."""

    words: str
    address: str
    proof: int
    sign: Sign
    unreachable: str = ""
    dial: str = ""


@dataclass(frozen=True)
class Pane:
    """The open conversation, for its templates. Parts that were not asked for are empty."""

    conversation: Conversation
    customer: Customer
    case: Case | None
    assignee: Agent | None
    team: Team | None
    link: str
    people: Sequence[Agent] = ()
    teams: Sequence[Team] = ()
    snoozes: Sequence[tuple[str, datetime]] = ()
    entries: Sequence[Entry | Touched] = ()
    older: str | None = None
    newer: str | None = None
    first_unread: int = 0
    target: int = 0
    draft: Draft | None = None
    begun: Mapping[str, Any] = field(default_factory=dict)
    quoting: Quoted | None = None
    ways: Sequence[Way] = ()
    passed_over: Sign | None = None
    lock_name: str = ""
    undo_seconds: int = UNDO_SECONDS
    max_upload: int = 0
    identities: Sequence[Address] = ()
    may_link: bool = False
    may_continue: bool = False
    may_invite: bool = False
    known: Known | None = None
    note_seen: str = ""
    fields: Sequence[tuple[Attribute, str, bool]] = ()
    noted: Noting | None = None
    bonds: Sequence[Bond] = ()
    moves: Sequence[Move] = ()
    may_separate: bool = False
    promises: Promises | None = None
    consents: Consents | None = None
    purposes: Sequence[Purpose] = ()
    cases: Sequence[Case] = ()
    relation: Figures = field(default_factory=Figures)
    asks_shop: bool = False
    labels: Sequence[Label] = ()
    all_labels: Sequence[Label] = ()
    page: dict[str, Any] = field(default_factory=dict)

    @property
    def label_ids(self) -> set[int]:
        return {label.id for label in self.labels}


def whole(db: Session, viewer: Agent, head: Conversation, around: Message | None = None) -> Pane:
    """Header, newest page of the thread (or the one around a message), composer and customer."""
    page = queries.thread_page(db, head, around=around)
    return Pane(
        **_head(db, viewer, head),
        **_composer(db, viewer, head),
        **_customer(db, viewer, head),
        promises=promises(db, viewer, head),
        entries=interleaved(db, head, page, entries(db, page.messages, zone_of(viewer))),
        older=page.older,
        newer=page.newer,
        first_unread=_first_unread(db, viewer, head, page.messages),
        target=around.id if around else 0,
    )


def header(db: Session, viewer: Agent, head: Conversation) -> Pane:
    """What the header needs."""
    return Pane(**_head(db, viewer, head))


def panel(db: Session, viewer: Agent, head: Conversation) -> Pane:
    """What the customer's panel needs."""
    return Pane(**_head(db, viewer, head), **_customer(db, viewer, head), promises=promises(db, viewer, head))


def ways(db: Session, viewer: Agent, head: Conversation) -> Pane:
    """What the ways to the customer need."""
    return Pane(**_head(db, viewer, head), **_ways(db, viewer, head))


def lock_holder(db: Session, viewer: Agent, head: Conversation) -> str:
    """The name of another agent who is answering, or ""."""
    lock = lock_of(db, head)
    return db.get_one(Agent, lock.agent_id).name if lock and lock.agent_id != viewer.id else ""


def _head(db: Session, viewer: Agent, head: Conversation) -> dict[str, Any]:
    return {
        "conversation": head,
        "customer": db.get_one(Customer, head.customer_id),
        "case": current_case(db, head) or _latest(db, head),
        "assignee": db.get(Agent, head.assignee_id) if head.assignee_id else None,
        "team": db.get(Team, head.team_id) if head.team_id else None,
        "link": f"{settings().public_url}/inbox/{head.id}",
        "people": db.scalars(
            select(Agent).where(Agent.active.is_(True), Agent.role != STORE).order_by(Agent.name)
        ).all(),
        "teams": db.scalars(select(Team).order_by(Team.name)).all(),
        "snoozes": snoozes(viewer, now()),
    }


def _latest(db: Session, head: Conversation) -> Case | None:
    newest = select(Case).where(Case.conversation_id.in_(family_ids(db, head))).order_by(Case.id.desc())
    return db.scalars(newest.limit(1)).first()


def snoozes(viewer: Agent, at: datetime) -> list[tuple[str, datetime]]:
    """The times one snoozes until most often, in the viewer's zone and words."""
    local = at.astimezone(zone_of(viewer))
    morning = local.replace(hour=9, minute=0, second=0, microsecond=0)
    monday = morning + timedelta(days=7 - local.weekday())
    return [
        (gettext(viewer.locale, "In an hour"), at + timedelta(hours=1)),
        (gettext(viewer.locale, "In three hours"), at + timedelta(hours=3)),
        (gettext(viewer.locale, "Tomorrow morning"), morning + timedelta(days=1)),
        (gettext(viewer.locale, "Next Monday"), monday),
    ]


def local_time(value: str, zone: ZoneInfo) -> datetime | None:
    """A ``datetime-local`` field (no zone: the viewer's) or an ISO time, or nothing."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    near = 2000 <= at.year <= 2200  # beyond that a zone can carry it out of the calendar
    return (at if at.tzinfo else at.replace(tzinfo=zone)) if near else None


def _composer(db: Session, viewer: Agent, head: Conversation) -> dict[str, Any]:
    general = db.get(Setting, "general")
    draft = db.get(Draft, (viewer.id, head.id))
    undo = (general.value if general else {}).get("undo_seconds", UNDO_SECONDS)
    return {
        **_ways(db, viewer, head),
        "draft": draft,
        "begun": begun(draft),
        "quoting": quoted_in(db, head, draft),
        "lock_name": lock_holder(db, viewer, head),
        "undo_seconds": undo,
        "max_upload": settings().max_upload_bytes,
    }


def _ways(db: Session, viewer: Agent, head: Conversation) -> dict[str, Any]:
    found = ways_of(db, viewer, head)
    return {"ways": found, "passed_over": passed_over(head, found), "purposes": purposes(db)}


def _first_unread(db: Session, viewer: Agent, head: Conversation, shown: Sequence[Message]) -> int:
    mark = db.get(ReadMark, (head.id, viewer.id))
    count = head.inbound_count - (mark.inbound_count if mark else head.inbound_count)
    if count <= 0:
        return 0
    theirs = [message.id for message in shown if message.kind == INBOUND and not message.quiet]
    return theirs[-count] if len(theirs) >= count else theirs[0] if theirs else 0


def _customer(db: Session, viewer: Agent, head: Conversation) -> dict[str, Any]:
    customers = members(db, head)
    identities = db.scalars(
        select(Identity)
        .where(Identity.customer_id.in_([one.id for one in customers]))
        .order_by(Identity.proof.desc(), Identity.id)
    ).all()
    cases = (
        select(Case)
        .where(Case.conversation_id.in_(family_ids(db, head) or [head.id]))
        .order_by(Case.id.desc())
        .limit(12)
    )
    channels = db.scalars(select(Channel).order_by(Channel.id.desc())).all()
    facts = known(customers)
    return {
        "identities": addresses(channels, identities),
        "consents": consents(db, head, identities, channels),
        "known": facts,
        "note_seen": note_version(db.get_one(Customer, head.customer_id)),
        "noted": Noting(attributes(db), viewer.locale),
        "fields": fields_of(db, viewer, facts.facts),
        "bonds": bonds(db, customers) if len(customers) > 1 else (),
        "moves": moves(db, customers),
        "may_separate": bool(separable(identities)),
        "may_continue": visitor_of(db, [identity.id for identity in identities]) is not None,
        "may_invite": continuing.may_invite(identities, channels),
        "may_link": any(_may_link(one, channel) for one in identities for channel in channels),
        "cases": db.scalars(cases).all(),
        "labels": labels_of(db, [head.id]).get(head.id, []),
        "all_labels": db.scalars(select(Label).order_by(Label.name)).all(),
        "relation": known_of.figures(db, [identity.id for identity in identities]),
        "asks_shop": any(connect.informs(channel) for channel in channels),
        "page": _page(db, [identity.id for identity in identities]),
    }


def _may_link(identity: Identity, channel: Channel) -> bool:
    """Whether they can be asked there to prove which customer they are."""
    asks = channel.enabled and connect.links_accounts(channel) and reaches(identity, channel)
    return asks and identity.proof < SIGNED and not identity.unreachable


def addresses(channels: Sequence[Channel], identities: Sequence[Identity]) -> list[Address]:
    """By what a customer is known, each with the sign of where it is from, in words, and how far it is proved."""
    kinds = {connect.identity_kind(one): sign_of(one) for one in channels}
    plain = {
        canonical.EMAIL: Sign("mail", "indigo"),
        canonical.PHONE: Sign("phone", "plum"),
        canonical.CARD: Sign("qr-code", "bamboo"),
        canonical.CRM: Sign("badge-check"),
    }
    return [
        Address(
            connect.spelled(one),
            one.address,
            one.proof,
            kinds.get(one.kind) or plain.get(one.kind, Sign("user")),
            one.unreachable,
            one.address if one.kind == canonical.PHONE and canonical.is_number(one.address) else "",
        )
        for one in identities
    ]


def _page(db: Session, identities: Sequence[int]) -> dict[str, Any]:
    """Where the visitor is, or was last."""
    visitor = visitor_of(db, identities)
    url = str(visitor.page.get("url", "")) if visitor else ""
    if visitor is None or not url.startswith(("http://", "https://")):
        return {}
    now_there = visitor.last_seen_at > now() - HERE
    return {
        "url": url,
        "title": visitor.page.get("title") or url,
        "at": visitor.last_seen_at,
        "now": now_there,
    }
