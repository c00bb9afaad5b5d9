"""The whole timetable on one screen: (name, every, action). Ticks ask the database what is due, are safe to run twice and
anywhere, and return counts. The scheduler holds when to look, never what to do for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.actions import retention
from bot.core.counters import Counters
from storage.engine import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tick:
    """`act` is given the database and the moment, and returns how many things it did."""

    name: str
    every: timedelta
    act: Callable[[Database, datetime], Awaitable[int]]


TIMETABLE = (
    Tick("forget_updates", timedelta(hours=1), retention.forget_updates),
    Tick("forget_messages", timedelta(hours=1), retention.forget_messages),
)


@dataclass(slots=True)
class Scheduler:
    looks: AsyncIOScheduler
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        self.looks.start()

    async def stop(self) -> None:
        """Look no more, once the looks under way have ended: a connection cut off in the middle may never close."""
        self.looks.pause()
        await asyncio.sleep(0)  # what was just due begins now, or never
        if self.under_way:
            await asyncio.wait(self.under_way)
        self.looks.shutdown(wait=False)


def make_scheduler(database: Database, clock: Callable[[], datetime], counters: Counters | None = None) -> Scheduler:
    """A scheduler that looks once at start and then as the timetable says; a look never overlaps itself."""
    scheduler = Scheduler(AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1}))
    counters = counters or Counters()

    async def look(tick: Tick) -> None:
        task = asyncio.current_task()
        assert task is not None
        scheduler.under_way.add(task)
        task.add_done_callback(scheduler.under_way.discard)
        await _look(tick, database, clock, counters)

    for tick in TIMETABLE:
        seconds = tick.every.total_seconds()
        scheduler.looks.add_job(look, "interval", (tick,), id=tick.name, seconds=seconds, next_run_time=clock())
    return scheduler


async def _look(tick: Tick, database: Database, clock: Callable[[], datetime], counters: Counters) -> None:
    try:
        count = await tick.act(database, clock())
    except Exception as error:  # noqa: BLE001 -- the timetable must live; the next look finds the same things due
        counters.looks[tick.name, "failed"] += 1
        log.error("tick_failed", tick=tick.name, error=type(error).__name__)
        return
    counters.looks[tick.name, "done"] += 1
    counters.things[tick.name] += count
    if count:
        log.info("tick", tick=tick.name, count=count)
