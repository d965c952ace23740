"""What lists of customers, addresses and cases are walked along"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import Timestamp

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _when_customers_changed()
    op.create_index("ix_customer_updated", "customer", ["updated_at", "id"])
    op.create_index("ix_identity_lookup", "identity", ["address", "kind"])
    op.create_index("ix_case_opened", "case", ["opened_at", "id"])
    op.create_index("ix_case_status", "case", ["status", "opened_at", "id"])
    op.create_index("ix_case_resolved", "case", ["resolved_at", "id"])


def _when_customers_changed() -> None:
    """Of customers there are already nobody knows it: since they came.

    *Trap:* Alembic's way of altering a column on SQLite drops the table, which the addresses that refer to it
    forbid. So the column comes with a default, which every row leaves behind at once. It stays: a process of the
    version before may still be writing customers, and knows nothing of the column.
    """
    beginning = sa.text("'1970-01-01 00:00:00'")
    op.add_column("customer", sa.Column("updated_at", Timestamp(), nullable=False, server_default=beginning))
    op.execute("UPDATE customer SET updated_at = created_at")


def downgrade() -> None:
    for table, names in (
        ("case", ("resolved", "status", "opened")),
        ("identity", ("lookup",)),
        ("customer", ("updated",)),
    ):
        for name in names:
            op.drop_index(f"ix_{table}_{name}", table)
    op.drop_column("customer", "updated_at")
