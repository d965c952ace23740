"""Conversations in which the bot waits for what else is said, forms with a key and example questions, entries that
begin a form, and what other systems were asked and answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bot_pause",
        sa.Column("conversation_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("messages", Json, nullable=False),
        sa.Column("began_at", Timestamp(), nullable=False),
        sa.Column("due_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_bot_pause_conversation_id")
        ),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_bot_pause_identity_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_bot_pause_channel_id")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_bot_pause")),
    )
    op.create_index("ix_bot_pause_due", "bot_pause", ["due_at"])
    op.add_column("channel", sa.Column("bot_pause", sa.Integer(), server_default="3", nullable=False))
    op.add_column("bot_flow", sa.Column("key", sa.String(length=64), server_default="", nullable=False))
    op.add_column("bot_flow", sa.Column("questions", Json, server_default="[]", nullable=False))
    op.add_column("faq_entry", sa.Column("flow_id", BigInt, nullable=True))
    op.add_column("bot_call", sa.Column("sent", sa.Text(), server_default="", nullable=False))
    op.add_column("bot_call", sa.Column("answer", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("bot_call", "answer")
    op.drop_column("bot_call", "sent")
    op.drop_column("faq_entry", "flow_id")
    op.drop_column("bot_flow", "questions")
    op.drop_column("bot_flow", "key")
    op.drop_column("channel", "bot_pause")
    op.drop_table("bot_pause")
