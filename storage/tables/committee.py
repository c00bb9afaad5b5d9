"""The committee: coordinators, and the one-time codes that let somebody in."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

coordinators = sa.Table(
    "coordinators",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("person_id", sa.ForeignKey("people.id", ondelete="SET NULL"), unique=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("category", sa.String(40)),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("joined_at", Moment, nullable=False),
)
"""`category` null: all of them. `person_id` null: the person was erased; the row stays, because decisions name it."""

invites = sa.Table(
    "invites",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(43), nullable=False, unique=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("category", sa.String(40)),
    sa.Column("invited_by", sa.ForeignKey("coordinators.id", ondelete="SET NULL")),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
)
"""Only a keyed digest of the code is kept. `invited_by` null: from the command line."""
