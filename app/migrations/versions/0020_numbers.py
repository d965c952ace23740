"""Addresses are kept in one form; those from before are marked as to be brought to it (:mod:`app.respelling`). Codes
that travel in an address, and who came with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Timestamp

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "resume_code", sa.Column("by_link", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "resume_claim",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("claimant_id", BigInt, nullable=True),
        sa.Column("identity_id", BigInt, nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=True),
        sa.Column("answered_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(
            ["code_hash"], ["resume_code.code_hash"], name=op.f("fk_resume_claim_code_hash")
        ),
        sa.ForeignKeyConstraint(["claimant_id"], ["visitor.id"], name=op.f("fk_resume_claim_claimant_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_resume_claim_identity_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_resume_claim")),
    )
    op.create_index(op.f("ix_resume_claim_claimant_id"), "resume_claim", ["claimant_id"], unique=False)
    op.execute(
        sa.text(
            "INSERT INTO setting (key, value) SELECT 'respelling', '{\"after\": 0}' "
            "WHERE EXISTS (SELECT 1 FROM identity WHERE kind IN ('phone', 'email'))"
        )
    )


def downgrade() -> None:
    op.drop_table("resume_claim")
    op.drop_column("resume_code", "by_link")
    op.execute(sa.text("DELETE FROM setting WHERE key = 'respelling'"))
