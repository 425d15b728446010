"""Where the parties of a running call are being recorded, and when in the call a live turn was said"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("call", sa.Column("running", postgresql.JSONB(astext_type=sa.Text())), schema="telephony")
    op.execute("delete from transcription.live_turn")  # nothing wrote to it before
    op.add_column("live_turn", sa.Column("at_s", sa.Float(), nullable=False), schema="transcription")


def downgrade() -> None:
    op.drop_column("live_turn", "at_s", schema="transcription")
    op.drop_column("call", "running", schema="telephony")
