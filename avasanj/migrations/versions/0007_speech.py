"""Several transcripts of a call, corrections, hot words, measures of the sound, and what is heard while a call runs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from avasanj.persian import searchable

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_S = "transcription"
_JSON = postgresql.JSONB(astext_type=sa.Text())
_CALL = "telephony.call.id"
_USER = "avasanj.user.id"


def upgrade() -> None:
    op.add_column("transcript", sa.Column("current", sa.Boolean(), server_default=sa.true(), nullable=False), schema=_S)
    op.alter_column("transcript", "current", server_default=None, schema=_S)
    op.add_column("transcript", sa.Column("language_probability", sa.Float()), schema=_S)
    op.add_column("transcript", sa.Column("model_version", sa.Text()), schema=_S)
    op.add_column(
        "transcript", sa.Column("speakers_guessed", sa.Boolean(), server_default=sa.false(), nullable=False), schema=_S
    )
    op.alter_column("transcript", "speakers_guessed", server_default=None, schema=_S)
    op.add_column("transcript", sa.Column("changed_at", sa.DateTime(timezone=True)), schema=_S)
    op.execute("update transcription.transcript set changed_at = made_at")
    op.alter_column("transcript", "changed_at", nullable=False, schema=_S)
    op.add_column("transcript", sa.Column("set_aside_at", sa.DateTime(timezone=True)), schema=_S)
    op.drop_constraint("uq_transcript_call_id", "transcript", schema=_S)
    op.create_index(
        "uq_transcript_current", "transcript", ["call_id"], unique=True, schema=_S, postgresql_where="current"
    )
    op.create_index("ix_transcript_call_id", "transcript", ["call_id"], schema=_S)
    op.add_column("playback", sa.Column("breaks_off", _JSON, server_default="{}", nullable=False), schema=_S)
    op.alter_column("playback", "breaks_off", server_default=None, schema=_S)
    op.add_column("turn", sa.Column("corrected", sa.Text()), schema=_S)
    op.add_column("turn", sa.Column("words", _JSON), schema=_S)
    op.add_column("turn", sa.Column("plain", sa.Text(), server_default="", nullable=False), schema=_S)
    op.alter_column("turn", "plain", server_default=None, schema=_S)
    _make_searchable()
    op.create_index(
        "ix_turn_plain", "turn", [sa.text("to_tsvector('simple', plain)")], schema=_S, postgresql_using="gin"
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text()),
        sa.Column("carried", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], [f"{_S}.turn.id"], name="fk_correction_turn_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["made_by"], [_USER], name="fk_correction_made_by", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_correction"),
        schema=_S,
    )
    op.create_index("ix_correction_turn_id", "correction", ["turn_id"], schema=_S)
    op.create_table(
        "hot_word",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("text", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.Uuid()),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], [_USER], name="fk_hot_word_added_by", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_hot_word"),
        sa.UniqueConstraint("language", "text", name="uq_hot_word_language_text"),
        schema=_S,
    )
    op.create_table(
        "rehearing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("make_current", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Uuid()),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("problem", sa.Text()),
        sa.Column("transcript_id", sa.Uuid()),
        sa.ForeignKeyConstraint(["call_id"], [_CALL], name="fk_rehearing_call_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asked_by"], [_USER], name="fk_rehearing_asked_by", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["transcript_id"], [f"{_S}.transcript.id"], name="fk_rehearing_transcript_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rehearing"),
        schema=_S,
    )
    op.create_index("ix_rehearing_call_id", "rehearing", ["call_id"], schema=_S)
    op.create_table(
        "measures",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("silence_s", sa.Float()),
        sa.Column("longest_silence_s", sa.Float()),
        sa.Column("talk_over_s", sa.Float()),
        sa.Column("customer_talk_s", sa.Float()),
        sa.Column("agent_talk_s", sa.Float()),
        sa.Column("details", _JSON, nullable=False),
        sa.ForeignKeyConstraint(["call_id"], [_CALL], name="fk_measures_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name="pk_measures"),
        schema=_S,
    )
    op.create_table(
        "live_turn",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("party", sa.String(length=10), nullable=False),
        sa.Column("start_s", sa.Float(), nullable=False),
        sa.Column("end_s", sa.Float(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("words", _JSON, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], [_CALL], name="fk_live_turn_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_live_turn"),
        sa.UniqueConstraint("call_id", "file", "start_s", name="uq_live_turn_call_id_file_start_s"),
        schema=_S,
    )
    _add_to_workers()
    op.create_table(
        "watch",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], [_CALL], name="fk_watch_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name="pk_watch"),
        schema=_S,
    )


def _add_to_workers() -> None:
    op.add_column("worker", sa.Column("speech", _JSON), schema="avasanj")


def _make_searchable() -> None:
    """Fill in what the turns that are there say, in the form for search."""
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(
        sa.text("select id, text from transcription.turn where id > :last order by id limit 5000"), {"last": last}
    ).all():
        connection.execute(
            sa.text("update transcription.turn set plain = :plain where id = :id"),
            [{"id": row.id, "plain": searchable(row.text)} for row in rows],
        )
        last = rows[-1].id


def downgrade() -> None:
    op.drop_column("worker", "speech", schema="avasanj")
    for table in ("watch", "live_turn", "measures", "rehearing", "hot_word", "correction"):
        op.drop_table(table, schema=_S)
    op.drop_index("ix_turn_plain", table_name="turn", schema=_S)
    op.drop_column("turn", "plain", schema=_S)
    op.drop_column("turn", "words", schema=_S)
    op.drop_column("turn", "corrected", schema=_S)
    op.drop_column("playback", "breaks_off", schema=_S)
    op.execute("delete from transcription.transcript where not current")
    op.drop_index("ix_transcript_call_id", table_name="transcript", schema=_S)
    op.drop_index("uq_transcript_current", table_name="transcript", schema=_S)
    op.create_unique_constraint("uq_transcript_call_id", "transcript", ["call_id"], schema=_S)
    for column in (
        "set_aside_at",
        "changed_at",
        "speakers_guessed",
        "model_version",
        "language_probability",
        "current",
    ):
        op.drop_column("transcript", column, schema=_S)
