"""Applications that look alike, what was judged of them, and those that were joined."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

pairs = sa.Table(
    "pairs",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("first_id", sa.ForeignKey("signups.id", ondelete="CASCADE"), nullable=False),
    sa.Column("second_id", sa.ForeignKey("signups.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("verdict", sa.String(16)),
    sa.Column("judged_by", sa.ForeignKey("coordinators.id", ondelete="SET NULL")),
    sa.Column("judged_at", Moment),
    sa.UniqueConstraint("first_id", "second_id"),
    sa.Index(
        "ix_pairs_to_judge",
        "id",
        sqlite_where=sa.text("verdict IS NULL"),
        postgresql_where=sa.text("verdict IS NULL"),
    ),
)
"""The first is the one that was signed first. `verdict` is `different`, `same`, or null: nobody has judged yet. Ids grow
with the time the pair was found."""

merges = sa.Table(
    "merges",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("first_id", sa.ForeignKey("signups.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("second_id", sa.ForeignKey("signups.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("coordinator_id", sa.ForeignKey("coordinators.id", ondelete="SET NULL")),
    sa.Column("merged_at", Moment, nullable=False),
    sa.Column("first_status", sa.String(16), nullable=False),
    sa.Column("second_status", sa.String(16), nullable=False),
    sa.Column("taken", sa.String(60), nullable=False),
    sa.Column("centres", sa.Text, nullable=False),
    sa.Column("kept", sa.Text),
    sa.Column("told_at", Moment),
    sa.Column("undone_at", Moment),
    sa.Index(
        "uq_merges_one_at_a_time",
        "second_id",
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    ),
    sa.Index(
        "ix_merges_to_tell",
        "merged_at",
        sqlite_where=sa.text("told_at IS NULL AND undone_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL AND undone_at IS NULL"),
    ),
    sa.Index(
        "ix_merges_kept",
        "merged_at",
        sqlite_where=sa.text("kept IS NOT NULL"),
        postgresql_where=sa.text("kept IS NOT NULL"),
    ),
)
"""The second application was joined to the first; `first_status` and `second_status` are what they were before. `taken`
names the fields whose value is the second's, `centres` (JSON) which centres moved; neither names anybody. `kept` (JSON)
holds both values of each field that differed: personal, gone after 30 days, with the undo, or when one of the two persons
is erased."""
