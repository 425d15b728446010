"""What calls are about, what was promised, and a summary"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)


def _by(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["avasanj.user.id"], name=op.f(f"fk_{table}_{column}"), ondelete="SET NULL"
    )


def _of_call(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["call_id"], ["telephony.call.id"], name=op.f(f"fk_{table}_call_id"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "topic_list",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("why", sa.String(30), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", MOMENT, nullable=False),
        _by("topic_list", "made_by"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_topic_list")),
        schema="scoring",
    )
    op.create_table(
        "call_about",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(5)),
        sa.Column("list_version", sa.Integer(), nullable=False),
        sa.Column("driver", sa.String(60)),
        sa.Column("reason", JSONB),
        sa.Column("vector", sa.LargeBinary()),
        sa.Column("summary", JSONB, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        _of_call("call_about"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_about")),
        schema="scoring",
    )
    op.create_index("ix_call_about_driver", "call_about", ["driver"], schema="scoring")
    op.create_table(
        "call_topic",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(60), nullable=False),
        sa.Column("driver", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("evidence", JSONB, nullable=False),
        _of_call("call_topic"),
        sa.PrimaryKeyConstraint("call_id", "topic", name=op.f("pk_call_topic")),
        schema="scoring",
    )
    op.create_index("ix_call_topic_topic", "call_topic", ["topic"], schema="scoring")
    op.create_table(
        "promise",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("by", sa.String(10), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("evidence", JSONB, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        _of_call("promise"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        schema="scoring",
    )
    op.create_index("ix_promise_call_id", "promise", ["call_id", "position"], unique=True, schema="scoring")
    op.create_index("ix_promise_due_at", "promise", ["due_at"], schema="scoring")
    op.create_table(
        "promise_mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("marked_by", sa.Uuid()),
        sa.Column("marked_at", MOMENT, nullable=False),
        _of_call("promise_mark"),
        _by("promise_mark", "marked_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_mark")),
        schema="scoring",
    )
    op.create_index("ix_promise_mark_call_id", "promise_mark", ["call_id"], schema="scoring")
    op.create_table(
        "topic_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("topic", sa.String(60)),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("tightness", sa.Float(), nullable=False),
        sa.Column("words", JSONB, nullable=False),
        sa.Column("examples", JSONB, nullable=False),
        sa.Column("members", JSONB, nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.Column("languages", JSONB, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", MOMENT),
        _by("topic_proposal", "decided_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_proposal")),
        schema="scoring",
    )
    op.create_index("ix_topic_proposal_state", "topic_proposal", ["state"], schema="scoring")


def downgrade() -> None:
    for table in ("topic_proposal", "promise_mark", "promise", "call_topic", "call_about", "topic_list"):
        op.drop_table(table, schema="scoring")
