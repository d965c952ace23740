"""Knowledge in versions, written before it is published; what there is becomes version 1."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp, now

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ENTRY = ("title", "language", "questions", "answer", "links", "quick_replies", "tags", "enabled")
RULE = ("name", "language", "keywords", "pattern", "action", "params", "position", "enabled")


def upgrade() -> None:
    op.create_table(
        "faq_source",
        _id(),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("by_address", sa.Boolean(), nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("read_at", Timestamp(), nullable=False),
        _agent(),
        _by("faq_source"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_source")),
    )
    op.add_column("faq_entry", sa.Column("source_id", BigInt, nullable=True))
    op.add_column("faq_entry", sa.Column("source_key", sa.String(64), nullable=True))
    op.create_index(op.f("ix_faq_entry_source_id"), "faq_entry", ["source_id"])
    op.create_table(
        "knowledge_version",
        sa.Column("number", BigInt, autoincrement=False, nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        _agent(),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("back_to", BigInt, nullable=True),
        sa.Column("counts", Json, nullable=False),
        sa.Column("figures", Json, nullable=False),
        sa.Column("overruled", sa.Text(), nullable=False),
        _by("knowledge_version"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_knowledge_version")),
    )
    op.create_table(
        "published_item",
        _id(),
        sa.Column("noun", sa.String(64), nullable=False),
        sa.Column("noun_id", BigInt, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("since", BigInt, nullable=False),
        sa.Column("until", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_item")),
        sa.UniqueConstraint("noun", "noun_id", "since", name=op.f("uq_published_item_noun_noun_id_since")),
    )
    op.create_index("ix_published_item_until", "published_item", ["until"])
    op.create_table(
        "labelled_question",
        _id(),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(64), nullable=False),
        sa.Column("entry_id", BigInt, nullable=True),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        _agent(),
        _by("labelled_question"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labelled_question")),
        sa.UniqueConstraint("key", name=op.f("uq_labelled_question_key")),
    )
    op.create_index(op.f("ix_labelled_question_entry_id"), "labelled_question", ["entry_id"])
    op.create_table(
        "knowledge_run",
        _id(),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        _agent(),
        sa.Column("beat_at", Timestamp(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("draft", sa.String(64), nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("wanted", Json, nullable=False),
        sa.Column("result", Json, nullable=False),
        _by("knowledge_run"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_run")),
    )
    op.create_index("ix_knowledge_run_kind", "knowledge_run", ["kind", "id"])
    op.create_index(op.f("ix_knowledge_run_state"), "knowledge_run", ["state"])
    _publish_what_there_is()


def _id() -> sa.Column[Any]:
    return sa.Column("id", BigInt, autoincrement=True, nullable=False)


def _agent() -> sa.Column[Any]:
    return sa.Column("agent_id", BigInt, nullable=True)


def _by(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f(f"fk_{table}_agent_id"))


def _publish_what_there_is() -> None:
    items = [*_items("faq_entry", ENTRY), *_items("bot_rule", RULE)]
    if not items:
        return
    version = sa.table(
        "knowledge_version",
        *(sa.column(name) for name in ("number", "reason", "overruled")),
        sa.column("at", Timestamp()),
        *(sa.column(name, Json) for name in ("counts", "figures")),
    )
    counts = {"added": len(items), "changed": 0, "removed": 0}
    made = {"number": 1, "at": now(), "reason": "", "counts": counts, "figures": {}, "overruled": ""}
    op.bulk_insert(version, [made])
    names = ("noun", "noun_id", "since")
    item = sa.table("published_item", *(sa.column(name) for name in names), sa.column("data", Json))
    op.bulk_insert(item, items)


def _items(noun: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    lists = {"questions", "links", "quick_replies", "tags", "keywords", "params"}
    kinds: dict[str, Any] = {"enabled": sa.Boolean()} | dict.fromkeys(lists, Json)
    table = sa.table(noun, sa.column("id"), *(sa.column(name, kinds.get(name)) for name in names))
    rows = op.get_bind().execute(sa.select(table).order_by(table.c.id)).mappings()
    return [
        {"noun": noun, "noun_id": row["id"], "since": 1, "data": {name: row[name] for name in names}}
        for row in rows
    ]


def downgrade() -> None:
    for table in ("knowledge_run", "labelled_question", "published_item", "knowledge_version"):
        op.drop_table(table)
    op.drop_index(op.f("ix_faq_entry_source_id"), "faq_entry")
    op.drop_column("faq_entry", "source_key")
    op.drop_column("faq_entry", "source_id")
    op.drop_table("faq_source")
