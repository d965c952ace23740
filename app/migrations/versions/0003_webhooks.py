"""Outgoing webhooks and the order of events"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _order()
    op.create_table(
        "webhook",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("kinds", Json, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notice", sa.String(length=64), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("old_key_until", Timestamp(), nullable=True),
        sa.Column("cursor", BigInt, nullable=False),
        sa.Column("failing_since", Timestamp(), nullable=True),
        sa.Column("resume_at", Timestamp(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_webhook_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("webhook_id", BigInt, nullable=False),
        sa.Column("event_id", BigInt, nullable=True),
        sa.Column("position", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("line", BigInt, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_at", Timestamp(), nullable=False),
        sa.Column("first_at", Timestamp(), nullable=True),
        sa.Column("next_at", Timestamp(), nullable=False),
        sa.Column("claim", sa.String(length=64), nullable=False),
        sa.Column("claimed_at", Timestamp(), nullable=True),
        sa.Column("done_at", Timestamp(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("request", Json, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("response", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhook.id"],
            name=op.f("fk_webhook_delivery_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.create_index("uq_webhook_delivery_event", ["webhook_id", "event_id"], unique=True)
        batch_op.create_index("ix_webhook_delivery_due", ["state", "webhook_id", "next_at"])
        batch_op.create_index("ix_webhook_delivery_line", ["webhook_id", "line", "state", "position"])
        batch_op.create_index("ix_webhook_delivery_state", ["webhook_id", "state", "id"])
        batch_op.create_index("ix_webhook_delivery_made", ["made_at"])


def _order() -> None:
    """What happened before has its id as its position: nothing is being written while a database migrates."""
    end = op.create_table(
        "feed_end",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_end")),
    )
    op.add_column("event", sa.Column("position", BigInt, nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE event SET position = id")
    last = op.get_bind().scalar(sa.text("SELECT coalesce(max(position), 0) FROM event"))
    op.bulk_insert(end, [{"id": 1, "position": last}])
    op.create_index(
        "uq_event_position", "event", ["position"], unique=True, sqlite_where=sa.text("position IS NOT NULL")
    )
    op.create_index(
        "ix_event_unplaced",
        "event",
        ["id"],
        sqlite_where=sa.text("position = 0"),
        postgresql_where=sa.text("position IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("webhook_delivery")
    op.drop_table("webhook")
    op.drop_index("ix_event_unplaced", "event")
    op.drop_index("uq_event_position", "event")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_column("position")
    op.drop_table("feed_end")
