"""Pairs that look alike, merges, and what applications are compared by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Id, Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "pairs",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("first_id", Id, nullable=False),
        sa.Column("second_id", Id, nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("judged_by", Id, nullable=True),
        sa.Column("judged_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["first_id"], ["signups.id"], name=op.f("fk_pairs_first_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["second_id"], ["signups.id"], name=op.f("fk_pairs_second_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["judged_by"], ["coordinators.id"], name=op.f("fk_pairs_judged_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairs")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_pairs_first_id_second_id")),
    )
    op.create_index(op.f("ix_pairs_second_id"), "pairs", ["second_id"])
    _index_where("ix_pairs_to_judge", "pairs", "id", "verdict IS NULL")
    _create_merges()
    op.add_column("associations", sa.Column("email_key", sa.String(length=254), nullable=True))
    op.execute("UPDATE associations SET email_key = lower(email) WHERE email IS NOT NULL")
    op.create_index(op.f("ix_associations_email_key"), "associations", ["email_key"])
    op.create_index("ix_centres_city_code", "centres", ["city_code", "association_id"])
    op.add_column("signups", sa.Column("sent_at", Moment(), nullable=True))
    op.add_column("signups", sa.Column("compared_at", Moment(), nullable=True))
    op.execute("UPDATE signups SET sent_at = signed_at WHERE signed_at IS NOT NULL")
    _index_where("ix_signups_to_compare", "signups", "id", "compared_at IS NULL AND signed_at IS NOT NULL")


def _create_merges() -> None:
    op.create_table(
        "merges",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("first_id", Id, nullable=False),
        sa.Column("second_id", Id, nullable=False),
        sa.Column("coordinator_id", Id, nullable=True),
        sa.Column("merged_at", Moment(), nullable=False),
        sa.Column("first_status", sa.String(length=16), nullable=False),
        sa.Column("second_status", sa.String(length=16), nullable=False),
        sa.Column("taken", sa.String(length=60), nullable=False),
        sa.Column("centres", sa.Text(), nullable=False),
        sa.Column("kept", sa.Text(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("undone_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["first_id"], ["signups.id"], name=op.f("fk_merges_first_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["second_id"], ["signups.id"], name=op.f("fk_merges_second_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["coordinator_id"], ["coordinators.id"], name=op.f("fk_merges_coordinator_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_first_id"), "merges", ["first_id"])
    op.create_index(op.f("ix_merges_second_id"), "merges", ["second_id"])
    _index_where("uq_merges_one_at_a_time", "merges", "second_id", "undone_at IS NULL", unique=True)
    _index_where("ix_merges_to_tell", "merges", "merged_at", "told_at IS NULL AND undone_at IS NULL")
    _index_where("ix_merges_kept", "merges", "merged_at", "kept IS NOT NULL")


def _index_where(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, [column], unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    """What was joined is what it was before again, as far as its status goes."""
    op.execute(
        "UPDATE signups SET status = (SELECT second_status FROM merges WHERE second_id = signups.id AND undone_at IS NULL)"
        " WHERE status = 'merged'"
    )
    op.drop_index("ix_signups_to_compare", "signups")
    op.drop_column("signups", "compared_at")
    op.drop_column("signups", "sent_at")
    op.drop_index("ix_centres_city_code", "centres")
    op.drop_index(op.f("ix_associations_email_key"), "associations")
    op.drop_column("associations", "email_key")
    op.drop_table("merges")
    op.drop_table("pairs")
