"""The outbox: messages we owe people, in the order we owe them."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("recipient", sa.String(80), nullable=False),
    sa.Column("lane", sa.SmallInteger, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("leased_by", sa.String(24)),
    sa.Column("leased_until", Moment),
    sa.Column("opened_at", Moment),
    sa.Column("parked", sa.String(80)),
    sa.Index("ix_outbox_recipient", "channel", "recipient", "id"),
    sa.Index(
        "ix_outbox_owed",
        "channel",
        "lane",
        "due_at",
        "id",
        sqlite_where=sa.text("opened_at IS NULL AND parked IS NULL"),
        postgresql_where=sa.text("opened_at IS NULL AND parked IS NULL"),
    ),
)
"""A row is deleted when it was sent; on the web page it stays as the page's content and `opened_at` says when it was
seen. Ids grow with time (storage.ids). `message` is a bot.core.messages.Message as JSON. `leased_until` in
the future: a process is sending it, or it waits for another try. `parked`: refused for the cause named, kept to be seen."""
