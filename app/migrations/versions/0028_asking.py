"""What each other system was asked, the newest first."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_bot_call_webhook", "bot_call", ["webhook_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_bot_call_webhook", "bot_call")
