"""Applications: drafts, what was signed, and the rows of the export."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.folding import fold
from storage.tables import associations, centres, consents, conversations, signups
from storage.tables.base import Row


@dataclass(frozen=True, slots=True)
class Application:
    """What a president signs: phone in E.164, `city_code` None for a place no list knows."""

    association: str
    centre: str
    category: str
    category_other: str | None
    president: str
    phone: str
    phone_verified: bool
    email: str | None
    city: str
    city_code: str | None
    signature: str
    signer_role: str | None


async def open_draft(connection: AsyncConnection, person: int, *, language: str, channel: str, now: datetime) -> int:
    """The id of the person's draft: the open one, or a new one."""
    already = await connection.scalar(
        sa.select(signups.c.id).where(signups.c.person_id == person, signups.c.status == "draft")
    )
    if already is not None:
        return int(already)
    made = await connection.execute(
        signups.insert()
        .values(person_id=person, status="draft", language=language, channel=channel, created_at=now)
        .returning(signups.c.id)
    )
    return int(made.scalar_one())


async def drop_draft(connection: AsyncConnection, signup: int) -> None:
    """Delete a sign-up that is still a draft; anything else stays."""
    await connection.execute(sa.delete(signups).where(signups.c.id == signup, signups.c.status == "draft"))


async def submit(
    connection: AsyncConnection,
    signup: int,
    application: Application,
    *,
    reference: str,
    language: str,
    channel: str,
    now: datetime,
) -> None:
    """Keep what was signed. Signed again (a change before the decision), it replaces what was sent; the reference and
    the day of the first signature stay."""
    row = (
        await connection.execute(sa.select(signups.c.association_id, signups.c.signed_at).where(signups.c.id == signup))
    ).one()
    association = await _keep_association(connection, row.association_id, application, now=now)
    await connection.execute(
        signups.update()
        .where(signups.c.id == signup)
        .values(
            association_id=association,
            status="pending",
            reference=reference,
            language=language,
            channel=channel,
            signature=application.signature,
            signer_role=application.signer_role,
            signed_at=row.signed_at or now,
        )
    )


async def _keep_association(
    connection: AsyncConnection, association: int | None, application: Application, *, now: datetime
) -> int:
    of_association = {
        "name": application.association,
        "name_key": fold(application.association)[:300],
        "president": application.president,
        "phone": application.phone,
        "phone_verified": application.phone_verified,
        "email": application.email,
    }
    of_centre = {
        "name": application.centre,
        "category": application.category,
        "category_other": application.category_other,
        "city": application.city,
        "city_code": application.city_code,
    }
    if association is not None:
        await connection.execute(associations.update().where(associations.c.id == association).values(of_association))
        first = sa.select(sa.func.min(centres.c.id)).where(centres.c.association_id == association).scalar_subquery()
        await connection.execute(centres.update().where(centres.c.id == first).values(of_centre))
        return association
    made = await connection.execute(
        associations.insert().values(**of_association, created_at=now).returning(associations.c.id)
    )
    new = int(made.scalar_one())
    await connection.execute(centres.insert().values(**of_centre, association_id=new, created_at=now))
    return new


async def latest_request(connection: AsyncConnection, person: int) -> Row | None:
    """The person's latest sign-up that was sent, with its association and first centre; None when there is none."""
    query = (
        _signed()
        .where(signups.c.person_id == person, signups.c.status != "draft")
        .order_by(signups.c.id.desc(), centres.c.id)
        .limit(1)
    )
    found: Row | None = (await connection.execute(query)).one_or_none()
    return found


def _signed() -> sa.Select[Any]:
    return sa.select(
        signups,
        associations.c.name.label("association"),
        associations.c.president,
        associations.c.phone,
        associations.c.phone_verified,
        associations.c.email,
        centres.c.name.label("centre"),
        centres.c.category,
        centres.c.category_other,
        centres.c.city,
        centres.c.city_code,
    ).select_from(signups.outerjoin(associations).outerjoin(centres))


async def export_rows(connection: AsyncConnection) -> AsyncIterator[Row]:
    """Every sign-up, oldest first, a row a centre; a draft's row has its conversation in `talk` instead."""
    agreed = (
        sa.select(sa.func.min(consents.c.given_at))
        .where(consents.c.person_id == signups.c.person_id, consents.c.purpose == "signup")
        .scalar_subquery()
    )
    query = (
        _signed()
        .add_columns(conversations.c.talk, agreed.label("consent_at"))
        .outerjoin(
            conversations,
            sa.and_(conversations.c.person_id == signups.c.person_id, signups.c.status == "draft"),
        )
        .order_by(signups.c.id, centres.c.id)
    )
    async with connection.stream(query) as rows:
        async for row in rows:
            yield row


async def forget_signer(connection: AsyncConnection, person: int) -> None:
    """Withdraw the person's sign-ups and null what is personal in them; drafts go. The bodies' own names stay."""
    await connection.execute(sa.delete(signups).where(signups.c.person_id == person, signups.c.status == "draft"))
    theirs = sa.select(signups.c.association_id).where(signups.c.person_id == person)
    await connection.execute(
        associations.update()
        .where(associations.c.id.in_(theirs))
        .values(president=None, phone=None, phone_verified=False, email=None)
    )
    await connection.execute(
        signups.update()
        .where(signups.c.person_id == person)
        .values(status="withdrawn", signature=None, signer_role=None, person_id=None)
    )
