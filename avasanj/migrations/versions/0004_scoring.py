"""The tables of scoring"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema scoring")
    op.create_table('evaluation',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('span_position', sa.Integer(), nullable=False),
    sa.Column('agent_interface', sa.Text(), nullable=True),
    sa.Column('agent_name', sa.Text(), nullable=True),
    sa.Column('scorecard', sa.String(length=60), nullable=False),
    sa.Column('scorecard_version', sa.Integer(), nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('needs_person', sa.Boolean(), nullable=False),
    sa.Column('counts', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_evaluation_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evaluation')),
    sa.UniqueConstraint('call_id', 'span_position', 'scorecard', 'scorecard_version', name=op.f('uq_evaluation_call_id_span_position_scorecard_scorecard_version')),
    schema='scoring'
    )
    op.create_table('mood',
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('dissatisfied', sa.Double(), nullable=True),
    sa.Column('model', sa.Text(), nullable=False),
    sa.Column('contributions', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('curve', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('promises', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['telephony.call.id'], name=op.f('fk_mood_call_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('call_id', name=op.f('pk_mood')),
    schema='scoring'
    )
    op.create_table('answer',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('evaluation_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('question', sa.String(length=60), nullable=False),
    sa.Column('title', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('value', sa.String(length=10), nullable=False),
    sa.Column('points', sa.Double(), nullable=True),
    sa.Column('points_possible', sa.Double(), nullable=False),
    sa.Column('confidence', sa.Double(), nullable=False),
    sa.Column('method', sa.String(length=20), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('reason', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.ForeignKeyConstraint(['evaluation_id'], ['scoring.evaluation.id'], name=op.f('fk_answer_evaluation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answer')),
    sa.UniqueConstraint('evaluation_id', 'question', name=op.f('uq_answer_evaluation_id_question')),
    schema='scoring'
    )


def downgrade() -> None:
    op.drop_table('answer', schema='scoring')
    op.drop_table('mood', schema='scoring')
    op.drop_table('evaluation', schema='scoring')
    op.execute("drop schema scoring")
