"""Reviews by people: sampling, assignments, disputes, calibration, coaching; teams"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
_EVALUATION = ("call_id", "span_position", "scorecard", "scorecard_version")


def _evaluation() -> list[sa.Column]:
    return [
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("span_position", sa.Integer(), nullable=False),
        sa.Column("scorecard", sa.String(60), nullable=False),
        sa.Column("scorecard_version", sa.Integer(), nullable=False),
    ]


def _teams() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("supervisor_id", sa.Uuid()),
        sa.ForeignKeyConstraint(
            ["supervisor_id"], ["avasanj.user.id"], name=op.f("fk_team_supervisor_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
        schema="avasanj",
    )
    op.add_column("user", sa.Column("team_id", sa.Uuid()), schema="avasanj")
    op.create_index(op.f("ix_user_team_id"), "user", ["team_id"], schema="avasanj")
    op.create_foreign_key(
        op.f("fk_user_team_id"),
        "user",
        "team",
        ["team_id"],
        ["id"],
        source_schema="avasanj",
        referent_schema="avasanj",
        ondelete="SET NULL",
    )


def _sampling() -> None:
    op.create_table(
        "sampling_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("scorecard", sa.String(60)),
        sa.Column("evaluators", JSONB, nullable=False),
        sa.Column("per", sa.String(10), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.Column("unit", sa.String(10), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("chosen_by", sa.String(10), nullable=False),
        sa.Column("filters", JSONB, nullable=False),
        sa.Column("due_days", sa.Double(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by"], ["avasanj.user.id"], name=op.f("fk_sampling_rule_made_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sampling_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_sampling_rule_name")),
        schema="scoring",
    )
    op.create_table(
        "sampling_draw",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("period_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned", sa.Integer(), nullable=False),
        sa.Column("shortages", JSONB, nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["scoring.sampling_rule.id"], name=op.f("fk_sampling_draw_rule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sampling_draw")),
        sa.UniqueConstraint("rule_id", "period_starts_at", name=op.f("uq_sampling_draw_rule_id_period_starts_at")),
        schema="scoring",
    )


def _reviews() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_evaluation(),
        sa.Column("evaluator_id", sa.Uuid()),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("rule_id", sa.Uuid()),
        sa.Column("session_id", sa.Uuid()),
        sa.Column("reason", JSONB),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("submitted_at", sa.DateTime(timezone=True)),
        sa.Column("score", sa.Double()),
        sa.Column("passed", sa.Boolean()),
        sa.Column("failed", sa.Boolean()),
        sa.Column("critical_score", sa.Double()),
        sa.Column("answered", sa.Double()),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["telephony.call.id"], name=op.f("fk_review_call_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["evaluator_id"], ["avasanj.user.id"], name=op.f("fk_review_evaluator_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["scoring.sampling_rule.id"], name=op.f("fk_review_rule_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["scoring.calibration_session.id"], name=op.f("fk_review_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("session_id", "evaluator_id", name=op.f("uq_review_session_id_evaluator_id")),
        schema="scoring",
    )
    op.create_index("ix_review_evaluation", "review", [*_EVALUATION], schema="scoring")
    op.create_index("ix_review_evaluator", "review", ["evaluator_id", "state", "due_at"], schema="scoring")
    op.create_index(
        "ix_review_open",
        "review",
        ["due_at"],
        schema="scoring",
        postgresql_where=sa.text("state in ('assigned', 'started')"),
    )
    op.create_index(
        "ix_review_submitted_at",
        "review",
        ["submitted_at"],
        schema="scoring",
        postgresql_where=sa.text("state = 'submitted'"),
    )
    op.create_index(
        "uq_review_open",
        "review",
        [*_EVALUATION, "evaluator_id"],
        unique=True,
        schema="scoring",
        postgresql_where=sa.text("kind = 'review' and state in ('assigned', 'started')"),
    )
    op.create_index(
        "uq_review_rule",
        "review",
        ["rule_id", *_EVALUATION],
        unique=True,
        schema="scoring",
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )
    op.create_table(
        "review_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(60), nullable=False),
        sa.Column("question_version", sa.String(12), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("answered_by", sa.Uuid()),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("evidence", JSONB, nullable=False),
        sa.Column("machine_value", sa.Text()),
        sa.Column("machine_confidence", sa.Double()),
        sa.Column("machine_method", sa.String(20)),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["avasanj.user.id"], name=op.f("fk_review_answer_answered_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["scoring.review.id"], name=op.f("fk_review_answer_review_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_answer")),
        sa.UniqueConstraint("review_id", "question", name=op.f("uq_review_answer_review_id_question")),
        schema="scoring",
    )
    op.create_index("ix_review_answer_question", "review_answer", ["question", "question_version"], schema="scoring")


def _sessions() -> None:
    op.create_table(
        "calibration_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_evaluation(),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("expert_id", sa.Uuid()),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["call_id"], ["telephony.call.id"], name=op.f("fk_calibration_session_call_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["expert_id"], ["avasanj.user.id"], name=op.f("fk_calibration_session_expert_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["made_by"], ["avasanj.user.id"], name=op.f("fk_calibration_session_made_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_session")),
        schema="scoring",
    )
    op.create_index("ix_calibration_session_evaluation", "calibration_session", [*_EVALUATION], schema="scoring")


def _coaching() -> None:
    op.create_table(
        "coaching_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("coach_id", sa.Uuid()),
        sa.Column("scorecard", sa.String(60), nullable=False),
        sa.Column("questions", JSONB, nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("target", sa.Double(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("baseline", JSONB),
        sa.Column("outcome", JSONB),
        sa.Column("moments", JSONB, nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["avasanj.user.id"], name=op.f("fk_coaching_plan_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["coach_id"], ["avasanj.user.id"], name=op.f("fk_coaching_plan_coach_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_plan")),
        schema="scoring",
    )
    op.create_index("ix_coaching_plan_agent_id", "coaching_plan", ["agent_id", "state"], schema="scoring")
    op.create_index(
        "ix_coaching_plan_review_at",
        "coaching_plan",
        ["review_at"],
        schema="scoring",
        postgresql_where=sa.text("state = 'open'"),
    )


def _answers_of_agents() -> None:
    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_evaluation(),
        sa.Column("review_id", sa.Uuid()),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.ForeignKeyConstraint(
            ["call_id"], ["telephony.call.id"], name=op.f("fk_acknowledgement_call_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["scoring.review.id"], name=op.f("fk_acknowledgement_review_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["avasanj.user.id"], name=op.f("fk_acknowledgement_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
        schema="scoring",
    )
    op.create_index("ix_acknowledgement_user_id", "acknowledgement", ["user_id", "at"], schema="scoring")
    op.create_index(
        "uq_acknowledgement_machine",
        "acknowledgement",
        [*_EVALUATION, "user_id"],
        unique=True,
        schema="scoring",
        postgresql_where=sa.text("review_id is null"),
    )
    op.create_index(
        "uq_acknowledgement_review", "acknowledgement", ["review_id", "user_id"], unique=True, schema="scoring"
    )
    op.create_table(
        "dispute",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_evaluation(),
        sa.Column("opened_by", sa.Uuid()),
        sa.Column("questions", JSONB, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decider_id", sa.Uuid()),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text()),
        sa.Column("score_before", sa.Double()),
        sa.Column("score_after", sa.Double()),
        sa.Column("disputed_review_id", sa.Uuid()),
        sa.Column("review_id", sa.Uuid()),
        sa.ForeignKeyConstraint(
            ["call_id"], ["telephony.call.id"], name=op.f("fk_dispute_call_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["avasanj.user.id"], name=op.f("fk_dispute_decided_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["decider_id"], ["avasanj.user.id"], name=op.f("fk_dispute_decider_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["disputed_review_id"],
            ["scoring.review.id"],
            name=op.f("fk_dispute_disputed_review_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["avasanj.user.id"], name=op.f("fk_dispute_opened_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["scoring.review.id"], name=op.f("fk_dispute_review_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        schema="scoring",
    )
    op.create_index("ix_dispute_evaluation", "dispute", [*_EVALUATION], schema="scoring")
    op.create_index("ix_dispute_opened_by", "dispute", ["opened_by", "opened_at"], schema="scoring")
    op.create_index("ix_dispute_state", "dispute", ["state", "deadline_at"], schema="scoring")
    op.create_index(
        "uq_dispute_open",
        "dispute",
        [*_EVALUATION],
        unique=True,
        schema="scoring",
        postgresql_where=sa.text("state in ('open', 'in_review')"),
    )


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _teams()
    _sampling()
    _sessions()
    _reviews()
    _answers_of_agents()
    _coaching()
    op.add_column("answer", sa.Column("machine", JSONB), schema="scoring")
    op.add_column("evaluation", sa.Column("reviewed_at", sa.DateTime(timezone=True)), schema="scoring")
    op.add_column("evaluation", sa.Column("review_id", sa.Uuid()), schema="scoring")


def downgrade() -> None:
    # forms keep the people's answers that stand in them, until the call is scored again
    op.drop_column("evaluation", "review_id", schema="scoring")
    op.drop_column("evaluation", "reviewed_at", schema="scoring")
    op.drop_column("answer", "machine", schema="scoring")
    for table in (
        "coaching_plan",
        "dispute",
        "acknowledgement",
        "review_answer",
        "review",
        "calibration_session",
        "sampling_draw",
        "sampling_rule",
    ):
        op.drop_table(table, schema="scoring")
    op.drop_constraint(op.f("fk_user_team_id"), "user", schema="avasanj")
    op.drop_column("user", "team_id", schema="avasanj")
    op.drop_table("team", schema="avasanj")
