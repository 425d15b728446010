"""The whole ledger"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agent_activity',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('pbx', sa.String(length=60), nullable=False),
    sa.Column('interface', sa.Text(), nullable=False),
    sa.Column('agent_name', sa.Text(), nullable=True),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.String(length=15), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('call_id', sa.Uuid(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['avasanj.user.id'], name=op.f('fk_agent_activity_user_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agent_activity')),
    sa.UniqueConstraint('pbx', 'interface', 'state', 'started_at', name=op.f('uq_agent_activity_pbx_interface_state_started_at')),
    schema='telephony'
    )
    op.create_index('ix_agent_activity_open', 'agent_activity', ['pbx', 'interface'], unique=False, schema='telephony', postgresql_where='ended_at is null')
    op.create_index('ix_agent_activity_started_at', 'agent_activity', ['started_at'], unique=False, schema='telephony')
    op.create_table('agent_line',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('pbx', sa.String(length=60), nullable=True),
    sa.Column('line', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['avasanj.user.id'], name=op.f('fk_agent_line_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agent_line')),
    schema='telephony'
    )
    op.create_index('ix_agent_line_line', 'agent_line', ['line', 'valid_from'], unique=False, schema='telephony')
    op.create_table('queue_visit',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('queue', sa.String(length=80), nullable=False),
    sa.Column('joined_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.String(length=10), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_queue_visit_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_queue_visit')),
    sa.UniqueConstraint('call_id', 'position', name=op.f('uq_queue_visit_call_id_position')),
    schema='telephony'
    )
    op.create_index('ix_queue_visit_joined_at', 'queue_visit', ['joined_at'], unique=False, schema='telephony')
    op.create_index('ix_queue_visit_open', 'queue_visit', ['call_id'], unique=False, schema='telephony', postgresql_where='left_at is null')
    op.create_table('recording_request',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('mute', sa.Boolean(), nullable=False),
    sa.Column('asked_by', sa.Uuid(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by'], ['avasanj.user.id'], name=op.f('fk_recording_request_asked_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_recording_request_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recording_request')),
    schema='telephony'
    )
    op.create_index('ix_recording_request_call_id', 'recording_request', ['call_id', 'id'], unique=False, schema='telephony')
    op.create_index('ix_recording_request_open', 'recording_request', ['id'], unique=False, schema='telephony', postgresql_where='done_at is null')
    op.create_table('transfer',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('from_number', sa.Text(), nullable=False),
    sa.Column('to_number', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_transfer_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfer')),
    sa.UniqueConstraint('call_id', 'position', name=op.f('uq_transfer_call_id_position')),
    schema='telephony'
    )
    op.add_column('agent_span', sa.Column('user_id', sa.Uuid(), nullable=True), schema='telephony')
    op.add_column('agent_span', sa.Column('wrap_s', sa.Double(), nullable=True), schema='telephony')
    op.create_index('ix_agent_span_agent_name', 'agent_span', ['agent_name'], unique=False, schema='telephony')
    op.create_index('ix_agent_span_user_id', 'agent_span', ['user_id', 'started_at'], unique=False, schema='telephony')
    op.create_foreign_key(op.f('fk_agent_span_user_id'), 'agent_span', 'user', ['user_id'], ['id'], source_schema='telephony', referent_schema='avasanj', ondelete='SET NULL')
    op.add_column('call', sa.Column('gaps', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False), schema='telephony')
    op.add_column('call', sa.Column('mutes', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False), schema='telephony')
    op.add_column('call', sa.Column('recordings_problem', sa.Text(), nullable=True), schema='telephony')
    op.add_column('call', sa.Column('wrap_s', sa.Double(), nullable=True), schema='telephony')
    op.add_column('call', sa.Column('repeat_of', sa.Uuid(), nullable=True), schema='telephony')
    op.create_foreign_key(op.f('fk_call_repeat_of'), 'call', 'call', ['repeat_of'], ['id'], source_schema='telephony', referent_schema='telephony', ondelete='SET NULL')
    op.create_index('ix_call_repeat_of', 'call', ['repeat_of'], unique=False, schema='telephony')
    op.create_index('ix_call_open', 'call', ['started_at'], unique=False, schema='telephony', postgresql_where="state <> 'ended'")
    op.add_column('pbx', sa.Column('troubles', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False), schema='telephony')
    op.add_column('recording', sa.Column('cuts', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False), schema='telephony')
    # An agent's one name at the PBX becomes a line that has always been theirs; where several had the same, the one who may log in.
    op.execute("""
        insert into telephony.agent_line (user_id, line, valid_from)
        select distinct on (agent_name) id, agent_name, '1970-01-01 00:00+00'::timestamptz from avasanj."user"
        where agent_name <> '' order by agent_name, active desc, created_at, id
    """)
    op.execute("""
        update telephony.agent_span set user_id = line.user_id from telephony.agent_line line where line.line = agent_span.agent_name
    """)
    op.drop_column('user', 'agent_name', schema='avasanj')


def downgrade() -> None:
    op.add_column('user', sa.Column('agent_name', sa.Text(), nullable=True), schema='avasanj')
    op.execute("""
        update avasanj."user" person set agent_name = line.line from
        (select distinct on (user_id) user_id, line from telephony.agent_line where valid_to is null order by user_id, valid_from, id) line
        where line.user_id = person.id
    """)
    op.drop_column('recording', 'cuts', schema='telephony')
    op.drop_column('pbx', 'troubles', schema='telephony')
    op.drop_index('ix_call_open', table_name='call', schema='telephony', postgresql_where="state <> 'ended'")
    op.drop_index('ix_call_repeat_of', table_name='call', schema='telephony')
    op.drop_constraint(op.f('fk_call_repeat_of'), 'call', schema='telephony', type_='foreignkey')
    op.drop_column('call', 'repeat_of', schema='telephony')
    op.drop_column('call', 'wrap_s', schema='telephony')
    op.drop_column('call', 'recordings_problem', schema='telephony')
    op.drop_column('call', 'mutes', schema='telephony')
    op.drop_column('call', 'gaps', schema='telephony')
    op.drop_constraint(op.f('fk_agent_span_user_id'), 'agent_span', schema='telephony', type_='foreignkey')
    op.drop_index('ix_agent_span_user_id', table_name='agent_span', schema='telephony')
    op.drop_index('ix_agent_span_agent_name', table_name='agent_span', schema='telephony')
    op.drop_column('agent_span', 'wrap_s', schema='telephony')
    op.drop_column('agent_span', 'user_id', schema='telephony')
    op.drop_table('transfer', schema='telephony')
    op.drop_index('ix_recording_request_open', table_name='recording_request', schema='telephony', postgresql_where='done_at is null')
    op.drop_index('ix_recording_request_call_id', table_name='recording_request', schema='telephony')
    op.drop_table('recording_request', schema='telephony')
    op.drop_index('ix_queue_visit_open', table_name='queue_visit', schema='telephony', postgresql_where='left_at is null')
    op.drop_index('ix_queue_visit_joined_at', table_name='queue_visit', schema='telephony')
    op.drop_table('queue_visit', schema='telephony')
    op.drop_index('ix_agent_line_line', table_name='agent_line', schema='telephony')
    op.drop_table('agent_line', schema='telephony')
    op.drop_index('ix_agent_activity_started_at', table_name='agent_activity', schema='telephony')
    op.drop_index('ix_agent_activity_open', table_name='agent_activity', schema='telephony', postgresql_where='ended_at is null')
    op.drop_table('agent_activity', schema='telephony')
