"""The product's database, looked into and pushed along from outside."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bot.settings import Settings
from storage.engine import Database
from storage.tables import outbox


@asynccontextmanager
async def looked_into(url: str) -> AsyncIterator[Database]:
    """The database as it lies there. Of SQLite a copy, checked for integrity: opening the files themselves would do
    the repair that is the product's to do after a crash."""
    file = Path(make_url(url).database or "")
    with TemporaryDirectory() as folder:
        database = opened(f"sqlite:///{_sound_copy(file, Path(folder))}" if url.startswith("sqlite") else url)
        try:
            yield database
        finally:
            await database.close()


def _sound_copy(file: Path, folder: Path) -> Path:
    copy = folder / file.name
    for ending in ("", "-wal"):
        if Path(f"{file}{ending}").exists():
            shutil.copy(f"{file}{ending}", f"{copy}{ending}")
    with closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return copy


def opened(url: str) -> Database:
    """The database of an address as people write it."""
    return Database(Settings(database_url=url, _env_file=None).database_url)


async def everything_is_sent(url: str, *, within: float) -> None:
    """Returns once nothing is owed any more but what was parked; TimeoutError."""
    owed = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.parked.is_(None))
    database = opened(url)
    try:
        async with asyncio.timeout(within):
            while await _counted(database, owed):
                await asyncio.sleep(0.05)
    finally:
        await database.close()


async def _counted(database: Database, query: sa.Select[int]) -> int:
    async with database.read() as connection:
        return await connection.scalar(query) or 0


async def run_leases_out(url: str) -> None:
    """What a killed process had in its hands is free at once, as if the seconds of its lease had passed."""
    database = opened(url)
    try:
        async with database.write() as connection:
            held = outbox.update().where(outbox.c.leased_until.is_not(None))
            await connection.execute(held.values(leased_until=datetime.now(UTC)))
    finally:
        await database.close()
