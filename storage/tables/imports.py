"""Tables that were loaded: which file, when, how much of it was taken."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, index=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.Column("imported_at", Moment, nullable=False),
    sa.Column("undone_at", Moment),
)
"""`digest` is that of the file's bytes (SHA-256, hexadecimal); of its `rows`, `taken` became sign-ups or their centres."""
