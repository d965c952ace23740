"""Rows of the list, drawn from the conversation's own summary; a handful of queries for a whole page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from app import connect, queries
from app.inbox import ways as inbox_ways
from app.inbox.labels import labels_of
from app.models import Agent, Call, Channel, Conversation, Customer, Draft, Identity, Label

WARM, HOT = 5, 15  # minutes of waiting after which a row warms up


@dataclass(frozen=True)
class Sign:
    """A channel as it is shown: its icon and colour beside its name."""

    icon: str = "message-square"
    tint: str = "ink"
    name: str = ""


@dataclass(frozen=True)
class Row:
    """One conversation in the list. `closes_at`: until when the channel they wrote by last takes an answer."""

    id: int
    customer_id: int
    name: str
    preview: str
    author: str
    at: datetime | None
    waiting_since: datetime | None
    sign: Sign
    assignee: Agent | None
    labels: Sequence[Label]
    escalated: bool
    owner: str
    status: str
    snoozed_until: datetime | None
    priority: int
    draft: str
    unread: int
    closes_at: datetime | None = None
    avatar: str = ""
    call: Call | None = None


def rows(
    db: Session,
    viewer: Agent | None,
    conversations: Sequence[Conversation],
    customers: Mapping[int, Customer] | None = None,
) -> list[Row]:
    """The rows of these conversations. Without a viewer: as everybody sees them (no unread, no draft).

    `customers`: theirs by id, where they are in hand already.
    """
    customers = queries.customers_of(db, conversations) if customers is None else customers
    people = by_id(db, Agent, {one.assignee_id for one in conversations})
    channels = by_id(db, Channel, {one.last_channel_id for one in conversations})
    closing = _closing(db, conversations, channels)
    labels = labels_of(db, [one.id for one in conversations])
    drafts = _drafts(db, viewer, conversations)
    unread = queries.unread(db, viewer, conversations) if viewer else {}
    calls = _calls(db, conversations)
    return [
        Row(
            id=one.id,
            customer_id=one.customer_id,
            name=customers[one.customer_id].name,
            preview=one.last_preview,
            author=one.last_author,
            at=one.last_message_at,
            waiting_since=one.waiting_since,
            sign=sign_of(channels[one.last_channel_id]) if one.last_channel_id in channels else Sign(),
            assignee=people.get(one.assignee_id or 0),
            labels=labels.get(one.id, ()),
            escalated=one.escalated,
            owner=one.owner,
            status=one.status,
            snoozed_until=one.snoozed_until,
            priority=one.priority,
            draft=drafts.get(one.id, ""),
            unread=unread.get(one.id, 0),
            closes_at=closing.get(one.id),
            avatar=customers[one.customer_id].avatar,
            call=calls.get(one.last_message_id or 0),
        )
        for one in conversations
    ]


def signs(db: Session, ids: set[int | None]) -> dict[int, Sign]:
    """Channel id → how it is shown."""
    return {id: sign_of(channel) for id, channel in by_id(db, Channel, ids).items()}


def sign_of(channel: Channel) -> Sign:
    """How a channel is shown."""
    features = connect.features(channel)
    return Sign(features.icon, features.tint, channel.name)


def _closing(
    db: Session, conversations: Sequence[Conversation], channels: Mapping[int, Channel]
) -> dict[int, datetime]:
    """Conversation id → when the way they wrote by last closes, of those whose channel ever does."""
    timed = {id for id, channel in channels.items() if connect.features(channel).reply_window}
    heads = {one.id: channels[id] for one in conversations if (id := one.last_channel_id) in timed and id}
    if not heads:
        return {}
    theirs = Identity.customer_id == Conversation.customer_id
    wrote = select(Conversation, Identity).join(Identity, theirs).where(Identity.wrote_at.is_not(None))
    found: dict[int, datetime] = {}
    for one, identity in db.execute(wrote.where(Conversation.head_id.in_(heads))):
        head_id = one.head_id or one.id
        until = inbox_ways.closes_at(identity, heads[head_id])
        if until and inbox_ways.reaches(identity, heads[head_id]):
            found[head_id] = max(until, found.get(head_id, until))
    return found


def _calls(db: Session, conversations: Sequence[Conversation]) -> dict[int, Call]:
    """By their messages: the calls that stand last in these threads and have no words to be quoted."""
    ids = [one.last_message_id for one in conversations if one.last_message_id and not one.last_preview]
    wanted = select(Call).where(Call.message_id.in_(ids))
    return {one.message_id: one for one in db.scalars(wanted)} if ids else {}


def _drafts(db: Session, viewer: Agent | None, conversations: Sequence[Conversation]) -> dict[int, str]:
    if viewer is None:
        return {}
    ids = [one.id for one in conversations]
    wanted = select(Draft).where(Draft.agent_id == viewer.id, Draft.conversation_id.in_(ids))
    return {draft.conversation_id: draft.text.strip()[:140] for draft in db.scalars(wanted)}


Named = TypeVar("Named", Agent, Channel)


def by_id(db: Session, kind: type[Named], ids: set[int | None]) -> dict[int, Named]:
    """Id → row, for those of `ids` that are one; a single query, none where the session holds them all."""
    known = [id for id in ids if id is not None]
    held = {id: one for id in known if (one := db.identity_map.get(identity_key(kind, id))) is not None}
    if len(held) == len(set(known)):
        return held
    return {one.id: one for one in db.scalars(_by_id(kind), {"ids": known})}


@cache
def _by_id(kind: type[Named]) -> Select[Named]:
    """Made once: to build a statement takes as long as to run one that finds a single row."""
    return select(kind).where(kind.id.in_(bindparam("ids", expanding=True)))
