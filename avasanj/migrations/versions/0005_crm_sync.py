"""The tables of crm_sync"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema crm_sync")
    op.create_table('connection',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=15), nullable=False),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_connection')),
    sa.UniqueConstraint('name', name=op.f('uq_connection_name')),
    schema='crm_sync'
    )
    op.create_table('customer',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('sample', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer')),
    schema='crm_sync'
    )
    op.create_table('customer_phone',
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('e164', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['crm_sync.customer.id'], name=op.f('fk_customer_phone_customer_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('customer_id', 'e164', name=op.f('pk_customer_phone')),
    schema='crm_sync'
    )
    op.create_index('ix_customer_phone_e164', 'customer_phone', ['e164'], unique=False, schema='crm_sync')
    op.create_table('follow_up',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('rule', sa.String(length=40), nullable=False),
    sa.Column('reason', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.String(length=15), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=True),
    sa.Column('owner_name', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by', sa.Uuid(), nullable=True),
    sa.Column('closing_call_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_follow_up_call_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['closed_by'], ['avasanj.user.id'], name=op.f('fk_follow_up_closed_by')),
    sa.ForeignKeyConstraint(['customer_id'], ['crm_sync.customer.id'], name=op.f('fk_follow_up_customer_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['avasanj.user.id'], name=op.f('fk_follow_up_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_follow_up')),
    sa.UniqueConstraint('call_id', 'rule', name=op.f('uq_follow_up_call_id_rule')),
    schema='crm_sync'
    )
    op.create_index('ix_follow_up_state', 'follow_up', ['state', 'due_at'], unique=False, schema='crm_sync')
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('connection_id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('partition', sa.String(length=40), nullable=False),
    sa.Column('ordered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('state', sa.String(length=15), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_reply', sa.Text(), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_outbox_call_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['connection_id'], ['crm_sync.connection.id'], name=op.f('fk_outbox_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('connection_id', 'call_id', 'kind', name=op.f('uq_outbox_connection_id_call_id_kind')),
    sa.UniqueConstraint('event_id', name=op.f('uq_outbox_event_id')),
    schema='crm_sync'
    )
    op.create_index('ix_outbox_order', 'outbox', ['connection_id', 'partition', 'ordered_at', 'id'], unique=False, schema='crm_sync')
    op.create_table('timeline',
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('candidates', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_timeline_call_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['customer_id'], ['crm_sync.customer.id'], name=op.f('fk_timeline_customer_id')),
    sa.PrimaryKeyConstraint('call_id', name=op.f('pk_timeline')),
    schema='crm_sync'
    )
    op.create_index(op.f('ix_timeline_customer_id'), 'timeline', ['customer_id'], unique=False, schema='crm_sync')


def downgrade() -> None:
    op.drop_index(op.f('ix_timeline_customer_id'), table_name='timeline', schema='crm_sync')
    op.drop_table('timeline', schema='crm_sync')
    op.drop_index('ix_outbox_order', table_name='outbox', schema='crm_sync')
    op.drop_table('outbox', schema='crm_sync')
    op.drop_index('ix_follow_up_state', table_name='follow_up', schema='crm_sync')
    op.drop_table('follow_up', schema='crm_sync')
    op.drop_index('ix_customer_phone_e164', table_name='customer_phone', schema='crm_sync')
    op.drop_table('customer_phone', schema='crm_sync')
    op.drop_table('customer', schema='crm_sync')
    op.drop_table('connection', schema='crm_sync')
    op.execute("drop schema crm_sync")
