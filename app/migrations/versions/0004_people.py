"""The events of one person are found without walking everybody's"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only of people: most events are customers' and have no agent."""
    people = text("agent_id IS NOT NULL")
    op.create_index(
        "ix_event_agent", "event", ["agent_id", "id"], sqlite_where=people, postgresql_where=people
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_event_agent", table_name="event")
