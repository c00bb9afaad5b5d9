"""Where each person is in what they are saying: one row a person, locked for the length of a turn."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Moment, metadata

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("person_id", sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="SET NULL")),
    sa.Column("flow", sa.String(32)),
    sa.Column("version", sa.Integer),
    sa.Column("question", sa.String(32)),
    sa.Column("talk", sa.Text, nullable=False),
    sa.Column("spoke_at", Moment, nullable=False),
)
"""`address_id` is the one used last; `flow`, `version` and `question` are those of the oldest open flow (null: none), for
figures; `talk` is the whole as JSON (bot.flows.standing.Talk): answers, what was typed, both open flows."""
