"""What came of what the bot said: its outcome, whether it helped, what would have been right."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import BigInt, Json, Timestamp

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

REPORT = ["made_at", "outcome", "channel_id", "entry_id", "reason", "again_at"]


def upgrade() -> None:
    op.add_column("decision", sa.Column("channel_id", BigInt, nullable=True))
    op.add_column("decision", sa.Column("outcome", sa.String(64), server_default="quiet", nullable=False))
    op.add_column("decision", sa.Column("reason", sa.String(64), server_default="", nullable=False))
    op.add_column("decision", sa.Column("again_at", Timestamp(), nullable=True))
    _fill()
    op.create_index("ix_decision_report", "decision", REPORT)
    op.create_index(op.f("ix_draft_conversation_id"), "draft", ["conversation_id"])
    op.create_table(
        "answer_rating",
        sa.Column("message_id", BigInt, nullable=False),
        sa.Column("decision_id", BigInt, nullable=False),
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("helped", sa.Boolean(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("person_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_answer_rating_message_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_answer_rating_decision_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_answer_rating_identity_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_answer_rating")),
    )
    op.create_index(op.f("ix_answer_rating_decision_id"), "answer_rating", ["decision_id"])
    op.create_index(op.f("ix_answer_rating_identity_id"), "answer_rating", ["identity_id"])
    op.create_table(
        "answer_correction",
        sa.Column("decision_id", BigInt, nullable=False),
        sa.Column("entry_id", BigInt, nullable=True),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_answer_correction_decision_id")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_answer_correction_agent_id")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_answer_correction")),
    )
    op.create_index("ix_answer_correction_at", "answer_correction", ["at"])


def _fill() -> None:
    """What was decided before: its channel and outcome, and when the bot was of no more help after it."""
    decision = sa.table(
        "decision",
        sa.column("id", BigInt),
        sa.column("conversation_id", BigInt),
        sa.column("message_id", BigInt),
        sa.column("reply_id", BigInt),
        sa.column("channel_id", BigInt),
        sa.column("action", sa.String),
        sa.column("outcome", sa.String),
        sa.column("reason", sa.String),
        sa.column("again_at", Timestamp()),
        sa.column("entry_id", BigInt),
        sa.column("rule_id", BigInt),
        sa.column("detail", Json),
        sa.column("made_at", Timestamp()),
    )
    message = sa.table("message", sa.column("id", BigInt), sa.column("channel_id", BigInt))
    spoken, c = decision.c.reply_id.is_not(None), decision.c
    outcome = sa.case(
        (c.action.in_(("hand_over", "escalate")), "handed_over"),
        (c.action.in_(("silent", "label")), "quiet"),
        (~spoken, "handed_over"),
        ((c.action == "answer") & c.entry_id.is_(None) & c.rule_id.is_(None), "courtesy"),
        (c.action == "answer", "answered"),
        (c.action == "ask", "asked"),
        else_="unknown",
    )
    channel = sa.select(message.c.channel_id).where(message.c.id == c.message_id).scalar_subquery()
    reason = sa.func.coalesce(c.detail["handover_reason"].as_string(), "")
    op.execute(sa.update(decision).values(channel_id=channel, outcome=outcome, reason=reason))
    later = decision.alias("later")
    worse = later.c.outcome.in_(("asked", "unknown", "handed_over")) | (later.c.entry_id == c.entry_id)
    again = (
        sa.select(sa.func.min(later.c.made_at))
        .where(later.c.conversation_id == c.conversation_id, later.c.id > c.id, worse)
        .scalar_subquery()
    )
    op.execute(sa.update(decision).where(c.outcome == "answered").values(again_at=again))


def downgrade() -> None:
    op.drop_table("answer_correction")
    op.drop_table("answer_rating")
    op.drop_index(op.f("ix_draft_conversation_id"), "draft")
    op.drop_index("ix_decision_report", "decision")
    for name in ("again_at", "reason", "outcome", "channel_id"):
        op.drop_column("decision", name)
