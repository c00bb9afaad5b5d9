"""Claims: a sign-up that others prepared becomes its president's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.signups import drop_drafts_of, with_association
from storage.tables import associations, centres, signups
from storage.tables.base import Row


@dataclass(frozen=True, slots=True)
class Claim:
    """Which prepared sign-up somebody claims: by the digest of its code, or by its id and the number they share with it."""

    digest: str | None = None
    signup: int | None = None
    phone: str | None = None


async def prepared_for(connection: AsyncConnection, person: int, phone: str, *, since: datetime) -> Row | None:
    """(id, association) of the one sign-up prepared since then for this number; None when there is none or several, or when
    the person has already claimed one."""
    claimed = sa.select(signups.c.id).where(signups.c.person_id == person, signups.c.source != "self").exists()
    query = (
        sa.select(signups.c.id, associations.c.name.label("association"))
        .join(associations)
        .where(_waiting(since), associations.c.phone == phone, ~claimed)
        .limit(2)
    )
    found = (await connection.execute(query)).all()
    return found[0] if len(found) == 1 else None


async def claim_prepared(
    connection: AsyncConnection, which: Claim, *, person: int, language: str, channel: str, since: datetime
) -> Sequence[Row]:
    """Make a prepared sign-up the person's draft, in place of the one the person had; it with its association, a row a
    centre. Empty: it is not there, is older than `since`, or somebody else was first. Of two at once one gets it."""
    if which.digest is not None:
        meant = signups.c.claim_digest == which.digest
    else:
        meant = sa.and_(signups.c.id == which.signup, associations.c.phone == which.phone)
    query = with_association().where(_waiting(since), meant).order_by(centres.c.id).with_for_update(of=signups)
    found: Sequence[Row] = (await connection.execute(query)).all()
    if not found:
        return ()
    await drop_drafts_of(connection, person)
    await connection.execute(
        signups.update()
        .where(signups.c.id == found[0].id)
        .values(status="draft", person_id=person, language=language, channel=channel, claim_digest=None)
    )
    return found


def _waiting(since: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(signups.c.status == "prepared", signups.c.created_at > since)
