"""The headers by which Telegram and Amazon Connect are known are secrets: what was kept of them is taken away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

PROOFS = (("telegram", "x-telegram-bot-api-secret-token"), ("amazon_connect", "x-madoguchi-key"))


def upgrade() -> None:
    """Whole rows are written anew, but only those of these channels."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for kind, header in PROOFS:
        path = f"'$.\"{header}\"'"
        there = f"headers ->> '{header}'" if postgresql else f"json_extract(headers, {path})"
        without = f"headers - '{header}'" if postgresql else f"json_remove(headers, {path})"
        op.execute(
            sa.text(
                f"UPDATE raw_receipt SET headers = {without} "
                f"WHERE channel_id IN (SELECT id FROM channel WHERE kind = '{kind}') "
                f"AND {there} IS NOT NULL"
            )
        )


def downgrade() -> None:
    """They are not known any more."""
