"""Who still looks after conversations: a thread that comes back to life may be that of somebody who left."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.models import Agent


def still_serving(db: Session, agent_id: int | None) -> int | None:
    """`agent_id`, where they can sign in and serve; else None, so that the thread waits for whoever takes it."""
    agent = db.get(Agent, agent_id) if agent_id is not None else None
    return agent.id if agent is not None and agent.active and agent.serves else None
