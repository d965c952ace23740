"""What happens to a task: it is added, changed, finished, opened again, told to the customer, called at its time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import inbox
from app.db import now, reading, transaction
from app.events import record
from app.inbox import Refused
from app.inbox.holding import CHANGED
from app.inbox.lines import line
from app.models import Agent, Channel, Conversation, Draft, Identity, Message, Task, Team
from app.models.task import KINDS, OTHER, TELL
from app.text import clean, one_line
from channels.masking import mask_cards

MAX_TEXT, MAX_WORDS = 1000, 4000  # characters
FURTHEST = timedelta(days=5 * 365)  # ahead
LATE = timedelta(minutes=5)  # so long a form may lie open with the time that was chosen in it
DONE = "This is done already. Open it again to change it."
AT_ONCE = 100  # tasks called in one round of the clock


@dataclass(frozen=True)
class Doer:
    """Whose work it is: an agent's, a team's, or a store's."""

    assignee: Agent | None = None
    team: Team | None = None
    store: Channel | None = None

    def __bool__(self) -> bool:
        return bool(self.assignee or self.team or self.store)


@dataclass(frozen=True)
class Telling:
    """What the customer is to be told, and by which channel (None: the one they used last)."""

    words: str = ""
    channel: Channel | None = None


def add(
    db: Session,
    conversation: Conversation,
    text: str,
    due_at: datetime,
    by: Agent | None,
    assignee: Agent | None = None,
    *,
    kind: str = OTHER,
    team: Team | None = None,
    store: Channel | None = None,
    message: Message | None = None,
    telling: Telling | None = None,
    for_anybody: bool = False,
) -> Task:
    """Something to be done for this customer by `due_at` (aware). Nobody named: it is `by`'s own work, or
    (`for_anybody`) that of whoever sees to it first.

    `message`: what it came from, whose fate it shares. Raises :class:`Refused`.
    """
    head = inbox.hold(db, conversation)
    doer = _doer(db, Doer(assignee, team, store) or Doer(assignee=None if for_anybody else by))
    made = Task(
        conversation_id=message.conversation_id if message else head.id,
        message_id=message.id if message else None,
        kind=_kind(kind),
        text=_text(text),
        due_at=_due(due_at),
        created_by=by.id if by else None,
        **_telling(telling),
        **doer,
    )
    db.add(made)
    db.flush()
    said = line(db, head, "task_added", agent=by, task=made.id, kind=kind, words=made.text[:300],
                due=made.due_at.isoformat())  # fmt: skip
    record(db, "task.added", head, agent=by, message=said, **told_of(made))
    return made


@dataclass(frozen=True)
class Change:
    """What is to be different; None: as it was."""

    text: str | None = None
    due_at: datetime | None = None
    kind: str | None = None
    doer: Doer | None = None
    telling: Telling | None = None


def change(db: Session, by: Agent, task: Task, wanted: Change) -> None:
    """Change one that is not done. Another time, or somebody else's from now on: it is told anew when it is due.

    Raises :class:`Refused`.
    """
    head = _held(db, task)
    if task.done_at is not None:
        raise Refused(DONE, status=409)
    before = {name: getattr(task, name) for name in _CHANGING}
    if wanted.text is not None:
        task.text = _text(wanted.text)
    if wanted.kind is not None:
        task.kind = _kind(wanted.kind)
    shown = task.due_at.replace(second=0, microsecond=0)  # a form knows no seconds: "in an hour" has some
    if wanted.due_at is not None and wanted.due_at not in (task.due_at, shown):
        task.due_at = _due(wanted.due_at)
    for name, value in {**_doer(db, wanted.doer), **_telling(wanted.telling)}.items():
        setattr(task, name, value)
    changed = [name for name in _CHANGING if getattr(task, name) != before[name]]
    if not changed:
        return
    if {"due_at", "assignee_id", "team_id", "store_id"} & set(changed):
        task.told_at = None
    db.flush()
    record(db, "task.changed", head, agent=by, changed=changed, **told_of(task))


_CHANGING = ("text", "kind", "due_at", "assignee_id", "team_id", "store_id", "words", "channel_id")


def give_back(db: Session, by: Agent, agent: Agent) -> None:
    """What `agent` had still to do is their team's or store's alone, else anybody's: they see to it no more."""
    theirs = select(Task).where(Task.assignee_id == agent.id, Task.done_at.is_(None))
    for task in db.scalars(theirs.order_by(Task.conversation_id, Task.id)).all():
        head = _held(db, task)
        if task.assignee_id != agent.id or task.done_at is not None:
            continue
        task.assignee_id, task.told_at = None, None
        db.flush()
        record(db, "task.changed", head, agent=by, changed=["assignee_id"], **told_of(task))


def _free_of_who_left(db: Session, task: Task) -> None:
    if task.assignee_id is not None and not db.get_one(Agent, task.assignee_id).active:
        task.assignee_id = None


def finish(db: Session, by: Agent, task: Task) -> bool:
    """It is done. False where it was already."""
    head = _held(db, task)
    if task.done_at is not None:
        return False
    task.done_at, task.done_by = now(), by.id
    db.flush()
    said = line(db, head, "task_finished", agent=by, task=task.id, kind=task.kind, words=task.text[:300])
    record(db, "task.finished", head, agent=by, message=said, **told_of(task))
    return True


def reopen(db: Session, by: Agent, task: Task) -> bool:
    """It was not done after all. False where it is open."""
    head = _held(db, task)
    if task.done_at is None:
        return False
    task.done_at, task.done_by = None, None
    _free_of_who_left(db, task)
    db.flush()
    said = line(db, head, "task_reopened", agent=by, task=task.id, kind=task.kind, words=task.text[:300])
    record(db, "task.reopened", head, agent=by, message=said, **told_of(task))
    return True


def tell(
    db: Session, by: Agent, task: Task, words: str, *, to: int | None = None, seen: int | None = None
) -> Message:
    """Send the customer these words by the task's channel, as any reply, and finish it. Twice sends once: it is done
    then, until it is opened again. `to` and `seen` as for :func:`app.inbox.reply`.

    Raises :class:`Refused` where it is done, or where the customer cannot be reached so.
    """
    head = _held(db, task, stays=True)
    if task.done_at is not None:
        raise Refused(DONE, status=409)
    if task.kind != TELL:
        raise Refused("This task tells the customer nothing.", status=409)
    said = inbox.reply(
        db,
        by,
        head,
        words,
        secrets.token_hex(16),
        channel_id=task.channel_id,
        to=to,
        version=inbox.version_saying(db, by, head, words),
        seen=seen,
    )
    finish(db, by, task)
    return said


def asked_by(db: Session, task: Task) -> Identity | None:
    """The address of who said what the task came from, and so of who is told; None where nobody wrote it."""
    said = db.get(Message, task.message_id) if task.message_id else None
    return db.get(Identity, said.identity_id) if said and said.identity_id else None


def prepare(db: Session, by: Agent, task: Task, words: str | None = None) -> Conversation:
    """Put the words (`words`: these from now on) into `by`'s draft, behind what stands there, on the task's channel;
    the thread to write in.

    Raises :class:`Refused` where it is done, or where that is a note, which is no customer's to read.
    """
    head = _held(db, task, stays=True)
    if task.done_at is not None:
        raise Refused(DONE, status=409)
    if words is not None:
        task.words = clean(words).strip()[:MAX_WORDS]
    draft = db.get(Draft, (by.id, head.id))
    if draft is not None and draft.kind == "note" and draft.text.strip():
        raise Refused(
            "There is a note in the thread that you have not added yet. Add or delete it first.", status=409
        )
    before, version, more = (draft.text.rstrip(), draft.version, draft.more) if draft else ("", 0, {})
    text = before if task.words in before else f"{before}\n{task.words}".strip()
    kept = inbox.save_draft(db, by, head, text, kind="outbound", channel_id=task.channel_id, version=version)
    kept.more = more
    return head


def _held(db: Session, task: Task, *, stays: bool = False) -> Conversation:
    """The thread the task stands in, held, and the task as it is now. Raises :class:`Refused` where it `stays` and was
    moved to another customer at this moment."""
    head = inbox.hold(db, db.get_one(Conversation, task.conversation_id))
    db.refresh(task)
    there = inbox.hold(db, db.get_one(Conversation, task.conversation_id))
    if there.id == head.id:
        return head
    if stays:
        raise Refused(CHANGED, status=409)
    return _held(db, task)


def told_of(task: Task) -> dict[str, Any]:
    """What an event says of a task."""
    return {
        "task": task.id,
        "task_kind": task.kind,
        "text": one_line(task.text, 140),
        "due": task.due_at.isoformat(),
        "assignee": task.assignee_id,
        "team": task.team_id,
        "store": task.store_id,
    }


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise Refused("Choose what kind of task it is.", field="kind")
    return kind


def _text(text: str) -> str:
    said = mask_cards(clean(text).strip()[:MAX_TEXT])[0]
    if not said:
        raise Refused("Write what is to be done.", field="text")
    return said


def _due(at: datetime) -> datetime:
    if not now() - LATE <= at < now() + FURTHEST:
        raise Refused("Choose a time in the future.", field="due_at")
    return at


def _telling(telling: Telling | None) -> dict[str, Any]:
    if telling is None:
        return {}
    channel = telling.channel.id if telling.channel else None
    return {"words": clean(telling.words).strip()[:MAX_WORDS], "channel_id": channel}


def _doer(db: Session, doer: Doer | None) -> dict[str, Any]:
    """Columns of whose work it is. Somebody switched off does none."""
    if doer is None:
        return {}
    if doer.assignee is not None and not doer.assignee.active:
        raise Refused("%(name)s does not work here any more.", field="assignee_id", name=doer.assignee.name)
    return {
        "assignee_id": doer.assignee.id if doer.assignee else None,
        "team_id": doer.team.id if doer.team else None,
        "store_id": doer.store.id if doer.store else None,
    }


# --- the time comes -----------------------------------------------------------------------------------


def call_due() -> int:
    """Tell of what has fallen due, once each, whoever runs this and however often; returns how many."""
    with reading() as db:
        untold = select(Task.id).where(Task.done_at.is_(None), Task.told_at.is_(None), Task.due_at <= now())
        ids = db.scalars(untold.order_by(Task.due_at).limit(AT_ONCE)).all()
    return sum(_call(id) for id in ids)


def _call(task_id: int) -> bool:
    with transaction() as db:
        task = db.get_one(Task, task_id)
        head = _held(db, task)
        due = (Task.id == task_id, Task.done_at.is_(None), Task.told_at.is_(None), Task.due_at <= now())
        taken = db.execute(update(Task).where(*due).values(told_at=now()).returning(Task.id)).first()
        if taken is None:
            return False
        db.refresh(task)
        _free_of_who_left(db, task)
        record(db, "task.due", head, **told_of(task))
        return True
