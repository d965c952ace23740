"""Looking things up, always through the viewer: what they may not see does not exist for them.

Lists are paged by key, never by offset, and nothing is counted over a table: the numbers on the views are read
from an index and stop at a hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.family import family_ids
from app.models import Agent, Attachment, Conversation, Customer, Escalation, Message, ReadMark, TeamMember
from app.models.conversation import BOT, HUMAN, OPEN, RESOLVED, SNOOZED
from app.models.escalation import ACTIVE

PAGE = 40
COUNT_TO = 100
BIGGEST = 2**63  # no id is as large: an address that names one names nothing
VIEWS = ("mine", "unassigned", "teams", "open", "bot", "snoozed", "resolved")
SORTS = ("newest", "waiting", "priority")
_LAST = datetime(9999, 1, 1, tzinfo=UTC)


class NotFound(LookupError):
    """There is no such thing, or not for this viewer; which of the two is nobody's business."""


def visible(viewer: Agent) -> ColumnElement[bool]:
    """The conversations `viewer` may see: all for supervisors and admins; for agents those of no team, of their
    teams, or assigned to them. Nobody sees anything once switched off, nor do those who serve no conversations."""
    if not (viewer.active and viewer.serves):
        return false()
    if viewer.oversees:
        return true()
    teams = select(TeamMember.team_id).where(TeamMember.agent_id == viewer.id)
    return or_(
        Conversation.team_id.is_(None), Conversation.assignee_id == viewer.id, Conversation.team_id.in_(teams)
    )


def may_see(viewer: Agent, teams: frozenset[int], team_id: int | None, assignee_id: int | None) -> bool:
    """The same rule for one conversation in hand; `teams` are the viewer's. A test holds the two together."""
    if not (viewer.active and viewer.serves):
        return False
    return viewer.oversees or team_id is None or assignee_id == viewer.id or team_id in teams


def teams_of(db: Session, viewer: Agent) -> frozenset[int]:
    """The ids of the viewer's teams."""
    return frozenset(db.scalars(select(TeamMember.team_id).where(TeamMember.agent_id == viewer.id)))


def conversation_for(db: Session, viewer: Agent, conversation_id: int) -> Conversation:
    """The conversation, or the one it is shown in. Raises :class:`NotFound`."""
    own = db.get(Conversation, conversation_id) if 0 < conversation_id < BIGGEST else None
    if own is None:
        raise NotFound(conversation_id)
    head = select(Conversation).where(Conversation.id == (own.head_id or own.id), visible(viewer))
    found = db.scalar(head)
    if found is None:
        raise NotFound(conversation_id)
    return found


def message_for(db: Session, viewer: Agent, message_id: int) -> tuple[Message, Conversation]:
    """A message and the head of its thread. Raises :class:`NotFound`."""
    message = db.get(Message, message_id) if 0 < message_id < BIGGEST else None
    if message is None:
        raise NotFound(message_id)
    return message, conversation_for(db, viewer, message.conversation_id)


def attachment_for(db: Session, viewer: Agent, attachment_id: int) -> Attachment:
    """A file of a message they may see, or one they uploaded that goes with none yet. Raises :class:`NotFound`."""
    found = db.get(Attachment, attachment_id) if 0 < attachment_id < BIGGEST else None
    if found is None:
        raise NotFound(attachment_id)
    if found.message_id is not None:
        message_for(db, viewer, found.message_id)
    elif found.agent_id != viewer.id or not viewer.serves:
        raise NotFound(attachment_id)
    return found


def escalation_for(db: Session, viewer: Agent, escalation_id: int) -> Escalation:
    """An escalation, for those who oversee. Raises :class:`NotFound`."""
    overseeing = viewer.active and viewer.oversees and 0 < escalation_id < BIGGEST
    found = db.get(Escalation, escalation_id) if overseeing else None
    if found is None:
        raise NotFound(escalation_id)
    return found


def in_view(
    view: str, viewer: Agent, owner: ColumnElement[str] | InstrumentedAttribute[str] = Conversation.owner
) -> ColumnElement[bool]:
    """What belongs in a view (on top of what is visible). Raises :class:`NotFound` on an unknown one.

    `owner`: how the column is spelled, see :data:`_OWNER_ONLY`.
    """
    opened = Conversation.status == OPEN
    teams = select(TeamMember.team_id).where(TeamMember.agent_id == viewer.id)
    views: dict[str, ColumnElement[bool]] = {
        "mine": and_(Conversation.assignee_id == viewer.id, opened),
        "unassigned": and_(Conversation.assignee_id.is_(None), owner == HUMAN, opened),
        "teams": and_(Conversation.team_id.in_(teams), opened),
        "open": opened,
        "bot": and_(owner == BOT, opened),
        "snoozed": Conversation.status == SNOOZED,
        "resolved": Conversation.status == RESOLVED,
    }
    if view not in views:
        raise NotFound(view)
    return views[view]


def belongs(view: str, viewer: Agent, teams: frozenset[int], one: Conversation) -> bool:
    """The same as :func:`in_view` for one conversation in hand."""
    opened = one.status == OPEN
    return {
        "mine": opened and one.assignee_id == viewer.id,
        "unassigned": opened and one.assignee_id is None and one.owner == HUMAN,
        "teams": opened and one.team_id in teams,
        "open": opened,
        "bot": opened and one.owner == BOT,
        "snoozed": one.status == SNOOZED,
        "resolved": one.status == RESOLVED,
    }.get(view, False)


@dataclass(frozen=True)
class Page:
    """`rows` in order; `after` is the cursor of the next page, None at the end."""

    rows: Sequence[Conversation]
    after: str | None


def list_page(
    db: Session, viewer: Agent, view: str, *, sort: str = "newest", after: str | None = None, size: int = PAGE
) -> Page:
    """One page of a view. A cursor that is none (or of another sort) starts at the beginning."""
    parts = [_sorted(part, sort, after).limit(size + 1) for part in _parts(db, viewer, view)]
    found = _sorted(_together(parts), sort) if len(parts) != 1 else parts[0]
    rows = db.scalars(found.limit(size + 1)).all()
    more = len(rows) > size
    return Page(rows[:size], cursor_of(rows[size - 1], sort) if more else None)


def _listed(belonging: ColumnElement[bool]) -> Select[Conversation]:
    shown = Conversation.head_id == Conversation.id
    return select(Conversation).where(shown, Conversation.last_message_at.is_not(None), belonging)


# The owner in words that no index knows: what one team has is few, what the bot has is much.
MOST_PARTS = 50  # teams whose parts of a view are walked each by itself
_OWNER_ONLY = func.coalesce(Conversation.owner, "")


def _parts(db: Session, viewer: Agent, view: str) -> list[Select[Conversation]]:
    """A view as far as it is :func:`visible`, in parts of which an index gives each in order.

    In one part who sees little would wait longest: it walks over everything that they may not see.
    """
    whole = [_listed(in_view(view, viewer)).where(visible(viewer))]
    sees = viewer.active and viewer.serves
    if not sees or view == "mine" or (viewer.oversees and view != "teams"):
        return whole
    wanted = _listed(in_view(view, viewer, _OWNER_ONLY))
    ids = teams_of(db, viewer)
    if (
        len(ids) > MOST_PARTS
    ):  # they see much, so one walk soon meets enough; and SQLite unites no more than 500
        return whole
    teams = [Conversation.team_id == team for team in sorted(ids)]
    others = [Conversation.team_id.is_(None), Conversation.assignee_id == viewer.id]
    return [wanted.where(part) for part in (teams if view == "teams" else teams + others)]


def _together(parts: Sequence[Select[Conversation]]) -> Select[Conversation]:
    """What is in one of these parts, each cut off already."""
    ids = [select(part.with_only_columns(Conversation.id).subquery()) for part in parts]
    return select(Conversation).where(Conversation.id.in_(union_all(*ids)) if ids else false())


def _sorted(wanted: Select[Conversation], sort: str, after: str | None = None) -> Select[Conversation]:
    at = place_of(after)
    if sort == "waiting":  # the longest waiting first; who does not wait is not in it
        wanted = wanted.where(Conversation.waiting_since.is_not(None))
        key = tuple_(Conversation.waiting_since, Conversation.id)
        wanted = wanted.where(key > tuple_(*at)) if at else wanted
        return wanted.order_by(Conversation.waiting_since, Conversation.id)
    key = tuple_(Conversation.last_message_at, Conversation.id)
    wanted = wanted.where(key < tuple_(*at)) if at else wanted
    return wanted.order_by(Conversation.last_message_at.desc(), Conversation.id.desc())


def cursor_of(row: Conversation, sort: str) -> str:
    """Where the page after `row` begins."""
    at = row.waiting_since if sort == "waiting" else row.last_message_at
    return f"{(at or _LAST).isoformat()}|{row.id}"


def place_of(after: str | None) -> tuple[datetime, int] | None:
    """The time and id a cursor names; None where it is none."""
    try:
        at, _, id = (after or "").partition("|")
        moment = datetime.fromisoformat(at)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return (moment, int(id)) if 0 <= int(id) < BIGGEST else None
    except (ValueError, OverflowError):
        return None


def count(db: Session, viewer: Agent, view: str) -> int:
    """How many are in a view, up to :data:`COUNT_TO` (shown as 99+): a bounded walk over an index."""
    parts = [part.with_only_columns(Conversation.id).limit(COUNT_TO) for part in _parts(db, viewer, view)]
    found = set(db.scalars(union_all(*(select(part.subquery()) for part in parts)))) if parts else ()
    return min(len(found), COUNT_TO)


def unread(db: Session, viewer: Agent, rows: Sequence[Conversation]) -> dict[int, int]:
    """Conversation id → messages of the customer the viewer has not read. One query for all rows."""
    marks = select(ReadMark.conversation_id, ReadMark.inbound_count).where(
        ReadMark.agent_id == viewer.id, ReadMark.conversation_id.in_([row.id for row in rows])
    )
    read: dict[int, int] = {row.conversation_id: row.inbound_count for row in db.execute(marks)}
    return {row.id: max(0, row.inbound_count - read.get(row.id, 0)) for row in rows}


def customers_of(db: Session, rows: Sequence[Conversation]) -> dict[int, Customer]:
    """Customer id → customer, for the rows of a list."""
    ids = [row.customer_id for row in rows]
    return {customer.id: customer for customer in db.scalars(_CUSTOMERS, {"ids": ids})}


_CUSTOMERS = select(Customer).where(Customer.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True)
class ThreadPage:
    """Messages oldest first. `older`/`newer`: the cursor to page on with that way, None at that end."""

    messages: Sequence[Message]
    older: str | None
    newer: str | None = None


def thread_page(
    db: Session,
    head: Conversation,
    *,
    before: str | None = None,
    after: str | None = None,
    around: Message | None = None,
    size: int = PAGE,
) -> ThreadPage:
    """A page of the thread of `head` (looked up through the viewer before): the newest, or what lies `before` or
    `after` a cursor, or `around` a message."""
    ids = family_ids(db, head) or [head.id]
    if around is not None:
        at = (around.sent_at, around.id)
        older = _walk(db, ids, at, back=True, size=size // 2, including=True)
        newer = _walk(db, ids, at, back=False, size=size // 2)
        return ThreadPage(
            [*reversed(older), *newer],
            mark(older[-1]) if len(older) >= size // 2 else None,
            mark(newer[-1]) if len(newer) >= size // 2 else None,
        )
    if after is not None:
        newer = _walk(db, ids, place_of(after), back=False, size=size + 1)
        return ThreadPage(newer[:size], None, mark(newer[size - 1]) if len(newer) > size else None)
    older = _walk(db, ids, place_of(before), back=True, size=size + 1)
    return ThreadPage(list(reversed(older[:size])), mark(older[size - 1]) if len(older) > size else None)


def _walk(
    db: Session,
    ids: Sequence[int],
    at: tuple[datetime, int] | None,
    *,
    back: bool,
    size: int,
    including: bool = False,
) -> list[Message]:
    """Along the index of each conversation of the thread, then merged: a family is a handful at most."""
    found: list[Message] = []
    key = tuple_(Message.sent_at, Message.id)
    for conversation_id in ids:
        wanted = select(Message).where(Message.conversation_id == conversation_id)
        if at is not None:
            here: Any = tuple_(*at)
            wanted = wanted.where((key <= here if including else key < here) if back else key > here)
        order = (Message.sent_at.desc(), Message.id.desc()) if back else (Message.sent_at, Message.id)
        found += db.scalars(wanted.order_by(*order).limit(size)).all()
    found.sort(key=lambda message: (message.sent_at, message.id), reverse=back)
    return found[:size]


def mark(message: Message) -> str:
    """The cursor at a message."""
    return f"{message.sent_at.isoformat()}|{message.id}"


def desk(db: Session, viewer: Agent, *, limit: int = 100) -> Sequence[Escalation]:
    """What is before the supervisors, overdue first. Raises :class:`NotFound` for those who do not oversee."""
    if not (viewer.active and viewer.oversees):
        raise NotFound("escalations")
    wanted = select(Escalation).where(Escalation.state.in_(ACTIVE)).order_by(Escalation.due_at, Escalation.id)
    return db.scalars(wanted.limit(limit)).all()
