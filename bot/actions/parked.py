"""Updates that could not be taken: kept with their cause, listed, retried."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.actions.desk import Desk
from storage import inbox
from storage.engine import Database
from storage.tables.base import Row

_KEPT = 20_000


async def park_unreadable(database: Database, *, channel: str, body: bytes) -> None:
    """Keep something that is not an update, once for the same bytes. StorageUnavailable: it could not be kept."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    text = body[:_KEPT].decode(errors="replace").replace("\x00", "")
    now, reference = datetime.now(UTC), secrets.token_hex(3).upper()
    async with database.write() as connection:
        if await inbox.record_updates(connection, [(channel, f"unreadable:{digest}")], now=now):
            await inbox.park_update(connection, reference=reference, channel=channel, cause="unreadable", body=text, now=now)


async def parked_updates(database: Database) -> Sequence[Row]:
    async with database.read() as connection:
        return await inbox.parked_updates(connection)


async def retry_parked(database: Database, desk: Desk) -> tuple[int, int]:
    """Take again what failed; (how many were taken, how many are parked now). What cannot be read stays parked.

    Each goes under a number of its own, so that a retry cut off before it is crossed out has no second effect.
    """
    taken = 0
    rows = await parked_updates(database)
    for row in rows:
        incoming = inbox.incoming_from_text(row.body)
        if incoming is None:
            continue
        await desk.take(replace(incoming, update_id=f"{incoming.update_id[:60]}#{row.reference}"))
        async with database.write() as connection:
            await inbox.unpark_update(connection, row.id)
        taken += 1
    async with database.read() as connection:
        return taken, len(await inbox.parked_updates(connection))
