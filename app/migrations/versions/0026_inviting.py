"""Addresses that lead customers of another channel into the chat: to whom each was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resume_invitation",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(
            ["code_hash"], ["resume_code.code_hash"], name=op.f("fk_resume_invitation_code_hash")
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_resume_invitation_identity_id")
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_resume_invitation_channel_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_resume_invitation")),
    )
    op.create_index(
        op.f("ix_resume_invitation_identity_id"), "resume_invitation", ["identity_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("resume_invitation")
