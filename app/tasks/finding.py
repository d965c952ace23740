"""Tasks looked up: one, the lists of a viewer, those of a thread."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.db import now
from app.directory.paging import Page, cursor_at, cut, in_time
from app.family import family_ids
from app.models import Agent, Conversation, Task, TeamMember
from app.queries import BIGGEST, COUNT_TO, NotFound, conversation_for, teams_of, visible

VIEWS = ("mine", "teams", "all", "done")
PAGE = 50
SHOWN_DONE = 3  # finished ones that a customer's panel shows below the open ones


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
