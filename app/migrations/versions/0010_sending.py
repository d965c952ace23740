"""A channel rests where its provider asked for it, an identity knows when its customer last wrote, and files that lie
with a provider wait to be brought."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Timestamp

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel", sa.Column("rests_until", Timestamp))
    op.add_column("identity", sa.Column("wrote_at", Timestamp))
    op.create_table(
        "remote_file",
        sa.Column("id", BigInt, primary_key=True, autoincrement=True),
        sa.Column("message_id", BigInt, sa.ForeignKey("message.id"), nullable=False),
        sa.Column("channel_id", BigInt, sa.ForeignKey("channel.id"), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("content_type", sa.String(128), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("ref", sa.String(512), nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", Timestamp),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
    )
    op.create_index("ix_remote_file_message_id", "remote_file", ["message_id"])
    op.create_index("ix_remote_file_next_at", "remote_file", ["next_at"])


def downgrade() -> None:
    op.drop_table("remote_file")
    op.drop_column("identity", "wrote_at")
    op.drop_column("channel", "rests_until")
