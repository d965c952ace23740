"""What lists of those who wait are walked along, for who sees little."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WHOSE = {"ix_conversation_mine_waiting": "assignee_id", "ix_conversation_team_waiting": "team_id"}


def upgrade() -> None:
    waits = sa.text("waiting_since IS NOT NULL")
    for name, column in WHOSE.items():
        columns = [column, "status", "waiting_since", "id"]
        op.create_index(name, "conversation", columns, sqlite_where=waits, postgresql_where=waits)


def downgrade() -> None:
    for name in WHOSE:
        op.drop_index(name, "conversation")
