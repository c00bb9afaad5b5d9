"""The workshop: makes the files that messages ordered, when these leave or are looked at; never in a turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from bot.core.errors import FileNotMade
from bot.core.known import Setup
from bot.core.messages import Address, Message, Order
from bot.core.text import t
from storage.engine import Database

PATIENCE = timedelta(seconds=60)
"""How long a file may take, waiting for its turn included."""

NOT_MADE = t("The file could not be prepared. Try again in a few minutes.")

_AT_ONCE = 2
_KEPT_FOR = timedelta(minutes=2)
_MOST_KEPT, _MOST_BYTES_KEPT = 32, 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """What a maker is given: the order, who is going to have the file, and when that is."""

    database: Database
    setup: Setup
    order: Order
    reader: Address
    now: datetime


Maker: TypeAlias = Callable[[Job], Awaitable[bytes]]
"""Makes the files of one kind. Whatever takes more than a moment it does in a thread or a process of its own. It may refuse
its reader, or give up: FileNotMade."""


@dataclass(frozen=True, slots=True)
class _Kept:
    since: datetime
    making: asyncio.Task[bytes]


class Workshop:
    """`makers` by the kind of order. Few files are made at once; a picture is kept for a moment, because one page asks for
    it again and again and one announcement sends it to many: those who want the same one wait for the same one."""

    def __init__(
        self, database: Database, setup: Setup, makers: Mapping[str, Maker], *, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._setup = setup
        self._makers = makers
        self._clock = clock
        self._benches = asyncio.Semaphore(_AT_ONCE)
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    async def make(self, order: Order, reader: Address) -> bytes:
        """The file. FileNotMade: it cannot be had; StorageUnavailable: not now."""
        now = self._clock()
        if order.is_over(now):
            raise FileNotMade("over")
        if not order.as_photo:
            return await self._work(order, reader)
        key = msgspec.json.encode(order)
        kept = self._kept.get(key)
        if kept is None or now >= kept.since + _KEPT_FOR:
            kept = self._kept[key] = _Kept(now, asyncio.create_task(self._work(order, reader)))
            kept.making.add_done_callback(lambda made: self._let_go(key, made))
        self._kept.move_to_end(key)
        self._forget(now)
        return await asyncio.shield(kept.making)

    def without_file(self, message: Message, channel: str) -> Message:
        """The message as text alone, saying in its reader's language that the file could not be made."""
        if message.file is None:
            return message
        told = self._setup.speech(message.file.language, channel).tell(NOT_MADE)
        return replace(message, text=f"{message.text}\n\n{told}".strip(), file=None)

    async def _work(self, order: Order, reader: Address) -> bytes:
        maker = self._makers.get(order.kind)
        if maker is None:
            raise FileNotMade("no maker")
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()), self._benches:
                return await maker(Job(self._database, self._setup, order, reader, self._clock()))
        except TimeoutError:
            raise FileNotMade("took too long") from None

    def _let_go(self, key: bytes, made: asyncio.Task[bytes]) -> None:
        """What failed is not kept: the next who wants it has it tried again."""
        failed = made.cancelled() or made.exception() is not None
        kept = self._kept.get(key)
        if failed and kept is not None and kept.making is made:
            del self._kept[key]

    def _forget(self, now: datetime) -> None:
        """Let go of what is old, then of what was wanted longest ago, until the rest is small."""
        for key in [key for key, kept in self._kept.items() if now >= kept.since + _KEPT_FOR]:
            del self._kept[key]
        sizes = {key: _size(kept.making) for key, kept in self._kept.items()}
        while len(self._kept) > _MOST_KEPT or sum(sizes.values()) > _MOST_BYTES_KEPT:
            oldest, _ = self._kept.popitem(last=False)
            del sizes[oldest]


def _size(making: asyncio.Task[bytes]) -> int:
    """How many bytes are held; none while they are being made."""
    return len(making.result()) if making.done() and not making.cancelled() and making.exception() is None else 0
