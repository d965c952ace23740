"""Finding messages, customers and cases, as far as the viewer may see them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.models import Agent, Case, Channel, Conversation, ConversationLabel, Customer, Label, Message
from app.models.conversation import BOT
from app.models.message import NOTE, SYSTEM
from app.queries import visible
from app.search import store
from app.search.people import asked_for
from app.search.words import Words, understand
from app.text import READ_FOR_HITS, Excerpt, Phrase, excerpt, fold

LIMIT = 30
FIRST_CUSTOMERS = 8
_END = 2**62  # no id is above it
# What the index names is looked up in these portions until the page is full. The last one bounds the work of
# one request: somebody who may see little gets a page with few hits and a cursor to go on from.
PORTIONS = (100, 400, 1_500, 2_000)
_FROM_AT_MOST = 200  # customers one `from:` may mean

Thread = aliased(Conversation, name="thread")  # the conversation a message is stored in, below its head
Own = aliased(Conversation, name="own")  # any conversation that is shown in the thread


@dataclass(frozen=True, slots=True)
class Hit:
    """A message found. `conversation_id` is the thread it is shown in today (links followed)."""

    message_id: int
    conversation_id: int
    customer_id: int
    customer: str
    author: str
    agent: str
    kind: str
    channel_id: int | None
    sent_at: datetime
    excerpt: Excerpt


@dataclass(frozen=True, slots=True)
class CustomerHit:
    """A customer found by name, address, attribute or note."""

    customer_id: int
    conversation_id: int
    name: Excerpt


@dataclass(frozen=True, slots=True)
class CaseHit:
    """A case found by its number."""

    number: int
    conversation_id: int
    customer: str
    status: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of hits, newest first. `cursor` goes on from here (None: that was all)."""

    asked: Words
    hits: tuple[Hit, ...] = ()
    customers: tuple[CustomerHit, ...] = ()
    cases: tuple[CaseHit, ...] = ()
    cursor: int | None = None


def search(
    db: Session,
    viewer: Agent,
    query: str,
    cursor: int | None = None,
    *,
    limit: int = LIMIT,
    conversation: Conversation | None = None,
) -> Page:
    """A page of what `query` finds for `viewer`; customers and cases come with the first page only.

    A page may hold fewer than `limit` hits and still have a cursor: the viewer may see little of it.
    With `conversation` only its thread is searched. An empty query finds nothing.
    """
    asked = understand(query, ZoneInfo(viewer.timezone))
    if not asked.phrases and not asked.filtered:
        return Page(asked)
    hits, following = _messages(db, viewer, asked, cursor or _END, limit, conversation)
    if cursor or conversation is not None:
        return Page(asked, hits, cursor=following)
    return Page(asked, hits, _customers(db, viewer, asked), _cases(db, viewer, query), following)


# --- messages -----------------------------------------------------------------------------------------


def _messages(
    db: Session, viewer: Agent, asked: Words, below: int, limit: int, within: Conversation | None
) -> tuple[tuple[Hit, ...], int | None]:
    narrowed = _narrowed(db, viewer, asked, within)
    if narrowed is None:
        return (), None
    match = store.Match(asked.phrases, narrowed.scopes)
    found: list[int] = []
    for portion in PORTIONS:
        named = _candidates(db, match, below, max(portion, limit + 1))
        found += _allowed(db, named.ids, narrowed.conditions, limit + 1 - len(found))
        if len(found) > limit:
            return _hits(db, asked, found[:limit]), found[limit - 1]
        if not named.more:
            return _hits(db, asked, found), None
        below = named.below
    return _hits(db, asked, found), below


def _candidates(db: Session, match: store.Match, below: int, limit: int) -> store.Found:
    if match.phrases or match.scopes:
        return store.newest(db, "message", match, below, limit)
    newest = select(Message.id).where(
        Message.id < below, Message.removed_at.is_(None), Message.kind != SYSTEM
    )
    ids = list(db.scalars(newest.order_by(Message.id.desc()).limit(limit)))
    return store.Found(ids, ids[-1] if ids else below, len(ids) == limit)


def _allowed(
    db: Session, ids: Sequence[int], conditions: Sequence[ColumnElement[bool]], limit: int
) -> list[int]:
    """Those of `ids` that meet the conditions, newest first, at most `limit`."""
    wanted = (
        select(Message.id)
        .join(Thread, Thread.id == Message.conversation_id)
        .join(Conversation, Conversation.id == Thread.head_id)
        .where(store.among(db, Message.id, ids), Message.removed_at.is_(None), *conditions)
    )
    return list(db.scalars(wanted.order_by(Message.id.desc()).limit(limit))) if ids else []


def _hits(db: Session, asked: Words, ids: Sequence[int]) -> tuple[Hit, ...]:
    if not ids:
        return ()
    beginning = func.substr(Message.text, 1, READ_FOR_HITS)  # nobody sees more of a million characters here
    rows = db.execute(
        select(
            Message.id,
            Conversation.id,
            Customer.id,
            Customer.name,
            Message.author,
            func.coalesce(Agent.name, ""),
            Message.kind,
            Message.channel_id,
            Message.sent_at,
            func.trim(Message.subject + " " + beginning),
        )
        .join(Thread, Thread.id == Message.conversation_id)
        .join(Conversation, Conversation.id == Thread.head_id)
        .join(Customer, Customer.id == Conversation.customer_id)
        .outerjoin(Agent, Agent.id == Message.agent_id)
        .where(Message.id.in_(ids))
        .order_by(Message.id.desc())
    )
    return tuple(
        Hit(message, thread, customer, name, author, agent, kind, channel, at, excerpt(said, asked.terms))
        for message, thread, customer, name, author, agent, kind, channel, at, said in rows
    )


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """What the filters mean: groups of scopes for the index, conditions for the rows it names."""

    scopes: tuple[tuple[str, ...], ...]
    conditions: tuple[ColumnElement[bool], ...]


def _narrowed(db: Session, viewer: Agent, asked: Words, within: Conversation | None) -> _Narrowed | None:
    """None when a filter names nothing there is, so that nothing can be found."""
    groups = [_channels(db, asked.channels)] if asked.channels else []
    if within is not None:
        head = within.head_id or within.id
        threads = db.scalars(select(Conversation.id).where(Conversation.head_id == head))
        groups.append([f"v{each}" for each in sorted({head, within.id, *threads})])
    if asked.senders:
        groups.append([scope for name in asked.senders for scope in _senders(db, viewer, name)])
    if "note" in asked.states:
        groups.append([f"k{NOTE}"])
    labels = _labels(db, asked.labels) if asked.labels else []
    if not all(groups) or not all(labels):
        return None
    return _Narrowed(tuple(map(tuple, groups)), tuple(_conditions(viewer, asked, labels)))


def _channels(db: Session, names: Sequence[str]) -> list[str]:
    wanted = [fold(name) for name in names]
    channels = db.execute(select(Channel.id, Channel.kind, Channel.name))
    return [
        f"c{each}" for each, kind, name in channels if any(w == fold(kind) or w in fold(name) for w in wanted)
    ]


def _labels(db: Session, names: Sequence[str]) -> list[list[int]]:
    """For each name the labels that are called so."""
    there = [(id, fold(name)) for id, name in db.execute(select(Label.id, Label.name))]
    return [[id for id, called in there if called == fold(name)] for name in names]


_AUTHORS = {
    "customer": "customer", "お客様": "customer", "顧客": "customer",
    "agent": "agent", "担当者": "agent",
    "bot": "bot", "ボット": "bot",
}  # fmt: skip


def _senders(db: Session, viewer: Agent, name: str) -> list[str]:
    """Who said it, as scopes: a role, "me", an agent's name, or a customer's name or address."""
    lowered = name.casefold()
    if lowered in ("me", "自分"):
        return [f"a{viewer.id}"]
    if lowered in _AUTHORS:
        return [f"w{_AUTHORS[lowered]}"]
    wanted = fold(name)
    agents = [
        id for id, called in db.execute(select(Agent.id, Agent.name)) if wanted and wanted in fold(called)
    ]
    said = understand(f'"{name}"', ZoneInfo("UTC")).phrases
    customers = store.newest(db, "customer", _called(name, said), _END, _FROM_AT_MOST).ids if said else []
    heads = select(Conversation.head_id).where(Conversation.customer_id.in_(customers))
    threads = db.scalars(select(Conversation.id).where(Conversation.head_id.in_(heads)))
    return [f"a{each}" for each in agents] + [f"u{each}" for each in threads]


def _called(name: str, said: tuple[Phrase, ...]) -> store.Match:
    """Customers by these words, or by the number among them."""
    by_number = asked_for(name)
    return by_number if by_number.either else store.Match(said)


def _conditions(
    viewer: Agent, asked: Words, labels: Sequence[Sequence[int]]
) -> Iterator[ColumnElement[bool]]:
    yield visible(viewer)
    yield from (_is(viewer, state) for state in asked.states if state != "note")
    for ids in labels:
        put = select(Own.id).join(ConversationLabel, ConversationLabel.conversation_id == Own.id)
        theirs = put.where(Own.head_id == Conversation.id, ConversationLabel.label_id.in_(ids))
        yield exists(theirs.correlate(Conversation))
    if asked.before:
        yield Message.sent_at < asked.before
    if asked.after:
        yield Message.sent_at >= asked.after


def _is(viewer: Agent, state: str) -> ColumnElement[bool]:
    meanings: dict[str, ColumnElement[bool]] = {
        "escalated": Conversation.escalated.is_(True),
        "unassigned": Conversation.assignee_id.is_(None),
        "mine": Conversation.assignee_id == viewer.id,
        "bot": Conversation.owner == BOT,
    }
    return meanings.get(state, Conversation.status == state)


# --- customers and cases ------------------------------------------------------------------------------


def _customers(db: Session, viewer: Agent, asked: Words) -> tuple[CustomerHit, ...]:
    if not asked.phrases or asked.filtered:
        return ()
    ids = store.newest(db, "customer", _called(" ".join(asked.terms), asked.phrases), _END, 500).ids
    rows = db.execute(
        select(Customer.id, Customer.name, Conversation.id)
        .join(Thread, Thread.customer_id == Customer.id)
        .join(Conversation, Conversation.id == Thread.head_id)
        .where(Customer.id.in_(ids), visible(viewer))
        .order_by(Conversation.last_message_at.desc().nulls_last(), Customer.id.desc())
        .limit(FIRST_CUSTOMERS)
    )
    return tuple(
        CustomerHit(each, conversation, excerpt(name, asked.terms)) for each, name, conversation in rows
    )


def _cases(db: Session, viewer: Agent, query: str) -> tuple[CaseHit, ...]:
    """The case whose number is the whole query ("1042", "#1042", "Case #1042")."""
    match = re.fullmatch(r"\s*(?:case|ケース)?\s*[#＃]?\s*(\d{1,9})\s*", query, re.IGNORECASE)
    if match is None:
        return ()
    rows = db.execute(
        select(Case.number, Conversation.id, Customer.name, Case.status)
        .join(Thread, Thread.id == Case.conversation_id)
        .join(Conversation, Conversation.id == Thread.head_id)
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(Case.number == int(match[1]), visible(viewer))
    )
    return tuple(CaseHit(number or 0, thread, name, status) for number, thread, name, status in rows)
