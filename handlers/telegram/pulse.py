"""The pulse of our way in: it beats while Telegram's updates reach this process.

Not a tick: a process that only looks at the timetable would beat while nobody takes updates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.actions import heartbeats
from bot.actions.deliveries import Deliveries
from bot.actions.desktop import Desktop
from bot.core.errors import StorageUnavailable
from handlers.telegram.updates import CHANNEL
from storage.engine import Database

PRESSES_KEPT = timedelta(seconds=150)
"""How long Telegram tries to deliver a press. Checked November 2026."""
_LOOK_EVERY, _LOOKS = 2.0, 60

log = structlog.get_logger()


class Pulse:
    """`open` returns once updates can reach us; `drained` once those that waited for it have been taken: who sent them
    is answered and must not be asked again. `deliveries` are handed what is owed after a silence."""

    def __init__(
        self,
        database: Database,
        desktop: Desktop,
        deliveries: Deliveries,
        *,
        clock: Callable[[], datetime],
        open: Callable[[], Awaitable[object]],  # noqa: A002 -- the word for it
        drained: Callable[[], Awaitable[object]],
        every: timedelta = heartbeats.EVERY,
    ) -> None:
        self._database = database
        self._desktop = desktop
        self._deliveries = deliveries
        self._clock = clock
        self._open = open
        self._drained = drained
        self._every = every.total_seconds()

    async def run(self) -> None:
        """Until cancelled. A beat that fails is not made up for: the silence lasts until one succeeds."""
        while True:
            try:
                await self._beat()
            except StorageUnavailable:
                log.warning("storage_unavailable")
            except Exception:  # the loop must live: conversations matter more than its question
                log.exception("pulse_failed")
            await asyncio.sleep(self._every)

    async def _beat(self) -> None:
        await self._open()
        silent = await heartbeats.silent_since(self._database, CHANNEL, now=self._clock(), presses_kept=PRESSES_KEPT)
        if silent is not None:
            await self._drained()
        owed = await heartbeats.beat(
            self._database,
            self._desktop,
            CHANNEL,
            now=self._clock(),
            presses_kept=PRESSES_KEPT,
            told_late=self._deliveries.told_late,
        )
        self._deliveries.hand_over(owed)


async def drained(bot: Bot) -> None:
    """Returns once the platform holds no update for our webhook any more, after two minutes at the latest: that is how
    long it may wait between two tries."""
    for _ in range(_LOOKS):
        try:
            if (await bot.get_webhook_info()).pending_update_count == 0:
                return
        except (AiogramError, OSError, TimeoutError) as error:
            log.warning("pulse_waits", cause=type(error).__name__)
        await asyncio.sleep(_LOOK_EVERY)
