"""Work with a time by which it is due: added, changed, finished, called at its time, listed.

A task stands with a conversation and follows it through merges as cases do; one that came from a message follows that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, union_all, update
from sqlalchemy.orm import Session, aliased

from app import general, hours, inbox
from app.db import now, reading, transaction
from app.directory.paging import BadCursor, Page, cursor_at, cut, in_time
from app.events import record
from app.family import family_ids
from app.hours import Hours
from app.inbox import Refused
from app.inbox.lines import line
from app.models import Agent, Channel, Conversation, Draft, Message, Task, Team, TeamMember
from app.models.task import CALL, KINDS, OTHER, PROMISE, TELL
from app.queries import BIGGEST, COUNT_TO, NotFound, conversation_for, teams_of, visible
from app.text import clean, one_line
from channels.masking import mask_cards

__all__ = ["CALL", "KINDS", "OTHER", "PROMISE", "TELL", "VIEWS", "BadCursor", "Page"]

VIEWS = ("mine", "teams", "all", "done")
PAGE = 50
MAX_TEXT, MAX_WORDS = 1000, 4000  # characters
FURTHEST = timedelta(days=5 * 365)  # ahead
LATE = timedelta(minutes=5)  # so long a form may lie open with the time that was chosen in it
MORNING, EARLY = (
    time(10),
    7,
)  # of a day that somebody chooses; an hour before which nobody means to be reminded
AT_ONCE = 100  # tasks called in one round of the clock
SHOWN_DONE = 3  # finished ones that a customer's panel shows below the open ones


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


# --- what happens to one ------------------------------------------------------------------------------


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
        raise Refused("This is done already. Open it again to change it.", status=409)
    before = {name: getattr(task, name) for name in _CHANGING}
    if wanted.text is not None:
        task.text = _text(wanted.text)
    if wanted.kind is not None:
        task.kind = _kind(wanted.kind)
    if wanted.due_at is not None and wanted.due_at != task.due_at:
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
    db.flush()
    said = line(db, head, "task_reopened", agent=by, task=task.id, kind=task.kind, words=task.text[:300])
    record(db, "task.reopened", head, agent=by, message=said, **told_of(task))
    return True


def tell(db: Session, by: Agent, task: Task, words: str) -> Message:
    """Send the customer these words by the task's channel, as any reply, and finish it. Twice sends once.

    Raises :class:`Refused` where it is done, or where the customer cannot be reached so.
    """
    head = _held(db, task)
    client_id = f"task-{task.id}"
    if task.done_at is not None:
        raise Refused("This is done already. Open it again to change it.", status=409)
    if task.kind != TELL:
        raise Refused("This task tells the customer nothing.", status=409)
    said = inbox.reply(db, by, head, words, client_id, channel_id=task.channel_id)
    finish(db, by, task)
    return said


def prepare(db: Session, by: Agent, task: Task) -> Conversation:
    """Put the words into `by`'s draft, behind what stands there, on the task's channel; the thread to write in."""
    head = _held(db, task)
    draft = db.get(Draft, (by.id, head.id))
    before, version, more = (draft.text.rstrip(), draft.version, draft.more) if draft else ("", 0, {})
    text = before if task.words in before else f"{before}\n{task.words}".strip()
    kept = inbox.save_draft(db, by, head, text, kind="outbound", channel_id=task.channel_id, version=version)
    kept.more = more
    return head


def _held(db: Session, task: Task) -> Conversation:
    """The thread the task stands in, held, and the task as it is now."""
    head = inbox.hold(db, db.get_one(Conversation, task.conversation_id))
    db.refresh(task)
    return head


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
        raise Refused("Choose what kind of task it is.")
    return kind


def _text(text: str) -> str:
    said = mask_cards(clean(text).strip()[:MAX_TEXT])[0]
    if not said:
        raise Refused("Write what is to be done.")
    return said


def _due(at: datetime) -> datetime:
    if not now() - LATE <= at < now() + FURTHEST:
        raise Refused("Choose a time in the future.")
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
        raise Refused("%(name)s does not work here any more.", name=doer.assignee.name)
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
        head = inbox.hold(db, db.get_one(Conversation, task.conversation_id))
        due = (Task.id == task_id, Task.done_at.is_(None), Task.told_at.is_(None), Task.due_at <= now())
        taken = db.execute(update(Task).where(*due).values(told_at=now()).returning(Task.id)).first()
        if taken is None:
            return False
        db.refresh(task)
        record(db, "task.due", head, **told_of(task))
        return True


# --- looking them up ----------------------------------------------------------------------------------


def task_for(db: Session, viewer: Agent, task_id: int) -> Task:
    """One that is the viewer's own work, or stands in a thread they may see. Raises :class:`NotFound`."""
    task = db.get(Task, task_id) if 0 < task_id < BIGGEST else None
    if task is None or not viewer.active:
        raise NotFound(task_id)
    if not _is_own(task, viewer, teams_of(db, viewer)):
        conversation_for(db, viewer, task.conversation_id)
    return task


def _is_own(task: Task, viewer: Agent, teams: frozenset[int]) -> bool:
    theirs = task.assignee_id == viewer.id
    if viewer.serves:
        return theirs or (task.team_id is not None and task.team_id in teams)
    return theirs or (viewer.store_id is not None and task.store_id == viewer.store_id)


def find(db: Session, viewer: Agent, view: str, after: str | None = None, size: int = PAGE) -> Page[Task]:
    """A page of a view: what is open, the first due first; or what was done, the last done first.

    Raises :class:`NotFound` on an unknown view, :class:`BadCursor`.
    """
    if view not in VIEWS:
        raise NotFound(view)
    if view == "done":
        wanted = _seen(viewer, teams_of(db, viewer)).where(Task.done_at.is_not(None))
        rows = db.scalars(in_time(wanted, Task.done_at, Task.id, after, newest_first=True).limit(size + 1))
        return cut(rows.all(), size, lambda row: cursor_at(row.done_at or row.due_at, row.id))
    wanted = _in_view(viewer, view, teams_of(db, viewer)).where(Task.done_at.is_(None))
    rows = db.scalars(in_time(wanted, Task.due_at, Task.id, after, newest_first=False).limit(size + 1))
    return cut(rows.all(), size, lambda row: cursor_at(row.due_at, row.id))


def _in_view(viewer: Agent, view: str, teams: frozenset[int]) -> Select[Task]:
    if not viewer.active:
        return select(Task).where(false())
    if view == "mine":
        return select(Task).where(_mine(viewer))
    if view == "teams":
        return _seen(viewer, teams).where(or_(Task.team_id.in_(teams), _anybodys()))
    return _seen(viewer, teams)


def _anybodys() -> ColumnElement[bool]:
    """What nobody has yet."""
    return and_(Task.assignee_id.is_(None), Task.team_id.is_(None), Task.store_id.is_(None))


def _mine(viewer: Agent) -> ColumnElement[bool]:
    """Their own work; of shop staff what their store has to do as well."""
    if viewer.serves or viewer.store_id is None:
        return Task.assignee_id == viewer.id
    return or_(Task.assignee_id == viewer.id, Task.store_id == viewer.store_id)


def _seen(viewer: Agent, teams: frozenset[int]) -> Select[Task]:
    """Everything they may see: their own work, and what stands in a thread that is visible to them."""
    if viewer.active and viewer.oversees:
        return select(Task)
    if not viewer.serves:
        return select(Task).where(_mine(viewer) if viewer.active else false())
    own = aliased(Conversation, name="task_own")
    wanted = select(Task).join(own, own.id == Task.conversation_id)
    wanted = wanted.join(Conversation, Conversation.id == own.head_id)
    active = Task.id.is_not(None) if viewer.active else false()
    return wanted.where(active, or_(visible(viewer), _mine(viewer), Task.team_id.in_(teams)))


def due_count(db: Session, viewer: Agent) -> int:
    """How much of their own and their teams' work is due by now, up to :data:`COUNT_TO`: short walks over indexes."""
    if not viewer.active:
        return 0
    due = and_(Task.done_at.is_(None), Task.due_at <= now())
    teams = select(TeamMember.team_id).where(TeamMember.agent_id == viewer.id)
    store = Task.store_id == viewer.store_id if viewer.store_id else false()
    whose = [Task.assignee_id == viewer.id, Task.team_id.in_(teams) if viewer.serves else store]
    parts = [select(Task.id).where(due, one).limit(COUNT_TO).subquery() for one in whose]
    return min(len(set(db.scalars(union_all(*(select(part) for part in parts))))), COUNT_TO)


def of_thread(db: Session, head: Conversation) -> list[Task]:
    """What is open in the thread of `head`, the first due first, and behind it what was done last."""
    mine = Task.conversation_id.in_(family_ids(db, head) or [head.id])
    undone = select(Task).where(mine, Task.done_at.is_(None)).order_by(Task.due_at, Task.id).limit(PAGE)
    done = select(Task).where(mine, Task.done_at.is_not(None)).order_by(Task.done_at.desc(), Task.id.desc())
    return [*db.scalars(undone), *db.scalars(done.limit(SHOWN_DONE))]


def heads_of(db: Session, tasks: Sequence[Task]) -> dict[int, Conversation]:
    """Task id → the conversation it is shown in."""
    own = aliased(Conversation, name="task_own")
    ids = {one.conversation_id for one in tasks}
    found = select(own.id, Conversation).join(Conversation, Conversation.id == own.head_id)
    heads = {row[0]: row[1] for row in db.execute(found.where(own.id.in_(ids)))} if ids else {}
    return {one.id: heads[one.conversation_id] for one in tasks}


# --- times one chooses most often ---------------------------------------------------------------------


def usual_times(db: Session, zone: ZoneInfo) -> list[tuple[str, datetime]]:
    """In an hour, tomorrow at ten, and when the shop opens on its next business day: (which, when).

    "tomorrow" is by the clock of `zone`, the business day by the shop's own, which knows its holidays.
    """
    at = now()
    tomorrow = datetime.combine((at.astimezone(zone) + timedelta(days=1)).date(), MORNING, zone)
    business = next_business_day(general.opening_hours(db)[0], at)
    found = [("hour", at + timedelta(hours=1)), ("tomorrow", tomorrow)]
    return [*found, ("business", business)] if business is not None else found


def next_business_day(wanted: Hours, at: datetime) -> datetime | None:
    """When the shop opens on its next business day after today, at ten where that is in the night. Who never closes
    goes by the calendar: the next day that is neither a weekend nor a public holiday."""
    local = at.astimezone(wanted.zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), wanted.zone)
    if wanted.week is not None:
        opens = hours.next_opening(wanted, midnight)
        in_the_night = opens is not None and opens.hour < EARLY
        return datetime.combine(opens.date(), MORNING, wanted.zone) if opens and in_the_night else opens
    day = midnight.date()
    while day.weekday() > 4 or hours.holiday_name(day):
        day += timedelta(days=1)
    return datetime.combine(day, MORNING, wanted.zone)
