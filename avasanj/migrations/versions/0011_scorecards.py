"""Versions of scorecards, and what came of each form"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())


def _required(name: str, kind: sa.types.TypeEngine, default: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=sa.text(default))


def _evaluation() -> list[sa.Column]:
    return [
        sa.Column("title", JSONB),
        _required("kept_out", JSONB, "'[]'"),
        sa.Column("passed", sa.Boolean()),
        _required("failed", sa.Boolean(), "false"),
        _required("doubted", JSONB, "'[]'"),
        _required("critical", JSONB, "'[]'"),
        sa.Column("critical_score", sa.Double()),
        _required("sections", JSONB, "'[]'"),
        _required("answered", sa.Double(), "1"),
    ]


def _answer() -> list[sa.Column]:
    return [
        sa.Column("section", sa.String(60)),
        _required("kind", sa.String(10), "'yes_no'"),
        sa.Column("label", JSONB),
        _required("critical", sa.Boolean(), "false"),
        _required("fatal", sa.Boolean(), "false"),
        _required("needs_person", sa.Boolean(), "false"),
        _required("made_by", JSONB, "'{}'"),
    ]


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "card_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("title", JSONB, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["made_by"], ["avasanj.user.id"], name=op.f("fk_card_version_made_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_version")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_card_version_key_version")),
        schema="scoring",
    )
    op.create_index(
        "uq_card_version_published",
        "card_version",
        ["key"],
        unique=True,
        schema="scoring",
        postgresql_where=sa.text("state = 'published'"),
    )
    for column in _evaluation():
        op.add_column("evaluation", column, schema="scoring")
    for column in _answer():
        op.add_column("answer", column, schema="scoring")
    op.alter_column("answer", "value", type_=sa.Text(), schema="scoring")
    op.execute("update scoring.answer set needs_person = true where value = 'unsure'")


def downgrade() -> None:
    op.execute("update scoring.answer set value = 'unsure' where value not in ('yes', 'no', 'unsure', 'na')")
    op.alter_column("answer", "value", type_=sa.String(10), schema="scoring")
    for column in reversed(_answer()):
        op.drop_column("answer", column.name, schema="scoring")
    for column in reversed(_evaluation()):
        op.drop_column("evaluation", column.name, schema="scoring")
    op.drop_table("card_version", schema="scoring")
