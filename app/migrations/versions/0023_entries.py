"""An entry says when and for whom it holds, what may be asked next, its twin in the other language and its picture;
and what readers of the help centre say of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in _columns():
        op.add_column("faq_entry", column)
    op.create_table(
        "entry_image",
        sa.Column("attachment_id", BigInt, nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_entry_image_attachment_id")
        ),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_entry_image")),
    )
    op.create_table(
        "help_votes",
        sa.Column("entry_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("day", sa.String(64), nullable=False),
        sa.Column("helped", sa.Integer(), nullable=False),
        sa.Column("not_helped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "day", name=op.f("pk_help_votes")),
    )


def downgrade() -> None:
    op.drop_table("help_votes")
    op.drop_table("entry_image")
    for column in _columns():
        op.drop_column("faq_entry", column.name)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("valid_from", sa.String(64), server_default="", nullable=False),
        sa.Column("valid_until", sa.String(64), server_default="", nullable=False),
        sa.Column("kinds", Json, server_default="[]", nullable=False),
        sa.Column("channels", Json, server_default="[]", nullable=False),
        sa.Column("signed_in", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("follow_ups", Json, server_default="[]", nullable=False),
        sa.Column("translation_of", BigInt, nullable=True),
        sa.Column("listed", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("image_id", BigInt, nullable=True),
        sa.Column("image_text", sa.String(512), server_default="", nullable=False),
    ]
