"""What somebody said and may take back at any time: the row stays, and tells who, when and on what evidence."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.columns import At, Made, Object, Ref


class Undoable:
    """Columns of such a row."""

    made_by: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    made_at: Mapped[Made]
    evidence: Mapped[Object]
    undone_at: Mapped[At | None]
    undone_by: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))

    @property
    def active(self) -> bool:
        """Whether it holds."""
        undone: datetime | None = self.undone_at
        return undone is None
