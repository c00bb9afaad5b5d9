"""Associations that may be the same one twice."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import associations, centres, signups
from storage.tables.base import Row


async def neighbours(
    connection: AsyncConnection, *, but: int, key: str, phone: str | None, email: str | None, city_code: str | None
) -> Sequence[Row]:
    """Associations whose application was sent, other than this one, that share its name, phone, e-mail or commune: id,
    name, name_key, phone, email, city_code; at most 500."""
    shared = [associations.c.name_key == key]
    shared += [associations.c.phone == phone] if phone else []
    shared += [sa.func.lower(associations.c.email) == email.lower()] if email else []
    shared += [centres.c.city_code == city_code] if city_code else []
    query = (
        sa.select(
            associations.c.id,
            associations.c.name,
            associations.c.name_key,
            associations.c.phone,
            associations.c.email,
            centres.c.city_code,
        )
        .select_from(associations.join(centres).join(signups, signups.c.association_id == associations.c.id))
        .where(associations.c.id != but, signups.c.status.not_in(("refused", "withdrawn")), sa.or_(*shared))
        .order_by(associations.c.id)
        .limit(500)
    )
    return (await connection.execute(query)).all()
