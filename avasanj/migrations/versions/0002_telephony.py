"""The tables of telephony"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema telephony")
    op.create_table('call',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('pbx', sa.String(length=60), nullable=False),
    sa.Column('linked_id', sa.String(length=150), nullable=False),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('direction', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('disposition', sa.String(length=15), nullable=True),
    sa.Column('queue', sa.String(length=80), nullable=True),
    sa.Column('caller_raw', sa.Text(), nullable=True),
    sa.Column('caller_name', sa.Text(), nullable=True),
    sa.Column('called_raw', sa.Text(), nullable=True),
    sa.Column('customer_e164', sa.String(length=20), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('queued_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('wait_s', sa.Double(), nullable=True),
    sa.Column('ring_s', sa.Double(), nullable=True),
    sa.Column('talk_s', sa.Double(), nullable=True),
    sa.Column('hold_s', sa.Double(), nullable=False),
    sa.Column('holds', sa.Integer(), nullable=False),
    sa.Column('transfers', sa.Integer(), nullable=False),
    sa.Column('hung_up_by', sa.String(length=10), nullable=True),
    sa.Column('language', sa.String(length=5), nullable=True),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call')),
    sa.UniqueConstraint('pbx', 'linked_id', name=op.f('uq_call_pbx_linked_id')),
    schema='telephony'
    )
    op.create_index('ix_call_caller_e164', 'call', ['customer_e164'], unique=False, schema='telephony')
    op.create_index('ix_call_started_at', 'call', ['started_at', 'id'], unique=False, schema='telephony')
    op.create_table('pbx',
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('state', sa.String(length=30), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('version', sa.Text(), nullable=True),
    sa.Column('last_event_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_pbx')),
    schema='telephony'
    )
    op.create_table('agent_span',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('interface', sa.Text(), nullable=False),
    sa.Column('agent_name', sa.Text(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hold_s', sa.Double(), nullable=False),
    sa.Column('ring_s', sa.Double(), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_agent_span_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agent_span')),
    sa.UniqueConstraint('call_id', 'position', name=op.f('uq_agent_span_call_id_position')),
    schema='telephony'
    )
    op.create_table('hold_span',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('by', sa.String(length=10), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_hold_span_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hold_span')),
    sa.UniqueConstraint('call_id', 'started_at', name=op.f('uq_hold_span_call_id_started_at')),
    schema='telephony'
    )
    op.create_table('recording',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('party', sa.String(length=10), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('channel', sa.Integer(), nullable=True),
    sa.Column('offset_s', sa.Double(), nullable=True),
    sa.Column('duration_s', sa.Double(), nullable=True),
    sa.Column('rate_hz', sa.Integer(), nullable=True),
    sa.Column('codec', sa.String(length=30), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.Column('transcript_path', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_recording_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recording')),
    sa.UniqueConstraint('call_id', 'party', 'path', name=op.f('uq_recording_call_id_party_path')),
    schema='telephony'
    )


def downgrade() -> None:
    op.drop_table('recording', schema='telephony')
    op.drop_table('hold_span', schema='telephony')
    op.drop_table('agent_span', schema='telephony')
    op.drop_table('pbx', schema='telephony')
    op.drop_index('ix_call_started_at', table_name='call', schema='telephony')
    op.drop_index('ix_call_caller_e164', table_name='call', schema='telephony')
    op.drop_table('call', schema='telephony')
    op.execute("drop schema telephony")
