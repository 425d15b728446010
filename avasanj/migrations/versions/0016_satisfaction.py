"""Predicted and surveyed satisfaction, and whom anger is meant for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("mood", sa.Column("satisfaction", JSONB), schema="scoring")
    op.add_column("mood", sa.Column("anger", JSONB, nullable=False, server_default=sa.text("'[]'")), schema="scoring")
    op.create_table(
        "survey",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("grade", sa.Double(), nullable=False),
        sa.Column("given", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["telephony.call.id"], name=op.f("fk_survey_call_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["made_by"], ["avasanj.user.id"], name=op.f("fk_survey_made_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_survey")),
        schema="scoring",
    )


def downgrade() -> None:
    op.drop_table("survey", schema="scoring")
    op.drop_column("mood", "anger", schema="scoring")
    op.drop_column("mood", "satisfaction", schema="scoring")
