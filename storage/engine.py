"""The database behind a URL: SQLite or PostgreSQL, one way to read, one way to write, the flush settings asserted."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.core.errors import SettingWrong, StorageUnavailable
from bot.core.text import Ltr, t
from storage import sqlite

_BUSY_SECONDS = 10
_RETRY_CODES = {"40001", "40P01"}
_AWAY_CODES = ("08", "28", "3D", "53", "57", "58", "25006", "42501", "42P01")
"""Classes and codes: connections, who may log in, a missing database, resources, shutdown, the system; a server that only
reads, a right that is missing, tables that are not there."""
_SQLITE_AWAY = (
    *("database is locked", "database is busy", "disk", "readonly", "unable to open", "not a database", "no such table"),
)


class Database:
    """Connections to one database. `read` and `write` are the only ways in, so that a writer on SQLite always takes the
    write lock first (a read that grows into a write could find it taken) and nothing writes by accident elsewhere."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: AsyncEngine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._writing = self.engine.execution_options(nidaa_writes=True)
        one_moment = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._snapshots = self.engine.execution_options(**one_moment)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; whatever it did is rolled back. StorageUnavailable: the database is away."""
        with _away_named():
            async with self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection that reads one moment for as long as it is open, while others write; on SQLite any transaction that
        reads does, on PostgreSQL one that asks for it. StorageUnavailable: the database is away."""
        with _away_named():
            async with self._snapshots.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back by any exception. StorageUnavailable: nothing was kept."""
        with _away_named():
            async with self._writing.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reshape(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may rebuild tables. SQLite rebuilds a table by dropping it, which would delete the rows of
        others that hang on it: references are not enforced meanwhile, and all are checked before the commit."""
        with _away_named():
            async with self.engine.execution_options(nidaa_writes=True, nidaa_reshapes=True).connect() as connection:
                try:
                    async with connection.begin():
                        yield connection
                        if self.is_sqlite and (await connection.execute(sa.text("PRAGMA foreign_key_check"))).first():
                            raise sa.exc.IntegrityError("PRAGMA foreign_key_check", None, Exception("a broken reference"))
                finally:
                    if self.is_sqlite:  # outside any transaction, where alone it has an effect
                        driver = (await connection.get_raw_connection()).driver_connection
                        assert driver is not None
                        await driver.execute("PRAGMA foreign_keys = ON")

    async def close(self) -> None:
        await self.engine.dispose()

    async def reach(self) -> None:
        """Connect once. SettingWrong: the database would acknowledge what it has not flushed. StorageUnavailable: away."""
        async with self.read() as connection:
            await connection.execute(sa.text("SELECT 1"))


@contextmanager
def _away_named() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, OSError, TimeoutError, sa.exc.TimeoutError) as error:
        if _is_away(error):
            raise StorageUnavailable from error
        raise


def _is_away(error: Exception) -> bool:
    """Is the database out of reach or unable to write at all, so that trying the same later may work?"""
    if isinstance(error, OSError | TimeoutError | sa.exc.TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or (isinstance(error, InterfaceError) and "closed" in str(error.orig)):
        return True
    if isinstance(error.orig, sqlite3.DatabaseError):
        return any(sign in str(error.orig) for sign in _SQLITE_AWAY)
    code = _sqlstate(error)
    return code is not None and code.startswith(_AWAY_CODES)


def is_worth_retrying(error: BaseException) -> bool:
    """Did the database break this transaction only because of another one that ran beside it?"""
    return isinstance(error, DBAPIError) and _sqlstate(error) in _RETRY_CODES


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _sqlite_engine(url: str) -> AsyncEngine:
    file = make_url(url).database
    with suppress(OSError):  # whoever reaches for the database is told that it is not there
        Path(file or "").parent.mkdir(parents=True, exist_ok=True)
    how = {"timeout": _BUSY_SECONDS, "async_creator_fn": sqlite.connect}
    engine = create_async_engine(url, connect_args=how, pool_size=5, max_overflow=5, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    _watch_file(engine, Path(file or ""))
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _watch_file(engine: AsyncEngine, file: Path) -> None:
    """A file that was deleted or replaced is written to as before by whoever has it open: what would be acknowledged then is
    in no database. Such a connection ends instead; the next one opens what is there."""

    def remember(_: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(file)

    def compare(connection: sa.Connection) -> None:
        if connection.info.get("file") != _identity(file):
            connection.invalidate()
            raise StorageUnavailable

    event.listen(engine.sync_engine, "connect", remember)
    event.listen(engine.sync_engine, "begin", compare)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _prepare_sqlite(connection: DBAPIConnection, _: Any) -> None:  # noqa: ANN401 -- the pool's record
    connection.isolation_level = None  # the driver must not open transactions by itself
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {_BUSY_SECONDS}000"):
        cursor.execute(f"PRAGMA {pragma}")
    for setting, durable in (("journal_mode", "wal"), ("synchronous", 2)):
        cursor.execute(f"PRAGMA {setting}")
        found = cursor.fetchone()
        if found is None or found[0] != durable:
            raise _weak(setting)
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if options.get("nidaa_reshapes"):
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("nidaa_writes") else "BEGIN")


def _postgres_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={"timeout": 5, "command_timeout": 30, "server_settings": {"application_name": "nidaa", "jit": "off"}},
    )
    event.listen(engine.sync_engine, "connect", _check_postgres)
    return engine


def _check_postgres(connection: DBAPIConnection, _: Any) -> None:  # noqa: ANN401 -- the pool's record
    cursor = connection.cursor()
    cursor.execute(
        "SELECT name FROM pg_settings WHERE setting = 'off' AND name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
    )
    off = cursor.fetchone()
    cursor.close()
    connection.rollback()
    if off is not None:
        raise _weak(off[0])


def _weak(setting: str) -> SettingWrong:
    why = t("The database would lose answers in a power cut: its setting {setting} is off. Switch it on there.")
    return SettingWrong("NIDAA_DATABASE_URL", why(setting=Ltr(setting)))
