"""What of agents' activities was not seen, and whose else a recording's file is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for name in ("from_known", "to_known"):
        known = sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("true"))
        op.add_column("agent_activity", known, schema="telephony")
    gaps = sa.Column("gaps", TSTZMULTIRANGE(), nullable=False, server_default=sa.text("'{}'"))
    op.add_column("agent_activity", gaps, schema="telephony")
    op.create_index("ix_recording_path", "recording", ["path"], schema="telephony")


def downgrade() -> None:
    op.drop_index("ix_recording_path", table_name="recording", schema="telephony")
    for name in ("gaps", "to_known", "from_known"):
        op.drop_column("agent_activity", name, schema="telephony")
