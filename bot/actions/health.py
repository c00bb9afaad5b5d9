"""Asking how the service is: cheap enough to be polled, and never stuck on a database that hangs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from bot.core import calendar
from bot.core.errors import SettingWrong, StorageUnavailable
from bot.reports.health import (
    NOT_DURABLE,
    NOT_MIGRATED,
    UNREACHABLE,
    DatabaseFigures,
    DiskFigures,
    HealthReport,
    OwedFigures,
    TimeFigures,
    UpdateFigures,
    Warned,
    warnings,
)
from storage import inbox, outbox
from storage.engine import Database
from storage.migrations import HEAD, revision_of

_PATIENCE = 4.0


@dataclass(frozen=True, slots=True)
class Health:
    """`folder` holds the data; `pushing` names the channels whose messages leave by themselves, so that one which stays is
    owed; `channels` tells each channel's trouble, `longest_wait` that of the desk."""

    database: Database
    folder: Path
    zone: ZoneInfo
    clock: Callable[[], datetime]
    pushing: Sequence[str]
    channels: Callable[[], Mapping[str, str | None]] = dict
    longest_wait: Callable[[], float | None] = lambda: None

    async def report(self) -> HealthReport:
        found = await self._ask()
        return HealthReport(
            cause=found.cause,
            channels=self.channels(),
            database=DatabaseFigures("sqlite" if self.database.is_sqlite else "postgresql", found.answer_ms),
            owed=found.owed,
            updates=UpdateFigures(self.longest_wait(), found.parked),
            time=self.time(),
            disk=self.disk(),
        )

    def warnings(self) -> Sequence[Warned]:
        """What can be told without the database."""
        return warnings(self.time(), self.disk())

    def time(self) -> TimeFigures:
        offset = f"{self.clock().astimezone(self.zone):%z}"
        law = calendar.law_in_use(self.zone.key)
        return TimeFigures(self.zone.key, f"{offset[:3]}:{offset[3:]}", law, calendar.LAW)

    def disk(self) -> DiskFigures:
        """Of the data folder, or before it is made, of where it will be."""
        folder = self.folder.absolute()
        there = next(each for each in (folder, *folder.parents) if each.exists())
        usage = shutil.disk_usage(there)
        return DiskFigures(usage.free, usage.total)

    async def _ask(self) -> _Found:
        began = monotonic()
        try:
            async with asyncio.timeout(_PATIENCE), self.database.read() as connection:
                if await revision_of(connection) != HEAD:
                    return _Found(NOT_MIGRATED, _milliseconds(began))
                now = self.clock()
                owed = {
                    channel: OwedFigures(count, max(0.0, (now - oldest).total_seconds()) if oldest else None)
                    for channel, count, oldest in await outbox.backlog(connection, self.pushing)
                }
                parked = await inbox.count_parked(connection)
        except (StorageUnavailable, TimeoutError):
            return _Found(UNREACHABLE)
        except SettingWrong:
            return _Found(NOT_DURABLE)
        return _Found(None, _milliseconds(began), owed, parked)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the database said."""

    cause: str | None
    answer_ms: float | None = None
    owed: Mapping[str, OwedFigures] | None = None
    parked: int | None = None


def _milliseconds(since: float) -> float:
    return round((monotonic() - since) * 1000, 1)
