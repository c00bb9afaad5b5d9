"""Whom an announcement was meant for and did not reach, by the name of the association."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import associations, deliveries, signups


async def unreached(connection: AsyncConnection, announcement: int, *, limit: int) -> list[str]:
    """Names of associations whose person it failed to reach, each once, in their order; of somebody without an application,
    or who was erased, there is none."""
    query = (
        sa.select(associations.c.name)
        .join(signups, signups.c.association_id == associations.c.id)
        .join(deliveries, deliveries.c.person_id == signups.c.person_id)
        .where(deliveries.c.announcement_id == announcement, deliveries.c.state == "failed")
        .distinct()
        .order_by(associations.c.name)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())
