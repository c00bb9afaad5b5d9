"""People, where they are reached, what they agreed to, and the codes that let them in elsewhere."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("announcements", sa.String(8), nullable=False, server_default="unasked"),
    sa.Column("created_at", Moment, nullable=False),
)

addresses = sa.Table(
    "addresses",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("external_id", sa.String(80), nullable=False),
    sa.Column("gone_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("channel", "external_id"),
)
"""`gone_at`: the channel refuses to reach this address; the next message from it clears it."""

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("notice", sa.String(32), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("given_at", Moment, nullable=False),
    sa.Column("withdrawn_at", Moment),
)

codes = sa.Table(
    "codes",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("digest", sa.String(43), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("person_id", sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
)
"""One-time codes; only a keyed digest is kept."""
