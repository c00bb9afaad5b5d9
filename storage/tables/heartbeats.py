"""Heartbeats: when updates of a channel last reached us."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Moment, metadata

heartbeats = sa.Table(
    "heartbeats",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("beat_at", Moment, nullable=False),
)
"""`name` is the channel's; `beat_at` is written every few seconds by each process that takes its updates."""
