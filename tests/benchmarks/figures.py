"""The figures of 100,000 applications, on both engines: how long each count takes, and how much of it is computing.

On a busy machine the clock on the wall says little: `cpu` is what the process and, on PostgreSQL, its server used.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.figures import count_figures, stuck_people
from bot.core import calendar
from bot.flows.categories import CATEGORIES
from bot.reports.figures import DAYS, JOINED, STUCK_AFTER
from storage import figures
from storage.engine import Database
from storage.migrations import migrate
from storage.reference import load_places
from tests.benchmarks.measure import cpu_seconds, fresh_database
from tests.bot.actions.applications import Unfinished, Written, write
from tests.bot.core.setting import SETUP
from tests.fakes.postgres import running_server, server_binaries

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
KEYS = [choice.key for choice in CATEGORIES]
QUESTIONS = ("association", "category", "president", "phone", "email", "city", "review", "signature")
STATUSES, WEIGHTS = ("approved", "pending", "needs_correction", "refused", "withdrawn"), (60, 30, 4, 4, 2)
TIMES = 9


async def fill(database: Database, how_many: int) -> None:
    """A fifth unfinished, the rest sent, over four months; some with several centres, some in a place no list knows."""
    dice, codes = random.Random(1), [*load_places().by_code, None, None]
    for done in range(0, how_many, 500):
        some: list[Written | Unfinished] = []
        for _ in range(min(500, how_many - done)):
            if dice.random() < 0.2:
                some.append(Unfinished(question := dice.choice(QUESTIONS), dice.choice(KEYS) if question > "b" else None))
            else:
                run = [(dice.choice(KEYS), dice.choice(codes)) for _ in range(dice.choice((1, 1, 1, 1, 1, 3)))]
                some.append(Written(run, dice.choices(STATUSES, WEIGHTS)[0]))
        async with database.write() as connection:
            await write(connection, *some, at=NOW - timedelta(days=120) * dice.random() ** 2)
    async with database.write() as connection:
        await connection.execute(sa.text("ANALYZE"))


def jobs(categories: frozenset[str] | None) -> dict[str, Callable[[AsyncConnection], Awaitable[object]]]:
    days = [start for _, start in calendar.last_days(NOW.astimezone(SETUP.zone), DAYS)]
    silent = NOW - STUCK_AFTER
    return {
        "count_sent": lambda c: figures.count_sent(c, categories),
        "count_drafts": lambda c: figures.count_drafts(c, categories, silent_since=silent),
        "count_signed": lambda c: figures.count_signed(c, categories, statuses=JOINED, days=days),
        "all three": lambda c: count_figures(c, SETUP, categories, now=NOW),
        "stuck_people": lambda c: stuck_people(c, categories, now=NOW, limit=10),
    }


async def measure(url: str, how_many: int) -> None:
    database = Database(url)
    await migrate(database)
    await fill(database, how_many)
    engine = database.engine.dialect.name
    async with database.read() as connection:
        server = None if database.is_sqlite else await connection.scalar(sa.text("SELECT pg_backend_pid()"))
        for categories in (None, frozenset(KEYS[:1]), frozenset(KEYS[:5])):
            for name, job in jobs(categories).items():
                await job(connection)
                cpu, walls = _cpu(server), []
                for _ in range(TIMES):
                    began = time.perf_counter()
                    await job(connection)
                    walls.append((time.perf_counter() - began) * 1000)
                spent = (_cpu(server) - cpu) * 1000 / TIMES
                scope = "all" if categories is None else f"{len(categories)} of {len(KEYS)}"
                line = f"{engine:10} {scope:8} {name:13} cpu={spent:.0f} ms  wall={statistics.median(walls):.0f} ms"
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
    await database.close()


def _cpu(server: int | None) -> float:
    return time.process_time() + (cpu_seconds(server) if server else 0.0)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--applications", type=int, default=100_000)
    how_many = parser.parse_args(arguments).applications
    with TemporaryDirectory() as folder:
        asyncio.run(measure(f"sqlite+aiosqlite:///{folder}/bench.db", how_many))
    binaries = server_binaries()
    assert binaries is not None
    with running_server(binaries) as server:
        url = fresh_database(server, "bench").replace("postgresql://", "postgresql+asyncpg://")
        asyncio.run(measure(url, how_many))


if __name__ == "__main__":
    main()
