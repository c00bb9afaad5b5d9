"""The timetable: each tick does what is due, twice is once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.actions import retention
from bot.core.messages import Message
from bot.main import Service
from bot.settings import Settings
from handlers.ticks.timetable import TIMETABLE, make_scheduler
from storage import inbox, outbox
from storage.engine import Database
from storage.outbox import Opened, Owed
from storage.tables import inbox as inbox_table, outbox as outbox_table
from tests.fakes.clock import Clock


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
    scheduler = make_scheduler(database, lambda: now)
    scheduler.start()
    for _ in range(200):
        async with database.read() as connection:
            if await connection.scalar(sa.select(sa.func.count()).select_from(inbox_table)) == 0:
                break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("the tick did not look")
    await scheduler.stop()
    assert [await tick.act(database, now) for tick in TIMETABLE] == [0, 0]


async def test_a_look_under_way_is_finished_when_the_service_stops(settings: Settings) -> None:
    """A look cut off leaves a connection that is being closed; cut off again by the end of the process, it never was."""
    for patience in range(20):
        service = Service(settings, only="tick")
        await service.start()
        await asyncio.sleep(patience / 1000)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await service.stop()
        assert [task for task in asyncio.all_tasks() - others if task is not asyncio.current_task()] == []
        assert [task for task in others if not task.done()] == []
