"""The database: moments are instants, a writer locks first, weak flushing stops the start, an outage has a name."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.core.errors import SettingWrong, StorageUnavailable
from storage.engine import Database
from storage.ids import new_id
from storage.tables import inbox
from tests.fakes.postgres import Server


async def test_a_moment_comes_back_as_the_same_instant(database: Database) -> None:
    moment = datetime(2026, 11, 23, 11, 30, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    async with database.write() as connection:
        await connection.execute(inbox.insert().values(channel="x", update_id="1", received_at=moment))
    async with database.read() as connection:
        kept = await connection.scalar(sa.select(inbox.c.received_at))
    assert kept == moment
    assert kept is not None
    assert kept.tzinfo is not None


async def test_a_naive_moment_is_a_bug(database: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive"):
        async with database.write() as connection:
            naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
            await connection.execute(inbox.insert().values(channel="x", update_id="1", received_at=naive))


async def test_an_exception_rolls_everything_back(database: Database, clock: object) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            await connection.execute(inbox.insert().values(channel="x", update_id="1", received_at=datetime.now(UTC)))
            raise ZeroDivisionError
    async with database.read() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(inbox)) == 0


async def test_two_writers_wait_for_each_other_and_neither_fails(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as connection:
            count = await connection.scalar(sa.select(sa.func.count()).select_from(inbox))
            await asyncio.sleep(0.005)
            key = f"{number}-{count}"
            await connection.execute(inbox.insert().values(channel="x", update_id=key, received_at=datetime.now(UTC)))

    await asyncio.gather(*(write(number) for number in range(8)))
    async with database.read() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(inbox)) == 8


async def test_sqlite_flushes_fully_and_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'x.db'}")
    async with database.read() as connection:
        assert await connection.scalar(sa.text("PRAGMA synchronous")) == 2
        assert await connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(sa.text("PRAGMA foreign_keys")) == 1
    await database.close()


@pytest.mark.parametrize("setting", ["synchronous_commit", "fsync", "full_page_writes"])
async def test_a_postgresql_that_does_not_flush_is_not_used(postgres: Server, setting: str) -> None:
    postgres.run_sql(f"CREATE DATABASE weak_{setting}")
    try:
        if setting == "synchronous_commit":
            postgres.run_sql(f"ALTER DATABASE weak_{setting} SET synchronous_commit = off")
        else:
            postgres.run_sql(f"ALTER SYSTEM SET {setting} = off")
            postgres.run_sql("SELECT pg_reload_conf()")
            await asyncio.sleep(0.3)
        database = Database(postgres.url(f"weak_{setting}").replace("postgresql://", "postgresql+asyncpg://"))
        with pytest.raises(SettingWrong, match="NIDAA_DATABASE_URL"):
            await database.reach()
        await database.close()
    finally:
        postgres.run_sql("ALTER SYSTEM RESET ALL")
        postgres.run_sql("SELECT pg_reload_conf()")
        postgres.run_sql(f"DROP DATABASE weak_{setting} WITH (FORCE)")
        await asyncio.sleep(0.3)


@pytest.mark.parametrize(
    "url", ["postgresql+asyncpg://nidaa@127.0.0.1:9/nobody", "sqlite+aiosqlite:////proc/nidaa-cannot-be-here/x.db"]
)
async def test_a_database_that_cannot_be_reached_is_named_so(url: str) -> None:
    await _is_away(url)


async def _is_away(url: str) -> None:
    database = Database(url)
    with pytest.raises(StorageUnavailable):
        await database.reach()
    await database.close()


async def test_a_server_that_has_no_such_database_or_user_is_away(postgres: Server) -> None:
    missing = postgres.url("no_such_database").replace("postgresql://", "postgresql+asyncpg://")
    await _is_away(missing)
    await _is_away(postgres.url("postgres").replace("postgresql://nidaa@", "postgresql+asyncpg://nobody:wrong@"))


async def test_tables_that_may_not_be_read_or_written_are_away(postgres: Server) -> None:
    postgres.run_sql("CREATE ROLE stranger LOGIN")
    postgres.run_sql("CREATE DATABASE strange TEMPLATE template_nidaa")
    database = Database(postgres.url("strange").replace("postgresql://nidaa@", "postgresql+asyncpg://stranger@"))
    try:
        with pytest.raises(StorageUnavailable):
            async with database.read() as connection:
                await connection.execute(sa.select(inbox))
    finally:
        await database.close()
        postgres.run_sql("DROP DATABASE strange WITH (FORCE)")
        postgres.run_sql("DROP ROLE stranger")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("code", ["53100", "53200", "58030", "57P03"])
async def test_a_server_that_says_its_disk_or_its_memory_is_full_or_fails_is_away(database: Database, code: str) -> None:
    with pytest.raises(StorageUnavailable):
        async with database.write() as connection:
            await connection.execute(sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{code}'; END $$"))


async def test_a_file_that_is_no_database_is_away(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("this is a letter, and no database at all\n" * 100)
    await _is_away(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")


@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_written_to_a_file_that_is_no_longer_there(
    tmp_path: Path, sqlite_template: Path, replaced: bool
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    file = folder / "x.db"
    shutil.copy(sqlite_template, file)
    database = Database(f"sqlite+aiosqlite:///{file}")
    row = inbox.insert().values(channel="x", received_at=datetime.now(UTC))
    async with database.write() as connection:
        await connection.execute(row.values(update_id="1"))
    shutil.rmtree(folder)
    if replaced:
        folder.mkdir()
        shutil.copy(sqlite_template, file)
    with pytest.raises(StorageUnavailable):
        async with database.write() as connection:
            await connection.execute(row.values(update_id="2"))
    if replaced:
        async with database.write() as connection:
            await connection.execute(row.values(update_id="3"))
        async with database.read() as connection:
            assert (await connection.execute(sa.select(inbox.c.update_id))).scalars().all() == ["3"]
    await database.close()


async def test_a_database_without_tables_is_not_there_yet(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StorageUnavailable):
        async with database.read() as connection:
            await connection.execute(sa.select(inbox))
    await database.close()


async def test_values_are_in_no_error(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError) as caught:
        async with database.write() as connection:
            await connection.execute(inbox.insert().values(channel="x", update_id="0600000001", received_at=None))
    assert "0600000001" not in str(caught.value)


def test_ids_grow_even_within_one_microsecond() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert 0 < ids[-1] < 2**63
