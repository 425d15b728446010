"""Drafts tried on stored calls"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
_TIME = sa.DateTime(timezone=True)


def _run_key(table: str) -> list[sa.schema.SchemaItem]:
    name = op.f(f"fk_{table}_run_id")
    return [
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["scoring.replay_run.id"], name=name, ondelete="CASCADE"),
    ]


def _call_key(table: str) -> list[sa.schema.SchemaItem]:
    name = op.f(f"fk_{table}_call_id")
    return [
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["telephony.call.id"], name=name, ondelete="CASCADE"),
    ]


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _create_run()
    _create_chunk()
    _create_result()
    op.create_table(
        "replay_mood",
        *_run_key("replay_mood"),
        *_call_key("replay_mood"),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("queue", sa.String(80)),
        sa.Column("before", sa.Double()),
        sa.Column("after", sa.Double()),
        sa.Column("moved", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "call_id", name=op.f("pk_replay_mood")),
        schema="scoring",
    )
    op.create_index("ix_replay_mood_call_id", "replay_mood", ["call_id"], schema="scoring")


def _create_run() -> None:
    op.create_table(
        "replay_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scorecard", sa.String(60)),
        sa.Column("version", sa.Integer()),
        sa.Column("source", sa.Text()),
        sa.Column("title", JSONB, nullable=False),
        sa.Column("against", sa.Integer()),
        sa.Column("against_source", sa.Text()),
        sa.Column("heads", sa.Integer()),
        sa.Column("chosen", JSONB, nullable=False),
        sa.Column("with_model", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("problem", JSONB),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("started_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.Column("seen_at", _TIME),
        sa.Column("summary", JSONB),
        sa.ForeignKeyConstraint(
            ["made_by"], ["avasanj.user.id"], name=op.f("fk_replay_run_made_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replay_run")),
        schema="scoring",
    )
    op.create_index("ix_replay_run_made_at", "replay_run", ["made_at"], schema="scoring")


def _create_chunk() -> None:
    op.create_table(
        "replay_chunk",
        *_run_key("replay_chunk"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_at", _TIME, nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("done_at", _TIME),
        sa.Column("broken", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("cpu_s", sa.Double()),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_replay_chunk")),
        schema="scoring",
    )


def _create_result() -> None:
    op.create_table(
        "replay_result",
        *_run_key("replay_result"),
        *_call_key("replay_result"),
        sa.Column("span_position", sa.Integer(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("agent", sa.Text()),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("queue", sa.String(80)),
        sa.Column("before", sa.Boolean(), nullable=False),
        sa.Column("after", sa.Boolean(), nullable=False),
        sa.Column("score_before", sa.Double()),
        sa.Column("score_after", sa.Double()),
        sa.Column("passed_before", sa.Boolean()),
        sa.Column("passed_after", sa.Boolean()),
        sa.Column("failed_before", sa.Boolean(), nullable=False),
        sa.Column("failed_after", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("changes", JSONB, nullable=False),
        sa.Column("note", sa.String(20)),
        sa.PrimaryKeyConstraint("run_id", "call_id", "span_position", name=op.f("pk_replay_result")),
        schema="scoring",
    )
    op.create_index("ix_replay_result_call_id", "replay_result", ["call_id"], schema="scoring")


def downgrade() -> None:
    for table in ("replay_mood", "replay_result", "replay_chunk", "replay_run"):
        op.drop_table(table, schema="scoring")
