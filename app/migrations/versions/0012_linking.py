"""Customers who prove from a chat who they are, and reactions that come before their message."""

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
        "account_link",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("nonce_hash", sa.String(64), nullable=True),
        sa.Column("proved_identity_id", BigInt, nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=False),
        sa.Column("used_at", Timestamp(), nullable=True),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_account_link_channel_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_account_link_identity_id")),
        sa.ForeignKeyConstraint(
            ["proved_identity_id"], ["identity.id"], name=op.f("fk_account_link_proved_identity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_link_token_hash")),
        sa.UniqueConstraint("nonce_hash", name=op.f("uq_account_link_nonce_hash")),
    )
    op.create_table(
        "early_reaction",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("external_id", sa.String(512), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(128), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("emoji", sa.String(64), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_early_reaction_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_reaction")),
    )


def downgrade() -> None:
    op.drop_table("early_reaction")
    op.drop_table("account_link")
