"""A channel rests where its provider asked for it, and an identity knows when its customer last wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import Timestamp

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel", sa.Column("rests_until", Timestamp))
    op.add_column("identity", sa.Column("wrote_at", Timestamp))


def downgrade() -> None:
    op.drop_column("identity", "wrote_at")
    op.drop_column("channel", "rests_until")
