"""Past days' questions tried against the draft, and entries proposed from what was not answered well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("knowledge_run", sa.Column("verdicts", Json, server_default="{}", nullable=False))
    op.create_table(
        "proposal",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("language", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("questions", Json, nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("wordings", sa.Integer(), nullable=False),
        sa.Column("why", Json, nullable=False),
        sa.Column("first_at", Timestamp(), nullable=True),
        sa.Column("last_at", Timestamp(), nullable=True),
        sa.Column("into_id", BigInt, nullable=True),
        sa.Column("entry_id", BigInt, nullable=True),
        sa.Column("made_at", Timestamp(), nullable=False),
        sa.Column("settled_at", Timestamp(), nullable=True),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_proposal_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index("ix_proposal_state", "proposal", ["state", "times", "id"])


def downgrade() -> None:
    op.drop_table("proposal")
    op.drop_column("knowledge_run", "verdicts")
