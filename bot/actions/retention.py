"""Retention: what is kept no longer than it must be."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rules.imports import PREPARED_LASTS
from storage import imports, inbox, outbox
from storage.engine import Database

INBOX_DAYS = 9
"""Platforms repeat an update for up to seven days; a day on either side."""
MESSAGE_DAYS = 30


async def forget_updates(database: Database, now: datetime) -> int:
    """Delete the keys of updates that can no longer be repeated; how many."""
    async with database.write() as connection:
        return await inbox.forget_updates(connection, before=now - timedelta(days=INBOX_DAYS))


async def forget_messages(database: Database, now: datetime) -> int:
    """Delete messages that were read on the page, or parked, long ago; how many."""
    async with database.write() as connection:
        return await outbox.forget_messages(connection, opened_before=now - timedelta(days=MESSAGE_DAYS))


async def forget_unclaimed(database: Database, now: datetime) -> int:
    """Delete what others prepared long ago and nobody has claimed, or claimed without agreeing to anything; how many."""
    before = now - PREPARED_LASTS
    async with database.write() as connection:
        unclaimed = await imports.delete_prepared(connection, before=before)
        return unclaimed + await imports.delete_without_consent(connection, before=before)
