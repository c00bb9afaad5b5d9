"""SQLite behind its thread, one visit a statement. aiosqlite makes four (a cursor, the statement, its rows, the end), and a
visit costs two switches between threads, which is more than most of our statements take."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import aiosqlite

_FIRST_ROWS = 500
"""How many rows come with the visit of their statement; the rest of a long result is fetched as it is asked for."""
_PATIENCE = 10.0


async def connect(*where: Any, **how: Any) -> aiosqlite.Connection:  # noqa: ANN401 -- what sqlite3.connect takes
    """A connection that fails leaves a thread which still has something to tell the loop: a loop that closed before then
    would put that thread's traceback on the screen of somebody who is reading what is wrong."""
    connection = _Connection(partial(sqlite3.connect, *where, **how), iter_chunk_size=64)
    thread = connection._thread  # noqa: SLF001 -- it has no other name
    thread.daemon = True
    try:
        return await connection
    except sqlite3.Error:
        await asyncio.to_thread(thread.join, _PATIENCE)
        raise


class _Connection(aiosqlite.Connection):
    def cursor(self) -> _Cursor:  # type: ignore[override]  # as the pool uses it, it is the same
        return _Cursor(self)

    async def visit(self, act: Callable[[sqlite3.Connection], Any]) -> Any:  # noqa: ANN401 -- whatever it returns
        """Have it done in the connection's thread."""
        return await self._execute(act, self._conn)  # type: ignore[no-untyped-call]


class _Cursor:
    """As a cursor of aiosqlite, as far as the pool uses one."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._made: sqlite3.Cursor | None = None
        self._rows: deque[Any] = deque()
        self._more = False
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:  # noqa: ANN401 -- the driver's
        return self._made.description if self._made is not None else None

    @property
    def rowcount(self) -> int:
        return self._made.rowcount if self._made is not None else -1

    @property
    def lastrowid(self) -> int | None:
        return self._made.lastrowid if self._made is not None else None

    async def execute(self, sql: str, parameters: Any = ()) -> Self:  # noqa: ANN401 -- the driver's
        return await self._run(lambda cursor: cursor.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Any) -> Self:  # noqa: ANN401 -- the driver's
        return await self._run(lambda cursor: cursor.executemany(sql, parameters))

    async def _run(self, act: Callable[[sqlite3.Cursor], sqlite3.Cursor]) -> Self:
        def there(connection: sqlite3.Connection) -> None:
            self._made = made = act(self._made or connection.cursor())
            self._rows = deque(made.fetchmany(_FIRST_ROWS) if made.description else ())
            self._more = len(self._rows) == _FIRST_ROWS

        await self._connection.visit(there)
        return self

    async def fetchall(self) -> list[Any]:
        return await self._fetch(None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        return await self._fetch(self.arraysize if size is None else size)

    async def fetchone(self) -> Any:  # noqa: ANN401 -- a row, or None
        found = await self._fetch(1)
        return found[0] if found else None

    async def _fetch(self, size: int | None) -> list[Any]:
        wanted = len(self._rows) if size is None else min(size, len(self._rows))
        found = [self._rows.popleft() for _ in range(wanted)]
        made = self._made
        if self._more and made is not None and (size is None or len(found) < size):
            rest = made.fetchall if size is None else partial(made.fetchmany, size - len(found))
            found += await self._connection.visit(lambda _: rest())
            self._more = size is not None and len(found) == size
        return found

    async def close(self) -> None:
        """A result that was read to its end has closed itself."""
        if self._more and self._made is not None:
            made, self._more = self._made, False
            await self._connection.visit(lambda _: made.close())
