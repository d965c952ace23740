"""What mail brings: sources of messages, their ids, other people, who holds a mailbox, addresses that do not work"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _messages()
    _people()
    _mailboxes()


def _messages() -> None:
    op.create_table(
        "message_source",
        sa.Column("message_id", BigInt, sa.ForeignKey("message.id"), primary_key=True, autoincrement=False),
        sa.Column("receipt_id", BigInt, sa.ForeignKey("raw_receipt.id")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("html", "quoted", "signature")),
        *(sa.Column(name, Json, nullable=False) for name in ("answers", "checked", "refused")),
    )
    op.create_table(
        "message_ref",
        sa.Column("channel_id", BigInt, sa.ForeignKey("channel.id"), primary_key=True, autoincrement=False),
        sa.Column("external_id", sa.String(512), primary_key=True),
        sa.Column("message_id", BigInt, sa.ForeignKey("message.id"), nullable=False),
    )
    op.create_index("ix_message_ref_external_id", "message_ref", ["external_id"])
    op.create_index("ix_message_ref_message_id", "message_ref", ["message_id"])
    op.add_column("attachment", sa.Column("content_id", sa.String(512), nullable=False, server_default=""))


def _people() -> None:
    op.create_table(
        "participant",
        sa.Column("id", BigInt, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", BigInt, sa.ForeignKey("conversation.id"), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
    )
    op.create_index("uq_participant", "participant", ["conversation_id", "kind", "address"], unique=True)
    op.add_column("identity", sa.Column("unreachable", sa.String(512), nullable=False, server_default=""))
    op.add_column("identity", sa.Column("unreachable_at", Timestamp()))
    op.add_column("agent", sa.Column("signature", sa.Text(), nullable=False, server_default=""))


def _mailboxes() -> None:
    op.create_table(
        "collector",
        sa.Column("channel_id", BigInt, sa.ForeignKey("channel.id"), primary_key=True, autoincrement=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", Timestamp()),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("left", "total", "failures")),
        sa.Column("retry_at", Timestamp()),
        sa.Column("updated_at", Timestamp(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("agent", "signature")
    op.drop_column("identity", "unreachable_at")
    op.drop_column("identity", "unreachable")
    op.drop_column("attachment", "content_id")
    for table in ("collector", "participant", "message_ref", "message_source"):
        op.drop_table(table)
