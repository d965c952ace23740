"""Work with a time by which it is due; the store somebody works in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Timestamp

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OPEN = sa.text("done_at IS NULL")
UNTOLD = sa.text("done_at IS NULL AND told_at IS NULL")


def upgrade() -> None:
    op.add_column("agent", sa.Column("store_id", BigInt, nullable=True))
    op.create_table(
        "task",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("channel_id", BigInt, nullable=True),
        sa.Column("due_at", Timestamp(), nullable=False),
        sa.Column("assignee_id", BigInt, nullable=True),
        sa.Column("team_id", BigInt, nullable=True),
        sa.Column("store_id", BigInt, nullable=True),
        sa.Column("created_by", BigInt, nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("told_at", Timestamp(), nullable=True),
        sa.Column("done_at", Timestamp(), nullable=True),
        sa.Column("done_by", BigInt, nullable=True),
        *(_foreign(column, table) for column, table in (
            ("conversation_id", "conversation"), ("message_id", "message"), ("channel_id", "channel"),
            ("assignee_id", "agent"), ("store_id", "channel"), ("created_by", "agent"), ("done_by", "agent"),
        )),
        _foreign("team_id", "team", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )  # fmt: skip
    _index("ix_task_conversation", "conversation_id", "due_at", "id")
    _index(op.f("ix_task_message_id"), "message_id")
    _index("ix_task_due", "due_at", "id", where=OPEN)
    _index("ix_task_mine", "assignee_id", "due_at", "id", where=OPEN)
    _index("ix_task_team", "team_id", "due_at", "id", where=OPEN)
    _index("ix_task_store", "store_id", "due_at", "id", where=OPEN)
    _index("ix_task_untold", "due_at", where=UNTOLD)
    _index("ix_task_done", "done_at", "id")


def _foreign(column: str, table: str, **options: Any) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_task_{column}"), **options)


def _index(name: str, *columns: str, where: Any = None) -> None:
    only = {} if where is None else {"sqlite_where": where, "postgresql_where": where}
    op.create_index(name, "task", list(columns), unique=False, **only)


def downgrade() -> None:
    op.drop_table("task")
    op.drop_column("agent", "store_id")
