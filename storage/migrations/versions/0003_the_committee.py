"""The committee: coordinators, invites, decisions, the audit trail; help requests that somebody takes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Id, Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=True),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entries_at"), ["at"], unique=False)
        batch_op.create_index("ix_audit_entries_subject", ["subject", "subject_id"], unique=False)

    op.create_table(
        "coordinators",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("joined_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_coordinators_person_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coordinators")),
        sa.UniqueConstraint("person_id", name=op.f("uq_coordinators_person_id")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("signup_id", Id, nullable=False),
        sa.Column("coordinator_id", Id, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("reopens", sa.String(length=32), nullable=True),
        sa.Column("decided_at", Moment(), nullable=False),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("undone_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["coordinator_id"], ["coordinators.id"], name=op.f("fk_decisions_coordinator_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["signup_id"], ["signups.id"], name=op.f("fk_decisions_signup_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_signup_id"), ["signup_id"], unique=False)
        batch_op.create_index(
            "ix_decisions_to_tell",
            ["decided_at"],
            unique=False,
            sqlite_where=sa.text("told_at IS NULL AND undone_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL AND undone_at IS NULL"),
        )

    op.create_table(
        "invites",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=43), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("invited_by", Id, nullable=True),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["coordinators.id"], name=op.f("fk_invites_invited_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
        sa.UniqueConstraint("digest", name=op.f("uq_invites_digest")),
    )
    with op.batch_alter_table("help_requests", schema=None) as batch_op:
        batch_op.add_column(sa.Column("category", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("status", sa.String(length=16), server_default="open", nullable=False))
        batch_op.add_column(sa.Column("claimed_by", Id, nullable=True))
        batch_op.add_column(sa.Column("claimed_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("answer", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("closed_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("reminded_at", Moment(), nullable=True))
        batch_op.create_index(
            "ix_help_requests_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_help_requests_claimed_by"), "coordinators", ["claimed_by"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("signups", schema=None) as batch_op:
        batch_op.add_column(sa.Column("category", sa.String(length=40), nullable=True))
        batch_op.create_index("ix_signups_queue", ["status", "category", "id"], unique=False)
    op.execute(_FIRST_CENTRES)
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


_FIRST_CENTRES = """UPDATE signups SET category = (
    SELECT category FROM centres WHERE centres.association_id = signups.association_id ORDER BY centres.id LIMIT 1)"""
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER audit_entries_never_{what} BEFORE {what} ON audit_entries "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        for what in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$""",
        """CREATE TRIGGER audit_entries_never_change BEFORE UPDATE OR DELETE ON audit_entries
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    ],
}


def downgrade() -> None:
    with op.batch_alter_table("signups", schema=None) as batch_op:
        batch_op.drop_index("ix_signups_queue")
        batch_op.drop_column("category")

    with op.batch_alter_table("help_requests", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_help_requests_claimed_by"), type_="foreignkey")
        batch_op.drop_index(
            "ix_help_requests_open", sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL")
        )
        batch_op.drop_column("reminded_at")
        batch_op.drop_column("closed_at")
        batch_op.drop_column("answer")
        batch_op.drop_column("claimed_at")
        batch_op.drop_column("claimed_by")
        batch_op.drop_column("status")
        batch_op.drop_column("category")

    op.drop_table("invites")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_decisions_to_tell",
            sqlite_where=sa.text("told_at IS NULL AND undone_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL AND undone_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_decisions_signup_id"))

    op.drop_table("decisions")
    op.drop_table("coordinators")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entries_subject")
        batch_op.drop_index(batch_op.f("ix_audit_entries_at"))

    op.drop_table("audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
