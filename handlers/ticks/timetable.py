"""The whole timetable on one screen: (name, every, action). Ticks ask the database what is due, are safe to run twice and
anywhere, and return counts. The scheduler holds when to look, never what to do for whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.actions import decisions, duplicates, help_requests, merges, retention
from bot.actions.desktop import Desktop
from storage.engine import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tick:
    """`act` is given the database and the moment, and returns how many things it did."""

    name: str
    every: timedelta
    act: Callable[[Database, datetime], Awaitable[int]]


def timetable(desktop: Desktop) -> tuple[Tick, ...]:
    return (
        Tick("tell_decisions", timedelta(seconds=10), partial(decisions.tell_decisions, desktop=desktop)),
        Tick("tell_merges", timedelta(seconds=10), partial(merges.tell_merges, desktop=desktop)),
        Tick("find_duplicates", timedelta(seconds=10), duplicates.find_duplicates),
        Tick("remind_of_help", timedelta(minutes=5), partial(help_requests.remind_of_help, desktop=desktop)),
        Tick("forget_updates", timedelta(hours=1), retention.forget_updates),
        Tick("forget_messages", timedelta(hours=1), retention.forget_messages),
        Tick("forget_merges", timedelta(hours=1), merges.forget_merges),
    )


def make_scheduler(database: Database, desktop: Desktop, clock: Callable[[], datetime]) -> AsyncIOScheduler:
    """A scheduler that looks once at start and then as the timetable says; a look never overlaps itself."""
    scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    for tick in timetable(desktop):
        seconds = tick.every.total_seconds()
        scheduler.add_job(_look, "interval", (tick, database, clock), id=tick.name, seconds=seconds, next_run_time=clock())
    return scheduler


async def _look(tick: Tick, database: Database, clock: Callable[[], datetime]) -> None:
    try:
        count = await tick.act(database, clock())
    except Exception as error:  # noqa: BLE001 -- the timetable must live; the next look finds the same things due
        log.error("tick_failed", tick=tick.name, error=type(error).__name__)
        return
    if count:
        log.info("tick", tick=tick.name, count=count)
