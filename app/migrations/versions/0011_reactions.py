"""What people put on messages, and what a platform tells of who writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Timestamp

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reaction",
        sa.Column("message_id", BigInt, nullable=False),
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("emoji", sa.String(64), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_reaction_message_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_reaction_identity_id")),
        sa.PrimaryKeyConstraint("message_id", "identity_id", "emoji", name=op.f("pk_reaction")),
    )

    op.add_column("identity", sa.Column("profile_at", Timestamp()))
    op.add_column("identity", sa.Column("profile_due", Timestamp()))
    op.add_column("identity", sa.Column("profile_tries", sa.Integer(), nullable=False, server_default="0"))
    due = sa.text("profile_due IS NOT NULL")
    op.create_index(
        "ix_identity_profile_due", "identity", ["profile_due"], sqlite_where=due, postgresql_where=due
    )
    op.add_column("customer", sa.Column("avatar", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "avatar",
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_avatar_identity_id")),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_avatar")),
        sa.UniqueConstraint("key", name=op.f("uq_avatar_key")),
    )


def downgrade() -> None:
    op.drop_table("avatar")
    op.drop_column("customer", "avatar")
    op.drop_index("ix_identity_profile_due", "identity")
    op.drop_column("identity", "profile_tries")
    op.drop_column("identity", "profile_due")
    op.drop_column("identity", "profile_at")
    op.drop_table("reaction")
