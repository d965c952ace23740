"""What an agent has in hand: how far they have read, their draft, and the lock while they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.orm import Session

from app import connect, jobs, realtime
from app.db import after_commit, insert_if_new, now
from app.family import family_ids
from app.inbox.holding import Refused, hold
from app.inbox.participants import MOST_COPIES
from app.models import Agent, Channel, Conversation, Draft, Event, Message, ReadMark, ReplyLock
from app.models.message import asks, in_turn
from app.text import clean, one_line
from channels import base

LOCK_FOR = timedelta(seconds=60)  # renewed while they type
MAX_SUBJECT = 300  # characters
LAST_VERSION = 2**31 - 1  # of a draft that the database can compare


def written_since(db: Session, head: Conversation, seen: int | None) -> Message | None:
    """The first thing the customer has said that wants an answer after the event `seen` (None: nobody says what was
    seen)."""
    if seen is None:
        return None
    first = select(Message).where(_since(db, head, seen), in_turn(), Message.removed_at.is_(None))
    return db.scalars(first.order_by(Message.id).limit(1)).first()


def look_first(db: Session, head: Conversation, seen: int | None) -> None:
    """Raises :class:`Refused` where something is to be seen before anything is decided: see :func:`written_since`."""
    if written_since(db, head, seen):
        raise Refused("The customer has written meanwhile. Have a look first.", status=409)


def _since(db: Session, head: Conversation, seen: int) -> ColumnElement[bool]:
    """What came in after the event `seen` and counts as unread."""
    ids = family_ids(db, head)
    came = select(Event.message_id).where(
        Event.conversation_id.in_(ids), Event.id > seen, Event.kind == "message.received"
    )
    return and_(Message.id.in_(came), Message.conversation_id.in_(ids), asks())


def mark_read(db: Session, agent: Agent, conversation: Conversation, *, seen: int | None = None) -> None:
    """`agent` has read everything that is there now, or what was there at the event `seen`."""
    head = hold(db, conversation)
    unseen, first = 0, 0
    if seen is not None:
        unseen, first = db.execute(
            select(func.count(), func.min(Message.id)).where(_since(db, head, seen))
        ).one()
    mark = _mark(db, agent.id, head)
    if unseen:
        mark.inbound_count = max(mark.inbound_count, head.inbound_count - unseen)
        mark.message_id = max(mark.message_id or 0, first - 1)
    else:
        if mark.inbound_count < head.inbound_count:
            _show(db, head)
        mark.inbound_count, mark.message_id = head.inbound_count, head.last_message_id
        after_commit(db, realtime.publish, "read", head.id, agent.id)
    mark.read_at = now()


def read_to(db: Session, agent: Agent, head: Conversation) -> int:
    """The last event of the customer that `agent` has read of a thread in which something is unread; 0: none."""
    mark = db.get(ReadMark, (head.id, agent.id))
    read = select(Event.id).where(
        Event.conversation_id.in_(family_ids(db, head)),
        Event.kind == "message.received",
        Event.message_id <= ((mark.message_id if mark else None) or 0),
    )
    return db.scalar(read.order_by(Event.id.desc()).limit(1)) or 0


def _show(db: Session, head: Conversation) -> None:
    """Let the customer see it, where the platform they wrote on last has a way."""
    channel = db.get(Channel, head.last_channel_id) if head.last_channel_id else None
    if channel is not None and connect.marks_read(channel) and head.last_message_id:
        after_commit(db, jobs.enqueue, "app.shown.show", head.id, head.last_message_id)


def save_draft(
    db: Session,
    agent: Agent,
    conversation: Conversation,
    text: str,
    *,
    kind: str,
    channel_id: int | None,
    version: int,
    others: Sequence[base.Participant] = (),
    subject: str | None = None,
    quotes: int | None = None,
    drafted: int | None = None,
    returned: bool = False,
) -> Draft:
    """Keep what was typed and chosen, on any device. `others` are to get it, too; `subject`: None: as it is offered;
    `quotes` is the id of a message, `drafted` that of the FAQ entry which a model made the words of. `returned`: these
    were sent and came back; they go before what is kept by now, and no words of a note become an answer.

    Raises :class:`Refused` (409) when a newer version is kept already.
    """
    head = hold(db, conversation)
    draft = db.get(Draft, (agent.id, head.id))
    if draft is None:
        draft = Draft(agent_id=agent.id, conversation_id=head.id, version=0)
        db.add(draft)
    elif version < draft.version and not returned:
        raise Refused("A newer draft was saved on another screen.", status=409)
    elif version < draft.version and draft.text.strip():
        text, kind = f"{text}\n{draft.text}", kind if kind == draft.kind else "note"
    there = channel_id is not None and db.get(Channel, channel_id) is not None
    draft.text, draft.kind, draft.channel_id = clean(text)[:20_000], kind, channel_id if there else None
    named = {"quotes": quotes, "drafted": drafted if draft.text.strip() else None}
    draft.more = _more(others, subject) | {name: id for name, id in named.items() if id}
    draft.version, draft.updated_at = draft.version + 1, now()
    if not draft.text.strip():
        release_lock(db, agent, head)
    db.flush()
    return draft


def _more(others: Sequence[base.Participant], subject: str | None) -> dict[str, Any]:
    """As typed: whether these are addresses is asked when it is sent."""
    kept = [
        base.Participant(one_line(one.address, 320), one_line(one.name, 100), one.role)
        for one in others[:MOST_COPIES]
    ]
    told: dict[str, Any] = {"others": [asdict(one) for one in kept]} if kept else {}
    return told if subject is None else told | {"subject": one_line(subject, MAX_SUBJECT)}


def discard_draft(db: Session, agent: Agent, conversation: Conversation, version: int | None = None) -> None:
    """The draft was sent or thrown away. `version`: which one it was; words that were begun after it stay."""
    gone = delete(Draft).filter_by(agent_id=agent.id, conversation_id=conversation.id)
    if version is not None:
        gone = gone.where((Draft.version <= min(version, LAST_VERSION)) | (Draft.text == ""))
    db.execute(gone)


def version_saying(db: Session, agent: Agent, conversation: Conversation, text: str) -> int:
    """The version of `agent`'s draft where these are its words; 0 where they were written elsewhere, so that what
    stands in the composer stays."""
    draft = db.get(Draft, (agent.id, conversation.id))
    return draft.version if draft is not None and draft.text.strip() == text.strip() else 0


def go_along(db: Session, low: Conversation, top: Conversation) -> None:
    """What agents have read of `low` and begun to write there goes on in `top`, where it is shown from now on. Both are
    held."""
    for agent_id, theirs in _marks(db, low).items():
        _mark(db, agent_id, top).inbound_count += theirs.inbound_count
    both = select(Draft).where(Draft.conversation_id.in_((low.id, top.id)))
    drafts = {(one.agent_id, one.conversation_id): one for one in db.scalars(both)}
    for (agent_id, where), draft in drafts.items():
        if where == low.id:
            _lay_under(db, drafts.get((agent_id, top.id)), draft, top)
    lock = lock_of(db, low)
    if lock is not None and lock_of(db, top) is None:
        claim_lock(db, db.get_one(Agent, lock.agent_id), top)
    db.flush()


def _lay_under(db: Session, there: Draft | None, draft: Draft, top: Conversation) -> None:
    """Of two that were begun nothing is lost, and no words of a note become an answer."""
    if there is not None and not draft.text.strip():
        return
    if there is not None and there.text.strip():
        there.text = f"{there.text.rstrip()}\n\n{draft.text}"
        there.kind = there.kind if there.kind == draft.kind else "note"
        there.version, there.updated_at = max(there.version, draft.version) + 1, now()
        db.delete(draft)
        return
    if there is not None:
        draft.version = max(there.version, draft.version) + 1
        db.delete(there)
        db.flush()
    draft.more = {"from": draft.conversation_id, **draft.more}
    draft.conversation_id = top.id


def _marks(db: Session, head: Conversation) -> dict[int, ReadMark]:
    """Agent id → what they have read."""
    return {one.agent_id: one for one in db.scalars(select(ReadMark).filter_by(conversation_id=head.id))}


def _mark(db: Session, agent_id: int, head: Conversation) -> ReadMark:
    mark = db.get(ReadMark, (head.id, agent_id))
    if mark is None:
        mark = ReadMark(conversation_id=head.id, agent_id=agent_id, inbound_count=0)
        db.add(mark)
    return mark


def read_apart(db: Session, top: Conversation, low: Conversation, before: int) -> None:
    """What was one thread, in which `before` messages counted, is two, and both are counted anew: who had read all of
    it has read both. Of others what they had read of `low` before is taken off `top` again, so that nothing counts as
    read which is not."""
    theirs = _marks(db, low)
    for agent_id, mark in _marks(db, top).items():
        if mark.inbound_count >= before:
            own = theirs[agent_id] = _mark(db, agent_id, low)
            mark.inbound_count, own.inbound_count = top.inbound_count, low.inbound_count
            own.message_id = max(own.message_id or 0, low.last_message_id or 0) or None
        elif agent_id in theirs:
            mark.inbound_count -= theirs[agent_id].inbound_count
        mark.inbound_count = min(max(mark.inbound_count, 0), top.inbound_count)
    for own in theirs.values():
        own.inbound_count = min(own.inbound_count, low.inbound_count)
    db.flush()


def go_back(db: Session, top: Conversation, low: Conversation) -> None:
    """What came along to `top` from the side that is shown as `low` from now on is there again, unless somebody has
    gone on writing it meanwhile."""
    theirs, drafts = family_ids(db, low), select(Draft).where(Draft.conversation_id.in_((low.id, top.id)))
    found = db.scalars(drafts).all()
    taken = {draft.agent_id for draft in found if draft.conversation_id == low.id}
    for draft in found:
        began = draft.more.get("from")
        if draft.conversation_id == top.id and began in theirs and draft.agent_id not in taken:
            draft.conversation_id = low.id
            if began == low.id:
                draft.more = {name: value for name, value in draft.more.items() if name != "from"}
    db.flush()


def claim_lock(db: Session, agent: Agent, conversation: Conversation, *, take: bool = False) -> ReplyLock:
    """Say "I am answering". Held by another it is returned as it is, unless `take` says to take it over."""
    head = hold(db, conversation)
    # the clock forgets lapsed ones without the thread
    lock = db.get(ReplyLock, head.id, with_for_update=True, populate_existing=True)
    if lock is None:
        lock = ReplyLock(conversation_id=head.id, agent_id=agent.id, expires_at=now() + LOCK_FOR)
        insert_if_new(db, lock)
        after_commit(db, realtime.publish, "lock", head.id, agent.id)
        return lock
    if lock.agent_id != agent.id and lock.expires_at > now() and not take:
        return lock
    if lock.agent_id != agent.id:
        lock.agent_id, lock.taken_at = agent.id, now()
        after_commit(db, realtime.publish, "lock", head.id, agent.id)
    lock.expires_at = now() + LOCK_FOR
    return lock


def release_lock(db: Session, agent: Agent, conversation: Conversation) -> None:
    """`agent` is not answering any more."""
    gone = delete(ReplyLock).filter_by(conversation_id=conversation.id, agent_id=agent.id)
    if db.execute(gone.returning(ReplyLock.agent_id)).first():
        after_commit(db, realtime.publish, "lock", conversation.id, 0)


def lock_of(db: Session, conversation: Conversation) -> ReplyLock | None:
    """The lock that holds now, if any."""
    found = select(ReplyLock).where(
        ReplyLock.conversation_id == conversation.id, ReplyLock.expires_at > now()
    )
    return db.scalars(found).first()


def refuse_if_locked(db: Session, agent: Agent, conversation: Conversation) -> None:
    """Raises :class:`Refused` (409) while another agent is answering."""
    lock = lock_of(db, conversation)
    if lock is not None and lock.agent_id != agent.id:
        name = db.get_one(Agent, lock.agent_id).name
        raise Refused(
            "%(name)s is answering. Take over the reply if you want to send yours.", name=name, status=409
        )


def answered(
    db: Session,
    agent: Agent,
    conversation: Conversation,
    version: int | None = None,
    *,
    seen: int | None = None,
) -> None:
    """After a reply: its draft is gone, the lock is free, everything up to it (up to the event `seen`) is read."""
    discard_draft(db, agent, conversation, version)
    release_lock(db, agent, conversation)
    mark_read(db, agent, conversation, seen=seen)
