"""What customers do that is no message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "touchpoint",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("identity_id", BigInt, nullable=True),
        sa.Column("channel_id", BigInt, nullable=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("external_id", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("sort", sa.String(64), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("told_at", Timestamp(), nullable=False),
        sa.Column("title", sa.String(512), nullable=False),
        sa.Column("reference", sa.String(128), nullable=False),
        sa.Column("reference_key", sa.String(128), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_touchpoint_channel_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_touchpoint_identity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touchpoint")),
    )
    op.create_index("uq_touchpoint_external", "touchpoint", ["source", "external_id"], unique=True)
    op.create_index("ix_touchpoint_time", "touchpoint", ["identity_id", "at", "id"])
    op.create_index("ix_touchpoint_sort", "touchpoint", ["identity_id", "sort", "at", "id"])
    op.create_index("ix_touchpoint_reference", "touchpoint", ["reference_key", "source"])
    op.create_table(
        "awaited_touchpoint",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("touchpoint_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(128), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["touchpoint_id"], ["touchpoint.id"], name=op.f("fk_awaited_touchpoint_touchpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited_touchpoint")),
    )
    op.create_index("ix_awaited_touchpoint_address", "awaited_touchpoint", ["address", "kind", "scope"])
    for column in ("touchpoint_id", "created_at"):
        op.create_index(op.f(f"ix_awaited_touchpoint_{column}"), "awaited_touchpoint", [column])
    op.create_table(
        "tally",
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("last_order_at", Timestamp(), nullable=True),
        sa.Column("last_visit_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_tally_identity_id")),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_tally")),
    )
    op.create_index(op.f("ix_tally_last_order_at"), "tally", ["last_order_at"])
    op.create_table(
        "spending",
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_spending_identity_id")),
        sa.PrimaryKeyConstraint("identity_id", "currency", name=op.f("pk_spending")),
    )
    op.create_table(
        "shop_answer",
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("customer_id", BigInt, nullable=False),
        sa.Column("asked_of", sa.String(64), nullable=False),
        sa.Column("cards", Json, nullable=False),
        sa.Column("asked_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_shop_answer_channel_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_shop_answer_customer_id")),
        sa.PrimaryKeyConstraint("channel_id", "customer_id", name=op.f("pk_shop_answer")),
    )


def downgrade() -> None:
    for table in ("shop_answer", "spending", "tally", "awaited_touchpoint", "touchpoint"):
        op.drop_table(table)
