"""Telephone calls, and what is told of each; agents have an extension."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("message_id", BigInt, nullable=False),
        sa.Column("channel_id", BigInt, nullable=True),
        sa.Column("external_id", sa.String(length=512), nullable=True),
        sa.Column("direction", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=320), nullable=False),
        sa.Column("withheld", sa.String(length=512), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("line", sa.String(length=512), nullable=False),
        sa.Column("queue", sa.String(length=512), nullable=False),
        sa.Column("agent", sa.String(length=512), nullable=False),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.Column("started_at", Timestamp(), nullable=True),
        sa.Column("answered_at", Timestamp(), nullable=True),
        sa.Column("ended_at", Timestamp(), nullable=True),
        sa.Column("ring_seconds", sa.Integer(), nullable=True),
        sa.Column("talk_seconds", sa.Integer(), nullable=True),
        sa.Column("hold_seconds", sa.Integer(), nullable=True),
        sa.Column("wrap_seconds", sa.Integer(), nullable=True),
        sa.Column("transferred_to", sa.String(length=512), nullable=False),
        sa.Column("disposition", sa.String(length=512), nullable=False),
        sa.Column("category", sa.String(length=512), nullable=False),
        sa.Column("recording_url", sa.Text(), nullable=False),
        sa.Column("callback_due", Timestamp(), nullable=True),
        sa.Column("noted_by", BigInt, nullable=True),
        sa.Column("noted_at", Timestamp(), nullable=True),
        sa.Column("known", Json, nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_call_message_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_call_channel_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_call_agent_id")),
        sa.ForeignKeyConstraint(["noted_by"], ["agent.id"], name=op.f("fk_call_noted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("message_id", name=op.f("uq_call_message_id")),
    )
    op.create_index("uq_call_external", "call", ["channel_id", "external_id"], unique=True)
    op.create_index(op.f("ix_call_state"), "call", ["state"], unique=False)
    extension = sa.Column("extension", sa.String(length=64), server_default="", nullable=False)
    op.add_column("agent", extension)


def downgrade() -> None:
    op.drop_column("agent", "extension")
    op.drop_table("call")
