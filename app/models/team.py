"""A team of agents; a conversation given to a team is visible to its members only."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Id, Line, Made, Ref


class Team(Base):
    __tablename__ = "team"

    id: Mapped[Id]
    name: Mapped[Line] = mapped_column(unique=True)
    created_at: Mapped[Made]


class TeamMember(Base):
    __tablename__ = "team_member"

    team_id: Mapped[Ref] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[Ref] = mapped_column(
        ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True, index=True
    )
