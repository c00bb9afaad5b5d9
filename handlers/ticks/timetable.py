"""The whole timetable on one screen: (name, every, action). Ticks ask the database what is due, are safe to run twice and
anywhere, and return counts. The scheduler holds when to look, never what to do for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.actions import announcement_news, announcements, decisions, duplicates, help_requests, merges, retention
from bot.actions.desktop import Desktop
from bot.core.counters import Counters
from storage.engine import Database

_GRACE_SECONDS = 5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tick:
    """`act` is given the database and the moment, and returns how many things it did."""

    name: str
    every: timedelta
    act: Callable[[Database, datetime], Awaitable[int]]


def timetable(desktop: Desktop) -> tuple[Tick, ...]:
    return (
        Tick("freeze_announcements", timedelta(seconds=0.5), announcements.freeze),
        Tick("finish_announcements", timedelta(seconds=1), announcements.finish),
        Tick("tell_decisions", timedelta(seconds=10), partial(decisions.tell_decisions, desktop=desktop)),
        Tick("tell_merges", timedelta(seconds=10), partial(merges.tell_merges, desktop=desktop)),
        Tick("tell_reports", timedelta(seconds=10), partial(announcement_news.tell_reports, desktop=desktop)),
        Tick("find_duplicates", timedelta(seconds=10), duplicates.find_duplicates),
        Tick("remind_of_help", timedelta(minutes=5), partial(help_requests.remind_of_help, desktop=desktop)),
        Tick("forget_updates", timedelta(hours=1), retention.forget_updates),
        Tick("forget_messages", timedelta(hours=1), retention.forget_messages),
        Tick("forget_unclaimed", timedelta(hours=1), retention.forget_unclaimed),
        Tick("forget_merges", timedelta(hours=1), merges.forget_merges),
    )


class Ticking:
    """The timetable at work."""

    def __init__(
        self, database: Database, desktop: Desktop, clock: Callable[[], datetime], counters: Counters | None = None
    ) -> None:
        """It looks once at start and then as the timetable says; a look never overlaps itself, and one that is late is made
        late: left out, it would be an hour until the next."""
        self._database = database
        self._clock = clock
        self._counters = counters or Counters()
        self._looks: set[asyncio.Task[None]] = set()
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)
        for tick in timetable(desktop):
            seconds = tick.every.total_seconds()
            self._scheduler.add_job(self._look, "interval", (tick,), id=tick.name, seconds=seconds, next_run_time=clock())

    def start(self) -> None:
        self._scheduler.start()

    async def stop(self) -> None:
        """No look begins any more, and those under way are finished: one that is cut off while its database is being closed
        never ends, and neither does the process."""
        self._scheduler.pause()
        await asyncio.sleep(0)  # what was told to begin has begun
        await self._finished()
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)  # what still ran was cut off
        await self._finished()

    async def _finished(self) -> None:
        if self._looks:
            await asyncio.wait(self._looks, timeout=_GRACE_SECONDS)

    async def _look(self, tick: Tick) -> None:
        look = asyncio.current_task()
        assert look is not None
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)
        try:
            count = await tick.act(self._database, self._clock())
        except Exception as error:  # noqa: BLE001 -- the timetable must live; the next look finds the same things due
            self._counters.looks[tick.name, "failed"] += 1
            log.error("tick_failed", tick=tick.name, error=type(error).__name__)
            return
        self._counters.looks[tick.name, "done"] += 1
        self._counters.things[tick.name] += count
        if count:
            log.info("tick", tick=tick.name, count=count)
