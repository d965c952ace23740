"""Lists of touchpoints are imported as call logs are, with what their rows say where no column does."""

import sqlalchemy as sa
from alembic import op

from app.db import Json

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is said besides so far."""
    op.add_column("call_import", sa.Column("options", Json, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take it away again."""
    with op.batch_alter_table("call_import") as table:
        table.drop_column("options")
