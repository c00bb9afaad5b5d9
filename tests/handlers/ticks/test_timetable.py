"""The timetable: each tick does what is due, twice is once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.actions import retention
from bot.actions.desktop import Desktop
from bot.core.messages import Message
from bot.main import make_seals
from handlers.ticks.timetable import make_scheduler, timetable
from storage import inbox, outbox
from storage.engine import Database
from storage.outbox import Opened, Owed
from storage.tables import inbox as inbox_table, outbox as outbox_table
from tests.bot.core.setting import SETTINGS, SETUP
from tests.fakes.clock import Clock

DESKTOP = Desktop(SETUP, make_seals(SETTINGS), sender=None)


async def test_keys_of_updates_are_kept_as_long_as_a_platform_may_repeat_them(database: Database, clock: Clock) -> None:
    async with database.write() as connection:
        await inbox.record_updates(connection, [("telegram", "1")], now=clock())
    clock.advance(days=8)
    assert await retention.forget_updates(database, clock()) == 0
    clock.advance(days=2)
    assert [await retention.forget_updates(database, clock()) for _ in range(2)] == [1, 0]


async def test_messages_read_long_ago_go_and_unread_ones_stay(database: Database, clock: Clock) -> None:
    async with database.write() as connection:
        messages = [Owed(number, "web", "x", Message("…"), leased=False) for number in (1, 2)]
        await outbox.owe(connection, messages, now=clock(), sender=None, lease=timedelta(seconds=1))
        await outbox.settle(connection, [Opened(1, clock())])
    clock.advance(days=31)
    assert await retention.forget_messages(database, clock()) == 1
    async with database.read() as connection:
        assert (await connection.execute(sa.select(outbox_table.c.id))).scalars().all() == [2]


async def test_every_tick_runs_at_start_and_returns_a_count(database: Database) -> None:
    now = datetime.now(UTC)
    async with database.write() as connection:
        await inbox.record_updates(connection, [("telegram", "1")], now=now - timedelta(days=30))
    scheduler = make_scheduler(database, DESKTOP, lambda: now)
    scheduler.start()
    for _ in range(200):
        async with database.read() as connection:
            if await connection.scalar(sa.select(sa.func.count()).select_from(inbox_table)) == 0:
                break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("the tick did not look")
    scheduler.shutdown(wait=False)
    assert [await tick.act(database, now) for tick in timetable(DESKTOP)] == [0, 0, 0, 0, 0, 0, 0]
