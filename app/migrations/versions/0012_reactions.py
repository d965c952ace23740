"""What people put on messages, and what a platform tells of who writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Timestamp

revision = "0012"
down_revision = "0011"
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


def downgrade() -> None:
    op.drop_table("reaction")
