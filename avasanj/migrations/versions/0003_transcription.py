"""The tables of transcription"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema transcription")
    op.create_table('playback',
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('duration_s', sa.Double(), nullable=False),
    sa.Column('peaks', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('mono', sa.Boolean(), nullable=False),
    sa.Column('warning', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_playback_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('call_id', name=op.f('pk_playback')),
    schema='transcription'
    )
    op.create_table('transcript',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('model', sa.Text(), nullable=True),
    sa.Column('too_weak', sa.Boolean(), nullable=False),
    sa.Column('dropped', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seconds_spent', sa.Double(), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_transcript_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transcript')),
    sa.UniqueConstraint('call_id', name=op.f('uq_transcript_call_id')),
    schema='transcription'
    )
    op.create_table('turn',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('transcript_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('party', sa.String(length=10), nullable=False),
    sa.Column('start_s', sa.Double(), nullable=False),
    sa.Column('end_s', sa.Double(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('confidence', sa.Double(), nullable=True),
    sa.ForeignKeyConstraint(['transcript_id'], ['transcription.transcript.id'], name=op.f('fk_turn_transcript_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_turn')),
    sa.UniqueConstraint('transcript_id', 'position', name=op.f('uq_turn_transcript_id_position')),
    schema='transcription'
    )


def downgrade() -> None:
    op.drop_table('turn', schema='transcription')
    op.drop_table('transcript', schema='transcription')
    op.drop_table('playback', schema='transcription')
    op.execute("drop schema transcription")
