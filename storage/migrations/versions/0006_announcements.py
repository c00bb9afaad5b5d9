"""Announcements, one delivery a recipient, and who owns a channel's pace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Id, Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("body_ar", sa.Text(), nullable=False),
        sa.Column("body_fr", sa.Text(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("corrects", Id, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("paused_from", sa.String(length=16), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("approved_by", Id, nullable=True),
        sa.Column("send_local", sa.String(length=16), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("cutoff", Id, nullable=False),
        sa.Column("frozen_to", Id, nullable=False, server_default="0"),
        sa.Column("targeted", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("opted_out", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("unreachable", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("told_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["coordinators.id"], name=op.f("fk_announcements_created_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["coordinators.id"], name=op.f("fk_announcements_approved_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    _index_where("ix_announcements_open", "announcements", ["due_at", "id"], "told_at IS NULL")
    op.create_table(
        "deliveries",
        sa.Column("announcement_id", Id, autoincrement=False, nullable=False),
        sa.Column("person_id", Id, autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("leased_by", sa.String(length=24), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("repeats", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("announcement_id", "person_id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_person_id"), "deliveries", ["person_id"])
    claimed = ["announcement_id", "channel", "due_at", "person_id"]
    _index_where("ix_deliveries_waiting", "deliveries", claimed, "state = 'waiting'")
    op.create_table(
        "channel_leases",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_leases")),
    )


def _index_where(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_table("channel_leases")
    op.drop_table("deliveries")
    op.drop_table("announcements")
