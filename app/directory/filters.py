"""Lists of customers somebody comes back to: kept, shared with the house, and counted in the background."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import jobs
from app.db import after_commit, now, reading, transaction
from app.directory.people import COUNT_TO, count_people
from app.directory.wanted import Unclear, Wanted, read
from app.events import record
from app.inbox.holding import Refused
from app.models import Agent, CustomerFilter
from app.queries import BIGGEST, NotFound
from app.text import one_line

MAX_NAME, MOST = 60, 50
FRESH = timedelta(minutes=10)  # so long a count is believed
EDITORS = ("supervisor", "admin")  # who may share one with the house


def filters_of(db: Session, viewer: Agent) -> Sequence[CustomerFilter]:
    """The viewer's own, and those shared with everybody, by name."""
    mine = or_(CustomerFilter.agent_id == viewer.id, CustomerFilter.shared)
    return db.scalars(
        select(CustomerFilter).where(mine).order_by(CustomerFilter.name, CustomerFilter.id)
    ).all()


def filter_for(db: Session, viewer: Agent, id: int) -> CustomerFilter:
    """One of :func:`filters_of`. Raises :class:`NotFound`."""
    found = db.get(CustomerFilter, id) if 0 < id < BIGGEST else None
    if found is None or not (found.agent_id == viewer.id or found.shared):
        raise NotFound(id)
    return found


def wanted_by(kept: CustomerFilter) -> Wanted:
    """What it asks for. What a later version wrote and this one does not understand asks for nothing."""
    try:
        return read(kept.wanted)
    except Unclear:
        return Wanted()


def may_change(viewer: Agent, kept: CustomerFilter) -> bool:
    return kept.agent_id == viewer.id or (kept.shared and viewer.role in EDITORS)


def sees_count(viewer: Agent, kept: CustomerFilter) -> bool:
    """It was counted through the eyes of whose it is: who sees less is told no number of what they may not see."""
    return kept.agent_id == viewer.id or viewer.oversees


def keep_filter(db: Session, viewer: Agent, name: str, wanted: Wanted, *, shared: bool) -> CustomerFilter:
    """Keep it under a name; one of the viewer's own of that name is changed. Raises :class:`Refused`."""
    called = one_line(name, MAX_NAME + 1)
    if not 0 < len(called) <= MAX_NAME:
        raise Refused("Give the filter a name of at most %(n)s characters.", n=MAX_NAME)
    if shared and viewer.role not in EDITORS:
        raise Refused("Only supervisors and admins share filters with everybody.", status=403)
    db.get_one(Agent, viewer.id, with_for_update={"key_share": True})  # nobody keeps two of one name at once
    own = db.scalars(select(CustomerFilter).filter_by(agent_id=viewer.id)).all()
    kept = next((one for one in own if one.name == called), None)
    if kept is None:
        if len(own) >= MOST:
            raise Refused("At most %(n)s filters. Remove one you need no more.", n=MOST)
        kept = CustomerFilter(agent_id=viewer.id, name=called)
        db.add(kept)
    was_shared = bool(kept.shared)
    kept.wanted, kept.shared, kept.count, kept.counted_at = wanted.told(), shared, None, None
    db.flush()
    if shared or was_shared:
        record(db, "audit.filter_shared", agent=viewer, name=called, shared=shared, wanted=kept.wanted)
    after_commit(db, ask_for_count, kept.id)
    return kept


def remove_filter(db: Session, viewer: Agent, kept: CustomerFilter) -> None:
    """Raises :class:`Refused` for one of somebody else."""
    if not may_change(viewer, kept):
        raise Refused("Only whose filter it is removes it.", status=403)
    if kept.shared:
        record(db, "audit.filter_shared", agent=viewer, name=kept.name, shared=False, wanted=kept.wanted)
    db.delete(kept)


def is_stale(kept: CustomerFilter) -> bool:
    """Whether it is to be counted anew."""
    return kept.counted_at is None or kept.counted_at < now() - FRESH


def ask_for_count(id: int) -> None:
    """Have it counted by a worker; without one the number stays as it was."""
    with suppress(jobs.Away):
        jobs.enqueue("app.directory.filters.recount", id)


def recount(id: int) -> None:
    """The job: count, no further than :data:`COUNT_TO`."""
    with reading() as db:
        kept = db.get(CustomerFilter, id)
        if kept is None or not is_stale(kept):
            return
        owner, wanted = db.get_one(Agent, kept.agent_id), kept.wanted
        try:
            found = count_people(db, owner, wanted_by(kept))
        except Unclear:  # a channel or purpose that is no more
            found = 0
    with transaction() as db:
        kept = db.get(CustomerFilter, id, with_for_update=True)
        if kept is not None and kept.wanted == wanted:
            kept.count, kept.counted_at = min(found, COUNT_TO + 1), now()
