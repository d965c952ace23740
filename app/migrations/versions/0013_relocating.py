"""Addresses split off and messages moved; a link names the two records that it is about."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ACTIVE: dict[str, Any] = {
    "unique": True,
    "sqlite_where": sa.text("undone_at IS NULL"),
    "postgresql_where": sa.text("undone_at IS NULL"),
}


def upgrade() -> None:
    op.create_table(
        "relocation",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("identity_id", BigInt, nullable=True),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("from_id", BigInt, nullable=False),
        sa.Column("to_id", BigInt, nullable=False),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.Column("cases", Json, nullable=False),
        sa.Column("made_by", BigInt, nullable=True),
        sa.Column("made_at", Timestamp(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("undone_at", Timestamp(), nullable=True),
        sa.Column("undone_by", BigInt, nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_relocation_identity_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_relocation_message_id")),
        sa.ForeignKeyConstraint(["from_id"], ["customer.id"], name=op.f("fk_relocation_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["customer.id"], name=op.f("fk_relocation_to_id")),
        sa.ForeignKeyConstraint(["made_by"], ["agent.id"], name=op.f("fk_relocation_made_by")),
        sa.ForeignKeyConstraint(["undone_by"], ["agent.id"], name=op.f("fk_relocation_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relocation")),
    )
    for column in ("identity_id", "message_id", "from_id", "to_id"):
        op.create_index(op.f(f"ix_relocation_{column}"), "relocation", [column], unique=False)
    op.drop_index("uq_customer_link_active", "customer_link")
    op.create_index("uq_customer_link_pair", "customer_link", ["child_id", "parent_id"], **ACTIVE)


def downgrade() -> None:
    op.drop_index("uq_customer_link_pair", "customer_link")
    op.create_index("uq_customer_link_active", "customer_link", ["child_id"], **ACTIVE)
    op.drop_table("relocation")
