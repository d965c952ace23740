"""Forms that the bot goes through with a customer, how far each conversation is in one, and what other systems are
asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("bot_flow", Json, server_default="{}", nullable=False))
    op.create_table(
        "bot_flow",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("keywords", Json, nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("ending", Json, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_flow")),
    )
    op.create_table(
        "bot_call",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("message_id", BigInt, nullable=False),
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("webhook_id", BigInt, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("asked", Json, nullable=False),
        sa.Column("made_at", Timestamp(), nullable=False),
        sa.Column("claimed_at", Timestamp(), nullable=True),
        sa.Column("done_at", Timestamp(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_bot_call_conversation_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_bot_call_message_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_bot_call_identity_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_bot_call_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_call")),
    )
    op.create_index("ix_bot_call_due", "bot_call", ["state", "made_at"])
    op.create_index(op.f("ix_bot_call_conversation_id"), "bot_call", ["conversation_id"])
    op.create_index(op.f("ix_bot_call_message_id"), "bot_call", ["message_id"])


def downgrade() -> None:
    op.drop_table("bot_call")
    op.drop_table("bot_flow")
    op.drop_column("conversation", "bot_flow")
