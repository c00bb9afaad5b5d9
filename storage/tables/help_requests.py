"""Requests for a human: a call, or a question in writing."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

help_requests = sa.Table(
    "help_requests",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("phone", sa.String(20)),
    sa.Column("text", sa.Text),
    sa.Column("stuck_at", sa.String(32)),
    sa.Column("asked_at", Moment, nullable=False, index=True),
    sa.Column("category", sa.String(40)),
    sa.Column("status", sa.String(16), nullable=False, server_default="open"),
    sa.Column("claimed_by", sa.ForeignKey("coordinators.id", ondelete="SET NULL")),
    sa.Column("claimed_at", Moment),
    sa.Column("answer", sa.Text),
    sa.Column("closed_at", Moment),
    sa.Column("reminded_at", Moment),
    sa.Index(
        "ix_help_requests_open",
        "id",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
)
"""`phone` (E.164) is whom to call; `text` what was asked; `stuck_at` the question the person was at; `category` that of
the person's centre where it is known. `status` is open, claimed, answered or closed (a call was made)."""
