"""Sign-ups that others prepared, and the imports they came with.

The columns are added in place: making `signups` anew, as SQLite does for a constraint, would empty what hangs off it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Id, Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", Id, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("imported_at", Moment(), nullable=False),
        sa.Column("undone_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_digest", "imports", ["digest"])
    op.add_column("signups", sa.Column("source", sa.String(length=8), server_default="self", nullable=False))
    op.add_column("signups", sa.Column("import_id", Id, nullable=True))
    op.add_column("signups", sa.Column("claim_digest", sa.String(length=43), nullable=True))
    op.create_index("ix_signups_import_id", "signups", ["import_id"])
    op.create_index("uq_signups_claim_digest", "signups", ["claim_digest"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_signups_claim_digest", "signups")
    op.drop_index("ix_signups_import_id", "signups")
    for column in ("claim_digest", "import_id", "source"):
        op.drop_column("signups", column)
    op.drop_index("ix_imports_digest", "imports")
    op.drop_table("imports")
