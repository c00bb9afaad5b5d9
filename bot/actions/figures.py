"""Figures: counted for one reader."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core import calendar
from bot.core.known import Setup
from bot.reports.figures import DAYS, JOINED, STUCK_AFTER, Figures, figures
from storage import figures as stored
from storage.figures import Stuck


async def count_figures(
    connection: AsyncConnection, setup: Setup, categories: frozenset[str] | None, *, now: datetime
) -> Figures:
    """What the applications of these categories come to; None: all of them. Some 0.2 s with 100,000 applications."""
    at = now.astimezone(setup.zone)
    days = calendar.last_days(at, DAYS)
    signed = await stored.count_signed(connection, categories, statuses=JOINED, days=[start for _, start in days])
    return figures(
        at=at,
        sent=[tuple(row) for row in await stored.count_sent(connection, categories)],
        drafts=[tuple(row) for row in await stored.count_drafts(connection, categories, silent_since=now - STUCK_AFTER)],
        days=[(day, count) for (day, _), count in zip(days, signed, strict=True)],
        regions=setup.places.regions,
        whole=categories is None,
    )


async def stuck_people(
    connection: AsyncConnection,
    categories: frozenset[str] | None,
    *,
    now: datetime,
    limit: int,
    after: Stuck | None = None,
) -> list[Stuck]:
    """Whose sign-up is stuck, those who stopped last first; `after`: the last one of the page before."""
    behind = (after.since, after.person) if after else None
    return await stored.stuck_people(connection, categories, silent_since=now - STUCK_AFTER, limit=limit, after=behind)
