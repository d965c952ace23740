"""A draft keeps whom it goes to besides the customer, and its subject"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("draft", sa.Column("more", Json, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("draft", "more")
