"""Call logs that are taken in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_import",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("encoding", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("header", Json, nullable=False),
        sa.Column("columns", Json, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("work_days", sa.Integer(), nullable=False),
        sa.Column("started_at", Timestamp(), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("permille", sa.Integer(), nullable=False),
        sa.Column("checked", Json, nullable=False),
        sa.Column("taken", Json, nullable=False),
        sa.Column("error", Json, nullable=False),
        sa.Column("first_receipt", BigInt, nullable=True),
        sa.Column("last_receipt", BigInt, nullable=True),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("until", Timestamp(), nullable=True),
        sa.Column("ended_at", Timestamp(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_call_import_channel_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_call_import_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_import")),
    )
    op.create_index("ix_call_import_digest", "call_import", ["channel_id", "digest"])
    op.create_index(op.f("ix_call_import_fingerprint"), "call_import", ["fingerprint"])
    op.create_index(op.f("ix_call_import_state"), "call_import", ["state"])


def downgrade() -> None:
    op.drop_table("call_import")
