"""Migrating, and looking after what failed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bot.actions.parked import parked_updates, retry_parked
from bot.core.text import Ltr, t
from handlers.cli.tools import Tools
from storage.migrations import migrate


async def bring_up(tools: Tools) -> None:
    database = tools.database()
    try:
        await migrate(database)
    finally:
        await database.close()
    tools.say(t("The database is ready."))


async def parked(tools: Tools, *, retry: bool) -> None:
    """List what failed, or take it again. What a message says is never printed."""
    database = tools.database()
    try:
        if retry:
            await _retry(tools)
        rows = await parked_updates(database)
    finally:
        await database.close()
    if not rows:
        tools.say(t("Nothing is parked."))
    for row in rows:
        line = t("{ref}  {when}  {channel}  {cause}")
        when = Ltr(f"{row.parked_at:%Y-%m-%d %H:%M}")
        tools.say(line(ref=Ltr(row.reference), when=when, channel=Ltr(row.channel), cause=Ltr(row.cause)))


async def _retry(tools: Tools) -> None:
    database = tools.database()
    desk = tools.desk(database)
    working = asyncio.create_task(desk.run())
    try:
        taken, left = await retry_parked(database, desk)
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await database.close()
    tools.say(t("Taken again: {count}. Still parked: {left}.")(count=taken, left=left))
