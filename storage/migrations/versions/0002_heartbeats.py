"""When updates of a channel last reached us."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("beat_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )


def downgrade() -> None:
    op.drop_table("heartbeats")
