"""What customers agreed to, and filters kept for lists of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SAID = sa.text("message_id IS NOT NULL AND agent_id IS NULL")
LATEST = sa.text("head_id = id")


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("channel_id", BigInt, nullable=True),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(512), nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_consent_identity_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_consent_channel_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_consent_message_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_consent_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_identity", "consent", ["identity_id", "at", "id"])
    op.create_index(
        "uq_consent_said",
        "consent",
        ["message_id", "purpose"],
        unique=True,
        sqlite_where=SAID,
        postgresql_where=SAID,
    )
    op.create_table(
        "customer_filter",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("wanted", Json, nullable=False),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("counted_at", Timestamp(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_customer_filter_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_filter")),
    )
    op.create_index(op.f("ix_customer_filter_agent_id"), "customer_filter", ["agent_id"])
    op.create_index(
        "ix_conversation_latest_shown",
        "conversation",
        ["last_message_at", "id"],
        sqlite_where=LATEST,
        postgresql_where=LATEST,
    )
    purpose = sa.Column("purpose", sa.String(64), nullable=False, server_default="service")
    op.add_column("delivery", purpose)


def downgrade() -> None:
    op.drop_column("delivery", "purpose")
    op.drop_index("ix_conversation_latest_shown", "conversation")
    op.drop_table("customer_filter")
    op.drop_table("consent")
