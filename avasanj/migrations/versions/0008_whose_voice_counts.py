"""When a recording is not to be heard, since another one holds the same voice"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column('recording', sa.Column('unheard', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False), schema='telephony')


def downgrade() -> None:
    op.drop_column('recording', 'unheard', schema='telephony')
