"""Announcements, and their deliveries: one row a recipient, ledger and queue in one."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

announcements = sa.Table(
    "announcements",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("title", sa.String(60), nullable=False),
    sa.Column("body_ar", sa.Text, nullable=False),
    sa.Column("body_fr", sa.Text),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("category", sa.String(40)),
    sa.Column("corrects", Id),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("paused_from", sa.String(16)),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_by", sa.ForeignKey("coordinators.id", ondelete="SET NULL")),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("approved_by", sa.ForeignKey("coordinators.id", ondelete="SET NULL")),
    sa.Column("send_local", sa.String(16)),
    sa.Column("zone", sa.String(64), nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("cutoff", Id, nullable=False),
    sa.Column("frozen_to", Id, nullable=False, server_default="0"),
    sa.Column("targeted", sa.Integer, nullable=False, server_default="0"),
    sa.Column("opted_out", sa.Integer, nullable=False, server_default="0"),
    sa.Column("unreachable", sa.Integer, nullable=False, server_default="0"),
    sa.Column("told_at", Moment),
    sa.Index(
        "ix_announcements_open",
        "due_at",
        "id",
        sqlite_where=sa.text("told_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL"),
    ),
)
"""`state` is waiting (for a second coordinator), scheduled, freezing (its recipients are being written down; the first are
sent to already), sending, paused (from what, says `paused_from`), stopped, done or cancelled. `audience` is a
bot.rules.audience.Audience as JSON, kept to `category`, its author's (null: to none). People with ids up to `cutoff` are
looked at, those up to `frozen_to` have been: `targeted` of them have a delivery, the rest was left out before.
`send_local` is wall time of `zone` (null: at once), `due_at` the instant it means as far as is known. `version` grows with
each act on it. `told_at` is when its author had the report, or when it was cancelled: nothing is left to do then. `corrects`
is the announcement that this one puts right; no foreign key, for a backup is restored row by row."""

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("announcement_id", Id, primary_key=True, autoincrement=False),
    sa.Column("person_id", Id, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("recipient", sa.String(80), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("reason", sa.String(16)),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("leased_by", sa.String(24)),
    sa.Column("fence", sa.BigInteger),
    sa.Column("sent_at", Moment),
    sa.Column("repeats", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Index("ix_deliveries_person_id", "person_id"),
    sa.Index(
        "ix_deliveries_waiting",
        *("announcement_id", "channel", "due_at", "person_id"),
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
)
"""`state` is waiting, sent, failed (`reason`: gone, refused) or skipped (`reason`: stopped, opted_out, fatigue, erased).
`due_at` of a waiting one is when it may be taken; a lease and a retry are a later one. `leased_by`: in that sender's hands,
and perhaps sent if it is still there when another takes it, which `repeats` counts; `fence` is that of the sender's lease of
the channel. No foreign keys: rows come a million at once, announcements are never deleted, and of an erased person the
row stays as a count, with an empty `recipient`."""

channel_leases = sa.Table(
    "channel_leases",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("owner", sa.String(24), nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
)
"""Who owns a channel's pace, until when; `fence` grows whenever somebody else does."""
