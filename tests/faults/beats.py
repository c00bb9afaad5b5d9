"""Heartbeats of a service whose clock a test moves."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import sqlalchemy as sa

from bot.actions import heartbeats
from bot.actions.desktop import Desktop
from handlers.telegram.pulse import PRESSES_KEPT
from handlers.telegram.updates import CHANNEL
from storage.tables import heartbeats as rows
from tests.conftest import Running
from tests.fakes.clock import Clock


async def passes(running: Running, clock: Clock, **how: float) -> None:
    """Time goes by while the service is up, its pulse beating."""
    service = running.service
    desktop = Desktop(service.setup, service.seals, None)
    until = clock() + timedelta(**how)
    while clock() < until:
        clock.now = min(until, clock() + timedelta(minutes=2))
        await heartbeats.beat(service.database, desktop, CHANNEL, now=clock(), presses_kept=PRESSES_KEPT)


async def beaten(running: Running, clock: Clock) -> None:
    """Returns once the service has said itself that updates reach it now."""
    async with asyncio.timeout(10):
        while await running.rows(sa.select(rows.c.beat_at)) != [(clock(),)]:
            await asyncio.sleep(0.01)
