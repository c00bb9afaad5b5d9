"""The audit trail: who did what, when, from where. Rows are only ever added; the database itself refuses anything else."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

audit_entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("actor_id", Id),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(16)),
    sa.Column("subject_id", Id),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Index("ix_audit_entries_subject", "subject", "subject_id"),
)
"""`actor_id` is a coordinator's id, null for the command line or for somebody who is not one; `before` and `after` are
JSON of facts that name nobody: statuses, roles, keys, and keyed digests of names."""
