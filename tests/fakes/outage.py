"""A database that is out of reach for some transactions, then back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.errors import StorageUnavailable
from storage.engine import Database


class Outage(Database):
    """`times` transactions cannot begin; `commits` are undone at their end, when all was said in them."""

    def __init__(self, url: str, *, times: int = 0, commits: int = 0) -> None:
        super().__init__(url)
        self.times = times
        self.commits = commits

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        if self.times:
            self.times -= 1
            raise StorageUnavailable
        async with super().write() as connection:
            yield connection
            if self.commits:
                self.commits -= 1
                raise StorageUnavailable
