"""Decisions on applications: one row a decision, with what the person is told and when."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("signup_id", sa.ForeignKey("signups.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("coordinator_id", sa.ForeignKey("coordinators.id", ondelete="SET NULL")),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(40)),
    sa.Column("remark", sa.Text),
    sa.Column("reopens", sa.String(32)),
    sa.Column("decided_at", Moment, nullable=False),
    sa.Column("told_at", Moment),
    sa.Column("undone_at", Moment),
    sa.Index(
        "ix_decisions_to_tell",
        "decided_at",
        sqlite_where=sa.text("told_at IS NULL AND undone_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL AND undone_at IS NULL"),
    ),
)
"""`status` is what the application became; `reason` a key of bot.flows.queue, `remark` the coordinator's own words;
`reopens` is the question to be answered again. Undone ones stay, as part of the record."""
