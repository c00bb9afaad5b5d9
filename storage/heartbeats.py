"""The heartbeats' queries: when a channel's updates last reached us, and who says so first."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import heartbeats

_FIRST = {
    dialect.__name__.rsplit(".", 1)[-1]: dialect.insert(heartbeats).on_conflict_do_nothing()
    for dialect in (postgresql, sqlite)
}


async def last_beat(connection: AsyncConnection, name: str) -> datetime | None:
    """None before the first one."""
    found: datetime | None = await connection.scalar(sa.select(heartbeats.c.beat_at).where(heartbeats.c.name == name))
    return found


async def beat(connection: AsyncConnection, name: str, *, now: datetime, after: datetime | None) -> bool:
    """Write a beat if `after` is still the last one; False when another process wrote one meanwhile.

    Of several that saw the same last beat, one gets True; the row stays locked until its transaction ends.
    """
    if after is None:
        first = await connection.execute(_FIRST[connection.dialect.name], {"name": name, "beat_at": now})
        return first.rowcount == 1
    written = await connection.execute(
        heartbeats.update().where(heartbeats.c.name == name, heartbeats.c.beat_at == after).values(beat_at=now)
    )
    return written.rowcount == 1
