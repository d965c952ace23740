"""A call log, or a list of touchpoints, that is taken in: its file, how its rows are read, and how far it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now
from app.models.columns import Array, At, Id, Line, Made, Object, Ref, Word

DRAFT, CHECKING, CHECKED, RUNNING, STOPPED, DONE, FAILED = (
    *("draft", "checking", "checked", "running", "stopped", "done", "failed"),
)
WORKING = (CHECKING, RUNNING)


class CallImport(Base):
    """``holder`` works on it until ``until``, and nobody else. ``place``: rows of the file that are stored, so that it
    goes on behind them. ``checked`` and ``taken`` are counts (:class:`app.imports.counting.Counts`) of the look through
    it and of what was taken in; ``error`` is a sentence and what fills it in."""

    __tablename__ = "call_import"
    __table_args__ = (Index("ix_call_import_digest", "channel_id", "digest"),)

    id: Mapped[Id]
    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"))
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    name: Mapped[Line]
    digest: Mapped[Word]  # SHA-256 of the file
    size: Mapped[Ref]
    kept: Mapped[bool] = mapped_column(default=False)  # the file lies in the data directory
    encoding: Mapped[Word]
    zone: Mapped[Word]
    header: Mapped[Array]
    columns: Mapped[Object]  # field → place in the header
    fingerprint: Mapped[Word] = mapped_column(index=True)  # of the header
    work_days: Mapped[int] = mapped_column(default=0)  # what was missed in these last days becomes work
    options: Mapped[
        Object
    ]  # of a list of touchpoints: its "sort", and what its rows are where no column says so
    started_at: Mapped[At | None]
    state: Mapped[Word] = mapped_column(default=DRAFT, index=True)
    place: Mapped[int] = mapped_column(default=0)
    permille: Mapped[int] = mapped_column(default=0)
    checked: Mapped[Object]
    taken: Mapped[Object]
    error: Mapped[Object]
    first_receipt: Mapped[Ref | None]
    last_receipt: Mapped[Ref | None]
    holder: Mapped[Word] = mapped_column(default="")
    until: Mapped[At | None]
    ended_at: Mapped[At | None]
    created_at: Mapped[Made]
    updated_at: Mapped[Made] = mapped_column(onupdate=now)

    @property
    def reads(self) -> dict[str, Any]:
        """How its rows are read: the same file read in the same way says the same."""
        told = {"columns": self.columns, "zone": self.zone, "encoding": self.encoding}
        return {**told, "options": self.options} if self.options else told
