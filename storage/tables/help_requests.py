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
)
"""`phone` (E.164) is whom to call; `text` what was asked; `stuck_at` the question the person was at."""
