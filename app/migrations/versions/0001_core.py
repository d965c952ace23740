"""The tables of the core"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app import search
from app.db import BigInt, Json, Timestamp

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("password_hash", sa.String(length=512), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("theme", sa.String(length=64), nullable=False),
        sa.Column("send_key", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
        sa.UniqueConstraint("email", name=op.f("uq_agent_email")),
    )
    op.create_table(
        "bot_rule",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("keywords", Json, nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_rule")),
    )
    op.create_table(
        "channel",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("bot_enabled", sa.Boolean(), nullable=False),
        sa.Column("health", sa.String(length=64), nullable=False),
        sa.Column("health_text", sa.Text(), nullable=False),
        sa.Column("health_at", Timestamp(), nullable=True),
        sa.Column("cursor", Json, nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("key", name=op.f("uq_channel_key")),
    )
    op.create_table(
        "customer",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("name_kana", sa.String(length=512), nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("attributes", Json, nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_table(
        "faq_entry",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("title", sa.String(length=512), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("questions", Json, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("links", Json, nullable=False),
        sa.Column("quick_replies", Json, nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_entry")),
    )
    op.create_table(
        "label",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("hue", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("name", name=op.f("uq_label_name")),
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "team",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_table(
        "canned_reply",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shortcut", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=512), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.Column("updated_by", BigInt, nullable=True),
        sa.ForeignKeyConstraint(["updated_by"], ["agent.id"], name=op.f("fk_canned_reply_updated_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_reply")),
        sa.UniqueConstraint("shortcut", name=op.f("uq_canned_reply_shortcut")),
    )
    op.create_table(
        "conversation",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("customer_id", BigInt, nullable=False),
        sa.Column("head_id", BigInt, nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("owner_epoch", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("assignee_id", BigInt, nullable=True),
        sa.Column("team_id", BigInt, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("snoozed_until", Timestamp(), nullable=True),
        sa.Column("waiting_since", Timestamp(), nullable=True),
        sa.Column("last_message_at", Timestamp(), nullable=True),
        sa.Column("last_message_id", BigInt, nullable=True),
        sa.Column("last_preview", sa.String(length=512), nullable=False),
        sa.Column("last_author", sa.String(length=64), nullable=False),
        sa.Column("last_channel_id", BigInt, nullable=True),
        sa.Column("inbound_count", sa.Integer(), nullable=False),
        sa.Column("bot_misses", sa.Integer(), nullable=False),
        sa.Column("bot_asked", Json, nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("last_event_id", BigInt, nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["agent.id"], name=op.f("fk_conversation_assignee_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_conversation_customer_id")),
        sa.ForeignKeyConstraint(["head_id"], ["conversation.id"], name=op.f("fk_conversation_head_id")),
        sa.ForeignKeyConstraint(
            ["last_channel_id"], ["channel.id"], name=op.f("fk_conversation_last_channel_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_conversation_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_conversation_customer_id")),
    )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversation_head_id"), ["head_id"], unique=False)
        batch_op.create_index("ix_conversation_latest", ["status", "last_message_at", "id"], unique=False)
        batch_op.create_index(
            "ix_conversation_mine", ["assignee_id", "status", "last_message_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_conversation_owner", ["owner", "status", "last_message_at", "id"], unique=False
        )
        batch_op.create_index("ix_conversation_snoozed", ["status", "snoozed_until"], unique=False)
        batch_op.create_index(
            "ix_conversation_team", ["team_id", "status", "last_message_at", "id"], unique=False
        )
        batch_op.create_index("ix_conversation_waiting", ["status", "waiting_since", "id"], unique=False)

    op.create_table(
        "customer_link",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("child_id", BigInt, nullable=False),
        sa.Column("parent_id", BigInt, nullable=False),
        sa.Column("made_by", BigInt, nullable=True),
        sa.Column("made_at", Timestamp(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("undone_at", Timestamp(), nullable=True),
        sa.Column("undone_by", BigInt, nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["customer.id"], name=op.f("fk_customer_link_child_id")),
        sa.ForeignKeyConstraint(["made_by"], ["agent.id"], name=op.f("fk_customer_link_made_by")),
        sa.ForeignKeyConstraint(["parent_id"], ["customer.id"], name=op.f("fk_customer_link_parent_id")),
        sa.ForeignKeyConstraint(["undone_by"], ["agent.id"], name=op.f("fk_customer_link_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_link")),
    )
    with op.batch_alter_table("customer_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_link_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(
            "uq_customer_link_active",
            ["child_id"],
            unique=True,
            sqlite_where=sa.text("undone_at IS NULL"),
            postgresql_where=sa.text("undone_at IS NULL"),
        )

    op.create_table(
        "identity",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("customer_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=128), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("display", sa.String(length=512), nullable=False),
        sa.Column("proof", sa.Integer(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_identity_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
    )
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("uq_identity_address", ["kind", "scope", "address"], unique=True)

    op.create_table(
        "raw_receipt",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("received_at", Timestamp(), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("remote", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("parsed_at", Timestamp(), nullable=True),
        sa.Column("outcome", Json, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_raw_receipt_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_receipt")),
    )
    with op.batch_alter_table("raw_receipt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_raw_receipt_channel_id"), ["channel_id"], unique=False)
        batch_op.create_index("ix_raw_receipt_state", ["state", "id"], unique=False)

    op.create_table(
        "revision",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("noun", sa.String(length=64), nullable=False),
        sa.Column("noun_id", BigInt, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_revision_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index("ix_revision_noun", ["noun", "noun_id", "id"], unique=False)

    op.create_table(
        "signin",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("last_seen_at", Timestamp(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=False),
        sa.Column("user_agent", sa.String(length=512), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_signin_agent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signin")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_signin_token_hash")),
    )
    with op.batch_alter_table("signin", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signin_agent_id"), ["agent_id"], unique=False)

    op.create_table(
        "team_member",
        sa.Column("team_id", BigInt, nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_team_member_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_team_member_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "agent_id", name=op.f("pk_team_member")),
    )
    with op.batch_alter_table("team_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_team_member_agent_id"), ["agent_id"], unique=False)

    op.create_table(
        "case",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("subject", sa.String(length=512), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("opened_at", Timestamp(), nullable=False),
        sa.Column("first_response_at", Timestamp(), nullable=True),
        sa.Column("resolved_at", Timestamp(), nullable=True),
        sa.Column("resolved_by", BigInt, nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("rating_comment", sa.Text(), nullable=False),
        sa.Column("rated_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_case_conversation_id")
        ),
        sa.ForeignKeyConstraint(["resolved_by"], ["agent.id"], name=op.f("fk_case_resolved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("number", name=op.f("uq_case_number")),
    )
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.create_index("ix_case_conversation", ["conversation_id", "opened_at"], unique=False)
        batch_op.create_index(
            "uq_case_unresolved",
            ["conversation_id"],
            unique=True,
            sqlite_where=sa.text("status <> 'resolved'"),
            postgresql_where=sa.text("status <> 'resolved'"),
        )

    op.create_table(
        "conversation_label",
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("label_id", BigInt, nullable=False),
        sa.Column("put_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_conversation_label_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["label.id"], name=op.f("fk_conversation_label_label_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "label_id", name=op.f("pk_conversation_label")),
    )
    with op.batch_alter_table("conversation_label", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversation_label_label_id"), ["label_id"], unique=False)

    op.create_table(
        "draft",
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("channel_id", BigInt, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_draft_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_draft_channel_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_draft_conversation_id")
        ),
        sa.PrimaryKeyConstraint("agent_id", "conversation_id", name=op.f("pk_draft")),
    )
    op.create_table(
        "read_mark",
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("inbound_count", sa.Integer(), nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("read_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_read_mark_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_read_mark_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "agent_id", name=op.f("pk_read_mark")),
    )
    op.create_table(
        "reply_lock",
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("taken_at", Timestamp(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_reply_lock_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_reply_lock_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_reply_lock")),
    )
    op.create_table(
        "visitor",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("identity_id", BigInt, nullable=True),
        sa.Column("proved_identity_id", BigInt, nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("last_seen_at", Timestamp(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=False),
        sa.Column("revoked_at", Timestamp(), nullable=True),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("page", Json, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_visitor_channel_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_visitor_identity_id")),
        sa.ForeignKeyConstraint(
            ["proved_identity_id"], ["identity.id"], name=op.f("fk_visitor_proved_identity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitor")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_visitor_token_hash")),
    )
    with op.batch_alter_table("visitor", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visitor_channel_id"), ["channel_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitor_identity_id"), ["identity_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_visitor_proved_identity_id"), ["proved_identity_id"], unique=False
        )

    op.create_table(
        "escalation",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("case_id", BigInt, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raised_by", sa.String(length=64), nullable=False),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.Column("raised_at", Timestamp(), nullable=False),
        sa.Column("due_at", Timestamp(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("taken_by", BigInt, nullable=True),
        sa.Column("taken_at", Timestamp(), nullable=True),
        sa.Column("closed_at", Timestamp(), nullable=True),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_escalation_agent_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_escalation_case_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_escalation_conversation_id")
        ),
        sa.ForeignKeyConstraint(["taken_by"], ["agent.id"], name=op.f("fk_escalation_taken_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
    )
    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_escalation_conversation_id"), ["conversation_id"], unique=False)
        batch_op.create_index("ix_escalation_due", ["state", "due_at"], unique=False)
        batch_op.create_index(
            "uq_escalation_active",
            ["case_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'taken')"),
            postgresql_where=sa.text("state IN ('open', 'taken')"),
        )

    op.create_table(
        "message",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("case_id", BigInt, nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.Column("identity_id", BigInt, nullable=True),
        sa.Column("channel_id", BigInt, nullable=True),
        sa.Column("external_id", sa.String(length=512), nullable=True),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(length=512), nullable=False),
        sa.Column("quick_replies", Json, nullable=False),
        sa.Column("links", Json, nullable=False),
        sa.Column("context", Json, nullable=False),
        sa.Column("sent_at", Timestamp(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("edited_at", Timestamp(), nullable=True),
        sa.Column("removed_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_message_agent_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_message_case_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_message_channel_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_message_conversation_id")
        ),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_message_identity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_message_thread", ["conversation_id", "sent_at", "id"], unique=False)
        batch_op.create_index("uq_message_client", ["conversation_id", "client_id"], unique=True)
        batch_op.create_index("uq_message_external", ["channel_id", "external_id"], unique=True)

    op.create_table(
        "resume_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("visitor_id", BigInt, nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=False),
        sa.Column("used_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(["visitor_id"], ["visitor.id"], name=op.f("fk_resume_code_visitor_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_resume_code")),
    )
    with op.batch_alter_table("resume_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resume_code_visitor_id"), ["visitor_id"], unique=False)

    op.create_table(
        "attachment",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("channel_id", BigInt, nullable=True),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.Column("identity_id", BigInt, nullable=True),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("content_type", sa.String(length=128), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("thumb", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_attachment_agent_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_attachment_channel_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_attachment_identity_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_attachment_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sa.UniqueConstraint("key", name=op.f("uq_attachment_key")),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachment_message_id"), ["message_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("message_id", BigInt, nullable=False),
        sa.Column("reply_id", BigInt, nullable=True),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("entry_id", BigInt, nullable=True),
        sa.Column("rule_id", BigInt, nullable=True),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("made_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_decision_conversation_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_decision_message_id")),
        sa.ForeignKeyConstraint(["reply_id"], ["message.id"], name=op.f("fk_decision_reply_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("message_id", name=op.f("uq_decision_message_id")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_conversation_id"), ["conversation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_reply_id"), ["reply_id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("message_id", BigInt, nullable=False),
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("identity_id", BigInt, nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Timestamp(), nullable=False),
        sa.Column("claim", sa.String(length=64), nullable=False),
        sa.Column("claimed_at", Timestamp(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_delivery_channel_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_delivery_identity_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_delivery_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_due", ["state", "channel_id", "next_at"], unique=False)
        batch_op.create_index("ix_delivery_line", ["identity_id", "state"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("agent_id", BigInt, nullable=True),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("prev_id", BigInt, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_event_agent_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_event_conversation_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_event_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_at", ["at"], unique=False)
        batch_op.create_index("ix_event_conversation", ["conversation_id", "id"], unique=False)

    op.create_table(
        "delivery_ref",
        sa.Column("channel_id", BigInt, nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=False),
        sa.Column("delivery_id", BigInt, nullable=False),
        sa.Column("note", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_delivery_ref_channel_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_ref_delivery_id")),
        sa.PrimaryKeyConstraint("channel_id", "external_id", name=op.f("pk_delivery_ref")),
    )
    with op.batch_alter_table("delivery_ref", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_ref_delivery_id"), ["delivery_id"], unique=False)

    search.create(op.get_bind())


def downgrade() -> None:
    search.drop(op.get_bind())
    with op.batch_alter_table("delivery_ref", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_ref_delivery_id"))

    op.drop_table("delivery_ref")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_conversation")
        batch_op.drop_index("ix_event_at")

    op.drop_table("event")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_line")
        batch_op.drop_index("ix_delivery_due")

    op.drop_table("delivery")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_reply_id"))
        batch_op.drop_index(batch_op.f("ix_decision_conversation_id"))

    op.drop_table("decision")
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attachment_message_id"))

    op.drop_table("attachment")
    with op.batch_alter_table("resume_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resume_code_visitor_id"))

    op.drop_table("resume_code")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("uq_message_external")
        batch_op.drop_index("uq_message_client")
        batch_op.drop_index("ix_message_thread")
        batch_op.drop_index(batch_op.f("ix_message_case_id"))

    op.drop_table("message")
    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_escalation_active",
            sqlite_where=sa.text("state IN ('open', 'taken')"),
            postgresql_where=sa.text("state IN ('open', 'taken')"),
        )
        batch_op.drop_index("ix_escalation_due")
        batch_op.drop_index(batch_op.f("ix_escalation_conversation_id"))

    op.drop_table("escalation")
    with op.batch_alter_table("visitor", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visitor_proved_identity_id"))
        batch_op.drop_index(batch_op.f("ix_visitor_identity_id"))
        batch_op.drop_index(batch_op.f("ix_visitor_channel_id"))

    op.drop_table("visitor")
    op.drop_table("reply_lock")
    op.drop_table("read_mark")
    op.drop_table("draft")
    with op.batch_alter_table("conversation_label", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversation_label_label_id"))

    op.drop_table("conversation_label")
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_case_unresolved",
            sqlite_where=sa.text("status <> 'resolved'"),
            postgresql_where=sa.text("status <> 'resolved'"),
        )
        batch_op.drop_index("ix_case_conversation")

    op.drop_table("case")
    with op.batch_alter_table("team_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_team_member_agent_id"))

    op.drop_table("team_member")
    with op.batch_alter_table("signin", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signin_agent_id"))

    op.drop_table("signin")
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.drop_index("ix_revision_noun")

    op.drop_table("revision")
    with op.batch_alter_table("raw_receipt", schema=None) as batch_op:
        batch_op.drop_index("ix_raw_receipt_state")
        batch_op.drop_index(batch_op.f("ix_raw_receipt_channel_id"))

    op.drop_table("raw_receipt")
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_index("uq_identity_address")
        batch_op.drop_index(batch_op.f("ix_identity_customer_id"))

    op.drop_table("identity")
    with op.batch_alter_table("customer_link", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_customer_link_active",
            sqlite_where=sa.text("undone_at IS NULL"),
            postgresql_where=sa.text("undone_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_customer_link_parent_id"))

    op.drop_table("customer_link")
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_index("ix_conversation_waiting")
        batch_op.drop_index("ix_conversation_team")
        batch_op.drop_index("ix_conversation_snoozed")
        batch_op.drop_index("ix_conversation_owner")
        batch_op.drop_index("ix_conversation_mine")
        batch_op.drop_index("ix_conversation_latest")
        batch_op.drop_index(batch_op.f("ix_conversation_head_id"))

    op.drop_table("conversation")
    op.drop_table("canned_reply")
    op.drop_table("team")
    op.drop_table("setting")
    op.drop_table("label")
    op.drop_table("faq_entry")
    op.drop_table("customer")
    op.drop_table("channel")
    op.drop_table("bot_rule")
    op.drop_table("agent")
