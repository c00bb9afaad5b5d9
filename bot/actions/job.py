"""A transaction at work for conversations: what it has, and what it gathers on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.desktop import Desktop
from bot.actions.notices import Say, notify
from storage import audit, outbox
from storage.audit import Entry
from storage.outbox import Owed


@dataclass(frozen=True, slots=True)
class Job:
    """`owed` are messages to people other than the speaker, written already and due now; `entries` of the audit trail
    are written by `record`, at the end."""

    connection: AsyncConnection
    desktop: Desktop
    now: datetime
    owed: list[Owed] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    async def tell(self, persons: Sequence[int], say: Say, *, lane: int = outbox.CONVERSATION) -> None:
        if persons:
            self.owed.extend(await notify(self.connection, persons, say, self.desktop, now=self.now, lane=lane))

    async def tell_committee(self, persons: Sequence[int], say: Say) -> None:
        """Show members what they may see because they are members: it goes when they are no longer."""
        await self.tell(persons, say, lane=outbox.COMMITTEE)

    def note(self, entry: Entry) -> None:
        self.entries.append(entry)

    async def record(self) -> None:
        if self.entries:
            await audit.add_entries(self.connection, self.entries, now=self.now)
            self.entries.clear()
