"""Applications, the associations that make them, and the centres these run."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import Id, Moment, metadata

associations = sa.Table(
    "associations",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(300), nullable=False),
    sa.Column("name_key", sa.String(300), nullable=False, index=True),
    sa.Column("president", sa.String(160)),
    sa.Column("phone", sa.String(20), index=True),
    sa.Column("phone_verified", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("email", sa.String(254)),
    sa.Column("email_key", sa.String(254), index=True),
    sa.Column("created_at", Moment, nullable=False),
)
"""`name_key` is the folded name to compare by, `email_key` the e-mail in small letters; `phone` is E.164."""

centres = sa.Table(
    "centres",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("association_id", sa.ForeignKey("associations.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("name", sa.String(300), nullable=False),
    sa.Column("category", sa.String(40), nullable=False),
    sa.Column("category_other", sa.String(300)),
    sa.Column("city", sa.String(160), nullable=False),
    sa.Column("city_code", sa.String(16)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Index("ix_centres_city_code", "city_code", "association_id"),
)
"""`city_code` is the census code of the commune; null when the person insisted on a name no list knows."""

signups = sa.Table(
    "signups",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("people.id", ondelete="SET NULL")),
    sa.Column("association_id", sa.ForeignKey("associations.id", ondelete="SET NULL"), index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reference", sa.String(16), unique=True),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("category", sa.String(40)),
    sa.Column("signature", sa.String(160)),
    sa.Column("signer_role", sa.String(160)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("signed_at", Moment),
    sa.Column("source", sa.String(8), nullable=False, server_default="self"),
    sa.Column("import_id", Id, index=True),
    sa.Column("claim_digest", sa.String(43)),
    sa.Column("sent_at", Moment),
    sa.Column("compared_at", Moment),
    sa.Index("ix_signups_person_id", "person_id"),
    sa.Index("ix_signups_queue", "status", "category", "id"),
    sa.Index("uq_signups_claim_digest", "claim_digest", unique=True),
    sa.Index(
        "ix_signups_to_compare",
        "id",
        sqlite_where=sa.text("compared_at IS NULL AND signed_at IS NOT NULL"),
        postgresql_where=sa.text("compared_at IS NULL AND signed_at IS NOT NULL"),
    ),
    sa.Index(
        "uq_signups_one_draft_a_person",
        "person_id",
        unique=True,
        sqlite_where=sa.text("status = 'draft'"),
        postgresql_where=sa.text("status = 'draft'"),
    ),
)
"""`status` is prepared, draft, pending, approved, needs_correction, refused, withdrawn or merged (joined to another one,
see merges); `reference` comes with the signature, and `category` too: that of the first centre, by which applications are
shared among coordinators. `source` says who gathered the answers: self, import, phone. What others gathered is `prepared`,
without a person, until its president claims it and it becomes the president's draft: with the code kept as `claim_digest`
until then, or by a verified phone. `import_id` is a row of imports; no foreign key, because SQLite cannot add one in place.
`signed_at` is the first signature, `sent_at` the last one; `compared_at` when it was last looked at for others that look
alike (null: it has changed since)."""
