"""Tasks as rows: with whose they are, whom they are about, and whether their thread may be opened."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import queries, tasks
from app.models import Agent, Channel, Conversation, Customer, Task, Team
from app.web.rows import Sign, by_id, sign_of


@dataclass(frozen=True)
class TaskRow:
    """One task as it is shown. `way`: the channel to tell the customer by."""

    task: Task
    head: Conversation
    customer: Customer
    whose: str
    done_by: str
    way: Sign | None
    opens: bool


@dataclass(frozen=True)
class Promises:
    """The tasks of a thread: what is open, and behind it what was done last."""

    head: Conversation
    rows: Sequence[TaskRow]


def promises(db: Session, viewer: Agent, head: Conversation) -> Promises:
    """The tasks of `head`'s thread, for its panel."""
    return Promises(head, task_rows(db, viewer, tasks.of_thread(db, head)))


def task_rows(db: Session, viewer: Agent, found: Sequence[Task]) -> list[TaskRow]:
    """The rows of these tasks, in their order; a handful of queries for a whole page."""
    if not found:
        return []
    heads = tasks.heads_of(db, found)
    customers = queries.customers_of(db, list(heads.values()))
    people = by_id(db, Agent, {id for one in found for id in (one.assignee_id, one.done_by)})
    channels = by_id(db, Channel, {id for one in found for id in (one.channel_id, one.store_id)})
    ids = {one.team_id for one in found if one.team_id}
    teams = {one.id: one.name for one in db.scalars(select(Team).where(Team.id.in_(ids)))} if ids else {}
    mine = queries.teams_of(db, viewer)
    return [
        TaskRow(
            one,
            head := heads[one.id],
            customers[head.customer_id],
            _whose(one, people, teams, channels),
            people[one.done_by].name if one.done_by in people else "",
            sign_of(channels[one.channel_id]) if one.channel_id in channels else None,
            queries.may_see(viewer, mine, head.team_id, head.assignee_id),
        )
        for one in found
    ]


def _whose(task: Task, people: dict[int, Agent], teams: dict[int, str], channels: dict[int, Channel]) -> str:
    named = [people[task.assignee_id].name] if task.assignee_id in people else []
    named += [teams[task.team_id]] if task.team_id in teams else []
    named += [channels[task.store_id].name] if task.store_id in channels else []
    return " · ".join(named)
