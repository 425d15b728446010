"""What people say of moods, and the heads trained on it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())


def _made(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["made_by"], ["avasanj.user.id"], name=op.f(f"fk_{table}_made_by"), ondelete="SET NULL"),
    ]


def _of_call(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("queue", sa.String(80)),
        sa.ForeignKeyConstraint(["call_id"], ["telephony.call.id"], name=op.f(f"fk_{table}_call_id"), ondelete="CASCADE"),
        *_made(table),
    ]


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "gold_turn",
        *_of_call("gold_turn"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(5)),
        sa.Column("satisfaction", sa.Integer()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("before", JSONB, nullable=False),
        sa.UniqueConstraint("call_id", "position", "made_by", name=op.f("uq_gold_turn_call_id_position_made_by")),
        schema="scoring",
    )
    op.create_table(
        "gold_call",
        *_of_call("gold_call"),
        sa.Column("satisfaction", sa.Integer(), nullable=False),
        sa.Column("anger_at", sa.String(10)),
        sa.Column("turns", JSONB, nullable=False),
        sa.Column("line", JSONB, nullable=False),
        sa.UniqueConstraint("call_id", "made_by", name=op.f("uq_gold_call_call_id_made_by")),
        schema="scoring",
    )
    op.create_table(
        "head_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_made("head_version"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("figures", JSONB, nullable=False),
        sa.Column("counts", JSONB, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("number", name=op.f("uq_head_version_number")),
        schema="scoring",
    )
    op.create_index(
        "uq_head_version_in_use",
        "head_version",
        ["state"],
        unique=True,
        schema="scoring",
        postgresql_where=sa.text("state = 'in_use'"),
    )


def downgrade() -> None:
    for table in ("head_version", "gold_call", "gold_turn"):
        op.drop_table(table, schema="scoring")
