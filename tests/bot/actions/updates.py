"""Updates as channels hand them to the desk, and a desk over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

from bot.actions.desk import Desk
from bot.actions.desktop import Desktop, Taken
from bot.core.messages import Address, Content, Incoming, Typed
from bot.core.seals import Seals
from storage.engine import Database
from storage.erasures import Journal
from storage.outbox import Owed
from tests.bot.core.setting import SETUP
from tests.fakes.clock import Clock

SEALS = Seals(b"a key for the tests")
_numbers = count(1)


def update(person: str, what: str | Content, *, number: int | None = None, channel: str = "telegram") -> Incoming:
    content = Typed(what) if isinstance(what, str) else what
    return Incoming(Address(channel, person), str(number or next(_numbers)), content, "ar")


@dataclass
class OpenDesk:
    """A desk at work; `owed` is what it handed to its outlet."""

    desk: Desk
    owed: list[Owed] = field(default_factory=list)

    async def takes(self, *updates: Incoming) -> list[Taken]:
        """All at once, in this order."""
        return list(await asyncio.gather(*(self.desk.take(each) for each in updates)))

    async def dialogue(self, person: str, *texts: str, channel: str = "telegram") -> list[str]:
        """One after the other; the last reply to each."""
        told = []
        for text in texts:
            (taken,) = await self.takes(update(person, text, channel=channel))
            told.append(taken.owed[-1].message.text)
        return told


@asynccontextmanager
async def open_desk(
    database: Database,
    clock: Clock,
    *,
    sender: str | None = "here",
    journal: Journal | None = None,
    seals: Seals = SEALS,
) -> AsyncIterator[OpenDesk]:
    owed: list[Owed] = []

    def outlet(messages: Sequence[Owed]) -> None:
        owed.extend(messages)

    desk = Desk(database, Desktop(SETUP, seals, sender, journal=journal), clock=clock, outlet=outlet)
    working = asyncio.create_task(desk.run())
    try:
        yield OpenDesk(desk, owed)
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
