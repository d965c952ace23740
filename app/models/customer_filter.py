"""A list of customers somebody comes back to: what it asks for, and how many there were."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Id, Line, Made, Object, Ref


class CustomerFilter(Base):
    """`wanted` as :mod:`app.directory.wanted` writes it. `count` is what there was at `counted_at`, through the eyes
    of whose it is, and no more than is counted at all."""

    __tablename__ = "customer_filter"

    id: Mapped[Id]
    agent_id: Mapped[Ref] = mapped_column(ForeignKey("agent.id"), index=True)
    name: Mapped[Line]
    shared: Mapped[bool] = mapped_column(default=False)
    wanted: Mapped[Object]
    count: Mapped[int | None]
    counted_at: Mapped[At | None]
    created_at: Mapped[Made]
