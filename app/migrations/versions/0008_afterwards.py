"""Answers to visitors of the chat who have left, waiting to go to them by mail"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Timestamp

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_after",
        sa.Column("identity_id", BigInt, sa.ForeignKey("identity.id"), primary_key=True, autoincrement=False),
        sa.Column("message_id", BigInt, sa.ForeignKey("message.id"), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("due_at", Timestamp, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
    )
    op.create_index("ix_mail_after_due_at", "mail_after", ["due_at"])


def downgrade() -> None:
    op.drop_table("mail_after")
