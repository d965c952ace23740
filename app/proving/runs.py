"""Runs over many questions: asked for in a page, done one at a time by a thread of the clock, watched as they go on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.db import now, reading, transaction
from app.models import Agent, KnowledgeRun

log = logging.getLogger(__name__)

EVALUATION, REPLAY, PROPOSALS, MODEL = "evaluation", "replay", "proposals", "model"
SILENT = timedelta(seconds=45)  # a run nobody told anything of for so long belongs to a process that died
BEAT = 10.0  # seconds
TURN, MOST_TURNS = (
    "turn",
    3,
)  # how often it was begun, in its result until it has one; one that kills is given up
TOLD_EVERY = timedelta(seconds=0.5)
KEPT = 20  # runs of a kind; older ones are forgotten
Item = TypeVar("Item")
Work = Callable[[int], dict[str, Any]]
_works: dict[str, Work] = {}
_one_at_a_time = threading.Lock()


def work_of(kind: str) -> Callable[[Work], Work]:
    """The function that does runs of this kind: the id of the run in, its result out."""

    def register(work: Work) -> Work:
        _works[kind] = work
        return work

    return register


def begin(
    db: Session, agent: Agent | None, kind: str, wanted: Mapping[str, Any] | None = None
) -> KnowledgeRun:
    """Ask for a run (None: nobody did, it is time); of two asked for at once both are done."""
    run = KnowledgeRun(kind=kind, agent_id=agent.id if agent else None, wanted=dict(wanted or {}), result={})
    db.add(run)
    db.flush()
    old = select(KnowledgeRun).where(KnowledgeRun.kind == kind).order_by(KnowledgeRun.id.desc())
    for one in db.scalars(old.limit(KEPT + 20)).all()[KEPT:]:
        db.delete(one)
    return run


def latest(db: Session, kind: str) -> KnowledgeRun | None:
    """The run of this kind that was asked for last."""
    found = select(KnowledgeRun).where(KnowledgeRun.kind == kind).order_by(KnowledgeRun.id.desc())
    return db.scalars(found.limit(1)).first()


def in_turn(db: Session, kind: str) -> None:
    """Two runs of this kind, in two processes, go on one after the other until the transaction ends."""
    those = select(KnowledgeRun.id).where(KnowledgeRun.kind == kind).order_by(KnowledgeRun.id)
    db.execute(those.with_for_update())


def run_due() -> bool:
    """Begin what waits, in a thread; one at a time in a process. A duty of the clock."""
    with reading() as db:
        found = select(KnowledgeRun.id).where(_is_due()).order_by(KnowledgeRun.id)
        due = db.scalars(found.limit(1)).first()
    if due is None or not _one_at_a_time.acquire(blocking=False):
        return False
    threading.Thread(target=_in_its_turn, args=(due,), name=f"run {due}", daemon=True).start()
    return True


def _is_due() -> ColumnElement[bool]:
    silent = KnowledgeRun.beat_at < now() - SILENT
    return or_(KnowledgeRun.state == "waiting", (KnowledgeRun.state == "running") & silent)


def _in_its_turn(id: int) -> None:
    try:
        run(id)
    finally:
        _one_at_a_time.release()


def run(id: int) -> None:
    """Do it, unless another process does. What goes wrong is told in its row."""
    with transaction() as db:
        mine = update(KnowledgeRun).where(KnowledgeRun.id == id, _is_due())
        claimed = db.execute(mine.values(state="running", beat_at=now(), done=0).returning(KnowledgeRun.id))
        if claimed.scalar() is None:
            return
        row = db.get_one(KnowledgeRun, id)
        kind, turn = row.kind, int(row.result.get(TURN, 0)) + 1
        row.result = {TURN: turn}
    try:
        if turn > MOST_TURNS:
            raise RuntimeError("its process ended again and again")
        with _beating(id):
            result, state = _works[kind](id), "done"
    except Exception:
        log.exception("run %s failed", id)
        result, state = {}, "failed"
    with transaction() as db:
        kept = db.get(KnowledgeRun, id, with_for_update=True)
        if kept is not None and kept.result.get(TURN) == turn:  # else it was taken up elsewhere
            kept.state, kept.result, kept.done = state, result, kept.total


@contextmanager
def _beating(id: int) -> Iterator[None]:
    """Tell in the row that somebody is at it, also where no step of the work does."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            try:
                with transaction() as db:
                    db.execute(update(KnowledgeRun).where(KnowledgeRun.id == id).values(beat_at=now()))
            except OperationalError:
                log.warning("run %s: the database did not take a beat", id)

    thread = threading.Thread(target=beat, name=f"beat of run {id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def told(id: int, items: Sequence[Item]) -> Iterator[Item]:
    """`items` one by one, telling in the row how far it is."""
    at = now() - TOLD_EVERY
    for place, item in enumerate(items):
        if now() - at >= TOLD_EVERY:
            at = now()
            with transaction() as db:
                far = update(KnowledgeRun).where(KnowledgeRun.id == id)
                db.execute(far.values(done=place, total=len(items), beat_at=at))
        yield item
