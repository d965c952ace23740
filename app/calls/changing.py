"""A call in its thread: begun once, changed in place, asking for somebody as long as nobody took it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app import family, inbox, search
from app.calls.known import Facts, Known, facts, join
from app.db import now
from app.events import record
from app.inbox import Said
from app.inbox.current import cases_for_inbound
from app.inbox.escalations import close_with_case, is_escalated
from app.inbox.summary import recount
from app.models import Agent, Call, Case, Channel, Conversation, Message
from app.models.call import ENDED, RINGING
from app.models.conversation import RESOLVED
from app.models.message import CALL, TALKED, UNMET, asks, in_turn
from app.text import clean

RINGS = timedelta(minutes=5)  # so long a telephone may ring
PRECISE = timedelta(minutes=1)  # a form tells whole minutes
COLUMNS = (
    *("direction", "number", "withheld", "state", "result", "line", "queue", "agent"),
    *(
        "started_at",
        "answered_at",
        "ended_at",
        "ring_seconds",
        "talk_seconds",
        "hold_seconds",
        "wrap_seconds",
    ),
    *("transferred_to", "disposition", "category", "callback_due"),
)


def said(external_id: str, told: Facts) -> Said:
    """The call as the message it stands in the thread with."""
    return Said(
        external_id=external_id,
        text=told.text,
        sent_at=told.started_at,
        kind=CALL,
        context=_context({}, told),
        quiet=not told.asks,
        author=author_of(told),
    )


def author_of(told: Facts) -> str:
    return "agent" if told.direction == "out" else "customer"


def begin(
    db: Session, channel: Channel | None, message: Message, known: Known, people: Mapping[str, int]
) -> Call:
    """The call that `message`, stored just now, is about. `people`: agents by what telephone systems call them."""
    call = Call(**_row(channel, message, known, facts(known), people))
    db.add(call)
    return call


def begin_past(
    db: Session,
    channel: Channel,
    begun: Sequence[tuple[Message, Known, Facts]],
    people: Mapping[str, int],
) -> None:
    """:func:`begin` for many that are history, which do nothing to their threads: in one statement."""
    rows = [_row(channel, message, known, told, people) for message, known, told in begun]
    if rows:
        db.execute(insert(Call), rows)


def _row(
    channel: Channel | None, message: Message, known: Known, told: Facts, people: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "channel_id": channel.id if channel else None,
        "external_id": message.external_id,
        "known": known,
        **_columns(told, people),
    }


def settle(db: Session, head: Conversation, message: Message, call: Call, people: Mapping[str, int]) -> None:
    """What a call that was begun just now does to its thread (held) besides standing there."""
    if call.known["history"]:
        return
    told = facts(call.known)
    if told.talked:
        leave_later(db, head, message, told)
        recount(db, head)
    if told.state == RINGING:
        tell(db, head, message, call, told, people)


def leave_later(db: Session, head: Conversation, message: Message, told: Facts) -> None:
    """A call settles what was said before it was over: what the customer has written since, and stands before its
    entry, which may be made much later, waits all the same (:func:`~app.models.message.settles_until`)."""
    kept = {name: value for name, value in message.context.items() if name != "left"}
    if told.talked and told.state == ENDED:
        over = told.ended_at or (told.answered_at or message.sent_at) + timedelta(
            seconds=told.talk_seconds or 0
        )
        if message.external_id is None:
            over += PRECISE
        mine = Message.conversation_id.in_(family.family_ids(db, head))
        later = select(func.min(Message.id)).where(mine, asks(), in_turn(), Message.sent_at > over)
        if (first := db.scalar(later.where(Message.id < message.id))) is not None:
            kept["left"] = first
    message.context = kept
    db.flush()


def change(
    db: Session,
    call: Call,
    message: Message,
    more: Known,
    people: Mapping[str, int],
    agent: Agent | None = None,
    *,
    told_anyway: bool = False,
) -> bool:
    """Let `more` be known of a call; False if that tells nothing new. `told_anyway`: something besides has changed."""
    head = inbox.hold(db, db.get_one(Conversation, message.conversation_id))
    db.refresh(call)
    db.refresh(message)
    both = join(call.known, more)
    before, told = facts(call.known), facts(both)
    call.known = both
    _write(call, told, people)
    if told == before and not told_anyway:
        return False
    _rewrite(db, head, call, message, told)
    tell(db, head, message, call, told, people, agent, before)
    return True


def tell(
    db: Session,
    head: Conversation,
    message: Message,
    call: Call,
    told: Facts,
    people: Mapping[str, int],
    agent: Agent | None = None,
    before: Facts | None = None,
) -> None:
    """Record it. `ring`: it is to be shown wherever an agent is; to those alone whom it is `for`, if it says so. What
    an agent changed is told as it was `before`."""
    about: dict[str, Any] = {"call": call.id, "state": told.state, "result": told.result}
    if rings(told):
        known = people or (agents_by_name(db) if told.rung else {})  # who tells more of it may name nobody
        rung = {known[one.lower()] for one in told.rung if one.lower() in known}
        about |= {"ring": True, "for": sorted(rung)}
    if agent is not None and before is not None:
        about["was"] = {"text": before.text[:200], "disposition": before.disposition, "result": before.result}
    record(db, "call.noted" if agent else "call.changed", head, agent=agent, message=message, **about)


def rings(told: Facts) -> bool:
    """Whether somebody is calling just now."""
    live = told.state == RINGING and told.direction == "in" and not told.history
    return live and told.started_at is not None and told.started_at > now() - RINGS


def agents_by_name(db: Session) -> dict[str, int]:
    """Agents by what telephone systems call them: the extension, the address they sign in with, the name."""
    found: dict[str, int] = {}
    rows = db.execute(
        select(Agent.id, Agent.extension, Agent.email, Agent.name)
        .where(Agent.active)
        .order_by(Agent.id.desc())
    ).all()
    for column in ("name", "email", "extension"):  # the last one counts
        found |= {
            getattr(row, column).strip().lower(): row.id for row in rows if getattr(row, column).strip()
        }
    return found


def _write(call: Call, told: Facts, people: Mapping[str, int]) -> None:
    before = call.agent_id
    for name, value in _columns(told, people).items():
        setattr(call, name, value)
    call.agent_id = call.agent_id if call.agent_id is not None else before


def _columns(told: Facts, people: Mapping[str, int]) -> dict[str, Any]:
    return {
        **{name: getattr(told, name) for name in COLUMNS},
        "recording_url": str((told.recording or {}).get("url", "")),
        "agent_id": people.get(told.agent.lower()) if told.agent else None,
    }


def _rewrite(db: Session, head: Conversation, call: Call, message: Message, told: Facts) -> None:
    """`message` as it is now. What we noted ourselves stays ours, and asks nothing."""
    asked, theirs = _asks(message), call.external_id is not None
    at = min(told.started_at, now()) if told.started_at else message.sent_at
    moved, spoken = at != message.sent_at, told.text != message.text
    message.sent_at, message.text = at, clean(told.text)
    message.author = author_of(told) if theirs else "agent"
    message.context = _context(message.context, told)
    asks_now = told.asks and theirs
    if asks_now and not asked:
        channel = db.get_one(Channel, message.channel_id) if message.channel_id else None
        ((case, _),) = cases_for_inbound(db, channel, [(head, at, message.text)])
        message.case_id = case.id
    db.flush()
    if not theirs:
        leave_later(db, head, message, told)
    if spoken:
        search.index_message(db, message)
    if moved or spoken or asked != asks_now or told.talked:
        recount(db, head)
    if asked and not asks_now:
        _nothing_left(db, head, message)


def _context(before: Mapping[str, Any], told: Facts) -> dict[str, Any]:
    kept = {name: value for name, value in before.items() if name not in ("sort", "history")}
    if not told.asks:
        kept["sort"] = TALKED if told.talked else UNMET
    return kept | ({"history": True} if told.history else {})


def _asks(message: Message) -> bool:
    return message.author == "customer" and not message.quiet


def _nothing_left(db: Session, head: Conversation, message: Message) -> None:
    """It was taken after all: the matter that was opened for it alone is none. Others stay as they are."""
    case = db.get(Case, message.case_id) if message.case_id else None
    if head.status == RESOLVED or case is None or case.status == RESOLVED:
        return
    ids = family.family_ids(db, head)
    mine = Message.conversation_id.in_(ids)
    others = select(Message.id).where(
        mine, Message.case_id == case.id, Message.id != message.id, Message.agent_id.is_not(None) | asks()
    )
    if db.scalar(others.limit(1)) is not None:
        return
    besides = select(Case).where(Case.conversation_id.in_(ids), Case.status != RESOLVED, Case.id != case.id)
    if not (rest := db.scalars(besides).all()):
        return inbox.resolve(db, None, head, by="answered")
    case.status, case.resolved_at = RESOLVED, now()
    close_with_case(db, None, case)
    for one in rest:
        one.status = head.status
    db.flush()
    head.escalated = is_escalated(db, head)
