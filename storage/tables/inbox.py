"""The inbox: updates seen, so that a repeat has no effect; and those that failed alone, kept until they are retried."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("update_id", sa.String(80), primary_key=True),
    sa.Column("received_at", Moment, nullable=False, index=True),
)

parked = sa.Table(
    "parked",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("reference", sa.String(12), nullable=False, unique=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("cause", sa.String(200), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("parked_at", Moment, nullable=False),
)
"""`body` is the update as JSON (an `Incoming`), or for one that cannot be read the raw text; `cause` never quotes it."""
